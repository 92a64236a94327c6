"""The marketplaces that are switched on: settings.MARKETPLACES -> adapters.

A name that isn't on the list has no adapter, so no call to it can be made.
"""

from functools import cache
from importlib import import_module

from django.conf import settings

from marketplaces.contract import Adapter
from marketplaces.datamap import DataMap


@cache
def adapter(name: str) -> Adapter:
    """The adapter of that name; KeyError if the marketplace isn't switched on."""
    if name not in settings.MARKETPLACES:
        raise KeyError(name)
    found: Adapter = import_module(f"marketplaces.adapters.{name}").ADAPTER
    return found


def adapters() -> tuple[Adapter, ...]:
    """All adapters on the shelf, in the order of the setting."""
    return tuple(adapter(name) for name in settings.MARKETPLACES)


@cache
def datamap() -> DataMap:
    """Every operation that can be called at all."""
    return DataMap(operation for a in adapters() for operation in a.operations)


def choices() -> list[tuple[str, str]]:
    """Marketplaces for forms; a function, so that a new one needs no migration."""
    return [(a.key, a.label) for a in adapters()]
