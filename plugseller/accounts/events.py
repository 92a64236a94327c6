"""What happens to people and sellers, as the audit log names it."""

from plugseller.shelves import By, Kind, event

PEOPLE = (By.PERSON, By.COMMAND)
OURSELVES = (By.JOB, By.COMMAND)

event("seller.created", kind=Kind.ACCESS, sentence="created the seller", by=PEOPLE)
event("member.joined", kind=Kind.ACCESS, sentence="gave a person a role", by=PEOPLE)
event(
    "member.left",
    kind=Kind.ACCESS,
    sentence="took a person's role",
    by=(*PEOPLE, By.JOB),
)
event("person.created", kind=Kind.ACCESS, sentence="made an account", by=PEOPLE)

# Coming in. What somebody not signed in did is told of the account it was done to.
COMING_IN = (By.PERSON, By.ANONYMOUS)
ANYBODY = (By.PERSON, By.ANONYMOUS, By.COMMAND, By.JOB)

event("person.signed_up", kind=Kind.ACCESS, sentence="signed up", by=COMING_IN)
event("person.signed_in", kind=Kind.ACCESS, sentence="signed in", by=COMING_IN)
event("person.signed_out", kind=Kind.ACCESS, sentence="signed out", by=COMING_IN)
event(
    "person.sign_in_failed",
    kind=Kind.ACCESS,
    sentence="failed to sign in",
    by=COMING_IN,
)
event(
    "person.locked_out",
    kind=Kind.ACCESS,
    sentence="was locked out after too many failures",
    by=COMING_IN,
)
event(
    "person.lockout_lifted",
    kind=Kind.ACCESS,
    sentence="ended a lockout early",
    by=(By.PERSON,),
)
event("sessions.ended", kind=Kind.ACCESS, sentence="ended sessions", by=(By.PERSON,))
event(
    "second_factor.added",
    kind=Kind.ACCESS,
    sentence="set up a second factor",
    by=ANYBODY,
)
event(
    "second_factor.removed",
    kind=Kind.ACCESS,
    sentence="removed a second factor",
    by=ANYBODY,
)
event(
    "second_factors.reset",
    kind=Kind.ACCESS,
    sentence="took the second factors of somebody who lost them",
    by=(By.PERSON,),
)
event(
    "recovery_code.used",
    kind=Kind.ACCESS,
    sentence="used a recovery code",
    by=COMING_IN,
)
event("password.changed", kind=Kind.ACCESS, sentence="changed the password", by=PEOPLE)
event(
    "password.reset",
    kind=Kind.ACCESS,
    sentence="chose a new password after forgetting it",
    by=COMING_IN,
)
event(
    "email.changed", kind=Kind.ACCESS, sentence="changed the e-mail address", by=PEOPLE
)
event(
    "set_up_link.made",
    kind=Kind.ACCESS,
    sentence="made a link that sets up an account of our staff",
    by=PEOPLE,
)
event(
    "set_up_link.used",
    kind=Kind.ACCESS,
    sentence="set up an account of our staff",
    by=COMING_IN,
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
    by=(*PEOPLE, By.JOB),
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
event(
    "grant.frozen",
    kind=Kind.ACCESS,
    sentence="ended staff access to a seller that is to be deleted",
    by=ANYBODY,
)
event(
    "seller.frozen",
    kind=Kind.ACCESS,
    sentence="stopped the reading of a seller that is to be deleted",
    by=ANYBODY,
)
event(
    "seller.thawed",
    kind=Kind.ACCESS,
    sentence="let a seller be read again",
    by=ANYBODY,
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
event(
    "person.came_back",
    kind=Kind.ACCESS,
    sentence="opened the account of somebody who worked for us before",
    by=PEOPLE,
)
event(
    "staff.role_changed",
    kind=Kind.ACCESS,
    sentence="gave one of our staff another role",
    by=(By.PERSON,),
)
event(
    "grant.reviewed_away",
    kind=Kind.ACCESS,
    sentence="ended staff access in a review",
    by=ANYBODY,
)
event(
    "token.lapses",
    kind=Kind.KEY,
    sentence="shortened the time of an API key that no owner answered about",
    by=OURSELVES,
)
event("token.made", kind=Kind.KEY, sentence="made an API key", by=(By.PERSON,))
event("token.rotated", kind=Kind.KEY, sentence="renewed an API key", by=(By.PERSON,))
event(
    "token.revoked",
    kind=Kind.KEY,
    sentence="ended an API key",
    by=(*PEOPLE, By.JOB),
)
event(
    "token.refused",
    kind=Kind.KEY,
    sentence="tried an API key that was ended",
    by=(By.ANONYMOUS, By.PERSON),
)
for what, sentence in {
    "exports_stopped": "let no file of the seller be taken along, after an incident",
    "exports_allowed": "let files of the seller be taken along again",
}.items():
    event(f"seller.{what}", kind=Kind.ACCESS, sentence=sentence, by=(By.PERSON,))
for what, sentence in {
    "suspended": "let somebody sign in no more, because of an incident",
    "restored": "let somebody sign in again after an incident",
}.items():
    event(f"person.{what}", kind=Kind.ACCESS, sentence=sentence, by=(By.PERSON,))
