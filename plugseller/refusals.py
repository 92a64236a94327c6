"""What an operator reads when the product refuses to start or to go on."""

from django.core.exceptions import ImproperlyConfigured


def sentence_for(error: BaseException) -> str | None:
    """One clear sentence for a refusal that isn't a fault of the program, else None.

    Settings, keys and the embedded database's file raise ImproperlyConfigured with
    the sentence in it. What a database server says is kept to its first line, which
    holds no values.
    """
    if isinstance(error, ImproperlyConfigured):
        return " ".join(str(error).split())
    if isinstance(error, PermissionError) and error.filename:
        return (
            f"{error.filename} can't be used ({error.strerror}): it must belong to the "
            "account that runs Plug Seller. Check PLUGSELLER_HOME."
        )
    if isinstance(error, IsADirectoryError | NotADirectoryError) and error.filename:
        return (
            f"{error.filename} can't be used ({error.strerror}): move what lies there "
            "out of the way. Check PLUGSELLER_HOME."
        )
    return _about_database(error) or _about_keys(error)


def _about_database(error: BaseException) -> str | None:
    from django.db import (
        DatabaseError,
        InterfaceError,
        OperationalError,
        ProgrammingError,
    )

    first = next(iter(str(error).splitlines()), "").rstrip(".: ")
    missing = "no such table" in first or "does not exist" in first
    if missing and isinstance(error, OperationalError | ProgrammingError):
        return (
            f"The database isn't up to date ({first}): "
            "run `manage.py init`, which loses nothing."
        )
    if isinstance(error, OperationalError | InterfaceError):
        return f"The database can't be used now ({first}): nothing half was written."
    if isinstance(error, DatabaseError) and "malformed" in first:
        return (
            f"The database is damaged ({first}): stop the service, keep a copy of the "
            "file, and put back your latest backup."
        )
    return None


def _about_keys(error: BaseException) -> str | None:
    try:
        from plugseller.crypto.sealing import Unopenable
        from plugseller.crypto.services import NoDataKey
    except Exception:  # settings failed before apps were there: not about keys
        return None
    if isinstance(error, Unopenable | NoDataKey):
        return f"A sealed value can't be used: {error}"
    return None
