"""The timetable of this room."""

from datetime import timedelta

from plugseller.crypto.rotation import overdue_keys, rotate_due
from plugseller.shelves import periodic, vital

periodic("keys.rotate", every=timedelta(hours=1), work=rotate_due)
vital("keys", "Keys", overdue_keys)
