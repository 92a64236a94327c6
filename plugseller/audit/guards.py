"""Further tables whose database refuses what no code of ours does (ACC-2, GOV-1).

Who has a record that mustn't change later says so here, from an app's `audited.py`;
`triggers.py` makes the triggers, and the system check misses them where they lack.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Guard:
    """What the database refuses about one table, on both databases alike."""

    name: str  # of the trigger
    table: str
    before: Literal["INSERT", "UPDATE", "DELETE"]
    when: str  # SQL over OLD and NEW; {kept} is so many days ago, in UTC
    refusal: str
    kept: int = 0  # days


_guards: dict[str, Guard] = {}


def guard(entry: Guard) -> Guard:
    """Have the database refuse it; ValueError if the name is taken."""
    if _guards.setdefault(entry.name, entry) != entry:
        raise ValueError(f"There is a guard {entry.name} already.")
    return entry


def guards() -> dict[str, Guard]:
    """Every guard, by its name."""
    return dict(_guards)


def creating(entry: Guard, vendor: str) -> list[str]:
    """The statements that make it."""
    refusal = entry.refusal.replace("'", "''")
    if vendor != "postgresql":
        # A second later, as the fractions of this one are cut off.
        ago = f"datetime('now', '-{entry.kept} days', '+1 seconds')"
        when = entry.when.format(kept=ago)
        return [
            f"CREATE TRIGGER {entry.name} BEFORE {entry.before} ON {entry.table} "
            f"WHEN {when} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        ]
    when = entry.when.format(kept=f"now() - interval '{entry.kept} days'")
    # A function of its own: a trigger's WHEN may not look into other rows there.
    return [
        f"""
        CREATE OR REPLACE FUNCTION {entry.name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF {when} THEN
            RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation';
          END IF;
          IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
          RETURN NEW;
        END $$
        """,
        f"CREATE TRIGGER {entry.name} BEFORE {entry.before} ON {entry.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {entry.name}()",
    ]
