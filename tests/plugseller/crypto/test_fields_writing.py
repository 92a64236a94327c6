"""Sealed fields are written through their row, sealed, or not at all."""

import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import F, Value
from django.db.models.functions import Concat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugseller.crypto.fields import (
    DOTS,
    SealedJSONField,
    SealedRefusal,
    SealedTextField,
)
from plugseller.crypto.models import DataKey
from plugseller.crypto.services import NoDataKey
from tests.plugseller.crypto.app.models import Account, Person
from tests.plugseller.crypto.conftest import SECRET, opened

pytestmark = pytest.mark.django_db

TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
ON_ONE_DATABASE = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def stored(account: Account, column: str = "token") -> bytes:
    """What the table holds, read past the field."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM crypto_examples_account WHERE name = %s",  # noqa: S608  a constant of this test
            [account.name],
        )
        return bytes(cursor.fetchone()[0])


@ON_ONE_DATABASE
@given(token=TEXT, extra=JSON)
def test_any_text_and_json_comes_back(
    north_id: uuid.UUID, token: str, extra: Any
) -> None:
    pk = Account.objects.create(
        seller_id=north_id, name=str(uuid.uuid4()), token=token, extra=extra
    ).pk
    account = Account.objects.get(pk=pk)
    assert account.token.reveal() == token
    assert opened(account.extra) == extra


def test_a_big_json_value_comes_back(account: Account) -> None:
    big = {f"key {n}": ["é" * 50, n, None, {"deep": True}] for n in range(5_000)}
    account.extra = big
    account.save()
    assert opened(Account.objects.get().extra) == big


def test_the_table_holds_no_plain_value(account: Account) -> None:
    assert SECRET.encode() not in stored(account) + stored(account, "extra")


def test_nothing_and_empty_text_stay_two_things(account: Account) -> None:
    account.spare = ""
    account.save()
    assert opened(Account.objects.get().spare) == ""
    account.spare = None
    account.save()
    assert Account.objects.get().spare is None
    assert Account.objects.filter(spare__isnull=True).exists()
    assert not Account.objects.filter(token__isnull=True).exists()


def test_a_value_that_was_never_given_is_refused(north_id: uuid.UUID) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(seller_id=north_id, name="no token")


def test_every_way_of_writing_a_row_seals(
    north_id: uuid.UUID, south_id: uuid.UUID
) -> None:
    saved = Account(seller_id=north_id, name="save", token=SECRET)
    saved.save()
    Account.objects.get_or_create(
        name="get_or_create", defaults={"seller_id": str(south_id), "token": SECRET}
    )
    for round_ in range(2):
        Account.objects.update_or_create(
            name="update_or_create",
            defaults={"seller_id": south_id, "token": f"{SECRET}{round_}"},
        )
    Account.objects.bulk_create(
        [
            Account(seller_id=north_id, name="bulk 1", token=SECRET),
            Account(seller_id=south_id, name="bulk 2", token=SECRET),
        ]
    )
    for account in Account.objects.all():
        assert account.token.reveal().startswith(SECRET)
        assert SECRET.encode() not in stored(account)
    assert Account.objects.count() == 5


def test_an_upsert_on_the_primary_key_seals(account: Account) -> None:
    Account.objects.bulk_create(
        [
            Account(
                pk=account.pk, seller_id=account.seller_id, name="north", token="new"
            )
        ],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["token"],
    )
    assert Account.objects.get().token.reveal() == "new"


def test_saving_a_row_that_was_read_changes_no_envelope(account: Account) -> None:
    before = stored(account)
    fetched = Account.objects.get()
    fetched.name = "north"
    fetched.save()
    assert stored(account) == before


def test_a_save_that_failed_can_be_tried_again(account: Account) -> None:
    twin = Account(seller_id=account.seller_id, name="north", token="twin")
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()
    twin.name = "twin"
    twin.save()
    assert Account.objects.get(name="twin").token.reveal() == "twin"


def test_the_owner_can_be_the_row_itself(db: None) -> None:
    from plugseller.crypto.services import create_data_key

    person = Person(secret="totp")
    create_data_key(person.pk)
    person.save()
    assert Person.objects.get().secret.reveal() == "totp"


WRITES_PAST_THE_ROW: list[Callable[[Account], object]] = [
    lambda account: Account.objects.update(token="plain"),
    lambda account: Account.objects.update(extra={"plain": 1}),
    lambda account: Account.objects.update(token=account.token),
    lambda account: Account.objects.update(token=F("name")),
    lambda account: Account.objects.update(token=F("spare")),
    lambda account: Account.objects.update(token=Value("plain")),
    lambda account: Account.objects.update(
        token=Concat("name", Value("plain"), output_field=models.TextField())
    ),
    lambda account: Account.objects.bulk_update([account], ["token"]),
    lambda account: Account.objects.create(
        seller_id=account.seller_id,
        name="expression",
        token=cast("str", Value("plain")),
    ),
    lambda account: Account.objects.update_or_create(
        name="north", defaults={"token": cast("str", F("name"))}
    ),
]


@pytest.mark.parametrize("write", WRITES_PAST_THE_ROW)
def test_writing_past_the_row_is_refused_and_writes_nothing(
    account: Account, write: Callable[[Account], object]
) -> None:
    before = stored(account)
    account.token = "plain"
    with pytest.raises(SealedRefusal) as trouble, transaction.atomic():
        write(account)
    assert "plain" not in str(trouble.value)
    assert stored(account) == before
    assert Account.objects.count() == 1


def test_only_emptying_is_possible_for_many_rows_at_once(account: Account) -> None:
    account.spare = SECRET
    account.save()
    assert Account.objects.update(spare=None) == 1
    assert Account.objects.get().spare is None


def test_a_row_without_owner_or_data_key_is_refused(db: None) -> None:
    with pytest.raises(SealedRefusal, match="seller_id"), transaction.atomic():
        Account.objects.create(name="nobody's", token=SECRET)
    with pytest.raises(NoDataKey), transaction.atomic():
        Account.objects.create(seller_id=uuid.uuid4(), name="keyless", token=SECRET)
    assert not Account.objects.exists()
    assert not DataKey.objects.exists()


@pytest.mark.parametrize("value", [5, b"bytes", ["list"], DOTS, "\ud800 ZEBRA"])
def test_a_text_field_takes_only_text(account: Account, value: Any) -> None:
    with pytest.raises(SealedRefusal) as trouble:
        account.token = value
    assert "ZEBRA" not in str(trouble.value)
    assert trouble.value.__cause__ is None


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), DOTS, b"ZEBRA"])
def test_a_json_field_takes_only_json(account: Account, value: Any) -> None:
    with pytest.raises(SealedRefusal) as trouble:
        account.extra = value
    assert "ZEBRA" not in str(trouble.value)


def test_copying_a_row_does_not_take_its_secret_along(account: Account) -> None:
    copy = Account.objects.get()
    copy.pk = uuid.uuid4()
    copy.name = "copy"
    copy._state.adding = True
    with pytest.raises(SealedRefusal, match="another row"):
        copy.save()
    with pytest.raises(SealedRefusal, match="another row"):
        Account(seller_id=account.seller_id, name="copy", token=account.token)
    with pytest.raises(SealedRefusal, match="another row or field"):
        account.spare = account.token


def test_giving_a_fresh_row_to_another_owner_is_refused(
    account: Account, south_id: uuid.UUID
) -> None:
    account.seller_id = south_id
    with pytest.raises(SealedRefusal, match="another row"):
        account.save()


@pytest.mark.parametrize(
    "lookup",
    ["", "__exact", "__iexact", "__contains", "__startswith", "__gt", "__regex"],
)
@pytest.mark.parametrize("field", ["token", "extra"])
def test_lookups_are_refused(account: Account, field: str, lookup: str) -> None:
    with pytest.raises(FieldError):
        Account.objects.filter(**{field + lookup: "a"}).exists()


@pytest.mark.parametrize("lookup", ["__in", "__range"])
def test_lookups_in_lists_are_refused(account: Account, lookup: str) -> None:
    with pytest.raises(FieldError):
        Account.objects.filter(**{"token" + lookup: ["a", "b"]}).exists()


def test_json_keys_can_not_be_searched(account: Account) -> None:
    with pytest.raises(FieldError):
        Account.objects.filter(extra__app="a").exists()
    with pytest.raises(FieldError):
        Account.objects.filter(extra__has_key="app").exists()


def test_a_migration_names_the_field_and_nothing_else() -> None:
    field = Account._meta.get_field("token")
    assert MigrationWriter.serialize(field)[0] == (
        "plugseller.crypto.fields.SealedTextField()"
    )
    secret = Person._meta.get_field("secret")
    assert MigrationWriter.serialize(secret)[0] == (
        "plugseller.crypto.fields.SealedTextField(owner='id')"
    )
    for original in (field, secret, Account._meta.get_field("extra")):
        assert original.clone().deconstruct()[1:] == original.deconstruct()[1:]


@pytest.mark.parametrize(
    "option",
    [
        {"primary_key": True},
        {"unique": True},
        {"db_index": True},
        {"db_default": "x"},
        {"choices": [("a", "a")]},
    ],
)
def test_options_that_need_plain_values_are_refused(option: dict[str, Any]) -> None:
    for field in (SealedTextField, SealedJSONField):
        with pytest.raises(ImproperlyConfigured):
            field(**option)


def test_a_model_without_uuid_or_owner_fails_the_check() -> None:
    class Careless(models.Model):  # noqa: DJ008  never shown
        token: Any = SealedTextField(owner="shop_id")

        class Meta:
            app_label = "crypto_examples"
            managed = False

    try:
        found = {error.id for error in Careless.check()}
        assert {"crypto.E001", "crypto.E002"} <= found
        assert not Account.check()
        assert not Person.check()
    finally:
        from django.apps import apps

        del apps.all_models["crypto_examples"]["careless"]
        apps.clear_cache()
