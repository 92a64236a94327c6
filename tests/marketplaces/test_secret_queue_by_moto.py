"""The queue as moto plays SQS: an independent witness of what the simulator plays."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from wsgiref.simple_server import make_server

import boto3
import pytest
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)

from marketplaces import receiving
from marketplaces.adapters.amazon.simulated.rotation import new_secret_notification
from marketplaces.appsecrets import apps_for
from marketplaces.simulator.certificates import make_certificates, server_context
from tests.conftest import Cast
from tests.marketplaces.conftest import NOW

SECRET = "amzn1.oa2-cs.v1.from-moto"


@pytest.fixture
def moto_queue(tmp_path: Path, settings: Any) -> Iterator[Any]:
    """A queue of moto's behind TLS, in the settings; gives a client to post with."""
    certificates = make_certificates(datetime.now(UTC))
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(certificates.authority)
    server = make_server(
        "localhost", 0, DomainDispatcherApplication(create_backend_app)
    )
    server.socket = server_context(certificates).wrap_socket(
        server.socket, server_side=True
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"https://localhost:{server.server_port}"
    client = boto3.session.Session(
        aws_access_key_id="moto", aws_secret_access_key="moto", region_name="us-east-1"
    ).client("sqs", endpoint_url=address, verify=str(ca_file))
    made = client.create_queue(QueueName="new-secrets")["QueueUrl"]
    settings.MARKETPLACE_CA_FILE = str(ca_file)
    settings.MARKETPLACE_APPS["amazon"] |= {
        "client_id": "amzn1.application-oa2-client.simulated",
        "application_id": "amzn1.sellerapps.app.simulated",
        "queue": {
            "address": f"{address}/{made.split('/', 3)[3]}",
            "key_id": "moto",
            "key": "moto",
        },
    }
    yield lambda body: client.send_message(QueueUrl=made, MessageBody=body)
    server.shutdown()
    thread.join()


@pytest.mark.django_db
def test_a_secret_is_received_and_its_message_deleted(
    cast: Cast, moto_queue: Any
) -> None:
    moto_queue(new_secret_notification(SECRET, NOW, NOW))
    assert receiving.collect(NOW)["amazon"] == receiving.Received(kept=1)
    [app] = apps_for("amazon", now=NOW)
    assert app.client_secret.reveal() == SECRET
    assert receiving.collect(NOW)["amazon"] == receiving.Received()
