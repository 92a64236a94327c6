"""What happens to people and sellers, as the audit log names it."""

from plugseller.shelves import By, Kind, event

PEOPLE = (By.PERSON, By.COMMAND)

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
    "member.role_changed",
    kind=Kind.ACCESS,
    sentence="gave a member another role",
    by=PEOPLE,
)
event(
    "ownership.handed_over",
    kind=Kind.ACCESS,
    sentence="handed the seller over to another owner",
    by=PEOPLE,
)
event(
    "ownership.vacant",
    kind=Kind.ACCESS,
    sentence="left the seller without an owner",
    by=PEOPLE,
)
event("invitation.made", kind=Kind.ACCESS, sentence="invited somebody", by=(By.PERSON,))
event(
    "invitation.accepted",
    kind=Kind.ACCESS,
    sentence="accepted an invitation",
    by=(By.PERSON,),
)
event(
    "invitation.declined",
    kind=Kind.ACCESS,
    sentence="declined an invitation",
    by=(By.PERSON,),
)
event(
    "invitation.taken_back",
    kind=Kind.ACCESS,
    sentence="took an invitation back",
    by=PEOPLE,
)
event(
    "person.left",
    kind=Kind.ACCESS,
    sentence="ended a person's account and all that came with it",
    by=PEOPLE,
)
