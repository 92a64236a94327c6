"""The timetable of this floor: its clocks, and what they are about."""

from datetime import timedelta

from compliance import clocks
from compliance.credentials import reminding
from compliance.deletion import ladder  # noqa: F401  its clocks are put on the shelf
from compliance.deletion.authorisation import follow_authorisations
from compliance.deletion.execution import process
from compliance.deletion.services import end_holds
from compliance.incidents import ladder as notices  # noqa: F401  and these too
from compliance.incidents.services import selfsending
from compliance.retention import services as retention
from plugseller.shelves import periodic, vital

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
periodic("incidents.notices", every=timedelta(minutes=1), work=selfsending.watch)
vital("incidents", "Notices of incidents", selfsending.trouble)
