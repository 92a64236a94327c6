"""Days that pass while nothing but cron's `manage.py tick` is at work."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from plugseller.jobs import clock

MINUTE = timedelta(minutes=1)


class Cron:
    """A machine that runs on: its clock and the seconds it counts go together, so that
    it is believed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = self._began = timezone.now()
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        monkeypatch.setattr(clock, "running", lambda: ("a start", self._ran_for))

    @property
    def _ran_for(self) -> float:
        return 60 + (self.now - self._began).total_seconds()

    def tick(self, *, at: datetime | None = None, times: int = 1) -> None:
        """The command, as cron starts it: two minutes after the one before, or then.

        What begins late in one tick, since other pieces took their time, isn't due at
        the full minute after it; so every second one is enough.
        """
        for _ in range(times):
            self.now, at = at or self.now + 2 * MINUTE, None
            with suppress(SystemExit):  # other pieces look at files that outlive a test
                call_command("tick")


@pytest.fixture
def cron(monkeypatch: pytest.MonkeyPatch) -> Cron:
    return Cron(monkeypatch)
