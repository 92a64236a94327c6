"""What is logged of deletions' traces and of backups: by the work itself."""

from plugseller.audit.diff import summed_up
from plugseller.custody.models import Backup, Replay, Standing, Tombstone

summed_up(Tombstone, why="the deletion has its own entries")
summed_up(Standing, why="how far the ledger is applied; each line has an entry")
summed_up(Replay, why="each line that is replayed has an entry")
summed_up(Backup, why="each backup, proof and removal has an entry")
