"""How much time is left, in the same words and colours on every page."""

from datetime import datetime, timedelta

from django.utils.html import format_html

_DAY = timedelta(days=1)


def told(due_at: datetime, now: datetime) -> str:
    """Such as "3 days left", "21 h 49 min left", "overdue by 5 min"."""
    left = due_at - now
    if left <= timedelta():
        return f"overdue by {_words(-left)}"
    return f"{_words(left)} left"


def clock(due_at: datetime, *, is_open: bool, now: datetime, soon: timedelta) -> str:
    """The same for a column of the desk: red once it is overdue, bold when it is soon.

    A clock that has ended says so, whatever its date was.
    """
    if not is_open:
        return "ended"
    left = due_at - now
    if left <= timedelta():
        return format_html('<strong class="overdue">{}</strong>', told(due_at, now))
    kind = "soon" if left <= soon else "in-time"
    return format_html('<span class="{}">{}</span>', kind, told(due_at, now))


def _words(time: timedelta) -> str:
    if time >= 2 * _DAY:
        return f"{time.days} days"
    hours, minutes = divmod(int(time.total_seconds() // 60), 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else "less than a minute"
