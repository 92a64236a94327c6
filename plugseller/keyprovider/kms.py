"""Keys that AWS KMS made and that only AWS KMS opens: envelopes in files.

    keys/                            mode 0700
      master-0001-3f9a0c51d2b7.kms   mode 0600: what GenerateDataKey gave, sealed
      audit-0001-8c21e07fd94a.kms, database.kms, web.kms

A file is opened by KMS when a process first needs it, and the key is then in that
process's memory alone. Its encryption context says what the key is for, so a file
under another's name isn't opened. Several machines need the same folder.
"""

import base64
import binascii
import threading
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
)
from django.views.decorators.debug import sensitive_variables

from plugseller.keyprovider.base import KEY_BYTES, KeyTrouble, Kind
from plugseller.keyprovider.folder import FolderKeyProvider

_PATIENCE = Config(
    connect_timeout=3,  # seconds
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
)
# What KMS says -> what an operator does about it.
_REMEDIES = {
    "AccessDeniedException": "allow kms:GenerateDataKey and kms:Decrypt on that key to "
    "the account this runs under",
    "DisabledException": "enable the key in KMS",
    "KMSInvalidStateException": "cancel the deletion of the key, or enable it, in KMS",
    "NotFoundException": "check KMS_KEY_ID and KMS_REGION",
    "InvalidCiphertextException": "put back your copy of the keys folder, because this "
    "file was changed or stands under another's name",
    "IncorrectKeyException": "check KMS_KEY_ID, because another key made this file",
    "ThrottlingException": "try again in a minute",
    "UnrecognizedClientException": "check the credentials this runs under",
    "ExpiredTokenException": "renew the credentials this runs under",
}

_opened: dict[bytes, bytes] = {}  # hash of an envelope and its purpose -> key
_opening = threading.Lock()


class KmsKeyProvider(FolderKeyProvider):
    """A KeyProvider on a folder of envelopes and one key in AWS KMS."""

    ending = ".kms"

    def __init__(
        self, folder: Path, *, key: str, region: str, endpoint: str = ""
    ) -> None:
        super().__init__(folder)
        self._key = key
        self._region = region
        self._endpoint = endpoint
        self._client: Any = None

    @sensitive_variables("answer", "key")
    def fresh(self, kind: Kind) -> tuple[bytes, bytes]:
        answer = self._ask(
            "generate_data_key",
            "make a key",
            KeyId=self._key,
            NumberOfBytes=KEY_BYTES,
            EncryptionContext=_context(kind),
        )
        key: bytes = answer["Plaintext"]
        envelope: bytes = answer["CiphertextBlob"]
        _opened[_name(envelope, kind)] = key
        return key, base64.b64encode(envelope) + b"\n"

    @sensitive_variables("answer", "key")
    def opened(self, path: Path, content: bytes, kind: Kind) -> bytes:
        try:
            envelope = base64.b64decode(content.strip(), validate=True)
        except binascii.Error:
            raise KeyTrouble(
                f"The key file {path} doesn't hold what AWS KMS made: put back your "
                "copy of it."
            ) from None
        with _opening:  # threads that begin together ask once
            key = _opened.get(_name(envelope, kind))
            if key is None:
                answer = self._ask(
                    "decrypt",
                    f"open the key file {path}",
                    KeyId=self._key,
                    CiphertextBlob=envelope,
                    EncryptionContext=_context(kind),
                )
                key = _opened[_name(envelope, kind)] = answer["Plaintext"]
        if len(key) != KEY_BYTES:
            raise KeyTrouble(
                f"The key file {path} holds {len(key)} bytes instead of {KEY_BYTES}: "
                "put back your copy of it."
            )
        return key

    def _ask(self, operation: str, what: str, **request: Any) -> Any:
        """One call. Raises KeyTrouble with the cause, never with what was sent."""
        try:
            return getattr(self._connected(), operation)(**request)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            remedy = _REMEDIES.get(code, "look for the reason in AWS CloudTrail")
            raise KeyTrouble(f"AWS KMS refused to {what} ({code}): {remedy}.") from None
        except BotoCoreError as error:
            raise KeyTrouble(
                f"AWS KMS can't be reached to {what} ({type(error).__name__}): check "
                "the network, KMS_REGION and the credentials this runs under."
            ) from None

    def _connected(self) -> Any:
        if not self._key or not self._region:
            raise KeyTrouble(
                "KEY_PROVIDER=kms needs the key in AWS KMS that opens all others: set "
                "KMS_KEY_ID and KMS_REGION."
            )
        if self._client is None:
            self._client = boto3.session.Session().client(
                "kms",
                region_name=self._region,
                endpoint_url=self._endpoint or None,
                config=_PATIENCE,
            )
        return self._client


def _context(kind: Kind) -> dict[str, str]:
    return {"service": "plug-seller", "key": kind.value}


def _name(envelope: bytes, kind: Kind) -> bytes:
    return sha256(kind.encode() + b" " + envelope).digest()
