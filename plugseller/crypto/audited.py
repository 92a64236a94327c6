"""What is logged of data keys: whose, wrapped by which key, since and until when."""

from plugseller.audit.diff import audited
from plugseller.crypto.models import DataKey, HeldKey

audited(
    DataKey,
    fields=("owner", "master_key_id", "created_at", "retired_at", "destroyed_at"),
)
audited(HeldKey, fields=("kind", "key_id", "since", "retired_at"))
