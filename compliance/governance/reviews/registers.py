"""What the reviews of controls, plan, data inventory and suppliers put before one."""

from collections.abc import Iterator

from compliance.governance.reviews.drafts import Draft, Sort
from compliance.governance.reviews.sampling import drafts
from compliance.packing import Period
from compliance.reviewing import SUPPLIERS, last_results
from plugseller.custody.rules import RULES
from plugseller.shelves import CONTROLS, HOLDINGS, Verdict

PLAN = (
    ("contacts", "Those who lead an incident, and their deputies, can be reached"),
    ("roles", "Roles and who holds them are right"),
    ("steps", "The steps of each kind of incident match the system we run"),
    ("detection", "The rules that detect incidents, and their limits, are right"),
    ("amazon", "The notice to Amazon goes to security@amazon.com within 24 hours"),
    ("walmart", "The contact at Walmart is right"),
    ("authority", "It is known which authority is told, and when"),
    ("drill", "There was a drill since the last review, and its lessons were drawn"),
    ("lessons", "Lessons of incidents since the last review are in the plan"),
    ("law", "Changes of the marketplaces' policies since then are in the plan"),
)


def of_controls(period: Period) -> Iterator[Draft]:
    """Each control, and what it found last."""
    results = last_results()
    for name in sorted(CONTROLS):
        control, result = CONTROLS[name], results.get(name)
        facts = {"promise": control.promise, "name": name}
        if result is None:
            yield Draft(
                Sort.CONTROL, name, control.label, facts=facts, flags=("never ran",)
            )
            continue
        yield Draft(
            Sort.CONTROL,
            name,
            control.label,
            facts={
                **facts,
                "last": result.at,
                "verdict": result.verdict,
                "found": result.sentence,
            },
            flags=() if result.verdict == Verdict.PASS else (result.verdict,),
        )


def of_plan(period: Period) -> Iterator[Draft]:
    """The questions of the plan's review."""
    for name, question in PLAN:
        yield Draft(Sort.QUESTION, name, question)


def of_inventory(period: Period) -> Iterator[Draft]:
    """Each place where data lies: what it is, and how long it stays."""
    for name in sorted(HOLDINGS):
        holding = HOLDINGS[name]
        keep = RULES[holding.rule].keep
        yield Draft(
            Sort.HOLDING,
            name,
            holding.label,
            facts={
                "class": holding.data_class.value,
                "rule": RULES[holding.rule].label,
                "days": keep.days if keep else 0,
                "stays": holding.stays,
            },
        )


def of_suppliers(period: Period) -> Iterator[Draft]:
    """Each supplier; a question if none is listed."""
    found = [
        draft
        for source in sorted(SUPPLIERS)
        for draft in drafts(Sort.SUPPLIER, "", SUPPLIERS[source](period))
    ]
    yield from found or [
        Draft(Sort.QUESTION, "none", "No supplier is listed; nobody gets data from us")
    ]
