"""The browser of the tests, begun once in each process that needs it."""

import asyncio
import os
from asyncio import AbstractEventLoop
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's chromium; without it tests are skipped, in CI they fail."""
    if not CHROMIUM.exists():
        message = "Debian's chromium is missing: apt-get install chromium"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox"]
        ) as started,
    ):
        yield started


@contextmanager
def running(loop: AbstractEventLoop | None) -> Iterator[None]:
    """The thread's event loop meanwhile. The browser's is put aside while it waits for
    its next test: it would keep others from the database, and from their own."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)
