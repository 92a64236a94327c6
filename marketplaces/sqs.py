"""Speaks to SQS, through which Amazon sends our app a new secret.

The only file besides the key provider's that uses boto3. Nothing is left to what AWS
tools would find in the environment or in files: address, keys, authorities and the
absence of a proxy are told here, from settings (USE-2).
"""

from functools import lru_cache
from typing import Any

import boto3
import certifi
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from marketplaces.contract import Secret
from marketplaces.secretqueue import Message, Place, QueueTrouble

_AT_ONCE = 10


@lru_cache(maxsize=8)
def _client(place: Place, authorities: str) -> Any:
    """Made once for each place, because making one takes a third of a second."""
    session = boto3.session.Session(
        aws_access_key_id=place.key_id,
        aws_secret_access_key=place.key,
        region_name=place.region,
    )
    return session.client(
        "sqs",
        endpoint_url=place.host,
        verify=authorities,
        config=Config(
            proxies={},
            connect_timeout=5,
            read_timeout=30,
            retries={"total_max_attempts": 2},
            ignore_configured_endpoint_urls=True,
        ),
    )


class Queue:
    """One SQS queue, over TLS 1.2 at least (ENC-1): a SecretQueue."""

    def __init__(self, place: Place) -> None:
        self._address = place.address
        self._client = _client(place, settings.MARKETPLACE_CA_FILE or certifi.where())

    def take(self) -> list[Message]:
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
        try:
            self._client.delete_message(
                QueueUrl=self._address, ReceiptHandle=message.receipt
            )
        except (BotoCoreError, ClientError) as error:
            trouble = _trouble(error)
        else:
            return
        raise trouble


def _trouble(error: Exception) -> QueueTrouble:
    # The libraries' texts hold addresses, so only the kind travels on.
    kind = type(error).__name__
    if isinstance(error, ClientError):
        kind = str(error.response.get("Error", {}).get("Code", kind)).rpartition(".")[2]
    return QueueTrouble(f"The queue of new secrets can't be read ({kind[:60]}).")
