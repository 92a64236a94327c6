"""What is logged of work as such; what a piece of it did has events of its own."""

from plugseller.shelves import By, Kind, event

event(
    "clock.set_back",
    kind=Kind.WORK,
    sentence="found jobs that a clock had run which was set back since",
    by=(By.JOB,),
)
