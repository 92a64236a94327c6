"""USE-2: “We never sell Marketplace Information and never share it for advertising or
for any unrelated purpose.”"""

from pathlib import Path
from typing import Any

import pytest

from tests.promise.controls import fails, passes


def test_only_the_marketplaces_own_addresses_are_called() -> None:
    assert passes("use-2.hosts")


def test_an_address_of_somebody_else_breaks_it(settings: Any) -> None:
    elsewhere = {"api": "https://collector.example", "token": "", "consent": ""}
    settings.MARKETPLACE_ADDRESSES = {
        **settings.MARKETPLACE_ADDRESSES,
        "amazon": elsewhere,
    }
    assert fails("use-2.hosts")


def test_no_page_loads_anything_from_others() -> None:
    assert passes("use-2.pages")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", '<script src="https://cdn.example/x.js"></script>'),
        ("a.html", "<link rel=stylesheet href='//fonts.example/css'>"),
        ("a.css", "body { background: url(https://pixel.example/p.gif) }"),
        ("a.js", 'navigator.sendBeacon("https://collector.example/")'),
    ],
)
def test_something_of_a_third_party_breaks_it(
    name: str, content: str, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, tmp_path]
    assert fails("use-2.pages")


def test_so_does_a_browser_policy_that_lets_one_in(settings: Any) -> None:
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    settings.CONTENT_SECURITY_POLICY = {
        "DIRECTIVES": {**directives, "img-src": ["'self'", "https://pixel.example"]}
    }
    assert fails("use-2.pages")
