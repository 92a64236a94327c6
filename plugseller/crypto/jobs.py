"""The timetable of this room."""

from datetime import timedelta

from plugseller.crypto.rotation import rotate_due, trouble_of_keys
from plugseller.shelves import periodic, vital

periodic("keys.rotate", every=timedelta(hours=1), work=rotate_due, destroys=True)
vital("keys", "Keys", trouble_of_keys)
