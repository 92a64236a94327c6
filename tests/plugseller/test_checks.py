"""Settings that would break a promise stop the start: manage.py and the web server.

Each bad value is tried on the real settings, in a process of its own.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.embedded import in_the_embedded_run

pytestmark = in_the_embedded_run

ROOT = Path(__file__).resolve().parents[2]
SANE = {
    "ALLOWED_HOSTS": "seller.example.org",
    "PUBLIC_ADDRESS": "https://seller.example.org",
    "MAIL_HOST": "smtp.example.org",
}
REMOTE = "postgres://plugseller:pw@db.example/plugseller"
KMS = {"KEY_PROVIDER": "kms", "KMS_KEY_ID": "key", "KMS_REGION": "eu-central-1"}
IN_VARIABLES = {
    "KEY_PROVIDER": "environment",
    "SECRET_KEY": "a secret of more than fifty characters, 0123456789",
    "MASTER_KEYS": f"1={'0123456789abcdef' * 4}",
    "AUDIT_KEYS": f"1={'123456789abcdef0' * 4}",
    "DATABASE_KEY": "23456789abcdef01" * 4,
}
BAD = [
    ({"ALLOWED_HOSTS": "*"}, "plugseller.E004"),
    ({"ALLOWED_HOSTS": "seller.example.org,*"}, "plugseller.E004"),
    ({"ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]"}, "plugseller.E005"),
    ({"PUBLIC_ADDRESS": "http://seller.example.org"}, "plugseller.E006"),
    ({"PUBLIC_ADDRESS": "seller.example.org"}, "plugseller.E006"),
    ({"PUBLIC_ADDRESS": "https://localhost:8000"}, "plugseller.E007"),
    ({"SECRET_KEY": "short"}, "plugseller.E003"),
    ({"SECRET_KEY": "a" * 80}, "plugseller.E003"),
    ({"SECRET_KEY": "django-insecure-" + "0123456789abcdef" * 4}, "plugseller.E003"),
    ({"AMAZON_API_ENDPOINT": "https://localhost:8443"}, "marketplaces.E001"),
    ({"AMAZON_TOKEN_ENDPOINT": "https://evil.example"}, "marketplaces.E001"),
    ({"AMAZON_CONSENT_ENDPOINT": "https://localhost:8443"}, "marketplaces.E001"),
    ({"WALMART_API_ENDPOINT": "https://sandbox.example"}, "marketplaces.E001"),
    ({"WALMART_CONSENT_ENDPOINT": "http://login.example"}, "marketplaces.E001"),
    ({"MARKETPLACE_CA_FILE": "/etc/ssl/cert.pem"}, "marketplaces.E001"),
    ({"DATABASE_URL": f"{REMOTE}?sslmode=disable"}, "plugseller.E008"),
    ({"DATABASE_URL": f"{REMOTE}?sslmode=prefer"}, "plugseller.E008"),
    ({"KEY_PROVIDER": "kms"}, "plugseller.E011"),
    (KMS | {"KMS_ENDPOINT": "http://kms.example"}, "plugseller.E012"),
    ({"KEY_PROVIDER": "environment"}, "plugseller.E013"),
    (IN_VARIABLES | {"AUDIT_KEYS": f"1={'0123456789abcdef' * 4}"}, "plugseller.E013"),
    (IN_VARIABLES | {"DATABASE_KEY": ""}, "plugseller.E013"),
    ({"MAIL_HOST": ""}, "plugseller.E009"),
    ({"MAIL_TLS": "none"}, "plugseller.E010"),
    ({"MAIL_TLS": "perhaps"}, "plugseller.E010"),
]


def run(
    home: Path, arguments: list[str], more: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """A process that sees only this environment, in production."""
    environment = {"PATH": os.environ["PATH"], "PLUGSELLER_HOME": str(home)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**environment, **SANE, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation."""
    folder = tmp_path_factory.mktemp("production") / "var"
    done = run(folder, ["manage.py", "init"], {})
    assert done.returncode == 0, done.stderr
    return folder


def test_sane_production_settings_pass_the_deploy_check(home: Path) -> None:
    deploy = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = run(home, deploy, {})
    assert done.returncode == 0, done.stderr
    start = ["manage.py", "check", "--tag", "start"]  # without asking the database
    assert run(home, start, {"DATABASE_URL": REMOTE}).returncode == 0
    assert run(home, ["-c", "import plugseller.wsgi"], {}).returncode == 0


@pytest.mark.parametrize(("bad", "expected"), BAD)
def test_a_bad_production_setting_stops_manage_py(
    home: Path, bad: dict[str, str], expected: str
) -> None:
    done = run(home, ["manage.py", "check"], bad)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "HINT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("bad", "expected"), BAD[::5])
def test_a_bad_production_setting_stops_the_web_server_in_one_line(
    home: Path, bad: dict[str, str], expected: str
) -> None:
    done = run(home, ["-c", "import plugseller.wsgi"], bad)
    assert done.returncode == 3
    assert expected in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_a_lasting_secret_key_nothing_starts(tmp_path: Path) -> None:
    for arguments in (["manage.py", "check"], ["-c", "import plugseller.wsgi"]):
        done = run(tmp_path, arguments, {})
        assert done.returncode in (1, 3)
        assert "plugseller.E002" in done.stderr


def test_debug_would_stop_the_start() -> None:
    """No variable can switch it on; only an edit of settings.py could."""
    from django.test import override_settings

    from plugseller.checks import check_start

    with override_settings(PRODUCTION=True, DEBUG=True):
        assert "plugseller.E001" in {message.id for message in check_start()}


def test_gunicorn_gives_up_instead_of_starting_again_and_again(home: Path) -> None:
    arguments = ["-m", "gunicorn", "plugseller.wsgi", "--bind", "127.0.0.1:0"]
    done = run(home, arguments, {"ALLOWED_HOSTS": "*"})
    assert done.returncode == 3
    assert done.stderr.count("Plug Seller doesn't start.") == 1


def test_outside_of_production_the_same_settings_are_no_obstacle(home: Path) -> None:
    demo = {
        "PLUGSELLER_ENV": "demo",
        "ALLOWED_HOSTS": "localhost",
        "PUBLIC_ADDRESS": "http://localhost:8000",
        "AMAZON_API_ENDPOINT": "https://localhost:8443",
    }
    assert run(home, ["manage.py", "check"], demo).returncode == 0
