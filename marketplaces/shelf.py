"""The marketplaces that are switched on: settings.MARKETPLACES -> adapters.

A name that isn't on the list has no adapter, so no call to it can be made.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from marketplaces import adapters as folders
from marketplaces.contract import Adapter
from marketplaces.datamap import DataMap


@cache
def adapter(name: str) -> Adapter:
    """The adapter of that name; KeyError if the marketplace isn't switched on.

    Raises ImproperlyConfigured for a name in the setting that has no adapter, and
    where an adapter refuses the environment it was loaded in.
    """
    if name not in settings.MARKETPLACES:
        raise KeyError(name)
    known = sorted(folder.name for folder in iter_modules(folders.__path__))
    if name not in known:
        raise ImproperlyConfigured(
            f"The setting MARKETPLACES names “{name}”, for which there is no adapter. "
            f"There are: {', '.join(known)}."
        )
    try:
        found: Adapter = import_module(f"{folders.__name__}.{name}").ADAPTER
    except RuntimeError as error:
        raise ImproperlyConfigured(str(error)) from error
    return found


def adapters() -> tuple[Adapter, ...]:
    """All adapters on the shelf, in the order of the setting."""
    return tuple(adapter(name) for name in settings.MARKETPLACES)


@cache
def datamap() -> DataMap:
    """Every operation that can be called at all."""
    rotations = [a.own_secret.rotation for a in adapters()]
    return DataMap(
        (operation for a in adapters() for operation in a.operations),
        (rotation.operation for rotation in rotations if rotation),
    )


def choices() -> list[tuple[str, str]]:
    """Marketplaces for forms; a function, so that a new one needs no migration."""
    return [(a.key, a.label) for a in adapters()]
