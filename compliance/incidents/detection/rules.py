"""The rules that read the audit log: what is odd, how odd it must be, what it means.

A rule says in plain words what it saw and when it is wrong; both stand on the incident
it opens. Thresholds are settings (README, Configuration).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from compliance.incidents.detection import finding
from compliance.incidents.detection.hits import Hit
from compliance.incidents.detection.reading import News
from compliance.incidents.models import Incident

Kind, Severity = Incident.Kind, Incident.Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    name: str
    title: str  # of the incident; names nobody
    means: str  # what was seen, and why it may matter
    wrong_when: str  # when it is a false alarm, and what to do then
    kind: Incident.Kind
    severity: Incident.Severity
    find: Callable[[News, datetime], Iterable[Hit]]
    data_kinds: tuple[str, ...] = field(default=("marketplace information",))
    quiet_once_dismissed: bool = False
    """A dismissed one stays so for the day; else the next hit opens another."""


RULES = (
    Rule(
        "mass-export",
        "Very many rows were exported in a short time",
        "One person, or one person's program, exported more rows in a short time "
        "than the threshold. A stolen session takes what it can while it can.",
        "An owner takes all data along, or a yearly report is made. Ask the person by "
        "another way than their mail; if they did it, dismiss this.",
        Kind.EXPOSURE,
        Severity.HIGH,
        finding.mass_exports,
        quiet_once_dismissed=True,
    ),
    Rule(
        "canary",
        "A planted seller was opened that nobody has a reason to open",
        "Somebody looked for, asked for, or read a seller that exists only to be "
        "noticed. Whoever gets there goes through sellers one by one.",
        "There is hardly an innocent reason. Find out how they knew of it.",
        Kind.ACCESS,
        Severity.HIGH,
        finding.canaries,
    ),
    Rule(
        "unusual-reads",
        "Somebody was shown far more than they usually are",
        "On one day a person, or their program, was shown many times the rows of their "
        "usual day, and more than the floor below which nobody is looked at.",
        "A new program fetches everything for the first time, or somebody works on a "
        "project. Ask them by another way than their mail.",
        Kind.ACCESS,
        Severity.MEDIUM,
        finding.unusual_reads,
        quiet_once_dismissed=True,
    ),
    Rule(
        "foreign-ids",
        "Somebody tried many addresses that aren't theirs",
        "Within ten minutes many pages were asked for that don't exist or belong to "
        "somebody else. All were refused; it is how others' data is looked for.",
        "A program with an old list of addresses does the same. Look which pages.",
        Kind.ACCESS,
        Severity.MEDIUM,
        finding.foreign_ids,
        quiet_once_dismissed=True,
    ),
    Rule(
        "lockouts",
        "An account or a network address was locked out again and again",
        "Somebody goes on trying passwords after being locked out several times "
        "within a day, or tries those of many accounts.",
        "A device with an old password tries by itself. Ask the account's owner.",
        Kind.ACCESS,
        Severity.MEDIUM,
        finding.lockouts,
        data_kinds=(),
        quiet_once_dismissed=True,
    ),
    Rule(
        "new-country",
        "Somebody signed in from a country they never signed in from",
        "Password and second factor were right, but the country is new for this "
        "person for a long time, as the proxy in front of us tells it.",
        "They travel, or use another network. Ask them by another way than their mail.",
        Kind.ACCESS,
        Severity.LOW,
        finding.new_countries,
        data_kinds=(),
        quiet_once_dismissed=True,
    ),
    Rule(
        "audit-broken",
        "The audit log isn't whole",
        "Its verification found an entry that was changed, is missing or doesn't "
        "follow the one before; or the log ends before what was read of it. Somebody "
        "wrote into the database past the program.",
        "An older backup was put back without saying so. `verify_audit` tells where; "
        "it is one of the gravest signs until that is understood.",
        Kind.ACCESS,
        Severity.CRITICAL,
        finding.broken_log,
    ),
    Rule(
        "unexpected-pii",
        "Personal data arrived where none is expected",
        "A marketplace's answer held personal data in a place where it never did. It "
        "was dropped and not stored; only the names of the places are known.",
        "The marketplace changed its answers. It isn't a breach as long as nothing was "
        "stored; see whether the data map must be changed, then dismiss this.",
        Kind.EXPOSURE,
        Severity.LOW,
        finding.unexpected_pii,
        data_kinds=("personal data",),
        quiet_once_dismissed=True,
    ),
    Rule(
        "restricted-operation",
        "A call was refused that the data map doesn't allow",
        "Our own program tried a call to a marketplace that isn't in the data map. It "
        "was refused before anything was sent. Nothing of ours does that.",
        "A new version has a fault. Find the change that made the call.",
        Kind.UNKNOWN,
        Severity.HIGH,
        finding.refused_calls,
    ),
    Rule(
        "ended-key-used",
        "An API key was used after it was revoked",
        "Somebody still holds a key that was ended, and tried it. It was refused.",
        "Usually the owner's own program wasn't given the new key. Ask them; a key "
        "that was ended because it leaked is another matter.",
        Kind.CREDENTIAL_LEAK,
        Severity.LOW,
        finding.ended_keys,
        data_kinds=(),
        quiet_once_dismissed=True,
    ),
    Rule(
        "backup-unproved",
        "A backup doesn't hold what it should",
        "A backup was put back to a scratch place and differs from what was backed up: "
        "it is damaged, or somebody changed it.",
        "A disk fails, or it was full. Make and verify another one first.",
        Kind.UNKNOWN,
        Severity.HIGH,
        finding.unproved_backups,
    ),
    Rule(
        "sealed-moved",
        "A sealed value doesn't belong where it lies",
        "Somebody wrote into the database past the program: a sealed value was moved, "
        "changed or put back. It was refused and not shown.",
        "A backup was put back in part. Nothing else does that.",
        Kind.ACCESS,
        Severity.CRITICAL,
        finding.moved_values,
        data_kinds=("credential",),
    ),
)
BY_NAME = {rule.name: rule for rule in RULES}
