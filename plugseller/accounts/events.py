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
    "access.refused",
    kind=Kind.ACCESS,
    sentence="was refused a page",
    by=(By.PERSON, By.TOKEN),
)
for form in ("list", "export"):
    event(
        f"read.activity.{form}",
        kind=Kind.READ,
        sentence=f"{'looked at' if form == 'list' else 'exported'} the activity",
        by=(By.PERSON,),
    )
event(
    "audit.read",
    kind=Kind.PROOF,
    sentence="read entries of the audit log",
    by=(By.PERSON,),
)
