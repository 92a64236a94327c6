"""The timetable of this floor: every clock, and what begins by itself."""

from datetime import timedelta

from compliance import clocks
from compliance.retention import services as retention
from plugseller.shelves import periodic

periodic("deadlines.run", every=timedelta(minutes=5), work=clocks.run_due)
# Hourly, because the shortest rule is a day; a run without anything to do is cheap.
periodic(
    "retention.purge",
    every=timedelta(hours=1),
    work=retention.purge_in_a_job,
    limit=2 * retention.WITHIN,
)
