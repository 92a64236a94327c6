"""A pack is checked by anybody: whatever was changed in it is found."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command

from compliance.pack.manifest import PAPER, check_pack
from compliance.pack.writing import Writer
from compliance.packing import Document, Table
from compliance.signing import Verdict, public_keys, published_keys
from tests.compliance.pack.conftest import MADE_AT, PERIOD, members

ROOT = Path(__file__).resolve().parents[3]
Members = list[tuple[str, bytes]]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A small one, made of one table and one document."""
    path = tmp_path / "pack.zip"
    with path.open("w+b") as out:
        Writer(out, period=PERIOD, now=MADE_AT).write(
            {
                "a": lambda period, now: [
                    Table("a.csv", "Says.", ("n",), [(1,), (2,)])
                ],
                "b": lambda period, now: [Document("b.txt", "Says.", b"words")],
            }
        )
    return path


def test_what_was_signed_is_valid(pack: Path) -> None:
    found = check_pack(pack)
    assert (found.verdict, found.trouble) == (Verdict.VALID, "")
    assert found.body is not None
    assert [one["name"] for one in found.body["files"]] == [
        "a.csv",
        "b.txt",
        "README.md",
    ]


def _changed(held: Members) -> Members:
    return [(n, b"w0rds" if n == "b.txt" else c) for n, c in held]


def _longer(held: Members) -> Members:
    return [(n, c + b"!" if n == "b.txt" else c) for n, c in held]


def _shorter(held: Members) -> Members:
    return [(n, c[:-1] if n == "b.txt" else c) for n, c in held]


def _without(held: Members) -> Members:
    return [one for one in held if one[0] != "a.csv"]


def _renamed(held: Members) -> Members:
    return [("c.csv" if n == "a.csv" else n, c) for n, c in held]


def _swapped(held: Members) -> Members:
    other = {"a.csv": "b.txt", "b.txt": "a.csv"}
    return [(other.get(n, n), c) for n, c in held]


def _twice(held: Members) -> Members:
    return [("b.txt", b"other"), *held]


@pytest.mark.filterwarnings("ignore:Duplicate name")  # that is tested
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_changed, "b.txt was changed after"),
        (_longer, "b.txt was changed after"),
        (_shorter, "b.txt was changed after"),
        (_without, "a.csv is missing"),
        (_renamed, "c.csv was added after"),
        (_swapped, "a.csv was changed after"),
        (_twice, "b.txt is in it more than once"),
        (lambda held: [*held, ("x\x1b.txt", b"")], "x?.txt was added after"),
    ],
)
def test_a_change_of_a_file_is_found(
    pack: Path, change: Callable[[Members], Members], says: str
) -> None:
    rewritten(pack, change)
    found = check_pack(pack)
    assert (found.verdict, found.body) == (Verdict.CHANGED, None)
    assert found.trouble.startswith(says)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["manifest"]["files"][0].update(sha256="0" * 64),
        lambda told: told["manifest"]["files"].pop(),
        lambda told: told["manifest"].update(to="2027-01-01T00:00:00Z"),
        lambda told: told["manifest"].update(installation="https://other.example"),
        lambda told: told.update(signature="A" * 86 + "=="),
        lambda told: told["manifest"].update(key_id="other"),
    ],
)
def test_a_change_of_the_manifest_is_found(
    pack: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    _with_manifest(pack, change)
    found = check_pack(pack)
    assert found.verdict is Verdict.CHANGED
    assert "manifest.json was changed" in found.trouble


def test_another_key_signs_nothing_for_us(pack: Path) -> None:
    """Not under its own name, nor under that of ours, nor with ours of another id."""
    forger = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    (ours,) = public_keys()
    assert check_pack(pack, {ours: forger}).verdict is Verdict.CHANGED
    assert check_pack(pack, {"other": forger}).verdict is Verdict.UNKNOWN_KEY
    _with_manifest(pack, lambda told: told.update(key_id="other"))
    assert check_pack(pack, {"other": public_keys()[ours]}).verdict is Verdict.CHANGED


def test_a_certificate_passes_for_no_manifest(pack: Path) -> None:
    """The same key signs both; what is signed begins with the kind of paper."""

    def signed_as_another(told: dict[str, Any]) -> None:
        other = type(PAPER)("plugseller deletion certificate v1", "manifest", 1)
        told["signature"] = other.sign(told["manifest"], told["key_id"])

    _with_manifest(pack, signed_as_another)
    assert check_pack(pack).verdict is Verdict.CHANGED


@pytest.mark.parametrize(
    "raw", [b"", b"PK", b"\x00" * 100, b"PK\x05\x06" + b"\x00" * 18]
)
def test_what_is_no_pack_is_called_so(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "no.zip"
    path.write_bytes(raw)
    assert check_pack(path).verdict is Verdict.NOT_ONE


@pytest.mark.parametrize("manifest", [b"[]", b"{", b"{}", b"[" * 200_000, b"\xff"])
def test_a_manifest_that_says_nothing_is_none(pack: Path, manifest: bytes) -> None:
    rewritten(pack, lambda held: [(n, manifest if n == _NAME else c) for n, c in held])
    assert check_pack(pack).verdict is Verdict.NOT_ONE


@pytest.mark.parametrize("part", range(8))
def test_no_flipped_byte_of_the_contents_passes(pack: Path, part: int) -> None:
    raw = bytearray(pack.read_bytes())
    with zipfile.ZipFile(pack) as package:
        info = package.infolist()[part % 4]
    begins = info.header_offset + 30 + len(info.filename)
    raw[begins + (part * 37) % info.compress_size] ^= 0x20
    pack.write_bytes(raw)
    assert not check_pack(pack).is_valid


def test_no_more_is_unfolded_than_was_signed(pack: Path) -> None:
    """A member that unfolds to a gigabyte is given up after the bytes that it has."""
    rewritten(
        pack,
        lambda held: [
            (n, b"\x00" * 50_000_000 if n == "b.txt" else c) for n, c in held
        ],
    )
    assert check_pack(pack).trouble.startswith("b.txt was changed")


@pytest.mark.django_db
def test_the_commands_make_and_check_a_pack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = {"from": "2026-01-01", "to": "2026-02-01"}
    call_command("evidence_pack", **days, out=str(tmp_path))
    (path,) = tmp_path.glob("*.zip")
    assert path.name == "plugseller-evidence-2026-01-01-2026-02-01.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    call_command("verify_evidence_pack", str(path))
    assert "as it was signed" in capsys.readouterr().out
    rewritten(path, lambda held: held[1:])
    with pytest.raises(SystemExit):
        call_command("verify_evidence_pack", str(path))
    assert "is missing" in capsys.readouterr().out
    with pytest.raises(CommandError, match="can't be read"):
        call_command("verify_evidence_pack", str(tmp_path / "none.zip"))
    (tmp_path / "keys.json").write_text("{}")
    with pytest.raises(CommandError, match="signing-keys"):
        call_command(
            "verify_evidence_pack", str(path), keys=str(tmp_path / "keys.json")
        )


def test_it_is_checked_without_anything_of_ours(pack: Path, tmp_path: Path) -> None:
    """With the published keys only: no database, no key, no home."""
    (tmp_path / "keys.json").write_text(json.dumps(published_keys()))
    arguments = [
        "verify_evidence_pack",
        str(pack),
        "--keys",
        str(tmp_path / "keys.json"),
    ]
    clean = {
        "PATH": os.environ["PATH"],
        "PLUGSELLER_HOME": str(tmp_path / "nothing"),
        "DJANGO_SETTINGS_MODULE": "plugseller.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "as it was signed by" in done.stdout


_NAME = "manifest.json"


def _with_manifest(pack: Path, change: Callable[[dict[str, Any]], object]) -> None:
    told = json.loads(members(pack)[_NAME])
    change(told)
    raw = json.dumps(told).encode()
    rewritten(pack, lambda held: [(n, raw if n == _NAME else c) for n, c in held])


def rewritten(path: Path, change: Callable[[Members], Members]) -> None:
    """The same ZIP with its members changed, whole in itself."""
    held = list(members(path).items())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in change(held):
            package.writestr(name, content)
    path.write_bytes(out.getvalue())
