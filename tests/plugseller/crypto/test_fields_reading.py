"""A sealed value shows dots everywhere and opens only where it belongs."""

import copy
import json
import pickle
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from auditlog.diff import get_field_value
from django.contrib.admin.utils import display_for_field, display_for_value
from django.core import serializers
from django.core.management import call_command
from django.core.serializers.base import DeserializationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.forms import modelform_factory
from django.template import Context, Template
from django.views.debug import ExceptionReporter
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import ModelSerializer

from plugseller.crypto.fields import DOTS, Sealed, SealedRefusal
from plugseller.crypto.models import DataKey
from plugseller.crypto.sealing import SealBroken, Unopenable
from plugseller.crypto.services import KeyDestroyed, destroy_data_key
from tests.plugseller.crypto.app.models import Account
from tests.plugseller.crypto.conftest import SECRET, opened

pytestmark = pytest.mark.django_db


def dumpdata(format_: str) -> str:
    from io import StringIO

    out = StringIO()
    call_command("dumpdata", "crypto_examples", format=format_, stdout=out)
    return out.getvalue()


def as_api(account: Account) -> str:
    class Shown(ModelSerializer[Account]):
        class Meta:
            model = Account
            fields = "__all__"

    return JSONRenderer().render(Shown(account).data).decode()


def as_admin_page(account: Account) -> str:
    field = Account._meta.get_field("token")
    as_column = display_for_field(account.token, field, "-")
    return as_column + display_for_value(account.extra, "-")


def as_error_page(account: Account) -> str:
    token, _extra = account.token, account.extra
    try:
        raise ValueError(f"trouble with {token}")
    except ValueError as error:
        reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
        return reporter.get_traceback_html() + reporter.get_traceback_text()


def as_template(account: Account) -> str:
    page = "{{ a.token }} {{ a.token.reveal }} {{ a.extra|json_script:'x' }} {{ a }}"
    return Template(page + "{{ a.token|pprint }}{{ a.token|upper }}").render(
        Context({"a": account})
    )


SHOWS: dict[str, Callable[[Account], Any]] = {
    "str": lambda a: str(a.token),
    "repr": lambda a: repr(a.token),
    "format": lambda a: f"{a.token} {a.token!r:>20} {a.token:>20}",
    "percent": lambda a: f"{a.token}" + "%s %r" % (a.token, a.extra),  # noqa: UP031
    "joined": lambda a: "-".join([a.token, str(a.extra)]),
    "bytes": lambda a: str(a.token.encode()),
    "pieces": lambda a: [*a.token, a.token[:4], a.token + "", a.token.upper()],
    "json": lambda a: json.dumps({"t": a.token, "e": [a.extra]}, ensure_ascii=False),
    "Django's json": lambda a: json.dumps(
        [a.token], cls=DjangoJSONEncoder, ensure_ascii=False
    ),
    "dumpdata json": lambda a: json.loads(dumpdata("json")),
    "dumpdata jsonl": lambda a: json.loads(dumpdata("jsonl")),
    "dumpdata xml": lambda a: dumpdata("xml"),
    "python serializer": lambda a: serializers.serialize("python", [a]),
    "value_to_string": lambda a: Account._meta.get_field("token").value_to_string(a),
    "auditlog": lambda a: [
        get_field_value(a, Account._meta.get_field(name)) for name in ("token", "extra")
    ],
    "API": as_api,
    "admin": as_admin_page,
    "error page": as_error_page,
    "template": as_template,
    "vars": lambda a: vars(a),
    "values": lambda a: list(Account.objects.values("token", "extra")),
    "values_list": lambda a: list(Account.objects.values_list("token")),
    "annotation": lambda a: list(Account.objects.annotate(t=F("token")).values("t")),
    "raw": lambda a: [
        vars(row)
        for row in Account.objects.raw("SELECT * FROM crypto_examples_account")
    ],
}


@pytest.mark.parametrize("way", SHOWS)
@pytest.mark.parametrize("state", ["just assigned", "just saved", "read back"])
def test_a_sealed_value_shows_dots(account: Account, way: str, state: str) -> None:
    if state == "just assigned":
        account.token = SECRET
        account.extra = {"app": SECRET}
    elif state == "read back":
        account = Account.objects.get()
    shown = str(SHOWS[way](account))
    assert "ZEBRA" not in shown
    assert "•" in shown or "\\xe2\\x80\\xa2" in shown


def test_a_sealed_value_can_not_be_pickled(account: Account) -> None:
    for thing in (account.token, account, [account.extra]):
        with pytest.raises(SealedRefusal):
            pickle.dumps(thing)


def test_copies_of_a_sealed_value_are_itself(account: Account) -> None:
    assert copy.copy(account.token) is account.token
    assert copy.deepcopy(account.token) is account.token


def test_a_sealed_value_equals_itself_alone(account: Account) -> None:
    again = Account.objects.get()
    assert account.token == account.token
    assert account.token != again.token
    assert account.token != DOTS
    assert len({account.token, again.token, DOTS}) == 3


def test_no_form_has_a_sealed_field(account: Account) -> None:
    form = modelform_factory(Account, fields="__all__")
    assert set(form.base_fields) == {"id", "seller_id", "name"}
    account.full_clean()
    assert account.token.reveal() == SECRET


def test_the_dots_of_a_dump_are_not_loaded_as_a_value(account: Account) -> None:
    with pytest.raises(DeserializationError, match="not the dots"):
        list(serializers.deserialize("json", dumpdata("json")))
    assert Account.objects.get().token.reveal() == SECRET


def test_a_value_read_without_its_row_does_not_open(account: Account) -> None:
    for value in (
        Account.objects.values_list("token", flat=True).get(),
        Account.objects.values("token").get()["token"],
        Account.objects.annotate(t=F("token")).get().t,
    ):
        assert isinstance(value, Sealed)
        with pytest.raises(SealedRefusal, match="without its row"):
            value.reveal()


READS: dict[str, Callable[[], Account]] = {
    "get": lambda: Account.objects.get(name="north"),
    "only": lambda: Account.objects.only("token").get(name="north"),
    "defer": lambda: Account.objects.defer("token", "seller_id").get(name="north"),
    "iterator": lambda: next(Account.objects.filter(name="north").iterator()),
    "in_bulk": lambda: Account.objects.in_bulk(["north"], field_name="name")["north"],
    "raw": lambda: next(
        iter(
            Account.objects.raw(
                "SELECT * FROM crypto_examples_account WHERE name = 'north'"
            )
        )
    ),
    "lock": lambda: Account.objects.select_for_update().get(name="north"),
}


@pytest.mark.parametrize("way", READS)
def test_a_row_opens_however_it_was_read(account: Account, way: str) -> None:
    with transaction.atomic():
        fetched = READS[way]()
    assert fetched.token.reveal() == SECRET
    assert opened(fetched.extra) == {"app": SECRET}
    fetched.refresh_from_db()
    assert fetched.token.reveal() == SECRET
    fetched.save()
    assert Account.objects.get().token.reveal() == SECRET


def test_a_value_outlives_the_object_it_was_read_with(account: Account) -> None:
    token = Account.objects.get().token
    assert token.reveal() == SECRET


def test_a_refresh_brings_what_another_process_wrote(account: Account) -> None:
    other = Account.objects.get()
    other.token = "newer"
    other.save()
    account.refresh_from_db(fields=["token"])
    assert account.token.reveal() == "newer"


def test_each_reveal_of_json_is_a_fresh_copy(account: Account) -> None:
    opened(account.extra)["app"] = "changed"
    assert opened(account.extra) == {"app": SECRET}


def test_isnull_works_inside_a_subquery(account: Account) -> None:
    inner = Account.objects.filter(pk=OuterRef("pk"), token__isnull=False)
    assert Account.objects.filter(Exists(inner)).count() == 1


def sql(statement: str, *params: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


SWAPS = {
    "to another column": "UPDATE crypto_examples_account SET spare = token",
    "to another row": (
        "UPDATE crypto_examples_account SET spare = (SELECT spare FROM "
        "crypto_examples_account WHERE name = 'second')"
    ),
    "from another seller": (
        "UPDATE crypto_examples_account SET spare = (SELECT spare FROM "
        "crypto_examples_account WHERE name = 'foreign')"
    ),
}


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("way", READS)
def test_a_value_moved_in_the_table_does_not_open(
    account: Account, south_id: uuid.UUID, swap: str, way: str
) -> None:
    account.spare = "own"
    account.save()
    for name, seller_id in (("second", account.seller_id), ("foreign", south_id)):
        Account.objects.create(seller_id=seller_id, name=name, token="t", spare="s")
    sql(SWAPS[swap] + " WHERE name = 'north'")
    with transaction.atomic():
        moved = READS[way]()
    with pytest.raises(SealBroken):
        opened(moved.spare)
    assert moved.token.reveal() == SECRET


def test_a_row_moved_to_another_seller_takes_no_secret_along(
    account: Account, south_id: uuid.UUID
) -> None:
    Account.objects.update(seller_id=south_id)
    with pytest.raises(SealBroken):
        Account.objects.get().token.reveal()


def test_a_data_key_given_to_another_seller_opens_nothing(
    account: Account, south_id: uuid.UUID
) -> None:
    DataKey.objects.filter(owner=south_id).delete()
    DataKey.objects.filter(owner=account.seller_id).update(owner=south_id)
    Account.objects.update(seller_id=south_id)
    with pytest.raises(SealBroken):
        Account.objects.get().token.reveal()


def test_a_value_changed_or_cut_in_the_table_does_not_open(account: Account) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM crypto_examples_account")
        envelope = bytes(cursor.fetchone()[0])
    damaged = [
        envelope[:length] for length in (0, 1, 16, 17, 44, 45, len(envelope) - 1)
    ]
    damaged += [
        envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :]
        for at in range(len(envelope))
    ]
    for value in damaged:
        sql("UPDATE crypto_examples_account SET token = %s", value)
        account = Account.objects.get()
        assert str(account.token) == DOTS
        with pytest.raises(Unopenable):
            account.token.reveal()


def test_a_destroyed_key_leaves_rows_readable_and_values_gone(
    account: Account, south_id: uuid.UUID
) -> None:
    Account.objects.create(seller_id=south_id, name="other", token="kept")
    assert destroy_data_key(account.seller_id) == 1
    rows = {row.name: row for row in Account.objects.all()}
    assert rows["other"].token.reveal() == "kept"
    with pytest.raises(KeyDestroyed):
        rows["north"].token.reveal()
    rows["north"].name = "still a row"
    rows["north"].save()
    assert Account.objects.filter(name="still a row").exists()
