"""Which fields of which rows are logged when they change: by allow-list (ACC-2).

Each app names its models in its own `audited.py`, found by name:

    audited(Membership, fields=("seller", "user", "role"))
    summed_up(Order, why="one sync.run entry for each run that wrote them")

django-auditlog compares the row before and after; only named fields are looked at.
Sealed and personal fields can't be named, because a mask still shows something and
an entry lives longer than the data.
"""

from collections.abc import Iterable
from typing import Any

from auditlog.context import auditlog_disabled
from auditlog.registry import auditlog
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.signals import m2m_changed
from fernet_fields import EncryptedField

from plugseller.audit.models import SELLER_PATHS, Entry

# Names under which tables of ours and of packages keep what is personal or secret.
PERSONAL = frozenset(
    {
        "email",
        "first_name",
        "full_name",
        "last_login",
        "last_name",
        "name",
        "password",
        "phone",
        "username",
    }
)
_SECRET_WORDS = ("password", "secret", "token", "credential", "key_hash", "state_hash")


def audited(
    model: type[models.Model],
    *,
    fields: Iterable[str] = (),
    relations: Iterable[str] = (),
    seller: str = "seller_id",
) -> None:
    """Log what is saved and deleted in a model's table, with the values of `fields`.

    That a row was made or deleted is logged even without fields. `relations` are
    many-to-many fields: what is added and removed is logged by id. `seller` is the
    attribute, with dots through relations, that holds the id of the seller. Raises
    ImproperlyConfigured for a field that must not be logged.
    """
    named = tuple(fields)
    for name in named:
        if reason := why_not(model, name):
            raise ImproperlyConfigured(
                f"{model._meta.label}.{name} can't be in the audit log: {reason}"
            )
    # Without any name auditlog would take all fields; the id is harmless.
    auditlog.register(model, include_fields=[model._meta.pk.name, *named])
    SELLER_PATHS[model] = seller
    for relation in relations:
        _log_relation(model, relation)


def summed_up(model: type[models.Model], *, why: str) -> None:
    """Say that a model's rows have no entries of their own, and what tells of them.

    For rows that are only written many at a time, by code that logs one entry for all
    of them, and for what the machinery notes about itself.
    """
    SUMMED_UP[model] = why


SUMMED_UP: dict[type[models.Model], str] = {}


def why_not(model: type[models.Model], name: str) -> str | None:
    """Why a field must not be logged; None if it may."""
    field = model._meta.get_field(name)
    if isinstance(field, EncryptedField):
        return "it is sealed, and its value would be written out"
    if name in PERSONAL:
        return "it is personal"
    if isinstance(field, models.BinaryField | models.FileField):
        return "it isn't text that people can read"
    if any(word in name for word in _SECRET_WORDS):
        return "it is a secret, or stands for one"
    return None


def unsafe_registrations() -> list[str]:
    """Fields that auditlog would write and must not, as `app.Model.field`.

    Somebody may register a model with auditlog itself.
    """
    found = []
    for model in auditlog.get_models():
        named = auditlog.get_model_fields(model)["include_fields"]
        everything = [field.name for field in model._meta.concrete_fields]
        found += [
            f"{model._meta.label}.{name}"
            for name in named or everything
            if not named or why_not(model, name)
        ]
    return found


def unregistered(models_: Iterable[type[models.Model]]) -> list[str]:
    """Those of the models about which no `audited.py` says anything."""
    return [
        model._meta.label
        for model in models_
        if not auditlog.contains(model) and model not in SUMMED_UP
    ]


_OPERATIONS = {"post_add": "added", "post_remove": "removed", "pre_clear": "removed"}


def _log_relation(model: type[models.Model], name: str) -> None:
    """Auditlog's own receiver would write texts of rows, and all of a table's."""
    field: Any = model._meta.get_field(name)

    def receiver(
        sender: Any,
        *,
        instance: models.Model,
        action: str,
        reverse: bool,
        pk_set: set[Any] | None,
        **kwargs: Any,
    ) -> None:
        if action not in _OPERATIONS or auditlog_disabled.get():
            return
        if pk_set is None:  # cleared: what is there now goes
            held: Any = field.remote_field.get_accessor_name() if reverse else name
            pk_set = set(getattr(instance, held).values_list("pk", flat=True))
        if not pk_set:
            return
        Entry.objects.log_row(
            instance,
            event="row.related",
            action=Entry.Action.UPDATE,
            details={
                "relation": f"{model._meta.label_lower}.{name}",
                _OPERATIONS[action]: sorted(map(str, pk_set)),
            },
        )

    m2m_changed.connect(
        receiver,
        sender=field.remote_field.through,
        weak=False,
        dispatch_uid=f"audit {model._meta.label}.{name}",
    )
