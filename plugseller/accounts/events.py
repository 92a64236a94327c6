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
event("token.made", kind=Kind.KEY, sentence="made an API key", by=(By.PERSON,))
event("token.rotated", kind=Kind.KEY, sentence="renewed an API key", by=(By.PERSON,))
event(
    "token.revoked",
    kind=Kind.KEY,
    sentence="ended an API key",
    by=(*PEOPLE, By.JOB),
)
