"""Keys from variables: several by number, refused in a sentence, gone afterwards."""

import os
import secrets
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from plugseller.env import Taken
from plugseller.keyprovider import EnvironmentKeyProvider, FileKeyProvider, KeyTrouble
from plugseller.keyprovider.env import VARIABLES
from tests.embedded import in_the_embedded_run
from tests.plugseller.test_manage import ROOT, manage, refused

A, B, C, D = (secrets.token_bytes(32).hex() for _ in range(4))


def keys(**given: str) -> EnvironmentKeyProvider:
    told = {"MASTER_KEYS": f"1={A}", "AUDIT_KEYS": f"1={B}", "DATABASE_KEY": C} | given
    whole = {name: told.get(name, "") for name in VARIABLES}
    sources = {name: partial(whole.__getitem__, name) for name in VARIABLES}
    return EnvironmentKeyProvider(sources, embedded=True)


def test_the_highest_number_is_current_and_the_others_still_open() -> None:
    held = keys(
        MASTER_KEYS=f"9={A},10={B}\n 2={D}", AUDIT_KEYS=f"1={secrets.token_hex(32)}"
    )
    assert [key_id[:5] for key_id in held.master_ids()] == ["0002-", "0009-", "0010-"]
    assert held.master_key(held.current_master_id()).hex() == B
    assert held.master_key(held.master_ids()[0]).hex() == D


def test_a_key_has_the_id_it_has_in_a_file(tmp_path: Path) -> None:
    """So keys can move from one provider to another, and nothing is wrapped anew."""
    in_files = FileKeyProvider(tmp_path / "keys")
    in_files.make_missing()
    [key_id] = in_files.master_ids()
    held = keys(MASTER_KEYS=f"1={in_files.master_key(key_id).hex()}")
    assert held.master_ids() == [key_id]


REFUSALS = {
    "missing": ({"MASTER_KEYS": ""}, "MASTER_KEYS .* isn't set"),
    "no audit key": ({"AUDIT_KEYS": ""}, "AUDIT_KEYS .* isn't set"),
    "no database key": ({"DATABASE_KEY": ""}, "DATABASE_KEY .* isn't set"),
    "short": ({"MASTER_KEYS": f"1={A[:-2]}"}, "62 characters"),
    "upper case": ({"MASTER_KEYS": f"1={A.upper()}"}, "64 hexadecimal digits"),
    "no number": ({"MASTER_KEYS": A}, "begin with its number"),
    "number twice": ({"MASTER_KEYS": f"1={A},01={D}"}, "names key 1 twice"),
    "key twice": ({"MASTER_KEYS": f"1={A},2={A}"}, "under two numbers"),
    "for two purposes": ({"AUDIT_KEYS": f"1={A}"}, "one of its own"),
    "also the database's": ({"DATABASE_KEY": A}, "one of its own"),
    "not random": ({"DATABASE_KEY": "ab" * 32}, "isn't random"),
}


@pytest.mark.parametrize("trouble", REFUSALS)
def test_what_can_not_work_is_refused_without_the_key(trouble: str) -> None:
    given, words = REFUSALS[trouble]
    with pytest.raises(KeyTrouble, match=words) as told:
        keys(**given).make_missing()
    text = str(told.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert not any(part in text.lower() for part in (A[:16], B[:16], C[:16], D[:16]))


def test_nothing_is_made_or_taken_away_here() -> None:
    held = keys(MASTER_KEYS=f"1={A},2={D}")
    for make in (held.add_master_key, held.add_signing_key):
        with pytest.raises(KeyTrouble, match="made by an operator"):
            make()
    with pytest.raises(KeyTrouble, match="set NEXT_DATABASE_KEY"):
        held.make_next_database_key()
    with pytest.raises(KeyTrouble, match="only an operator"):
        held.retire_master_key(held.master_ids()[0])
    with pytest.raises(KeyTrouble, match="is the one in use"):
        held.retire_master_key(held.current_master_id())


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "masters"
    file.write_text(f"1={A}\n")
    source = Taken("MASTER_KEYS", str(file))
    assert source() == f"1={A}"
    newer = tmp_path / "newer"
    newer.write_text(f"1={A}\n2={D}\n")
    newer.replace(file)
    assert D in source()
    assert D not in repr(source)


@pytest.fixture
def variables() -> dict[str, str]:
    return {
        "KEY_PROVIDER": "environment",
        "MASTER_KEYS": f"1={A}",
        "AUDIT_KEYS": f"1={B}",
        "DATABASE_KEY": C,
        "SECRET_KEY": secrets.token_urlsafe(60),
    }


LOOK = """
import os, subprocess, sys
from django.conf import settings
from django.views.debug import SafeExceptionReporterFilter
from plugseller import keyprovider
SECRET = "SECRET_KEY"  # Django needs it there, and hides it
keyprovider.prove_keys(); keyprovider.database_key()
wanted = sys.argv[1].split(",")
seen = {
    "proc": open("/proc/self/environ").read(),
    "environ": repr(dict(os.environ)),
    "child": subprocess.run(["env"], capture_output=True, text=True).stdout,
    "settings": repr({n: getattr(settings, n) for n in dir(settings) if n != SECRET}),
    "settings page": repr(SafeExceptionReporterFilter().get_safe_settings()),
}
print([place for place, text in seen.items() if any(key in text for key in wanted)])
"""


def test_no_key_is_left_where_others_look(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    """Row 31: neither /proc nor a page of settings nor a child process has one."""
    wanted = ",".join([A, B, C, variables["SECRET_KEY"]])
    done = subprocess.run(
        [sys.executable, "-c", LOOK, wanted],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "plugseller.settings",
            "PLUGSELLER_ENV": "demo",
            "PLUGSELLER_HOME": str(tmp_path),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@in_the_embedded_run
def test_an_installation_lives_on_variables_alone(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    home = tmp_path / "var"
    assert manage(home, "init", **variables) == (0, "")
    assert not (home / "keys").exists()
    told = refused(manage(home, "rotate_keys", **variables))
    assert "add a new one with the next number to MASTER_KEYS" in told
    more = variables | {"MASTER_KEYS": f"1={A},2={D}"}
    assert manage(home, "rotate_keys", "--finish", **more)[0] == 0
    lost = variables | {"MASTER_KEYS": f"3={secrets.token_hex(32)}"}
    assert manage(home, "verify_encryption", **more)[0] == 0
    del lost["AUDIT_KEYS"]
    assert "AUDIT_KEYS" in refused(manage(home, "sync", **lost))
