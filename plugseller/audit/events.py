"""The catalogue: what the ground floor logs about rows and about the log itself.

Every app has such a page. `record` refuses an event that is on none of them.
"""

from plugseller.shelves import By, Kind, event

ANYBODY = (By.PERSON, By.TOKEN, By.ANONYMOUS, By.JOB, By.COMMAND)
OURSELVES = (By.JOB, By.COMMAND)

event("row.created", kind=Kind.CHANGE, sentence="created a row", by=ANYBODY)
event("row.changed", kind=Kind.CHANGE, sentence="changed a row", by=ANYBODY)
event("row.deleted", kind=Kind.CHANGE, sentence="deleted a row", by=ANYBODY)
event("row.read", kind=Kind.READ, sentence="opened a row", by=ANYBODY)
event(
    "row.related",
    kind=Kind.CHANGE,
    sentence="changed what a row is related to",
    by=ANYBODY,
)
event(
    "audit.pruned",
    kind=Kind.PROOF,
    sentence="removed audit entries whose time was over",
    by=OURSELVES,
)
event(
    "audit.restored",
    kind=Kind.PROOF,
    sentence="stated that an older copy of the database was put back",
    by=OURSELVES,
)
event(
    "audit.verified",
    kind=Kind.PROOF,
    sentence="checked whether the audit log is whole",
    by=OURSELVES,
)
