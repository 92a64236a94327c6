"""The timetable of this room."""

from datetime import timedelta

from plugseller.crypto.rotation import rotate_due
from plugseller.shelves import periodic

periodic("keys.rotate", every=timedelta(hours=1), work=rotate_due)
