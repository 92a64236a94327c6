"""The timetable of this floor: every clock, and what begins by itself."""

from datetime import timedelta

from compliance import clocks
from compliance.deletion import ladder  # noqa: F401  its clocks are put on the shelf
from compliance.deletion.authorisation import follow_authorisations
from compliance.deletion.execution import process
from compliance.deletion.services import end_holds
from plugseller.shelves import periodic

periodic(
    "deletion.authorisations", every=timedelta(minutes=5), work=follow_authorisations
)
periodic("deletion.holds", every=timedelta(minutes=5), work=end_holds)
periodic("deletion.process", every=timedelta(minutes=5), work=process)
periodic("deadlines.run", every=timedelta(minutes=5), work=clocks.run_due)
