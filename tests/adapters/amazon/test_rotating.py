"""A new secret for our own app: as Amazon's model and its sample solution say."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from marketplaces import shelf
from marketplaces.adapters.amazon import ADAPTER
from marketplaces.adapters.amazon.rotating import ROTATE
from marketplaces.contract import (
    Access,
    NewSecret,
    Request,
    Response,
    Secret,
    SecretEnds,
    Trouble,
    Unreadable,
    Word,
)
from marketplaces.datamap import OperationNotPermitted
from marketplaces.transport import Transport
from tests.adapters.amazon.calls import APP, NOW
from tests.adapters.amazon.models import call

assert ADAPTER.own_secret.rotation
ROTATION = ADAPTER.own_secret.rotation

# The message of Amazon's own sample solution (amzn/selling-partner-api-samples, LWA
# rotation), its values shortened.
NEW = """{
  "notificationVersion": "1.0",
  "notificationType": "APPLICATION_OAUTH_CLIENT_NEW_SECRET",
  "payloadVersion": "2023-11-30",
  "eventTime": "2024-01-10T22:09:17.456Z",
  "payload": {
    "applicationOAuthClientNewSecret": {
      "clientId": "amzn1.application-oa2-client.6X",
      "newClientSecret": "amzn1.oa2-cs.v1.8b6X",
      "newClientSecretExpiryTime": "2024-07-08T22:09:17.198Z",
      "oldClientSecretExpiryTime": "2024-01-17T22:09:17.180Z"
    }
  },
  "notificationMetadata": {"applicationId": "amzn1.sp.solution.6X"}
}"""
ENDS = """{
  "notificationVersion": "1.0",
  "notificationType": "APPLICATION_OAUTH_CLIENT_SECRET_EXPIRY",
  "payloadVersion": "2023-11-30",
  "eventTime": "2024-01-10T22:09:17.456Z",
  "payload": {
    "applicationOAuthClientSecretExpiry": {
      "clientId": "amzn1.application-oa2-client.6X",
      "clientSecretExpiryTime": "2024-04-09T22:06:39.224Z",
      "clientSecretExpiryReason": "PERIODIC_ROTATION"
    }
  }
}"""


def test_the_operation_is_the_models() -> None:
    path, method, described = call("rotateApplicationClientSecret")
    assert (ROTATE.path, ROTATE.method) == (path, method)
    assert described["parameters"] == []
    assert {"204"} == {s for s in described["responses"] if s < "300"}
    assert "schema" not in described["responses"]["204"]
    rate, burst = re.findall(r"\| ([\d.]+) \| (\d+) \|", described["description"])[0]
    assert (ROTATE.rate, ROTATE.burst) == (float(rate), int(burst))
    assert ROTATE.version in path


def test_the_request_carries_our_own_token_and_nothing_else() -> None:
    asked = ROTATION.access(APP)
    assert asked.endpoint == "token"
    assert b"grant_type=client_credentials" in asked.body
    assert b"scope=sellingpartnerapi%3A%3Aclient_credential%3Arotation" in asked.body
    assert b"refresh_token" not in asked.body
    sent = ROTATION.request(Access(Secret("Atza|own"), NOW))
    assert dict(sent.headers)["x-amz-access-token"] == "Atza|own"
    assert (sent.query, sent.body) == ("", b"")


def _sent(**changes: object) -> Request:
    return replace(ROTATION.request(Access(Secret("t"), NOW)), **changes)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    "request_",
    [
        _sent(query="includedData=BUYER"),
        _sent(body=b"{}"),
        _sent(method="GET"),
        _sent(path="/orders/v0/orders"),
        _sent(endpoint="token"),
        _sent(operation=replace(ROTATE, path="/orders/v0/orders"), method="POST"),
    ],
    ids=lambda request: request.path + request.query,
)
def test_nothing_but_that_call_can_be_made_with_it(request_: Request) -> None:
    way = Transport(
        datamap=shelf.datamap(),
        hosts={"api": "https://localhost:1", "token": "https://localhost:1"},
        token_path="/auth/o2/token",
    )
    with way, pytest.raises(OperationNotPermitted):
        way.send(request_)


def test_it_is_in_the_map_and_no_feature() -> None:
    assert shelf.datamap().grantless == (ROTATE,)
    assert shelf.datamap().holds(ROTATE)
    assert ROTATE.key not in {operation.key for operation in shelf.datamap()}


def test_a_notification_gives_the_new_secret_and_two_days() -> None:
    told = ROTATION.notice(NEW)
    assert isinstance(told, NewSecret)
    assert told.client_id == "amzn1.application-oa2-client.6X"
    assert told.secret.reveal() == "amzn1.oa2-cs.v1.8b6X"
    assert told.good_until == datetime(2024, 7, 8, 22, 9, 17, 198000, tzinfo=UTC)
    assert told.old_until == datetime(2024, 1, 17, 22, 9, 17, 180000, tzinfo=UTC)
    assert "8b6X" not in repr(told)


def test_a_notification_warns() -> None:
    told = ROTATION.notice(ENDS)
    assert isinstance(told, SecretEnds)
    assert told.at == datetime(2024, 4, 9, 22, 6, 39, 224000, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        NEW.replace("_NEW_SECRET", "_OLD_SECRET"),
        NEW.replace("amzn1.oa2-cs.v1.8b6X", "two words"),
        NEW.replace("applicationOAuthClientNewSecret", "somethingElse"),
        NEW[:-3],
        '"text"',
    ],
)
def test_anything_else_is_unreadable_and_not_quoted(text: str) -> None:
    with pytest.raises(Unreadable) as told:
        ROTATION.notice(text)
    assert "8b6X" not in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__context__ is None


@pytest.mark.parametrize(
    ("status", "word", "trouble"),
    [
        (200, Word.BROKEN, Trouble.UNEXPECTED),
        (400, Word.BROKEN, Trouble.UNEXPECTED),
        (401, Word.FORBIDDEN, Trouble.AUTHORISATION),
        (403, Word.FORBIDDEN, Trouble.AUTHORISATION),
        (404, Word.BROKEN, Trouble.UNEXPECTED),
        (429, Word.WAIT, Trouble.THROTTLED),
        (500, Word.WAIT, Trouble.DOWN),
        (503, Word.WAIT, Trouble.DOWN),
    ],
)
def test_only_204_means_that_a_secret_is_on_its_way(
    status: int, word: Word, trouble: Trouble
) -> None:
    assert ROTATION.failure(Response(204, {}, b"")) is None
    failure = ROTATION.failure(Response(status, {}, b"{}"))
    assert failure is not None
    assert (failure.word, failure.trouble) == (word, trouble)
