"""Reads the queue through which a marketplace sends our app a new secret.

The only file besides the key provider's that uses boto3. Nothing is left to what AWS
tools would find in the environment or in files: address, keys, authorities and the
absence of a proxy are told here, from settings (USE-2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import boto3
import certifi
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from marketplaces.contract import Secret
from marketplaces.transport import is_this_machine

_HOST = re.compile(r"sqs\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")
_PATH = re.compile(r"/\d{12}/[A-Za-z0-9_-]{1,80}")
_AT_ONCE = 10


class QueueTrouble(Exception):
    """The queue can't be read now; the text is a sentence without address or key."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was taken; it comes again unless it is deleted."""

    receipt: str = field(repr=False)
    body: Secret


def open_queue(marketplace: str) -> "SecretQueue | None":
    """The marketplace's queue; None where none is set.

    Raises ImproperlyConfigured for an address that isn't one of SQS.
    """
    told: Mapping[str, str] = settings.MARKETPLACE_APPS[marketplace].get("queue", {})
    if not told.get("address"):
        return None
    return SecretQueue(marketplace, **told)


def queue_errors() -> list[str]:
    """What is wrong with the queues in the settings; for a system check."""
    errors = []
    for marketplace in settings.MARKETPLACES:
        try:
            open_queue(marketplace)
        except ImproperlyConfigured as error:
            errors.append(str(error))
    return errors


class SecretQueue:
    """One SQS queue, over TLS 1.2 at least (ENC-1)."""

    def __init__(self, marketplace: str, *, address: str, key_id: str, key: str):
        host, region = _place(marketplace, address)
        if not key_id or not key:
            raise ImproperlyConfigured(
                f"{marketplace.upper()}_SECRET_QUEUE is set, but not who may read it. "
                f"Set {marketplace.upper()}_SECRET_QUEUE_KEY_ID and "
                f"{marketplace.upper()}_SECRET_QUEUE_KEY."
            )
        self._address = address
        session = boto3.session.Session(
            aws_access_key_id=key_id, aws_secret_access_key=key, region_name=region
        )
        self._client = session.client(
            "sqs",
            endpoint_url=host,
            verify=settings.MARKETPLACE_CA_FILE or certifi.where(),
            config=Config(
                proxies={},
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 2},
                ignore_configured_endpoint_urls=True,
            ),
        )

    def take(self) -> list[Message]:
        """Up to ten messages that nobody else is at. Raises QueueTrouble."""
        try:
            answer = self._client.receive_message(
                QueueUrl=self._address, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=0
            )
            return [
                Message(told["ReceiptHandle"], Secret(told["Body"]))
                for told in answer.get("Messages", ())
            ]
        except (BotoCoreError, ClientError, KeyError) as error:
            trouble = _trouble(error)
        raise trouble

    def delete(self, message: Message) -> None:
        """Let a message never come again. Raises QueueTrouble."""
        try:
            self._client.delete_message(
                QueueUrl=self._address, ReceiptHandle=message.receipt
            )
        except (BotoCoreError, ClientError) as error:
            trouble = _trouble(error)
        else:
            return
        raise trouble


def _place(marketplace: str, address: str) -> tuple[str, str]:
    """The queue's host with its scheme, and its region, if both are allowed."""
    refusal = ImproperlyConfigured(
        f"{marketplace.upper()}_SECRET_QUEUE isn't the address of an SQS queue. "
        "Example: https://sqs.eu-west-1.amazonaws.com/123456789012/new-secrets"
    )
    try:
        parts = urlsplit(address)
    except ValueError:
        raise refusal from None
    host = f"https://{parts.netloc}"
    if not _PATH.fullmatch(parts.path) or address != f"{host}{parts.path}":
        raise refusal
    if found := _HOST.fullmatch(parts.netloc):
        return host, found[1]
    if settings.PRODUCTION or not is_this_machine(host):
        raise refusal
    return host, "us-east-1"


def _trouble(error: Exception) -> QueueTrouble:
    # The libraries' texts hold addresses, so only the kind travels on.
    kind = type(error).__name__
    if isinstance(error, ClientError):
        kind = str(error.response.get("Error", {}).get("Code", kind)).rpartition(".")[2]
    return QueueTrouble(f"The queue of new secrets can't be read ({kind[:60]}).")
