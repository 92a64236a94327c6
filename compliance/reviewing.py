"""What other rooms put before the reviewer: rows of the reviews of logs, controls and
suppliers (GOV-1). A row names nobody and holds no value of a seller's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from compliance.packing import Period
from plugseller.accounts.models import User


@dataclass(frozen=True, slots=True)
class Row:
    """Something to be looked at."""

    subject: str  # its id or name, for programs
    label: str  # for people, in at most 200 characters
    facts: Mapping[str, str | int | bool] = field(default_factory=dict)
    flags: tuple[str, ...] = ()  # what is odd about it, in words


Tells = Callable[[Period], Iterable[Row]]
Hides = Callable[[User], Iterable[str]]  # subjects of rows that the person can't see

_findings: dict[str, Tells] = {}
FINDINGS: Mapping[str, Tells] = MappingProxyType(_findings)  # source -> its rows
_hiding: list[Hides] = []
_suppliers: dict[str, Tells] = {}
SUPPLIERS: Mapping[str, Tells] = MappingProxyType(_suppliers)


def finding_source(name: str, tells: Tells) -> None:
    """Have what somebody found in a period signed off in the reviews of the logs:
    detection rules, for example. ValueError if the name is taken."""
    _put(_findings, name, tells)


def hide(tells: Hides) -> None:
    """Say which rows a person mustn't see, because they may be about that person."""
    if tells not in _hiding:
        _hiding.append(tells)


def hidden_from(reader: User) -> set[str]:
    """The subjects of rows that are kept from the person; mostly none."""
    return {subject for tells in _hiding for subject in tells(reader)}


def supplier_source(name: str, tells: Tells) -> None:
    """Have suppliers looked at once a year; ValueError if the name is taken."""
    _put(_suppliers, name, tells)


@dataclass(frozen=True, slots=True)
class Result:
    """What a control found last."""

    at: str  # in UTC, to the minute
    verdict: str  # a shelves.Verdict
    sentence: str


Results = Callable[[], Mapping[str, Result]]

_results: list[Results] = []


def results_source(tells: Results) -> None:
    """Say who knows the last result of each control, by the control's name."""
    if tells not in _results:
        _results.append(tells)


def last_results() -> dict[str, Result]:
    """Control -> what it found last; none for one that never ran."""
    return {name: result for tells in _results for name, result in tells().items()}


def _put(shelf: dict[str, Tells], name: str, tells: Tells) -> None:
    if shelf.setdefault(name, tells) != tells:
        raise ValueError(f"{name} tells its rows already.")
