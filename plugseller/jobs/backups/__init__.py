"""Backups: made online, sealed, proved, put back, and gone when their time is over.

A backup is two files in two places: the database without its data keys, and the data
keys. Both are sealed under the key of the day they were made on (crypto/periods.py),
which is destroyed when BACKUP_KEEP is over: from then on no copy of them opens.
"""

from plugseller.jobs.backups.archive import BackupTrouble
from plugseller.jobs.backups.datakeys import Forgotten, forget_data_keys
from plugseller.jobs.backups.expiring import (
    Expired,
    State,
    expire,
    horizon,
    is_wanted,
    state,
    trouble,
)
from plugseller.jobs.backups.making import make, make_due
from plugseller.jobs.backups.restoring import finish, restore
from plugseller.jobs.backups.verifying import Verified, verify, verify_due

__all__ = [
    "BackupTrouble",
    "Expired",
    "Forgotten",
    "State",
    "Verified",
    "expire",
    "finish",
    "forget_data_keys",
    "horizon",
    "is_wanted",
    "make",
    "make_due",
    "restore",
    "state",
    "trouble",
    "verify",
    "verify_due",
]
