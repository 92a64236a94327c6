"""The timetable of this room, and the one entry of the queue that runs them all."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django_q.models import Schedule

from plugseller.jobs import backups, health, outbox, timetable, witness
from plugseller.shelves import periodic, vital

periodic("mail.send", every=timedelta(minutes=1), work=outbox.send_due, cant_wait=True)
_LONG = timedelta(minutes=10)  # with the tick that begins it, as long as a job may take
periodic("backup.make", every=settings.BACKUP_EVERY, work=backups.make_due, limit=_LONG)
periodic(
    "backup.verify",
    every=timedelta(hours=1),
    work=backups.verify_due,
    limit=_LONG,
)
periodic(
    "backup.expire", every=timedelta(minutes=10), work=backups.expire, destroys=True
)
periodic("audit.mail", every=timedelta(hours=1), work=witness.mail_newest)

vital("jobs", "Jobs", health.of_jobs)
vital("clock", "Clock", health.of_clock)
vital("mail", "Outgoing mail", health.of_mail)
vital("backups", "Backups", backups.trouble)
vital("disk", "Free space", health.of_disk)


def tick() -> None:
    """What the queue calls each minute."""
    timetable.tick()


def schedule() -> None:
    """Put the tick into the queue; doing so again changes nothing else.

    From now on each piece of the timetable is owed, also if nothing ever ticks.
    """
    timetable.make_known(timezone.now())
    Schedule.objects.update_or_create(
        name="tick",
        defaults={
            "func": "plugseller.jobs.jobs.tick",
            "schedule_type": Schedule.MINUTES,
            "minutes": 1,
            "repeats": -1,
        },
    )
