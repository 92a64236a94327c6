"""Keys in AWS KMS, spoken to over HTTP: moto answers as KMS does."""

import base64
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from plugseller.keyprovider import KeyTrouble, kms
from plugseller.keyprovider.kms import KmsKeyProvider
from tests.plugseller.test_manage import manage

REGION = "eu-central-1"
ACCOUNT = {"AWS_ACCESS_KEY_ID": "plug", "AWS_SECRET_ACCESS_KEY": "seller"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def aws(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    kms._opened.clear()
    return boto3.client("kms", region_name=REGION, endpoint_url=endpoint)


@pytest.fixture
def key(aws: Any) -> str:
    return str(aws.create_key()["KeyMetadata"]["KeyId"])


@pytest.fixture
def provider(tmp_path: Path, endpoint: str, key: str) -> KmsKeyProvider:
    made = KmsKeyProvider(tmp_path / "keys", key=key, region=REGION, endpoint=endpoint)
    made.make_missing()
    return made


def again(provider: KmsKeyProvider, **more: str) -> KmsKeyProvider:
    """As another process has it."""
    kms._opened.clear()
    told = {"key": provider._key, "region": REGION, "endpoint": provider._endpoint}
    return KmsKeyProvider(provider.folder, **(told | more))


def all_keys(held: KmsKeyProvider) -> set[bytes]:
    return {
        *map(held.master_key, held.master_ids()),
        *map(held.signing_key, held.signing_ids()),
        held.database_key(),
        bytes.fromhex(held.web_key()),
    }


def test_every_key_opens_in_another_process_and_none_is_on_the_disk(
    provider: KmsKeyProvider,
) -> None:
    keys = all_keys(provider)
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}
    assert all_keys(again(provider)) == keys
    for file in provider.folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        content = file.read_bytes() + base64.b64decode(file.read_bytes())
        for key in keys:
            assert key not in content
            assert key.hex().encode() not in content


def test_a_new_master_key_is_seen_by_who_had_the_old_one(
    provider: KmsKeyProvider,
) -> None:
    other = KmsKeyProvider(
        provider.folder, key=provider._key, region=REGION, endpoint=provider._endpoint
    )
    old = other.current_master_id()
    new = provider.add_master_key()
    kms._opened.clear()
    assert other.master_ids() == [old, new]
    assert other.master_key(new) == provider.master_key(new) != other.master_key(old)
    provider.retire_master_key(old)
    assert other.master_ids() == [new]


def test_a_key_under_the_name_of_another_purpose_does_not_open(
    provider: KmsKeyProvider,
) -> None:
    (provider.folder / "web.kms").replace(provider.folder / "database.kms")
    with pytest.raises(KeyTrouble, match="InvalidCiphertextException"):
        again(provider).database_key()


def test_a_file_that_was_changed_does_not_open(provider: KmsKeyProvider) -> None:
    file = provider.folder / "database.kms"
    envelope = bytearray(base64.b64decode(file.read_bytes()))
    envelope[-1] ^= 1
    file.write_bytes(base64.b64encode(envelope))
    with pytest.raises(KeyTrouble, match="AWS KMS refused to open"):
        again(provider).database_key()
    file.write_text(secrets.token_hex(32) + "!")
    with pytest.raises(KeyTrouble, match="doesn't hold what AWS KMS made"):
        again(provider).database_key()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"key": "no-such-key"}, "NotFoundException.*check KMS_KEY_ID"),
        ({"key": ""}, "set KMS_KEY_ID and KMS_REGION"),
        ({"endpoint": "http://127.0.0.1:1"}, "can't be reached"),
    ],
)
def test_what_kms_refuses_is_said_in_a_sentence(
    provider: KmsKeyProvider, more: dict[str, str], words: str
) -> None:
    with pytest.raises(KeyTrouble, match=words) as told:
        again(provider, **more).database_key()
    assert told.value.__cause__ is None  # AWS's own error quotes what was sent
    assert "\n" not in str(told.value)
    with pytest.raises(KeyTrouble, match=words):
        again(provider, **more).add_master_key()


def test_another_key_of_ours_opens_nothing(provider: KmsKeyProvider, aws: Any) -> None:
    other = aws.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(KeyTrouble, match="AWS KMS refused to open"):
        again(provider, key=other).database_key()


def test_a_key_in_memory_outlasts_kms(provider: KmsKeyProvider) -> None:
    key = provider.database_key()
    provider._endpoint, provider._client = "http://127.0.0.1:1", None
    assert provider.database_key() == key


def test_an_installation_lives_on_kms_alone(
    tmp_path: Path, endpoint: str, key: str
) -> None:
    home = tmp_path / "var"
    told = {
        "KEY_PROVIDER": "kms",
        "KMS_KEY_ID": key,
        "KMS_REGION": REGION,
        "KMS_ENDPOINT": endpoint,
        **ACCOUNT,
    }
    assert manage(home, "init", **told) == (0, "")
    assert manage(home, "rotate_keys", **told)[0] == 0
    assert manage(home, "rekey_database", **told)[0] == 0
    assert manage(home, "verify_encryption", **told)[0] == 0
    names = {path.name[:11] for path in (home / "keys").iterdir()}
    assert names == {"audit-0001-", "database.km", "master-0002", "retired", "web.kms"}
    away = told | {"KMS_ENDPOINT": "http://127.0.0.1:1"}
    status, text = manage(home, "verify_encryption", **away)
    assert status == 1
    assert "AWS KMS can't be reached" in text
    assert len(text.splitlines()) == 1
