"""`manage.py simulator` from the outside."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import requests

_HERE = Path(__file__).resolve().parents[3]


def _start(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DJANGO", "DATABASE", "PLUGSELLER"))
    }
    environment["PLUGSELLER_HOME"] = str(home)
    return subprocess.Popen(
        [sys.executable, "manage.py", "simulator", *arguments],
        cwd=_HERE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_serves_without_database_or_keys_until_terminated(tmp_path: Path) -> None:
    home = tmp_path / "home"
    running = _start(home, "--port", "0", "--orders", "5", "--faults", "500@1")
    try:
        assert running.stdout is not None
        first = running.stdout.readline()
        assert first.startswith("Simulated Amazon and Walmart at https://localhost:")
        told = json.loads((home / "simulator" / "simulator.json").read_text())
        session = requests.Session()
        session.trust_env = False
        session.verify = told["ca_file"]
        answer = session.get(f"{told['address']}/_simulator/accounts")
        assert answer.json() == told["accounts"]
        port = told["address"].rpartition(":")[2]
        second = _start(tmp_path / "other", "--port", port)
        _, said = second.communicate(timeout=60)
        assert second.returncode == 1
        assert said.strip().count("\n") == 0
        assert f"Port {port} on 127.0.0.1 is in use" in said
    finally:
        running.send_signal(signal.SIGTERM)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 0
    assert errors == ""
    assert [path.name for path in home.iterdir()] == ["simulator"]


def test_bad_arguments_are_refused_in_one_sentence(tmp_path: Path) -> None:
    for arguments, words in (
        (("--faults", "fire:1"), "isn't a fault"),
        (("--orders", "-1"), "--orders must be"),
        (("--orders", "99999999999"), "--orders must be"),
        (("--port", "70000"), "--port must be"),
    ):
        refused = _start(tmp_path, *arguments)
        _, said = refused.communicate(timeout=60)
        assert refused.returncode == 1
        assert words in said
        assert "Traceback" not in said
