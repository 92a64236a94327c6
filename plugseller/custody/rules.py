"""How long what is kept, and why: all retention rules in one place (RET-1).

A seller may have a shorter time than a rule's `keep`, never a longer one.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from plugseller.audit.pruning import KEEP, LEAST
from plugseller.shelves import shortened


@dataclass(frozen=True, slots=True)
class Rule:
    """One retention rule."""

    name: str
    label: str
    keep: timedelta | None  # None: as long as what it belongs to
    why: str  # in a sentence for sellers and auditors
    least: timedelta | None = None  # may not be kept shorter than this
    by_seller: bool = False  # a seller may choose a shorter time


def _days(number: int) -> timedelta:
    return timedelta(days=number)


_MONTHS_12, _MONTHS_13, _MONTHS_18, _MONTHS_24 = map(_days, (366, 396, 548, 731))

_rules = (
    Rule(
        "with_account",
        "With the account",
        None,
        "It is what the account consists of, and goes when the account is deleted.",
    ),
    Rule(
        "with_connection",
        "With the connection",
        None,
        "It is the present state of a connected account; it goes with the connection.",
    ),
    Rule(
        "orders",
        "Orders",
        _MONTHS_18,
        "Amazon advises to keep Information that isn't personal for 18 months at most.",
        by_seller=True,
    ),
    Rule(
        "price_history",
        "Price history",
        _MONTHS_13,
        "A year can be compared with the year before.",
        by_seller=True,
    ),
    Rule(
        "stock_history",
        "Stock history",
        _MONTHS_13,
        "A year can be compared with the year before.",
        by_seller=True,
    ),
    Rule(
        "gone",
        "Listings and stock that are gone",
        _MONTHS_13,
        "What the marketplace lists no more is of use for a year's comparison.",
        by_seller=True,
    ),
    Rule(
        "sync_runs",
        "Sync runs",
        _days(90),
        "Enough to explain what was fetched when, and what failed.",
        by_seller=True,
    ),
    Rule(
        "connect_attempts",
        "Attempts to connect",
        _days(1),
        "An attempt is good for ten minutes.",
    ),
    Rule(
        "sessions",
        "Sessions",
        _days(30),
        "Long enough to look into a sign-in that somebody reports.",
    ),
    Rule(
        "sign_in_failures",
        "Failed sign-ins",
        _days(30),
        "Long enough to see an attack; they hold network addresses.",
    ),
    Rule(
        "habits",
        "Habits of reading",
        _days(30),
        "What is usual for a person is taken from them (DETECTION_HABIT_DAYS).",
    ),
    Rule(
        "job_results",
        "Results of jobs",
        _days(30),
        "Long enough to look into a failure.",
    ),
    Rule(
        "counters",
        "Counters of limits",
        _days(1),
        "Counted from when they ended; they hold ids and network addresses.",
    ),
    Rule(
        "mail",
        "Mails sent",
        _days(30),
        "Long enough to prove that somebody was told.",
    ),
    Rule(
        "exports",
        "Downloads made ready",
        timedelta(hours=24),
        "A copy of data is a risk; it can be made again.",
    ),
    Rule(
        "unverified",
        "Accounts never verified",
        _days(7),
        "Nobody proved that the address is theirs, so we may not keep it.",
    ),
    Rule(
        "invitations",
        "Invitations",
        _days(90),
        "Counted from when they ended; they hold an address of somebody else.",
    ),
    Rule(
        "left_people",
        "People who left",
        _MONTHS_24,
        "As long as the audit log speaks of them; others read a pseudonym at once.",
    ),
    Rule(
        "questions",
        "Questions about data",
        _MONTHS_12,
        "Counted from the answer; long enough to come back to it.",
    ),
    Rule(
        "ended_tokens",
        "API tokens that ended",
        _MONTHS_13,
        "Which program had access is part of the quarterly and yearly reviews.",
    ),
    Rule(
        "staff_access",
        "Access of our staff",
        _MONTHS_24,
        "As long as the audit log, which names the grant of each read.",
        least=_MONTHS_12,
    ),
    Rule(
        "audit",
        "Audit log",
        KEEP,
        "Amazon asks for 12 months at least; goes by whole months once they are over.",
        least=LEAST,
    ),
    Rule(
        "requests",
        "Deletion requests and certificates",
        _days(1096),
        "Proof that the promise was kept; who asked is erased at completion.",
        least=_MONTHS_12,
    ),
    Rule(
        "incidents",
        "Incidents, reviews and what was done about them",
        _days(1096),
        "Amazon may ask for the record until twelve months after the agreement ends.",
        least=_MONTHS_12,
    ),
    Rule(
        "proofs",
        "Proofs",
        None,
        "They show that something was destroyed or signed; nobody stands in them.",
    ),
    Rule(
        "machine",
        "The machine's own",
        None,
        "Needed to run; holds nothing of a seller or a person.",
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _rules}


def keep_of(rule: str, seller_id: UUID) -> timedelta | None:
    """How long a seller's data is kept by a rule: its own shorter time, or the rule's.

    None: as long as what it belongs to. KeyError for a rule that isn't there.
    """
    keep = RULES[rule].keep
    chosen = shortened(rule, seller_id) if RULES[rule].by_seller else None
    return keep if chosen is None or keep is None else min(keep, chosen)
