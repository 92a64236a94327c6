"""How much time is left reads the same on officers' pages and on people's."""

from datetime import timedelta

import pytest

from compliance.countdown import told
from tests.conftest import NOW

_WORDS = [
    (timedelta(days=29, hours=23), "29 days left"),
    (timedelta(days=2), "2 days left"),
    (timedelta(days=2, seconds=-1), "47 h 59 min left"),
    (timedelta(hours=1), "1 h 0 min left"),
    (timedelta(minutes=59, seconds=59), "59 min left"),
    (timedelta(seconds=59), "less than a minute left"),
    (timedelta(), "overdue by less than a minute"),
    (-timedelta(minutes=61), "overdue by 1 h 1 min"),
    (-timedelta(days=3), "overdue by 3 days"),
]


@pytest.mark.parametrize(("left", "words"), _WORDS)
def test_the_time_that_is_left_in_words(left: timedelta, words: str) -> None:
    assert told(NOW + left, NOW) == words
