"""The console's furnished world, for tests that go round the whole house."""

from tests.marketplaces.console.conftest import world  # noqa: F401  a fixture
