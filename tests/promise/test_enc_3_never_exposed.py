"""ENC-3: “Credentials and tokens are encrypted, and are never exposed to clients.”"""

from collections.abc import Callable

import pytest
from django_q.models import Schedule
from django_q.tasks import async_task

from marketplaces import credentials
from marketplaces.contract import Credentials, Secret
from marketplaces.models import Connection, SyncRun
from plugseller.audit.services import Acting, acting, record
from plugseller.jobs import outbox
from plugseller.shelves import Verdict
from tests.marketplaces.console.conftest import World
from tests.promise.controls import figure, found

pytestmark = pytest.mark.django_db
TOKEN = "Atzr|IwEBILiveAndInUse"


@pytest.fixture
def north(world: World) -> Connection:
    """North's account, with a refresh token that works."""
    kept = Credentials(account_id="A1", refresh_token=Secret(TOKEN))
    world.north.credentials = credentials.pack(kept)
    world.north.save()
    return world.north


def in_a_job_that_waits(north: Connection) -> None:
    async_task("marketplaces.jobs.sync_one", TOKEN)


def in_the_timetable(north: Connection) -> None:
    Schedule.objects.create(func="x", args=f"('{TOKEN}',)")


def in_the_log(north: Connection) -> None:
    with acting(Acting(kind="job")):
        record("sync.dropped", details={"connection": TOKEN})


def in_a_mail(north: Connection) -> None:
    outbox.post(to="x@example.test", subject="x", text=f"Your token: {TOKEN}.")


def in_a_run(north: Connection) -> None:
    run = SyncRun.unfenced.filter(connection=north).latest("pk")
    SyncRun.unfenced.filter(pk=run.pk).update(error_code=f"refused {TOKEN}")


def test_no_credential_stands_in_tables_or_on_pages(north: Connection) -> None:
    outbox.post(to="x@example.test", subject="x", text="x")
    for name in ("enc-3.tables", "enc-3.pages"):
        finding = found(name)
        assert finding.verdict == Verdict.PASS
        assert figure(name, "credentials looked for") >= 2  # North's, and our own
        assert figure(name, "texts searched") >= 3


@pytest.mark.parametrize(
    "leak",
    [in_a_job_that_waits, in_the_timetable, in_the_log, in_a_mail, in_a_run],
)
def test_one_in_a_table_breaks_it_and_is_not_repeated(
    leak: Callable[[Connection], None], north: Connection
) -> None:
    leak(north)
    finding = found("enc-3.tables")
    assert finding.verdict == Verdict.FAIL
    assert finding.evidence["found"] == 1
    assert TOKEN not in repr(finding)


def test_one_on_a_page_breaks_it(north: Connection) -> None:
    north.status, north.trouble = "attention", f"Amazon refused {TOKEN}."
    north.save()
    finding = found("enc-3.pages")
    assert finding.verdict == Verdict.FAIL
    assert TOKEN not in repr(finding)
