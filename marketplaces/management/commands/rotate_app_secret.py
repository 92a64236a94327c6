"""`manage.py rotate_app_secret`: a new secret for our own app (ACC-3)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from marketplaces import receiving, rotation, shelf
from plugseller.commands import Report, ReportCommand, asked

COLUMNS = ("marketplace", "outcome", "kept", "warned", "unread", "trouble")


class Command(ReportCommand):
    """Exit status 1 if a queue couldn't be read or holds what isn't understood."""

    help = (
        "Ask a marketplace for a new secret of our own app. It comes through a queue "
        "and is taken by the timetable, or at once with --receive. With --by-hand, "
        "client id and secret are asked for, or read from standard input, a line each."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("marketplace", metavar="NAME")
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--by-hand", action="store_true", help="enter the pair that was made there"
        )
        how.add_argument(
            "--receive", action="store_true", help="only take what lies in the queue"
        )

    def report(self, **options: Any) -> Report:
        name, now = options["marketplace"], timezone.now()
        if name not in (adapter.key for adapter in shelf.adapters()):
            raise CommandError(f"There is no marketplace “{name}”.")
        if options["receive"]:
            return _received(name)
        try:
            if options["by_hand"]:
                receiving.enter_by_hand(
                    actor=None,
                    marketplace=name,
                    client_id=asked("client_id: "),
                    client_secret=asked("client_secret: ", shown=False),
                    now=now,
                )
                row = {"marketplace": name, "outcome": "kept"}
                return Report(COLUMNS[:2], [row], summary="It is used from now on.")
            rotation.ask_for_new_secret(actor=None, marketplace=name, now=now)
        except rotation.RotationRefused as refused:
            raise CommandError(" ".join(refused.messages)) from None
        row = {"marketplace": name, "outcome": "on its way"}
        summary = f"Take it at once with: manage.py rotate_app_secret {name} --receive"
        return Report(COLUMNS[:2], [row], summary=summary)


def _received(name: str) -> Report:
    found = receiving.collect(timezone.now()).get(name)
    if found is None:
        raise CommandError(rotation.why_not(name, now=timezone.now()))
    row = {
        "marketplace": name,
        "outcome": "a new secret" if found.kept else "nothing new",
        "kept": found.kept,
        "warned": found.warned,
        "unread": found.unread,
        "trouble": found.trouble,
    }
    failed = bool(found.unread or found.trouble)
    return Report(COLUMNS, [row], failed=failed)
