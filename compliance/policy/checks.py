"""No sentence without a control, no control without a sentence."""

from typing import Any

from django.core import checks

from compliance.policy.promises import BY_ID
from plugseller.shelves import CONTROLS


@checks.register("policy")
def check_promises(**kwargs: Any) -> list[checks.CheckMessage]:
    """A build that promises what nothing looks after fails."""
    kept = {one.promise for one in CONTROLS.values()}
    unkept = [
        checks.Error(
            f"Nothing looks whether {promise} holds.",
            hint="Register a control for it in an app's controls.py.",
            id="policy.E001",
        )
        for promise in BY_ID
        if promise not in kept
    ]
    unknown = [
        checks.Error(
            f"The control {one.name} looks after {one.promise}, which isn't promised.",
            hint="The sentences stand in compliance/policy/promises.py.",
            id="policy.E002",
        )
        for one in CONTROLS.values()
        if one.promise not in BY_ID
    ]
    return [*unkept, *unknown]
