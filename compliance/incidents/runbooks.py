"""What is done in which kind of incident, in order and in plain words (INC-1).

A step's key says what it is about: the same key in two kinds is the same step, so that
a change of kind keeps what was ticked; and what a button does ticks its key.
"""

from dataclasses import dataclass
from datetime import timedelta

from compliance.incidents.models import Incident

Kind = Incident.Kind
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist, and how long after the detection it is due."""

    key: str
    text: str
    within: timedelta


_BEGIN = (
    Step("lead", "Take the lead, or give it to somebody who is awake.", 15 * _MINUTE),
    Step(
        "triage", "Look at it and decide: an incident, or not one.", timedelta(hours=1)
    ),
)
_TELL = (
    Step("scope", "Say which marketplaces and kinds of data are involved.", 4 * _HOUR),
    Step("affected", "Compute which sellers are affected, and check it.", 8 * _HOUR),
    Step("amazon", "Send the initial notice to Amazon, or record why not.", 20 * _HOUR),
    Step("sellers", "Tell the sellers that are affected.", 3 * _DAY),
)
_END = (
    Step("cause", "Find the cause, and remove it.", 7 * _DAY),
    Step("recover", "Bring everything back, and watch it for a day.", 10 * _DAY),
    Step("review", "Review what happened, and open a task for each lesson.", 21 * _DAY),
)

RUNBOOKS: dict[Kind, tuple[Step, ...]] = {
    Kind.CREDENTIAL_LEAK: (
        *_BEGIN,
        Step("which", "Find out which secret leaked, and where it can be seen.", _HOUR),
        Step("revoke", "Revoke it. Don't wait for a replacement.", _HOUR),
        Step("rotate", "Rotate what was kept beside it, or made with it.", 4 * _HOUR),
        Step("sessions", "End every session and token that it opened.", 2 * _HOUR),
        Step("remove", "Have the place where it can be seen cleaned.", _DAY),
        Step("used", "Read the audit log: was it used since it leaked?", 8 * _HOUR),
        *_TELL,
        *_END,
    ),
    Kind.ACCESS: (
        *_BEGIN,
        Step("suspend", "Suspend the user or key that was used.", _HOUR),
        Step("sessions", "End its sessions.", _HOUR),
        Step("tokens", "Revoke its API keys.", _HOUR),
        Step("evidence", "Seal the audit log of the time as evidence.", 4 * _HOUR),
        Step("used", "Read the audit log: what was seen, by whom?", 8 * _HOUR),
        Step("entry", "Find out how they came in, and close that way.", _DAY),
        *_TELL,
        *_END,
    ),
    Kind.EXPOSURE: (
        *_BEGIN,
        Step("close", "Make what is exposed unreachable.", _HOUR),
        Step("freeze", "Stop the syncing of the sellers it is about.", 2 * _HOUR),
        Step("copies", "Find copies: caches, search engines, archives.", 8 * _HOUR),
        Step("evidence", "Seal the audit log of the time as evidence.", 4 * _HOUR),
        Step("used", "Find out who saw it, and since when.", 8 * _HOUR),
        *_TELL,
        *_END,
    ),
    Kind.MALWARE: (
        *_BEGIN,
        Step("isolate", "Take the machine off the network. Leave it on.", _HOUR),
        Step("evidence", "Copy its disk and memory before cleaning.", 8 * _HOUR),
        Step("sessions", "End the sessions of everybody who used it.", 2 * _HOUR),
        Step("rotate", "Rotate every secret that was on it.", 8 * _HOUR),
        Step("spread", "Look for it on every other machine.", _DAY),
        Step("rebuild", "Rebuild the machine; don't repair it.", 3 * _DAY),
        *_TELL,
        *_END,
    ),
    Kind.LOST_DEVICE: (
        *_BEGIN,
        Step("sessions", "End every session of its owner.", _HOUR),
        Step("factors", "Remove the second factors that were on it.", 2 * _HOUR),
        Step("wipe", "Lock it and wipe it from afar.", 4 * _HOUR),
        Step("encrypted", "Establish that its disk was encrypted.", 8 * _HOUR),
        Step("rotate", "Rotate every secret that was on it.", 8 * _HOUR),
        *_TELL,
        *_END,
    ),
    Kind.SUPPLIER: (
        *_BEGIN,
        Step("ask", "Ask the supplier in writing: what, since when, whose.", 4 * _HOUR),
        Step("revoke", "Revoke the supplier's access and keys.", 4 * _HOUR),
        Step("freeze", "Stop what is exchanged with the supplier.", 4 * _HOUR),
        Step("used", "Read our own log of what the supplier did here.", 12 * _HOUR),
        *_TELL,
        Step("return", "Decide with a second officer whether to go on.", 14 * _DAY),
        *_END,
    ),
    Kind.UNKNOWN: (
        *_BEGIN,
        Step("kind", "Find out what kind it is; its own steps come then.", 2 * _HOUR),
        Step("evidence", "Seal the audit log of the time as evidence.", 4 * _HOUR),
        *_TELL,
        *_END,
    ),
}
