"""The timetable of this floor: every clock, and what begins by itself."""

from datetime import timedelta

from compliance import clocks
from compliance.retention import services as retention
from plugseller.shelves import periodic

periodic("deadlines.run", every=timedelta(minutes=5), work=clocks.run_due)
periodic(
    "retention.purge",
    every=timedelta(days=1),
    work=retention.purge_daily,
    limit=3 * retention.WITHIN,
)
# What is kept for a day would be kept for two.
periodic(
    "retention.purge_hourly",
    every=timedelta(hours=1),
    work=retention.purge_hourly,
    limit=2 * retention.WITHIN,
)
