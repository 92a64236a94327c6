"""What is logged of what was put back, and of what had to be erased again."""

from plugseller.shelves import By, Kind, event

OURSELVES = (By.JOB, By.COMMAND)

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
