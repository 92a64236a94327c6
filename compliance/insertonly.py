"""Has the database refuse to change records once they stand there, whoever asks it.

They go by retention alone, when their time is over. Sealed columns may be sealed anew
under another key.
"""

from typing import Any

from fernet_fields import EncryptedField

from plugseller.audit.guards import Guard, guard
from plugseller.custody.rules import RULES

_KEEP = RULES["incidents"].keep
KEPT = _KEEP.days if _KEEP else 0  # days


def differs(model: Any, but: tuple[str, ...] = ()) -> str:
    """Whether any column would change that isn't sealed."""
    columns = [
        field.column
        for field in model._meta.concrete_fields
        if not isinstance(field, EncryptedField) and field.name not in but
    ]
    return " OR ".join(f'OLD."{one}" IS DISTINCT FROM NEW."{one}"' for one in columns)


def stands_there(table: str) -> str:
    """Whether the row is there already: INSERT OR REPLACE would remove it unasked."""
    return f"EXISTS (SELECT 1 FROM {table} o WHERE o.id = NEW.id)"  # noqa: S608  a table of ours


def insert_only(model: Any, says: str, *, kept_from: str = "") -> None:
    """Have the database refuse to change a row, and to delete it before `kept_from`
    (a column) is as long ago as incidents and reviews are kept; without it, ever."""
    table, name = model._meta.db_table, model._meta.model_name
    early = f"OLD.{kept_from} > {{kept}}" if kept_from else "OLD.id IS NOT NULL"
    guard(Guard(f"{name}_no_change", table, "UPDATE", differs(model), says))
    guard(Guard(f"{name}_no_delete", table, "DELETE", early, says, KEPT))
    guard(Guard(f"{name}_no_replace", table, "INSERT", stands_there(table), says))
