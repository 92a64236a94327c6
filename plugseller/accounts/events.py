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
