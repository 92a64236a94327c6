"""The timetable of this floor: its clocks, what they are about, and what is counted."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from compliance import clocks
from compliance.credentials import reminding
from compliance.deletion import ladder  # noqa: F401  its clocks are put on the shelf
from compliance.deletion.authorisation import follow_authorisations
from compliance.deletion.execution import process
from compliance.deletion.services import end_holds, go_on_unattended
from compliance.governance.policies import reminding as acknowledgements
from compliance.governance.registers import reviewing  # noqa: F401  its suppliers
from compliance.governance.registers.services import keep_sign_off
from compliance.governance.reviews import services as reviews
from compliance.governance.reviews import telling as told  # noqa: F401  desk, pack
from compliance.governance.training import reminding as trainings  # noqa: F401  its too
from compliance.governance.training.services import keep_clocks as keep_trainings
from compliance.incidents import ladder as notices  # noqa: F401  and these too
from compliance.incidents.affected import services as affected  # noqa: F401  as well
from compliance.incidents.containment import services as held  # noqa: F401  as well
from compliance.incidents.detection import services as detection
from compliance.incidents.detection import telling as seen  # noqa: F401  findings
from compliance.incidents.evidence import sealed  # noqa: F401  as well
from compliance.incidents.services import selfsending
from compliance.policy import telling  # noqa: F401  what it tells is put on the shelf
from compliance.policy.services import run_due as run_controls
from compliance.questions import clock as questions  # noqa: F401  and theirs
from compliance.retention import figures
from compliance.retention import services as retention
from plugseller.shelves import periodic, vital

periodic(
    "deletion.authorisations", every=timedelta(minutes=5), work=follow_authorisations
)
periodic("deletion.holds", every=timedelta(minutes=5), work=end_holds)
periodic(
    "deletion.unattended",
    every=timedelta(minutes=5),
    work=go_on_unattended,
    destroys=True,
)
periodic("deletion.process", every=timedelta(minutes=5), work=process, destroys=True)
periodic("credentials.clocks", every=timedelta(hours=1), work=reminding.keep_clocks)
periodic("reviews.begin", every=timedelta(hours=1), work=reviews.begin_due)
periodic(
    "reviews.silence",
    every=timedelta(minutes=5),
    work=reviews.act_on_silence,
    destroys=True,
)
periodic("policies.keep", every=timedelta(minutes=5), work=acknowledgements.keep)
periodic("trainings.clocks", every=timedelta(hours=1), work=keep_trainings)
periodic("risks.sign_off", every=timedelta(days=1), work=keep_sign_off)
periodic(
    "deadlines.run", every=timedelta(minutes=5), work=clocks.run_due, cant_wait=True
)
periodic(
    "retention.purge",
    every=timedelta(days=1),
    work=retention.purge_daily,
    limit=3 * retention.WITHIN,
    destroys=True,
)
# What is kept for a day would be kept for two.
periodic(
    "retention.purge_hourly",
    every=timedelta(hours=1),
    work=retention.purge_hourly,
    limit=2 * retention.WITHIN,
    destroys=True,
)
periodic("incidents.detection", every=timedelta(minutes=1), work=detection.read_log)
periodic(
    "incidents.notices",
    every=timedelta(minutes=1),
    work=selfsending.watch,
    cant_wait=True,
)
vital("incidents", "Notices of incidents", selfsending.trouble)
vital("detection", "Detection", detection.trouble)


def count_held(seller_id: str) -> None:
    """Count what is held of one seller, for its page."""
    figures.count_held(UUID(seller_id), timezone.now())


def count_everything() -> None:
    """Count what is held at all, for the officers' page."""
    figures.count_everything(timezone.now())


# Each has its own time; nothing is done for those that looked lately.
periodic(
    "policy.controls",
    every=timedelta(hours=1),
    work=run_controls,
    limit=timedelta(minutes=10),
)
