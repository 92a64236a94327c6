"""`manage.py offboard_user`: a person leaves; everything they had ends at once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from plugseller.accounts.mailboxes import whose
from plugseller.accounts.models import User
from plugseller.accounts.services import (
    LastOne,
    Leaving,
    Why,
    WithoutOwner,
    offboard_user,
    plan_leaving,
)
from plugseller.commands import Report, ReportCommand, asked


class Command(ReportCommand):
    """Exit status 1, and nothing changed, unless everything ended."""

    help = (
        "End a person's account: sessions, API tokens, grants, roles, rights, second "
        "factors. The audit trail stays. Where they are the last owner of a seller, "
        "the successor takes over, else its most senior member. The person's e-mail "
        "address is read from standard input if it isn't given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--email", metavar="EMAIL", help="who leaves")
        parser.add_argument("--successor", metavar="EMAIL", help="who owns next")
        parser.add_argument(
            "--reason", choices=Why.values, default=Why.LEFT.value, help="default: left"
        )
        parser.add_argument(
            "--leave-without-owner",
            action="store_true",
            help="also if nobody is left at a seller; officers are told by mail",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would end"
        )

    def report(self, **options: Any) -> Report:
        person = _person(
            options["email"] or asked("E-mail address of who leaves: "), "Nobody"
        )
        told = options["successor"]
        successor = _person(told, "No successor") if told else None
        now, dry = timezone.now(), options["dry_run"]
        try:
            if dry:
                plan = plan_leaving(person=person, now=now, successor=successor)
            else:
                plan = offboard_user(
                    actor=None,
                    person=person,
                    now=now,
                    reason=Why(options["reason"]),
                    successor=successor,
                    leave_without_owner=options["leave_without_owner"],
                )
        except LastOne as refusal:
            words = " ".join(refusal.messages)
            raise CommandError(
                f"{words} The command is create_officer. Nothing was changed."
            ) from None
        except WithoutOwner as refusal:
            words = " ".join(refusal.messages)
            raise CommandError(
                f"{words} The option is --leave-without-owner. Nothing was changed."
            ) from None
        except ValidationError as refusal:
            words = " ".join(refusal.messages)
            raise CommandError(f"{words} Nothing was changed.") from None
        why = _why_refused(plan, options["leave_without_owner"]) if dry else ""
        return _told(plan, dry=dry, why_refused=why)


def _why_refused(plan: Leaving, leave_without_owner: bool) -> str:
    if plan.last_officer:
        return "this is the last compliance officer. Make another: create_officer"
    if plan.orphaned and not leave_without_owner:
        return "a seller would be left without an owner"
    return ""


def _told(plan: Leaving, *, dry: bool, why_refused: str) -> Report:
    counts = {
        "sessions": plan.sessions,
        "api_tokens": plan.tokens,
        "grants": plan.grants,
        "second_factors": plan.factors,
        "invitations": plan.invitations,
    }
    ended = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in counts.items())
    summary = f"{'Would end' if dry else 'Ended'}: person {plan.person.pk}; {ended}."
    if why_refused:
        summary += f" It would be refused: {why_refused}."
    return Report(
        columns=("seller", "role", "next owner"),
        rows=[
            {
                "seller": seat.seller.slug,
                "role": seat.membership.role,
                "next owner": "nobody"
                if seat.orphaned
                else f"person {seat.heir.user_id}"
                if seat.heir
                else None,
            }
            for seat in plan.seats
        ],
        facts={
            "person": plan.person.pk,
            "dry_run": dry,
            "machine_tokens": list(plan.machines),
            "without_owner": [one.slug for one in plan.orphaned],
            "last_officer": plan.last_officer,
            **counts,
        },
        summary=summary,
        failed=bool(why_refused),
    )


def _person(address: str, nobody: str) -> User:
    if found := whose(address):
        return found
    raise CommandError(f"{nobody} has this e-mail address. Nothing was changed.")
