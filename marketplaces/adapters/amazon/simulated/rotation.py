"""A new secret for the app: 204 without a body, and a notification in a queue."""

import json
from datetime import datetime, timedelta

from marketplaces.adapters.amazon.simulated.access import ROTATION
from marketplaces.adapters.amazon.simulated.answers import denied
from marketplaces.simulator.desk import APPS, Desk
from marketplaces.simulator.queue import Queue
from marketplaces.simulator.words import Answer, Call

_LIVES = timedelta(days=180)


class Rotation:
    """`POST /applications/2023-11-30/clientSecret`."""

    def __init__(self, desk: Desk, queue: Queue) -> None:
        self._desk = desk
        self._queue = queue

    def rotate(self, call: Call) -> Answer:
        """Make a secret and post it; the one before works seven days longer."""
        token = call.headers.get("x-amz-access-token", "")
        if not self._desk.is_grantless(token, ROTATION, call.now):
            return denied("The access token isn't one for this operation.")
        secret, old_ends = self._desk.new_secret("amazon", call.now)
        self._queue.put(new_secret_notification(secret, old_ends, call.now))
        return Answer(204)


def new_secret_notification(secret: str, old_ends: datetime, now: datetime) -> str:
    """The message as Amazon's own sample solution shows it."""
    return _notification(
        "APPLICATION_OAUTH_CLIENT_NEW_SECRET",
        "applicationOAuthClientNewSecret",
        {
            "clientId": APPS["amazon"].client_id,
            "newClientSecret": secret,
            "newClientSecretExpiryTime": _spoken(now + _LIVES),
            "oldClientSecretExpiryTime": _spoken(old_ends),
        },
        now,
    )


def expiry_notification(ends: datetime, now: datetime) -> str:
    """The warning that Amazon sends 90 days before."""
    return _notification(
        "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY",
        "applicationOAuthClientSecretExpiry",
        {
            "clientId": APPS["amazon"].client_id,
            "clientSecretExpiryTime": _spoken(ends),
            "clientSecretExpiryReason": "PERIODIC_ROTATION",
        },
        now,
    )


def _notification(kind: str, name: str, payload: dict[str, str], now: datetime) -> str:
    return json.dumps(
        {
            "notificationVersion": "1.0",
            "notificationType": kind,
            "payloadVersion": "2023-11-30",
            "eventTime": _spoken(now),
            "payload": {name: payload},
            "notificationMetadata": {
                "applicationId": APPS["amazon"].application_id,
                "subscriptionId": "simulated",
                "publishTime": _spoken(now),
                "notificationId": "simulated",
            },
        }
    )


def _spoken(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond // 1000:03d}Z"
