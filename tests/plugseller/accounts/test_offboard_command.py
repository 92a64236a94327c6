"""`manage.py offboard_user`: told by address, sure of the person, clear in refusing."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from plugseller.accounts.models import User
from plugseller.accounts.roles import Role
from plugseller.shelves import By
from tests.conftest import Cast, person
from tests.plugseller.accounts.team import (
    entries,
    letters_to,
    of,
    read_json,
    sees_nothing,
    token_of,
    told,
)


def run(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("offboard_user", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_address_comes_from_standard_input(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, "Bob@Example.test\n")
    out = run()
    assert f"Ended: person {cast.bob.pk}" in out
    assert "bob@" not in out.lower()
    assert not User.objects.get(pk=cast.bob.pk).is_active
    [entry] = entries("person.left")
    assert (entry.actor_id, entry.actor_kind) == (None, By.COMMAND)


def test_a_dry_run_says_it_all_and_changes_nothing(cast: Cast) -> None:
    token_of(cast.alice, cast.north, kind="machine", label="robot")
    found = read_json(run("--email", cast.alice.email, "--dry-run", "--json"))
    assert found["dry_run"] is True
    assert found["machine_tokens"] == ["robot"]
    assert found["api_tokens"] == 1
    assert found["rows"] == [
        {"seller": "north", "role": "owner", "next owner": f"person {cast.bob.pk}"}
    ]
    assert not sees_nothing(cast.alice, cast.north)
    assert entries("person.left") == []


def test_the_successor_takes_over(cast: Cast) -> None:
    run("--email", cast.alice.email, "--successor", "BOB@example.test")
    assert of(cast.bob, cast.north).role == Role.OWNER
    assert sees_nothing(cast.alice, cast.north)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--email", "nobody@example.test"], "Nobody has this e-mail address"),
        (["--email", "charlie@example.test"], "--leave-without-owner"),
        (
            ["--email", "alice@example.test", "--successor", "x@example.test"],
            "No successor has",
        ),
        (
            ["--email", "alice@example.test", "--successor", "charlie@example.test"],
            "doesn't belong to north",
        ),
    ],
)
def test_a_refusal_is_one_sentence_and_changes_nothing(
    cast: Cast, arguments: list[str], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        run(*arguments)
    assert "Nothing was changed" in str(refused.value)
    assert refused.value.returncode == 1
    assert entries("person.left") == []


def test_twice_is_refused(cast: Cast) -> None:
    run("--email", cast.bob.email)
    with pytest.raises(CommandError, match="left already"):
        run("--email", cast.bob.email)


def test_a_twin_of_the_address_is_nobody(cast: Cast) -> None:
    """A look-up without case could take it for the other person on PostgreSQL."""
    User.objects.filter(pk=cast.bob.pk).update(email="mıke@example.test")
    with pytest.raises(CommandError, match="Nobody has"):
        run("--email", "mike@example.test")
    assert User.objects.get(pk=cast.bob.pk).is_active


def test_a_seller_without_owner_has_to_be_meant(cast: Cast) -> None:
    with pytest.raises(SystemExit) as status:
        run("--email", cast.charlie.email, "--dry-run")
    assert status.value.code == 1
    out = run("--email", cast.charlie.email, "--leave-without-owner")
    assert "nobody" in out
    assert "- south" in letters_to(cast.carl.email)


def test_the_last_officer_stays_until_there_is_another(cast: Cast) -> None:
    with pytest.raises(CommandError, match=r"create_officer\. Nothing was changed"):
        run("--email", cast.carl.email)
    with pytest.raises(SystemExit) as status:
        run("--email", cast.carl.email, "--dry-run")
    assert status.value.code == 1
    assert User.objects.get(pk=cast.carl.pk).is_active
    assert entries("person.left") == []
    person("dora", staff_role="officer")
    assert "Ended: person" in run("--email", cast.carl.email)
    assert not User.objects.get(pk=cast.carl.pk).is_officer
