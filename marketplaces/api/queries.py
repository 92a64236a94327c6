"""What a program may ask of a list: the console's filters, held to the letter.

An unknown parameter, one given twice and a value that can't be are refused by name: a
program that believes it filtered must not be handed everything.
"""

import re
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from marketplaces.api.problems import BadQuery
from marketplaces.console.forms import (
    PAGE_SIZE,
    ListFilter,
    ListingFilter,
    OrderFilter,
    PriceFilter,
    StockFilter,
)
from marketplaces.console.places import Places
from marketplaces.datamap import Feature
from marketplaces.models import SyncRun
from plugseller.accounts.desk import Desk
from plugseller.keyset import BadCursor, Cursor, Ordering, cursor_from

MOST_ROWS = 200
_LONGEST_CURSOR = 2_000
_NAME = re.compile(r"[a-z_]{1,30}")  # a name that may be told back
_ANY = ("", "")


class Flag(forms.TypedChoiceField):
    """true or false, and nothing that is merely taken for one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            choices=[_ANY, ("true", "true"), ("false", "false")],
            coerce=lambda told: told == "true",
            empty_value=False,  # type: ignore[arg-type]  # what an absent flag means
            required=False,
            **options,
        )


def _day(text: str) -> forms.DateField:
    return forms.DateField(required=False, input_formats=["%Y-%m-%d"], help_text=text)


class _Paged(forms.Form):
    """Page size and cursor, as every list takes them."""

    size = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_ROWS,
        help_text=f"Rows of a page, {PAGE_SIZE} by default, {MOST_ROWS} at most.",
    )
    cursor = forms.CharField(
        required=False,
        max_length=_LONGEST_CURSOR,
        help_text="Where a page begins; part of the links `next` and `previous`.",
    )


class _Strict(_Paged, ListFilter):  # type: ignore[misc]  # `size` is any number here
    """A filter of the console as a program's query."""

    @property
    def asked(self) -> dict[str, Any]:
        return {k: v for k, v in super().asked.items() if k != "cursor"}


class OrderQuery(_Strict, OrderFilter):  # type: ignore[misc]  # see _Strict
    late = Flag(  # type: ignore[assignment]  # a stricter field
        help_text="Only orders whose ship-by time has passed."
    )
    since = _day("First day, in the seller's time zone.")
    until = _day("Last day, in the seller's time zone.")


class ListingQuery(_Strict, ListingFilter):  # type: ignore[misc]  # see _Strict
    problems = Flag(  # type: ignore[assignment]  # a stricter field
        help_text="Only listings the marketplace reports problems of."
    )


class StockQuery(_Strict, StockFilter):  # type: ignore[misc]  # see _Strict
    pass


class PriceQuery(_Strict, PriceFilter):  # type: ignore[misc]  # see _Strict
    pass


class RunQuery(_Paged):
    """Sync runs: newest first."""

    orderings: ClassVar[tuple[Ordering, ...]] = (
        Ordering("newest", "Newest first", "started_at", datetime, descending=True),
    )

    connection = forms.ChoiceField(required=False)
    feature = forms.ChoiceField(
        required=False, choices=[_ANY, *((f.value, f.value) for f in Feature)]
    )
    outcome = forms.ChoiceField(
        required=False, choices=[_ANY, *SyncRun.Outcome.choices]
    )
    sort = forms.ChoiceField(required=False)

    def __init__(
        self, data: QueryDict, *, accounts: list[tuple[str, str]], **unused: Any
    ) -> None:
        super().__init__(data)
        for name, choices in (
            ("connection", accounts),
            ("sort", [(o.key, o.label) for o in self.orderings]),
        ):
            field = self.fields[name]
            if isinstance(field, forms.ChoiceField):
                field.choices = [_ANY, *choices]

    @property
    def ordering(self) -> Ordering:
        return self.orderings[0]

    @property
    def page_size(self) -> int:
        return int(self.cleaned_data["size"] or PAGE_SIZE)

    @property
    def asked(self) -> dict[str, Any]:
        """The filters in use: names and values."""
        names = ("connection", "feature", "outcome")
        return {n: v for n in names if (v := self.cleaned_data[n])}

    def narrow(self, runs: QuerySet[SyncRun], now: datetime) -> QuerySet[SyncRun]:
        if connection := self.asked.get("connection"):
            runs = runs.filter(connection_id=connection)
        for name in ("feature", "outcome"):
            if name in self.asked:
                runs = runs.filter(**{name: self.asked[name]})
        return runs


Query = _Strict | RunQuery


def asked_by(kind: type[Any], data: QueryDict, desk: Desk) -> Any:
    """The query, if each parameter is one of its own. Raises BadQuery."""
    refuse_unknown(data, kind.base_fields)
    places = Places(desk.seller)
    query = kind(
        data,
        seller=desk.seller,
        zone=desk.zone,
        accounts=places.account_choices(),
        markets=places.market_choices() if "market" in kind.base_fields else [],
    )
    if not query.is_valid():
        raise BadQuery(
            [(name, _wrong(query.fields[name], told)) for name, told in _errors(query)]
        )
    return query


def refuse_unknown(data: QueryDict, known: Any = ()) -> None:
    """Raises BadQuery for a parameter not known, or given more than once."""
    wrong = [
        (_told(name), "This list has no such parameter.")
        for name in data
        if name not in known
    ]
    wrong += [
        (name, "Given more than once.") for name in known if len(data.getlist(name)) > 1
    ]
    if wrong:
        raise BadQuery(wrong)


def cursor_of(query: Any) -> Cursor | None:
    """Where the page begins. Raises BadQuery."""
    try:
        return cursor_from(query.cleaned_data["cursor"], query.ordering)
    except BadCursor:
        refusal = "It doesn't lead to a page of this list in this order."
        raise BadQuery([("cursor", refusal)]) from None


def _told(name: str) -> str:
    """The name, or a stand-in for one that could be anything."""
    return name if _NAME.fullmatch(name) else "(one with an unusual name)"


def _errors(query: forms.BaseForm) -> list[tuple[str, str]]:
    return [(name, str(told[0])) for name, told in query.errors.items()]


def _wrong(field: forms.Field, told: str) -> str:
    """What would be right; Django's own words would tell the value back."""
    if isinstance(field, forms.ChoiceField):
        allowed: Any = field.choices
        return f"One of: {', '.join(str(key) for key, _ in allowed if key)}."
    if isinstance(field, forms.DateField):
        return f"A day as YYYY-MM-DD. {told}"
    return told
