"""A new client secret for our own app, made by Amazon and sent through a queue.

`rotateApplicationClientSecret` answers 204 without a body. The secret arrives only in
the SQS queue that was registered in the developer console, as a notification
`APPLICATION_OAUTH_CLIENT_NEW_SECRET`; the one before it ends seven days later. Through
the same queue Amazon warns with `APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY`.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import msgspec

from marketplaces.adapters.amazon import access, failing
from marketplaces.adapters.amazon.asking import AGENT
from marketplaces.contract import (
    Access,
    App,
    Failure,
    NewSecret,
    OwnSecret,
    Request,
    Response,
    Rotation,
    Secret,
    SecretEnds,
    Unreadable,
)
from marketplaces.datamap import Grantless

ROTATE = Grantless(
    key="amazon.rotateApplicationClientSecret",
    purpose="To replace our own app's secret, which Amazon lets live for 180 days.",
    method="POST",
    path="/applications/2023-11-30/clientSecret",
    version="2023-11-30",
    scope="sellingpartnerapi::client_credential:rotation",
    rate=0.0167,
    burst=1,
)
_secret = re.compile(r"[!-~]{8,4096}")  # one printable word


class _New(msgspec.Struct, rename="camel"):
    client_id: str
    new_client_secret: str
    new_client_secret_expiry_time: datetime | None = None
    old_client_secret_expiry_time: datetime | None = None


class _Ends(msgspec.Struct, rename="camel"):
    client_id: str
    client_secret_expiry_time: datetime


class _Payload(msgspec.Struct):
    new: _New | None = msgspec.field(
        default=None, name="applicationOAuthClientNewSecret"
    )
    ends: _Ends | None = msgspec.field(
        default=None, name="applicationOAuthClientSecretExpiry"
    )


class _Notification(msgspec.Struct, rename="camel"):
    notification_type: str
    event_time: datetime
    payload: _Payload


_notification = msgspec.json.Decoder(_Notification).decode


class _Rotation:
    """See `contract.Rotation`."""

    operation = ROTATE

    def access(self, app: App) -> Request:
        return access.of_our_own(app, ROTATE.scope)

    def request(self, access: Access) -> Request:
        return Request(
            operation=ROTATE,
            endpoint="api",
            method=ROTATE.method,
            path=ROTATE.path,
            headers=(
                ("accept", "application/json"),
                ("user-agent", AGENT),
                ("x-amz-access-token", access.token.reveal()),
                ("content-length", "0"),
            ),
        )

    def failure(self, response: Response) -> Failure | None:
        return failing.rotation_failure(response)

    def notice(self, text: str) -> NewSecret | SecretEnds:
        told = None
        # What the decoder stumbled over may be a secret: its error isn't even chained.
        with suppress(ValueError, RecursionError):
            told = _notification(text)
        match told:
            case _Notification(
                notification_type="APPLICATION_OAUTH_CLIENT_NEW_SECRET",
                payload=_Payload(new=_New() as new),
            ) if _secret.fullmatch(new.new_client_secret):
                return NewSecret(
                    client_id=new.client_id,
                    secret=Secret(new.new_client_secret),
                    good_until=_utc_or_none(new.new_client_secret_expiry_time),
                    old_until=_utc_or_none(new.old_client_secret_expiry_time),
                )
            case _Notification(
                notification_type="APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY",
                payload=_Payload(ends=_Ends() as ends),
            ):
                at, said_at = _utc(ends.client_secret_expiry_time), told.event_time
                return SecretEnds(ends.client_id, at, _utc(said_at))
        raise Unreadable("A message in the queue of new secrets isn't one we know.")


def _utc_or_none(instant: datetime | None) -> datetime | None:
    return _utc(instant) if instant else None


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


_rotation: Rotation = _Rotation()

OWN_SECRET = OwnSecret(
    lasts=timedelta(days=180),
    overlap=timedelta(days=7),
    by_hand=(
        "In Amazon's Solution Provider Portal, make a new client secret under the "
        "app's LWA credentials, then enter it with: "
        "manage.py rotate_app_secret amazon --by-hand"
    ),
    rotation=_rotation,
)
