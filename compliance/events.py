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
