"""What is logged of work: what it did, by the work itself."""

from plugseller.audit.diff import summed_up
from plugseller.jobs.models import Lease

summed_up(Lease, why="who works at the moment; holds nothing of anybody's")
