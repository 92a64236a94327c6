"""As much of Amazon SQS as our reader of the queue asks for, in its JSON protocol.

A message that was taken is hidden for a while and comes again unless it was deleted,
as there; signatures aren't checked.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from threading import Lock
from typing import Any

from marketplaces.simulator.words import Answer, Call

ADDRESS = "/000000000000/new-secrets"
_HIDDEN = timedelta(seconds=30)
_TYPE = (("Content-Type", "application/x-amz-json-1.0"),)


@dataclass(slots=True)
class _Message:
    body: str
    hidden_until: datetime | None = None
    receipt: str = ""


class Queue:
    """One queue; may be used by several threads at once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._messages: dict[str, _Message] = {}
        self._numbers = count(1)

    def put(self, body: str) -> None:
        """Post a message."""
        with self._lock:
            self._messages[f"message-{next(self._numbers)}"] = _Message(body)

    def lose(self) -> int:
        """Drop whatever is in it, as if it had never come; how many."""
        with self._lock:
            lost = len(self._messages)
            self._messages.clear()
        return lost

    def __len__(self) -> int:
        return len(self._messages)

    def answer(self, call: Call) -> Answer:
        """`ReceiveMessage` and `DeleteMessage`."""
        try:
            told = json.loads(call.body)
        except ValueError:
            return _refusal("com.amazonaws.sqs#InvalidMessageContents")
        match call.headers.get("x-amz-target", ""):
            case "AmazonSQS.ReceiveMessage":
                most = int(told.get("MaxNumberOfMessages", 1))
                return _json({"Messages": self._take(most, call.now)})
            case "AmazonSQS.DeleteMessage":
                self._delete(told.get("ReceiptHandle", ""))
                return _json({})
        return _refusal("com.amazonaws.sqs#UnsupportedOperation")

    def _take(self, most: int, now: datetime) -> list[dict[str, str]]:
        taken: list[dict[str, str]] = []
        with self._lock:
            for name, message in self._messages.items():
                if message.hidden_until and now < message.hidden_until:
                    continue
                if len(taken) == most:
                    break
                message.hidden_until = now + _HIDDEN
                message.receipt = f"receipt-{next(self._numbers)}"
                digest = hashlib.md5(message.body.encode(), usedforsecurity=False)
                taken.append(
                    {
                        "MessageId": name,
                        "ReceiptHandle": message.receipt,
                        "MD5OfBody": digest.hexdigest(),
                        "Body": message.body,
                    }
                )
        return taken

    def _delete(self, receipt: str) -> None:
        with self._lock:
            self._messages = {
                name: message
                for name, message in self._messages.items()
                if message.receipt != receipt
            }


def _json(value: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), _TYPE)


def _refusal(kind: str) -> Answer:
    return _json({"__type": kind, "message": "The simulator doesn't do this."}, 400)
