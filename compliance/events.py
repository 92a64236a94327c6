"""What happens to promises with a date, and to requests, as the log names it."""

from plugseller.shelves import By, Kind, event

OURSELVES = (By.JOB, By.COMMAND)
ANYBODY = (By.PERSON, By.JOB, By.COMMAND)

event(
    "deadline.warned",
    kind=Kind.WORK,
    sentence="warned that a deadline comes near",
    by=OURSELVES,
)
event(
    "deadline.acted",
    kind=Kind.WORK,
    sentence="did what is due before a deadline without waiting for anybody",
    by=OURSELVES,
)
event(
    "deadline.missed",
    kind=Kind.WORK,
    sentence="told every officer that a deadline was missed",
    by=OURSELVES,
)

for what, sentence in {
    "received": "took a deletion request in",
    "joined": "joined a deletion request to an older one about the same data",
    "verified": "verified who asked for a deletion",
    "scheduled": "scheduled a deletion",
    "withdrawn": "withdrew a deletion request",
    "rejected": "rejected a deletion request",
    "objected": "objected to a deletion that a marketplace demands",
    "hold_asked": "asked for a legal hold on a deletion",
    "hold_approved": "approved a legal hold on a deletion",
    "hold_over": "ended a legal hold on a deletion",
    "begun": "began a deletion",
    "completed": "completed a deletion",
    "keys_destroyed": "destroyed the data keys of what is deleted",
    "holding_erased": "deleted everything that was meant from one place",
    "something_found": "found something that should have been deleted",
    "certified": "certified a deletion",
    "failed": "couldn't carry a deletion out, and tries again",
    "requester_forgotten": "forgot who asked for a deletion",
    "step": "went a step further with a deletion",
}.items():
    event(f"deletion.{what}", kind=Kind.CHANGE, sentence=sentence, by=ANYBODY)
event(
    "retention.purged",
    kind=Kind.WORK,
    sentence="removed what was kept long enough",
    by=OURSELVES,
)
event(
    "retention.time_chosen",
    kind=Kind.CHANGE,
    sentence="chose how long something of the seller is kept",
    by=(By.PERSON,),
)

event(
    "incident.step",
    kind=Kind.CHANGE,
    sentence="went a step further with an incident",
    by=ANYBODY,
)
for what, sentence in {
    "armed": "let notices to the marketplaces go out by themselves",
    "disarmed": "let no notice go out by itself any more",
}.items():
    event(f"incident.{what}", kind=Kind.CHANGE, sentence=sentence, by=(By.PERSON,))
for what, sentence in {
    "opened": "opened a task",
    "done": "finished a task",
    "handed_over": "handed a task over",
    "left_open": "accepted that a task stays open",
}.items():
    event(f"task.{what}", kind=Kind.CHANGE, sentence=sentence, by=ANYBODY)
for what, sentence in {
    "begun": "began a review",
    "decided": "decided about something in a review",
    "signed": "signed a review",
}.items():
    event(f"review.{what}", kind=Kind.CHANGE, sentence=sentence, by=ANYBODY)
event(
    "policy.in_force",
    kind=Kind.CHANGE,
    sentence="brought a version of a policy into force",
    by=ANYBODY,
)
event(
    "policy.acknowledged",
    kind=Kind.ACCESS,
    sentence="acknowledged a version of a policy",
    by=(By.PERSON,),
)
for what, sentence in {
    "training.recorded": "recorded a training",
    "risk.opened": "put a risk into the register",
    "risk.reviewed": "reviewed a risk",
    "risk.closed": "closed a risk",
    "risk.signed_off": "signed the register of risks off",
    "supplier.added": "put a supplier on the list",
    "supplier.assessed": "assessed a supplier",
    "supplier.ended": "took a supplier off the list",
}.items():
    event(what, kind=Kind.CHANGE, sentence=sentence, by=(By.PERSON,))
for what, sentence in {
    "asked": "asked a question about their data",
    "answered": "answered a question about data",
}.items():
    event(f"question.{what}", kind=Kind.CHANGE, sentence=sentence, by=(By.PERSON,))
event(
    "evidence.packed",
    kind=Kind.PROOF,
    sentence="made an evidence pack for auditors",
    by=(By.PERSON, By.COMMAND),
)
event(
    "canary.planted",
    kind=Kind.CHANGE,
    sentence="planted a seller that nobody has a reason to open",
    by=(By.PERSON, By.COMMAND),
)
event(
    "policy.checked",
    kind=Kind.PROOF,
    sentence="looked whether our promises hold",
    by=OURSELVES,
)
event(
    "policy.run",
    kind=Kind.PROOF,
    sentence="looked whether one of our promises holds",
    by=(By.PERSON,),
)
event(
    "policy.changed",
    kind=Kind.PROOF,
    sentence="found that a promise holds no longer, or holds again",
    by=ANYBODY,
)
