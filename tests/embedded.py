"""For tests whose processes have the embedded database, whichever the tests run on."""

import os

import pytest

# Run on PostgreSQL too, they would do the same once more.
in_the_embedded_run = pytest.mark.skipif(
    bool(os.environ.get("DATABASE_URL")),
    reason="its processes use the embedded database: run without DATABASE_URL",
)
