"""Model fields whose values are sealed, and what reading one gives (ENC-3).

    class Connection(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        seller = models.ForeignKey(Seller, ...)
        refresh_token = SealedTextField(null=True)          # owner="seller_id"

    connection.refresh_token            # ••••••••
    connection.refresh_token.reveal()   # opened, in the one place that needs it

A value is bound to owner, model, field and row. So it is written only through an
instance (save, create, bulk_create, upsert), and opened only through the instance
it belongs to: `values()` gives dots that don't open, `update()` and `bulk_update()`
refuse everything but None. The owner's data key must exist before.
"""

import json
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast
from uuid import UUID

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import NOT_PROVIDED
from django.db.models.query_utils import DeferredAttribute
from django.views.decorators.debug import sensitive_variables

from plugseller.crypto.services import open_for, seal_for

_Set = TypeVar("_Set")
_Get = TypeVar("_Get")

if TYPE_CHECKING:  # the package has no types
    EncryptedField = models.Field
else:
    from fernet_fields import EncryptedField as _PackageField

    class EncryptedField(_PackageField):
        def __class_getitem__(cls, types: object) -> type:
            return cls


DOTS = "••••••••"


class SealedRefusal(TypeError):
    """A sealed field was asked for something that would unseal or misplace a value."""


class Sealed(str):
    """A sealed value: dots everywhere, equal to itself alone.

    It is a `str` of dots, so that whatever prints, renders or serialises it, in
    Python or below, has nothing but dots at hand.
    """

    __slots__ = ("_envelope", "_field", "_instance", "_place", "_plaintext")

    _field: "SealedField[Any, Any]"
    _instance: models.Model | None
    _envelope: bytes | None
    _plaintext: bytes | None
    _place: str | None  # where it was sealed, when this process did it

    def __new__(
        cls,
        field: "SealedField[Any, Any]",
        instance: models.Model | None = None,
        *,
        envelope: bytes | None = None,
        plaintext: bytes | None = None,
        place: str | None = None,
    ) -> "Sealed":
        sealed = super().__new__(cls, DOTS)
        sealed._field = field
        sealed._instance = instance
        sealed._envelope = envelope
        sealed._plaintext = plaintext
        sealed._place = place
        return sealed

    def reveal(self) -> Any:
        """The value itself.

        Raises SealedRefusal when it was read without its row, SealBroken when it
        doesn't belong to its row, KeyDestroyed when its data key is no more.
        """
        return self._field.decode(self._open())

    # Templates call what can be called; this keeps them from opening a value.
    reveal.alters_data = True  # type: ignore[attr-defined]  # Django's convention

    def _open(self) -> bytes:
        if self._plaintext is not None:
            return self._plaintext
        if self._instance is None:
            raise SealedRefusal(
                f"{self._field} was read without its row: fetch the object to open it."
            )
        owner, context = self._field.place(self._instance)
        return open_for(owner, cast("bytes", self._envelope), context)

    def __repr__(self) -> str:
        return DOTS

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    def __copy__(self) -> "Sealed":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Sealed":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise SealedRefusal("A sealed value can't be pickled.")


class _Envelope(bytes):
    """Made by `pre_save` alone: the only thing a sealed column takes."""


class SealedAttribute(DeferredAttribute):
    """Turns what is assigned into Sealed values that know their row."""

    field: "SealedField[Any, Any]"

    # An error report shows the local variables of the functions it passed through.
    @sensitive_variables("value")
    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = self._sealed(instance, value)

    @sensitive_variables("value", "encoded")
    def _sealed(self, instance: models.Model, value: object) -> Sealed | None:
        if value is None:
            return None
        if not isinstance(value, Sealed):
            encoded = self.field.encode(value)
            return Sealed(self.field, instance, plaintext=encoded)
        if value._field.model_and_name != self.field.model_and_name or (
            value._instance is not None and value._instance.pk != instance.pk
        ):
            raise SealedRefusal(
                f"A sealed value of another row or field was assigned to {self.field}: "
                "reveal() it there to seal it here."
            )
        return Sealed(
            self.field,
            instance,
            envelope=value._envelope,
            plaintext=value._plaintext,
            place=value._place,
        )


class SealedField(EncryptedField[_Set, _Get]):
    """What sealed fields share; `owner` names the attribute with the owner's UUID."""

    descriptor_class = SealedAttribute
    empty_strings_allowed = False  # a value that was never given is missing, not ""

    def __init__(self, *args: Any, owner: str = "seller_id", **kwargs: Any) -> None:
        for option in ("db_default", "choices"):
            if kwargs.get(option, NOT_PROVIDED) not in (NOT_PROVIDED, None):
                raise ImproperlyConfigured(f"A sealed field can't have {option}.")
        self.owner = owner
        # A form would show dots and write them back.
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["editable"]
        if self.owner != "seller_id":
            kwargs["owner"] = self.owner
        return name, path, list(args), kwargs

    @property
    def keys(self) -> NoReturn:
        """The package would take SECRET_KEY; sealed fields have keys of their own."""
        raise SealedRefusal("Sealed fields don't use Fernet.")

    fernet_keys = fernet = keys

    def encode(self, value: object) -> bytes:
        """The plain bytes of a value. Raises SealedRefusal without quoting it."""
        raise NotImplementedError

    def decode(self, plaintext: bytes) -> Any:
        """The value of plain bytes."""
        raise NotImplementedError

    @property
    def model_and_name(self) -> tuple[str, str]:
        """Label of the model and name of the field, as values are bound to them."""
        return self.model._meta.label_lower, self.name

    def place(self, instance: models.Model) -> tuple[UUID, tuple[str, ...]]:
        """The owner, and the context that a value in this row is bound to.

        Raises SealedRefusal while owner or row have no id.
        """
        owner = _uuid(getattr(instance, self.owner))
        row = _uuid(instance.pk)
        if owner is None or row is None:
            raise SealedRefusal(
                f"{self} needs the row's id and {self.owner} before a value is sealed."
            )
        return owner, (str(owner), *self.model_and_name, str(row))

    def pre_save(self, model_instance: models.Model, add: bool) -> _Envelope | None:
        value: Sealed | None = getattr(model_instance, self.attname)
        if value is None:
            return None
        owner, context = self.place(model_instance)
        place = f"{owner}/{context}"
        if value._plaintext is not None:
            envelope = seal_for(owner, value._plaintext, context)
            value = Sealed(self, model_instance, envelope=envelope, place=place)
            model_instance.__dict__[self.attname] = value
        elif (add and value._place is None) or value._place not in (None, place):
            raise SealedRefusal(
                f"A sealed value can't be taken over into another row of {self}: "
                "reveal() it and assign what it held."
            )
        return _Envelope(cast("bytes", value._envelope))

    def get_db_prep_save(self, value: object, connection: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, _Envelope):
            raise SealedRefusal(
                f"{self} can't be written by update() or bulk_update(), because a "
                "value is sealed for one row: assign it to the object and save()."
            )
        return connection.Database.Binary(bytes(value))

    def from_db_value(
        self, value: Any, expression: Any, connection: Any, *args: Any
    ) -> Sealed | None:
        return None if value is None else Sealed(self, envelope=bytes(value))

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return DOTS

    def formfield(self, *args: Any, **kwargs: Any) -> None:
        """No form: what is shown there would be dots, and be saved as the value."""
        return

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *self._check_row(), *self._check_owner()]

    def _check_row(self) -> list[checks.CheckMessage]:
        if isinstance(self.model._meta.pk, models.UUIDField):
            return []
        return [
            checks.Error(
                "A model with sealed fields needs a UUID as primary key.",
                hint="Values are bound to the row's id, known before the insert.",
                obj=self,
                id="crypto.E001",
            )
        ]

    def _check_owner(self) -> list[checks.CheckMessage]:
        fields = self.model._meta.concrete_fields
        if self.owner == "pk" or self.owner in {field.attname for field in fields}:
            return []
        return [
            checks.Error(
                f"The model has no column {self.owner} that names the owner.",
                hint='Say SealedTextField(owner="...") with the owner\'s id column.',
                obj=self,
                id="crypto.E002",
            )
        ]


def reseal(instance: models.Model, field: "SealedField[Any, Any]") -> bool:
    """Seal a row's value anew under its owner's current data key.

    False if the row was written meanwhile: then what was written stays. Raises what
    `reveal()` raises.
    """
    value: Sealed | None = getattr(instance, field.attname)
    if value is None or value._envelope is None:
        return False
    owner, context = field.place(instance)
    envelope = seal_for(owner, value._open(), context)
    rows = type(instance)._base_manager.annotate(as_it_was=raw(field))
    unchanged = rows.filter(pk=instance.pk, as_it_was=value._envelope)
    return bool(unchanged.update(**{field.name: _Envelope(envelope)}))


def raw(field: "SealedField[Any, Any]") -> "models.ExpressionWrapper[models.F]":
    """A sealed column as the bytes it holds, to compare them in a query."""
    return models.ExpressionWrapper(
        models.F(field.name), output_field=models.BinaryField()
    )


def key_in(field: "SealedField[Any, Any]") -> models.Func:
    """The id of the data key in a sealed column's envelopes, 16 bytes."""
    return models.Func(
        models.F(field.name),
        2,
        16,
        function="substr",
        output_field=models.BinaryField(),
    )


class SealedTextField(SealedField[_Set, _Get]):
    """Text, sealed."""

    _pyi_private_set_type: "str | Sealed"
    _pyi_private_get_type: Sealed

    @sensitive_variables("value")
    def encode(self, value: object) -> bytes:
        if not isinstance(value, str) or value == DOTS:
            raise SealedRefusal(f"{self} takes text, and not the dots that hide it.")
        try:
            return value.encode()
        except UnicodeEncodeError:
            # The codec's own error would carry the whole text.
            raise SealedRefusal(f"{self} takes text that UTF-8 can hold.") from None

    def decode(self, plaintext: bytes) -> str:
        return plaintext.decode()


class SealedJSONField(SealedField[_Set, _Get]):
    """What JSON can hold, sealed; None is no value, not JSON's null."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Sealed

    @sensitive_variables("value")
    def encode(self, value: object) -> bytes:
        if value == DOTS:
            raise SealedRefusal(f"{self} takes a value, not the dots that hide it.")
        try:
            return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
        except (TypeError, ValueError, RecursionError):
            raise SealedRefusal(f"{self} takes only what JSON can hold.") from None

    def decode(self, plaintext: bytes) -> Any:
        return json.loads(plaintext)


def _uuid(value: object) -> UUID | None:
    if value is None or isinstance(value, UUID):
        return value
    return UUID(str(value))
