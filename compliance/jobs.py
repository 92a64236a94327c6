"""The timetable of this floor: every clock, and what begins by itself."""

from datetime import timedelta

from compliance import clocks
from compliance.credentials import reminding
from plugseller.shelves import periodic

periodic("credentials.clocks", every=timedelta(hours=1), work=reminding.keep_clocks)
periodic("deadlines.run", every=timedelta(minutes=5), work=clocks.run_due)
