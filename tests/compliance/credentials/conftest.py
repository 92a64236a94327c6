"""The simulator, as the tests of marketplaces have it."""

from tests.marketplaces.conftest import clock, simulator, simulators

__all__ = ["clock", "simulator", "simulators"]
