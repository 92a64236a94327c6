"""The timetable of this floor: its clocks, and what they are about."""

from datetime import timedelta

from compliance import clocks
from compliance.credentials import reminding
from compliance.deletion import ladder  # noqa: F401  its clocks are put on the shelf
from compliance.deletion.authorisation import follow_authorisations
from compliance.deletion.execution import process
from compliance.deletion.services import end_holds
from compliance.policy import telling  # noqa: F401  what it tells is put on the shelf
from compliance.policy.services import run_due as run_controls
from compliance.retention import services as retention
from plugseller.shelves import periodic

periodic(
    "deletion.authorisations", every=timedelta(minutes=5), work=follow_authorisations
)
periodic("deletion.holds", every=timedelta(minutes=5), work=end_holds)
periodic("deletion.process", every=timedelta(minutes=5), work=process)
periodic("credentials.clocks", every=timedelta(hours=1), work=reminding.keep_clocks)
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
# Each has its own time; nothing is done for those that looked lately.
periodic(
    "policy.controls",
    every=timedelta(hours=1),
    work=run_controls,
    limit=timedelta(minutes=10),
)
