"""What the keys' room logs."""

from plugseller.shelves import By, Kind, event

ANYBODY = (By.PERSON, By.TOKEN, By.ANONYMOUS, By.JOB, By.COMMAND)

event("data_key.created", kind=Kind.KEY, sentence="made a data key", by=ANYBODY)
event("data_key.rotated", kind=Kind.KEY, sentence="replaced a data key", by=ANYBODY)
event(
    "data_key.destroyed",
    kind=Kind.KEY,
    sentence="destroyed data keys, and with them all they had sealed",
    by=ANYBODY,
)
event(
    "data_key.rewrapped",
    kind=Kind.KEY,
    sentence="wrapped data keys with the new master key",
    by=(By.JOB, By.COMMAND),
)
