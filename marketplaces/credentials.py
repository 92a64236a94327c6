"""How an account's credentials go into the sealed field and come out of it (ENC-3)."""

from datetime import datetime
from typing import Any

from marketplaces.contract import Credentials, Secret
from plugseller.crypto.fields import Sealed


def pack(credentials: Credentials) -> dict[str, str]:
    """What `Connection.credentials` seals; the only place besides a request where
    the secrets are opened."""
    return {
        "account_id": credentials.account_id,
        "refresh_token": credentials.refresh_token.reveal(),
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret.reveal(),
        "reconnect_by": credentials.reconnect_by.isoformat()
        if credentials.reconnect_by
        else "",
    }


def unpack(sealed: Sealed) -> Credentials:
    """The credentials of a connection, its secrets still printing as dots.

    Raises what `Sealed.reveal` raises: SealedRefusal, SealBroken, KeyDestroyed.
    """
    kept: dict[str, Any] = sealed.reveal()
    reconnect_by = kept["reconnect_by"]
    return Credentials(
        account_id=kept["account_id"],
        refresh_token=Secret(kept["refresh_token"]),
        client_id=kept["client_id"],
        client_secret=Secret(kept["client_secret"]),
        reconnect_by=datetime.fromisoformat(reconnect_by) if reconnect_by else None,
    )
