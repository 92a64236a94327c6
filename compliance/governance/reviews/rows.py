"""The lines of a review as pages show them; names are looked up, never stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from compliance.governance.reviews.choices import (
    MAY,
    Choice,
    Sort,
    is_open,
    newest,
)
from compliance.governance.reviews.flags import MEANS
from compliance.governance.reviews.models import ReviewDecision, ReviewItem
from compliance.governance.reviews.withheld import masked, withheld
from plugseller.accounts.models import Seller, User
from plugseller.accounts.roles import Role, StaffRole
from plugseller.crypto.fields import Sealed

_LABELS = {
    (Sort.SERVICE, Choice.KEEP): "Keep",
    (Sort.SERVICE, Choice.CHANGE): "Rotate",
    (Sort.SERVICE, Choice.REMOVE): "End",
    (Sort.SELLER, Choice.KEEP): "Seen",
    (Sort.SELLER, Choice.ASK): "Ask the owners",
}
_ROLES = {Sort.STAFF: StaffRole.choices, Sort.MEMBER: Role.choices}


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One line."""

    item: ReviewItem
    decision: ReviewDecision | None
    who: str  # whose it is, as the reader may read it
    by: str  # who decided
    note: str
    is_own: bool  # the reader's own: another has to decide
    is_withheld: bool  # the reader doesn't see what it is; another has to decide
    choices: Sequence[tuple[str, str]]  # value, label
    roles: Sequence[tuple[str, str]]  # to change to

    @property
    def facts(self) -> list[tuple[str, object]]:
        """What the snapshot says, without what is empty."""
        hidden = ("role", "kind", "hash")
        return [
            (name.capitalize(), value)
            for name, value in self.item.facts.items()
            if name not in hidden and value not in ("", False, 0)
        ]

    @property
    def page(self) -> str:
        """Where the desk shows all of it; nothing for what the facts say."""
        if self.is_withheld or self.item.sort != Sort.ENTRY:
            return ""
        return reverse("admin:audit_entry_change", args=[self.item.subject])

    @property
    def flags(self) -> list[tuple[str, str]]:
        return [(flag, MEANS.get(flag, "")) for flag in self.item.flags]

    @property
    def is_open(self) -> bool:
        return is_open(self.item, self.decision)

    @property
    def takes_decision(self) -> bool:
        """Whether the reader may decide, for the first time or again."""
        ended = self.decision is not None and self.decision.is_final
        return not (self.is_own or self.is_withheld or ended)

    @property
    def takes_note(self) -> bool:
        return Choice.FINDING in MAY[Sort(self.item.sort)]


def shown(items: Iterable[ReviewItem], reader: User) -> list[ShownRow]:
    """The lines for that reader, in a few queries more."""
    items = list(items)
    hidden = withheld(items, reader)
    decided = [newest(one) for one in items]
    ids = {one.person_id for one in items} | {one.by for one in decided if one}
    people = User.objects.in_bulk({one for one in ids if one})
    sellers = Seller.objects.in_bulk({one.seller_id for one in items if one.seller_id})
    return [
        _row(item, decision, reader, people, sellers, is_withheld=item.pk in hidden)
        for item, decision in zip(items, decided, strict=True)
    ]


def _row(
    item: ReviewItem,
    decision: ReviewDecision | None,
    reader: User,
    people: dict[UUID, User],
    sellers: dict[UUID, Seller],
    *,
    is_withheld: bool,
) -> ShownRow:
    sort = Sort(item.sort)
    return ShownRow(
        item=masked(item) if is_withheld else item,
        decision=decision,
        who="" if is_withheld else _who(item, reader, people, sellers),
        by=_name(decision.by, people) if decision else "",
        note="" if is_withheld else _note(decision, reader),
        is_own=item.person_id == reader.pk and not is_withheld,
        is_withheld=is_withheld,
        choices=[
            (choice.value, _LABELS.get((sort, choice), choice.label))
            for choice in MAY[sort]
        ],
        roles=[
            (value, label)
            for value, label in _ROLES.get(sort, ())
            if value != item.facts.get("role")
        ],
    )


def _who(
    item: ReviewItem,
    reader: User,
    people: dict[UUID, User],
    sellers: dict[UUID, Seller],
) -> str:
    seller = sellers.get(item.seller_id) if item.seller_id else None
    of = seller.slug if seller and reader.is_staff else ""
    if item.person_id is None:
        return of
    person = people.get(item.person_id)
    if reader.is_staff and not (person and person.is_staff):
        # Of a seller's people our officers read what they are, as everywhere.
        return f"somebody of {of}" if of else "somebody of a seller"
    name = _name(item.person_id, people)
    return f"{name}, at {of}" if of else name


def _name(person_id: UUID | None, people: dict[UUID, User]) -> str:
    if person_id is None:
        return "by itself"
    person = people.get(person_id)
    return person.known_as if person else f"Former member {str(person_id)[:8]}"


def _note(decision: ReviewDecision | None, reader: User) -> str:
    if decision is None or not reader.is_officer:
        return ""
    return str(decision.note.reveal()) if isinstance(decision.note, Sealed) else ""
