"""What the queue's packages are signed with: a key of their own (ACC-2).

django-q2 unpickles what it finds in the queue, if the signature is right, and signs
with SECRET_KEY. Then whoever learns the web's key and can write one row runs code in
the workers. This key is derived from one that the web never signs anything with; the
oldest, because a rotation must not make what waits in the queue unreadable.
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.utils.functional import SimpleLazyObject
from django_q.conf import Conf

from plugseller.keyprovider import provider


def sign_apart() -> None:
    """Let django-q2 sign with that key, from the first package on."""
    Conf.SECRET_KEY = SimpleLazyObject(_key)  # there may be no keys before `init`


def _key() -> str:
    """Raises KeyTrouble."""
    keys = provider()
    ids = keys.signing_ids() or [keys.current_signing_id()]
    derive = HKDF(
        algorithm=SHA256(), length=32, salt=None, info=b"sign packages of jobs v1"
    )
    return derive.derive(keys.signing_key(ids[0])).hex()
