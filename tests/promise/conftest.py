"""The console's furnished world, for promises about what lies in it."""

from tests.marketplaces.console.conftest import world  # noqa: F401  a fixture
