"""`manage.py rotate_keys`: new master key, or new data keys, while the service runs."""

from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from plugseller.accounts.models import Seller
from plugseller.audit.checkpoints import WitnessDisagrees
from plugseller.audit.witness import WitnessTrouble
from plugseller.commands import Report, ReportCommand
from plugseller.crypto.replacing import replace_web_key, rotate_signing_key
from plugseller.crypto.resealing import finish_owner, rotate_owner
from plugseller.crypto.rotation import owners_of_data_keys, rotate_master_key
from plugseller.crypto.starting import refuse_unusable_store


class Command(ReportCommand):
    help = "Replace the master key, or another kind of key with an option (ACC-3)."
    requires_system_checks = ()  # a leaked key must be replaceable at any time

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        which = parser.add_mutually_exclusive_group()
        which.add_argument(
            "--seller", metavar="SLUG", help="the data key of one seller instead"
        )
        which.add_argument(
            "--data-keys",
            action="store_true",
            help="every data key instead, of sellers, people and our own",
        )
        which.add_argument(
            "--signing-key",
            action="store_true",
            help="the key of the audit log and of certificates instead",
        )
        which.add_argument(
            "--web-key",
            action="store_true",
            help="the key of web sessions instead; everybody signs in again",
        )
        parser.add_argument(
            "--finish",
            action="store_true",
            help="make no new key, only finish what was interrupted",
        )

    def report(self, **options: Any) -> Report:
        refuse_unusable_store()  # before a key is made that would wrap nothing
        if options["seller"]:
            return self._owners([_seller(options["seller"])], options["finish"])
        if options["data_keys"]:
            return self._owners(owners_of_data_keys(), options["finish"])
        if options["signing_key"]:
            return _signing(options["finish"])
        if options["web_key"]:
            return _web(options["finish"])
        return self._master(options["finish"])

    def _master(self, finish: bool) -> Report:
        done = rotate_master_key(
            now=timezone.now(), new=not finish, told=self._progress("data keys")
        )
        row = {
            "current": done.current,
            "wrapped": done.rewrapped,
            "still needed": list(done.still_needed),
            "retired": list(done.retired),
            "not needed any more": list(done.not_needed),
        }
        return Report(
            columns=tuple(row),
            rows=[row],
            summary="Copy the new key to where you keep keys; the service goes on.",
        )

    def _owners(self, owners: list[UUID], finish: bool) -> Report:
        now, step = timezone.now(), finish_owner if finish else rotate_owner
        done = [step(o, now=now, told=self._progress("values")) for o in owners]
        row = {
            "owners": len(owners),
            "sealed anew": sum(one.values for one in done),
            "left": sum(one.left for one in done),
            "keys destroyed": sum(one.destroyed for one in done),
        }
        return Report(
            columns=tuple(row),
            rows=[row],
            summary="Replaced data keys are destroyed by the job after a day, when "
            "nothing is sealed with them.",
        )

    def _progress(self, what: str) -> Any:
        """On standard error, so that what is printed stays readable by programs."""
        return lambda count: self.stderr.write(f"{count} {what}")


def _signing(finish: bool) -> Report:
    try:
        row = {"current": rotate_signing_key(now=timezone.now(), new=not finish)}
    except (WitnessDisagrees, WitnessTrouble) as error:
        raise CommandError(str(error)) from None
    return Report(
        columns=tuple(row),
        rows=[row],
        summary="Copy the new key to where you keep keys, and keep the older ones, "
        "which verify what they signed. /policy/signing-keys.json has changed.",
    )


def _web(finish: bool) -> Report:
    if finish:
        raise CommandError("There is nothing to finish: the key is replaced at once.")
    replace_web_key(now=timezone.now())
    row = {"replaced": "yes"}
    return Report(
        columns=tuple(row),
        rows=[row],
        summary="Now start every process again; then everybody signs in again. Copy "
        "the new key to where you keep keys.",
    )


def _seller(slug: str) -> UUID:
    owner = Seller.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if owner is None:
        raise CommandError(f"There is no seller “{slug}”.")
    return owner
