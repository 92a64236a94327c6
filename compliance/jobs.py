"""The timetable of this floor: every clock, and what begins by itself."""

from datetime import timedelta

from compliance import clocks
from plugseller.shelves import periodic

periodic("deadlines.run", every=timedelta(minutes=5), work=clocks.run_due)
