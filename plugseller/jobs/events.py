"""What is logged of work as such; what a piece of it did has events of its own."""

from plugseller.shelves import By, Kind, event

event(
    "clock.set_back",
    kind=Kind.WORK,
    sentence="found jobs that a clock had run which was set back since",
    by=(By.JOB,),
)
event(
    "clock.set_forward",
    kind=Kind.WORK,
    sentence="found that the clock was set forward",
    by=(By.JOB, By.COMMAND),
)
event(
    "clock.confirmed",
    kind=Kind.WORK,
    sentence="said that the clock is right, so that what waited goes on",
    by=(By.COMMAND,),
)
