"""Replacing the keys that a person replaces: the one that signs, and the web's (ACC-3).

A signing key chains audit entries and signs checkpoints and certificates. Those before
it stay for good, because they verify what they signed; whoever learned one of them
can't rewrite what was logged before the change, as the new key signed where the log
stood. Why a person: its public half is published, and its copy belongs elsewhere.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from plugseller.audit.checkpoints import sign_checkpoint
from plugseller.audit.services import record
from plugseller.crypto.rotation import note_held_keys
from plugseller.keyprovider import provider


def rotate_signing_key(*, now: datetime, new: bool = True) -> str:
    """A new key that signs from now on; its id. With `new=False` only what follows.

    Running processes see it within seconds, or with keys from the environment when
    they start again. Raises KeyTrouble, WitnessTrouble, and WitnessDisagrees, before
    anything is made, for a log that isn't what it was.
    """
    keys = provider()
    sign_checkpoint(now)
    note_held_keys(now, just_made=keys.add_signing_key() if new else "")
    sign_checkpoint(now)  # by the new one, and at the witness
    return keys.current_signing_id()


def replace_web_key(*, now: datetime) -> None:
    """Another SECRET_KEY, from the next start on; then everybody signs in again.

    Raises KeyTrouble.
    """
    note_held_keys(now)
    with transaction.atomic():
        record("web_key.replaced")
        provider().replace_web_key(instead_of=settings.SECRET_KEY)
