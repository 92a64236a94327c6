"""The marketplaces' own models and examples, beside the checkout."""

import os
from pathlib import Path

import pytest

SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"


def need_specs() -> Path:
    """The folder; skips the test if it is missing, fails it where CI is set."""
    if SPECS.is_dir():
        return SPECS
    reason = f"The marketplaces' models aren't at {SPECS}."
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
