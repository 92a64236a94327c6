"""What the database refuses of this floor beyond reviews: to change or remove what
controls found, and who acknowledged, was trained and signed off (GOV-1, GOV-2)."""

from compliance.insertonly import insert_only
from compliance.models import (
    Acknowledgement,
    ControlResult,
    PolicyVersion,
    RiskSignOff,
    Training,
)

insert_only(
    ControlResult,
    "What a control found is only ever added. Run it again.",
    kept_from="at",
)
insert_only(
    Acknowledgement,
    "An acknowledgement stays as it was made, until its time of keeping is over.",
    kept_from="at",
)
insert_only(
    Training,
    "A training stays as it was recorded. Record another one.",
    kept_from="recorded_at",
)
insert_only(
    RiskSignOff,
    "A sign-off stays as it was signed. Sign off anew.",
    kept_from="signed_at",
)
insert_only(PolicyVersion, "Which text was in force when stays for good.")
