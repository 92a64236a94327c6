"""The demonstration's file of accounts forgets who is erased: a deletion ends (RET-2).

It lies in the folder of the installation, and the look at what is left reads all of it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from compliance.deletion.execution import process_due
from compliance.deletion.models import DeletionRequest
from marketplaces.demologins import Login, logins_file, read_logins, write_logins
from plugseller.accounts.models import User
from tests.compliance.deletion.asked import by_owner
from tests.compliance.inhabited import apart, lived_in
from tests.conftest import Cast

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def login(person: User) -> Login:
    return Login(person.email, "the password", "the secret", None, "owner")


@pytest.fixture
def written(settings: Any, tmp_path: Path) -> Iterator[None]:
    apart(settings, tmp_path)
    yield
    logins_file().unlink(missing_ok=True)


@pytest.mark.django_db(transaction=True)
def test_the_accounts_of_a_demonstration_go_with_who_is_erased(
    cast: Cast, written: None
) -> None:
    # Not named as in other tests, which look into the same folder.
    lived = lived_in("demonstrated", staff=cast.olga)
    write_logins([login(person) for person in (*lived.people, cast.olga)])
    request = by_owner(lived.owner, lived.seller, now=NOW, grace=timedelta())
    assert [done.trouble for done in process_due(NOW)] == [""]
    request.refresh_from_db()
    assert request.status == DeletionRequest.Status.COMPLETED
    [certificate] = request.certificates.all()
    [place] = [
        one
        for one in certificate.body["places"]
        if one["label"] == "Accounts of the demonstration"
    ]
    assert (place["before"], place["erased"], place["after"]) == (2, 2, 0)
    assert read_logins() == [login(cast.olga)]
