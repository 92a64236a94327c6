"""What auditors take along of retention (RET-1): rules, purges, what is held."""

from collections.abc import Iterable
from datetime import datetime

from compliance.packing import Period, Table, packed
from compliance.retention.inventory import inventory
from compliance.retention.models import Purge
from plugseller.custody.rules import RULES


def part(period: Period, now: datetime) -> Iterable[Table]:
    """The rules as they are, the purges of the period, and what is held now."""
    yield Table(
        "retention/rules.csv",
        "How long everything is kept, and why.",
        ("rule", "label", "days", "a seller may choose less", "why"),
        (
            (
                *(rule.name, rule.label),
                *(rule.keep.total_seconds() / 86_400 if rule.keep else None,),
                *(rule.by_seller, rule.why),
            )
            for rule in sorted(RULES.values(), key=lambda rule: rule.name)
        ),
    )
    columns = ("holding", "rule", "began_at", "ended_at", "rows", "broken_off")
    purges = Purge.objects.filter(began_at__gte=period.begins, began_at__lt=period.ends)
    yield Table(
        "retention/purges.csv",
        "What was removed in the period because its time was over.",
        columns,
        purges.order_by("began_at", "holding").values_list(*columns).iterator(),
    )
    yield Table(
        "retention/data-inventory.csv",
        "Every place where data lies, as of when the pack was made: what it is, how "
        "long it stays, how many rows there are, and that none is overdue.",
        ("place", "label", "class", "rule", "kept", "rows", "oldest", "overdue"),
        (
            (
                *(held.holding, held.label, held.data_class, held.rule, held.keep),
                *(held.rows, held.oldest, held.overdue),
            )
            for held in inventory(now).places
        ),
    )


packed("retention", part)
