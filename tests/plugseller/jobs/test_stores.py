"""Places that are no table: the queue and the cache in a real Redis, mails as files."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache, caches
from django.core.mail import EmailMessage
from django.utils import timezone
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from django_q.signing import SignedPackage

from plugseller.custody.walking import erase_holding
from plugseller.jobs import stores
from plugseller.jobs.stores import MailFiles, RedisQueue, SharedCache
from plugseller.shelves import HOLDINGS, Scope

GONE, STAYS = uuid4(), uuid4()
SCOPE = Scope(people=frozenset({GONE}), addresses=frozenset({"Gone@Example.test"}))


@pytest.fixture
def redis(tmp_path: Path, settings: Any) -> Iterator[str]:
    """A Redis of this test's own."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server on this machine")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(server, "--port", str(port), "--bind", "127.0.0.1"),
            *("--save", "", "--dir", str(tmp_path)),
        ],
        stdout=subprocess.DEVNULL,
    )
    address = f"redis://127.0.0.1:{port}/0"
    for _ in range(100):
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    settings.REDIS_URL = address
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": address,
        }
    }
    yield address
    process.terminate()
    process.wait(timeout=10)


def test_jobs_that_wait_in_redis_are_found_and_go(
    redis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conf, "REDIS", redis)
    monkeypatch.setattr(stores, "get_broker", Redis)
    broker = Redis()
    for one in (GONE, STAYS, GONE):
        package = {"func": "x", "args": (str(one),), "kwargs": {}}
        broker.enqueue(SignedPackage.dumps(package))
    broker.enqueue("not signed by us")
    queue = RedisQueue()
    assert (queue.total(), queue.count(SCOPE)) == (4, 2)
    assert queue.erase(SCOPE, at_most=10) == 2
    assert (queue.total(), queue.count(SCOPE)) == (2, 0)


@pytest.mark.parametrize("backend", ["redis", "database"])
@pytest.mark.django_db
def test_counters_in_the_cache_are_found_and_go(
    backend: str, request: pytest.FixtureRequest
) -> None:
    if backend == "redis":
        request.getfixturevalue("redis")
    caches["default"].clear()
    for one in (GONE, STAYS):
        cache.set(f"api-person:{one}", [1.0], 60)
        cache.set(f"allauth:rl:x:{one.hex}", {"who": str(one)}, 60)
    limit = stores._as_a_limit("gone@example.test")
    cache.set(f"allauth:rl:account:login_failed:30:{limit}", [1.0], 60)
    store = SharedCache()
    assert (store.total(), store.count(SCOPE)) == (5, 3)
    assert store.erase(SCOPE, at_most=10) == 3
    assert store.count(SCOPE) == 0
    assert cache.get(f"api-person:{STAYS}") == [1.0]


@pytest.mark.django_db
def test_what_has_ended_in_the_databases_cache_goes_along() -> None:
    """Nobody else removes it: it stays in the table until another takes its place."""
    cache.set("over", "x", 0.0001)
    cache.set("goes-on", "x", 3600)
    later = timezone.now() + timedelta(minutes=5)
    store = SharedCache()
    assert store.overdue(later) == 1
    assert store.purge(later, at_most=10) == 1
    assert store.overdue(later) == 0
    assert cache.get("goes-on") == "x"


@pytest.mark.django_db
def test_mails_as_files_are_read_as_their_reader_sees_them(
    tmp_path: Path, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "plugseller.jobs.mailfiles.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    long = "ü" * 200  # so that it is sent as base64
    EmailMessage("Hello", "x", to=["gone@example.test"]).send()
    EmailMessage("Hello", f"{long} {GONE} {long}", to=["b@example.test"]).send()
    EmailMessage("Hello", "of begone@example.test", to=["b@example.test"]).send()
    files = MailFiles()
    assert (files.total(), files.count(SCOPE)) == (3, 2)
    assert erase_holding(HOLDINGS["mail files"], SCOPE) == 2
    assert files.total() == 1
    assert files.oldest() is not None
    assert files.purge(timezone.now() + timedelta(minutes=1), at_most=5) == 1
