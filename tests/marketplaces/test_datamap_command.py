"""`manage.py datamap` prints the map that calls are checked against."""

import io
import json

from django.core.management import call_command

from marketplaces import shelf
from marketplaces.datamap import kept_fields, unwanted_paths


def printed(*arguments: str) -> str:
    out = io.StringIO()
    call_command("datamap", *arguments, stdout=out)
    return out.getvalue()


def test_the_json_names_every_operation_with_all_that_is_decided_about_it() -> None:
    rows = json.loads(printed("--json"))["rows"]
    assert len(rows) == len(list(shelf.datamap()))
    for row, operation in zip(rows, shelf.datamap(), strict=True):
        assert f"{row['marketplace']}.{row['operation']}" == operation.key
        assert row["feature"] == operation.feature
        assert (row["method"], row["path"]) == (operation.method, operation.path)
        assert (row["version"], row["role"]) == (operation.version, operation.role)
        assert row["rate_per_second"] == operation.rate
        assert (row["burst"], row["page_size"]) == (
            operation.burst,
            operation.page_size,
        )
        assert row["fixed_parameters"] == dict(operation.parameters)
        kept = [field["path"] for field in row["fields_kept"]]
        assert kept == [field.path for field in kept_fields(operation.structure)]
        assert row["fields_dropped"] == list(unwanted_paths(operation.structure))


def test_the_orders_call_asks_for_no_buyer() -> None:
    rows = json.loads(printed("--json"))["rows"]
    orders = next(row for row in rows if row["operation"] == "searchOrders")
    assert orders["fixed_parameters"]["includedData"] == "PROCEEDS,FULFILLMENT"


def test_people_read_every_operation_and_every_kept_field() -> None:
    text = printed()
    for operation in shelf.datamap():
        assert operation.path in text
        assert operation.purpose in text
        for field in kept_fields(operation.structure):
            assert field.path in text
