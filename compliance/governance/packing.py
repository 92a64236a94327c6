"""What an auditor gets of policies, trainings, risks and suppliers: ids and roles in
place of names, and nothing that is sealed."""

from collections.abc import Iterator
from datetime import datetime

from compliance.governance.policies import texts
from compliance.governance.policies.models import Acknowledgement, PolicyVersion
from compliance.governance.registers.models import Risk, RiskSignOff, Supplier
from compliance.governance.training.models import Training
from compliance.packing import Document, Period, Table, packed

_PERSON = ("person", "role")


def policies(period: Period, now: datetime) -> Iterator[Table | Document]:
    """The texts with their hashes, and who acknowledged which version when."""
    before = period.ends
    yield Table(
        "policies/versions.csv",
        "Each version of each policy, when it came into force, and its SHA-256.",
        ("policy", "version", "in force since", "sha256"),
        PolicyVersion.objects.filter(in_force_at__lt=before)
        .order_by("name", "number")
        .values_list("name", "number", "in_force_at", "sha256"),
    )
    yield Table(
        "policies/acknowledgements.csv",
        "Who of our staff acknowledged which version, up to the end of the period.",
        (*_PERSON, "policy", "version", "sha256", "at"),
        Acknowledgement.objects.filter(at__lt=before).values_list(
            "person_id", "role", "name", "number", "sha256", "at"
        ),
    )
    for text in texts.every():
        yield Document(
            f"policies/{text.file_name}",
            f"{text.title}, version {text.number}, SHA-256 {text.sha256}.",
            text.content.encode(),
        )


def trainings(period: Period, now: datetime) -> Iterator[Table]:
    """Every training that counted within the period."""
    counted = Training.objects.filter(
        recorded_at__lt=period.ends, expires_on__gt=period.begins.date()
    )
    yield Table(
        "trainings.csv",
        "Trainings of our staff that counted within the period.",
        (*_PERSON, "course", "taken on", "expires on", "recorded by", "recorded at"),
        counted.values_list(
            *("person_id", "role", "course", "taken_on", "expires_on"),
            *("recorded_by", "recorded_at"),
        ),
    )


def registers(period: Period, now: datetime) -> Iterator[Table]:
    """Risks and suppliers as they stand, and each sign-off of the period."""
    yield Table(
        "risks.csv",
        "The register of risks and exceptions as it stands now.",
        (
            *("id", "kind", "title", "likelihood", "impact", "treatment", "owner"),
            *("opened at", "reviewed at", "review due", "ends at", "closed at"),
        ),
        Risk.objects.filter(opened_at__lt=period.ends).values_list(
            *("pk", "kind", "title", "likelihood", "impact", "treatment", "owner_id"),
            *("opened_at", "reviewed_at", "review_at", "ends_at", "closed_at"),
        ),
    )
    yield Table(
        "risk-sign-offs.csv",
        "When senior management signed the register off, and what stood in it.",
        ("signed at", "signed by", "open risks", "highest rating", "sha256"),
        RiskSignOff.objects.filter(
            signed_at__gte=period.begins, signed_at__lt=period.ends
        ).values_list("signed_at", "signed_by", "risks", "highest", "sha256"),
    )
    yield Table(
        "suppliers.csv",
        "Suppliers that could reach data of ours, as the list stands now.",
        ("name", "reaches", "country", "assessed on", "review due", "ended at"),
        Supplier.objects.filter(added_at__lt=period.ends).values_list(
            "name", "reaches", "country", "assessed_on", "review_at", "ended_at"
        ),
    )


packed("policies", policies)
packed("trainings", trainings)
packed("registers", registers)
