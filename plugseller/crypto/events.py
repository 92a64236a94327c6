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
event(
    "data_key.resealed",
    kind=Kind.KEY,
    sentence="sealed values anew under an owner's new data key",
    by=(By.JOB, By.COMMAND),
)
event(
    "data_key.used_up",
    kind=Kind.KEY,
    sentence="destroyed replaced data keys that sealed nothing any more",
    by=(By.JOB, By.COMMAND),
)
event(
    "key.held",
    kind=Kind.KEY,
    sentence="began to use a key from the key provider",
    by=(By.JOB, By.COMMAND),
)
event(
    "key.retired",
    kind=Kind.KEY,
    sentence="retired a key that nothing uses any more",
    by=(By.JOB, By.COMMAND),
)
event(
    "database.rekeyed",
    kind=Kind.KEY,
    sentence="encrypted the database file under a new key",
    by=(By.COMMAND,),
)
event(
    "sealed_value.broken",
    kind=Kind.KEY,
    sentence="met a sealed value that doesn't belong where it lies",
    by=ANYBODY,
)
event(
    "web_key.replaced",
    kind=Kind.KEY,
    sentence="replaced the key of web sessions, from the next start on",
    by=(By.COMMAND,),
)
