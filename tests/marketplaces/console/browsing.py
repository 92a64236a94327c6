"""A real browser that remembers everything it complains about.

PLUG_SHOTS=<folder> keeps a picture of each page.
"""

import os
from typing import Any

from playwright.sync_api import Page, expect

from tests.conftest import PASSWORD, code_of


class Watched:
    """A page that remembers everything the browser complains about."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.complaints: list[str] = []
        self.outside: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append("a dialog opened"))
        page.on("request", self._asked)

    def _heard(self, message: Any) -> None:
        ours = self.page.url.startswith(self.base)
        if ours and message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.base, "data:")):
            self.outside.append(request.url)

    def open(self, path: str) -> None:
        answer = self.page.goto(self.base + path, wait_until="load")
        assert answer
        assert answer.status == 200, path
        assert not self.too_wide(), f"{path} is {self.too_wide()} pixels too wide"

    def reads(self, text: str) -> None:
        """The page that is coming up shows this; a click doesn't wait for it."""
        try:
            expect(self.page.locator("body")).to_contain_text(text)
        except AssertionError as error:
            error.add_note(f"The browser complained: {self.complaints}")
            raise

    def too_wide(self) -> int:
        """By how many pixels the page is wider than the window."""
        wide = self.page.evaluate(
            "(e => e.scrollWidth - e.clientWidth)(document.documentElement)"
        )
        return max(int(wide), 0)

    def unfold(self) -> None:
        """Open everything that is folded, and look again."""
        self.page.evaluate(
            "document.querySelectorAll('details').forEach(d => { d.open = true })"
        )
        assert not self.too_wide(), f"{self.page.url}, unfolded, is too wide"

    def shoot(self, name: str) -> None:
        if folder := os.environ.get("PLUG_SHOTS"):
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def sign_in(watched: Watched) -> None:
    """Through the page itself, by keyboard."""
    watched.open("/sign-in")
    enter(watched.page)
    watched.page.wait_for_url("**/s/north/")


def enter(page: Page, email: str = "alice@example.test") -> None:
    """From the sign-in page on, with password and code."""
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code")
    page.locator("input[name=code]").fill(code_of(email))
    page.keyboard.press("Enter")
