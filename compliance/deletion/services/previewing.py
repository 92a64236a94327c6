"""What would go, what would stay, and why: shown before anything is asked."""

from dataclasses import dataclass

from plugseller.custody.services import in_order
from plugseller.shelves import Scope


@dataclass(frozen=True, slots=True)
class Planned:
    """One place where data of the scope lies."""

    holding: str  # its name on the shelf
    label: str
    data_class: str
    count: int
    goes: bool
    why_stays: str = ""


def preview(scope: Scope) -> list[Planned]:
    """Every place that holds something of the scope, in the order of erasing; and those
    that stay, with the reason, for they may speak of it without naming it.

    Counts each table once: for a page somebody asked for, not for a list.
    """
    planned = []
    for holding in in_order():
        if holding.stays and holding.rule == "machine":
            continue  # holds nothing of anybody
        count = holding.store.count(scope)
        if count or holding.stays:
            planned.append(
                Planned(
                    holding=holding.name,
                    label=holding.label,
                    data_class=holding.data_class.value,
                    count=count,
                    goes=not holding.stays,
                    why_stays=holding.stays,
                )
            )
    return planned
