"""What is logged of what was put back, and of what had to be erased again."""

from plugseller.shelves import By, Kind, event

OURSELVES = (By.JOB, By.COMMAND)
ANYBODY = (By.PERSON, By.TOKEN, By.ANONYMOUS, By.JOB, By.COMMAND)

event(
    "ledger.line_replayed",
    kind=Kind.PROOF,
    sentence="erased again, in a restored database, what the deletion ledger names",
    by=OURSELVES,
)
event(
    "ledger.replayed",
    kind=Kind.PROOF,
    sentence="finished replaying the deletion ledger and opened the gate",
    by=OURSELVES,
)
event(
    "ledger.written_anew",
    kind=Kind.PROOF,
    sentence="wrote a lost deletion ledger anew from the suppression list",
    by=(By.COMMAND,),
)
event(
    "backup.made",
    kind=Kind.WORK,
    sentence="made a backup",
    by=OURSELVES,
)
event(
    "backup.failed",
    kind=Kind.WORK,
    sentence="couldn't make a backup",
    by=OURSELVES,
)
event(
    "backup.verified",
    kind=Kind.WORK,
    sentence="put a backup back to a scratch place and compared it",
    by=OURSELVES,
)
event(
    "backup.restored",
    kind=Kind.WORK,
    sentence="put a backup back",
    by=(By.COMMAND,),
)
event(
    "backup.expired",
    kind=Kind.KEY,
    sentence="destroyed the keys of backups whose time was over",
    by=OURSELVES,
)
event(
    "backup.keys_forgotten",
    kind=Kind.KEY,
    sentence="took destroyed data keys out of the backups within reach",
    by=ANYBODY,
)
