"""What happens to people and sellers, as the audit log names it."""

from plugseller.shelves import By, Kind, event

PEOPLE = (By.PERSON, By.COMMAND)
OURSELVES = (By.JOB, By.COMMAND)

event("seller.created", kind=Kind.ACCESS, sentence="created the seller", by=PEOPLE)
event("member.joined", kind=Kind.ACCESS, sentence="gave a person a role", by=PEOPLE)
event("member.left", kind=Kind.ACCESS, sentence="took a person's role", by=PEOPLE)
event("person.created", kind=Kind.ACCESS, sentence="made an account", by=PEOPLE)
event(
    "second_factor.added",
    kind=Kind.ACCESS,
    sentence="set up a second factor",
    by=PEOPLE,
)

event(
    "grant.asked",
    kind=Kind.ACCESS,
    sentence="asked for staff access",
    by=PEOPLE,
)
event(
    "grant.approved",
    kind=Kind.ACCESS,
    sentence="approved staff access, which began",
    by=PEOPLE,
)
event("grant.refused", kind=Kind.ACCESS, sentence="refused staff access", by=PEOPLE)
event(
    "grant.dropped",
    kind=Kind.ACCESS,
    sentence="gave staff access back",
    by=PEOPLE,
)
event("grant.revoked", kind=Kind.ACCESS, sentence="ended staff access", by=PEOPLE)
event(
    "grant.break_glass",
    kind=Kind.ACCESS,
    sentence="opened the seller in an emergency, without a second person",
    by=PEOPLE,
)
event(
    "grant.reviewed",
    kind=Kind.ACCESS,
    sentence="reviewed an emergency access",
    by=PEOPLE,
)
event(
    "grant.review_chased",
    kind=Kind.WORK,
    sentence="asked again for the review of an emergency access",
    by=OURSELVES,
)
event(
    "access_report.posted",
    kind=Kind.WORK,
    sentence="told the owners about staff access in the last month",
    by=OURSELVES,
)
