"""What happens to deletion requests; pages, the desk, jobs and commands call these."""

from compliance.deletion.services.asking import request_deletion
from compliance.deletion.services.ending import (
    answer_buyer,
    answer_nothing_held,
    reject,
    withdraw,
)
from compliance.deletion.services.holding import (
    approve_hold,
    ask_hold,
    end_holds,
    held,
    release_hold,
)
from compliance.deletion.services.letters import tell
from compliance.deletion.services.opening import open_contact
from compliance.deletion.services.previewing import Planned, preview
from compliance.deletion.services.running import begin, begin_at_once, complete
from compliance.deletion.services.steps import note_step
from compliance.deletion.services.unattended import (
    go_on_unattended,
    may_be_objected_to,
    object_to,
)
from compliance.deletion.services.verifying import (
    ask_identity,
    confirm_requester,
    had_a_hand_in,
    needs_second_person,
    verify_requester,
)
from compliance.deletion.states import DeletionRefused

__all__ = [
    "DeletionRefused",
    "Planned",
    "answer_buyer",
    "answer_nothing_held",
    "approve_hold",
    "ask_hold",
    "ask_identity",
    "begin",
    "begin_at_once",
    "complete",
    "confirm_requester",
    "end_holds",
    "go_on_unattended",
    "had_a_hand_in",
    "held",
    "may_be_objected_to",
    "needs_second_person",
    "note_step",
    "object_to",
    "open_contact",
    "preview",
    "reject",
    "release_hold",
    "request_deletion",
    "tell",
    "verify_requester",
    "withdraw",
]
