"""The product's own settings, on a database file of the same encrypted engine."""

import os
import tempfile
from pathlib import Path

# A folder of this run alone, which the last process out removes (conftest.py). Each
# worker has an installation of its own there, as there are locks that only one may
# hold; its keys are made by the first fixture.
HOME_OF_THIS_RUN = ""
if "PLUGSELLER_HOME" not in os.environ:
    HOME_OF_THIS_RUN = tempfile.mkdtemp(prefix="plugseller-test-")
    os.environ["PLUGSELLER_HOME"] = HOME_OF_THIS_RUN
_home = Path(os.environ["PLUGSELLER_HOME"])
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker and _home.name != _worker:
    _home /= _worker
    _home.mkdir(mode=0o700, exist_ok=True)
    os.environ["PLUGSELLER_HOME"] = str(_home)
os.environ["PLUGSELLER_ENV"] = "test"

from plugseller.settings import *  # noqa: E402, F403  settings are read after the environment
from plugseller.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "tests.plugseller.crypto.app"]
if DATABASES["default"]["ENGINE"] == "plugseller.crypto.sqlcipher":
    DATABASES["default"]["TEST"] = {"NAME": str(_home / "test.db")}
else:  # no test asks what a power cut leaves
    DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
        "-c synchronous_commit=off"
    )
# Nobody ticks in a test, and what stands in has a thread and a transaction of its own.
MIDDLEWARE = [one for one in MIDDLEWARE if not one.endswith("StandIn")]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed
