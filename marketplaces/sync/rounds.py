"""Several connections, one after the other; one that fails doesn't stop the others."""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, models

from marketplaces.datamap import Feature
from marketplaces.models import Connection, SyncRun
from marketplaces.sync import resting
from marketplaces.sync.engine import (
    FeatureOff,
    NotLive,
    Occupied,
    Tell,
    described,
    sync_connection,
)
from marketplaces.sync.limits import UNHURRIED, Clock, Pace
from marketplaces.sync.writer import Erased
from plugseller.audit.append import AuditUnavailable
from plugseller.audit.services import record
from plugseller.crypto.sealing import Unopenable
from plugseller.jobs.leases import LeaseLost

logger = logging.getLogger(__name__)

_REASON = "the sync of all connections, each by itself"
_UNOPENABLE = (
    "What we keep to be let in with can't be opened, so nothing was fetched. Nothing "
    "was lost. Connect again to continue."
)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one connection."""

    account: Connection
    runs: list[SyncRun] = field(default_factory=list)
    problem: str = ""  # why there was no pass, or why it ended early
    failed: bool = False


def live_connections() -> "models.QuerySet[Connection]":
    """Connections that calls may be made with, seller by seller."""
    return (
        Connection.objects.across_sellers(reason=_REASON)
        .filter(
            status__in=[Connection.Status.ACTIVE, Connection.Status.ATTENTION],
            frozen_at=None,
            paused_at=None,
        )
        .select_related("seller")
        .order_by("seller__slug", "connected_at")
    )


def due_connections(now: datetime) -> list[Connection]:
    """Live connections that don't rest after failing again and again."""
    return [
        account for account in live_connections() if not resting.rests(account, now=now)
    ]


def sync_round(
    accounts: Iterable[Connection],
    *,
    features: Collection[Feature] | None = None,
    full: bool = False,
    clock: Clock | None = None,
    pace: Pace = UNHURRIED,
    progress: Tell | None = None,
) -> list[Result]:
    """Sync each connection; whatever happens to one is in its Result.

    A run that waits for the marketplace's limit isn't a failure, nor is a connection
    that another worker is at.
    """
    results = []
    for account in accounts:
        try:
            runs = sync_connection(
                account.pk,
                features=features,
                full=full,
                clock=clock,
                pace=pace,
                progress=progress,
            )
        except Occupied:
            result = Result(account, problem="another worker syncs it right now")
        except FeatureOff as off:
            problem = f"the feature {off} is switched off"
            result = Result(account, problem=problem, failed=True)
        except NotLive:
            result = Result(account, problem="its authorisation ended", failed=True)
        except (Erased, Connection.DoesNotExist):
            record("sync.dropped", details={"connection": account.pk})
            result = Result(account, problem="it was deleted meanwhile")
        except LeaseLost:
            result = Result(account, problem="another worker took over")
        except (ImproperlyConfigured, AuditUnavailable) as error:
            result = Result(account, problem=str(error), failed=True)
        except Unopenable:
            _set_aside(account)
            problem = "its credentials can't be opened; connect again"
            result = Result(account, problem=problem, failed=True)
        except KeyError:
            problem = "its marketplace isn't switched on"
            result = Result(account, problem=problem, failed=True)
        except DatabaseError as error:
            logger.error("%s: the database failed: %s", account, described(error))
            problem = "the database failed; what was saved is whole"
            result = Result(account, problem=problem, failed=True)
        except Exception as error:
            logger.error("%s: %s", account, described(error))
            result = Result(account, problem="an error of our own", failed=True)
        else:
            failed = any(run.outcome == SyncRun.Outcome.FAILED for run in runs)
            result = Result(account, runs, failed=failed)
        results.append(result)
    return results


def _set_aside(account: Connection) -> None:
    """Its owner has to connect again; nothing was sent anywhere."""
    Connection.objects.across_sellers(reason=_REASON).filter(
        pk=account.pk, status=Connection.Status.ACTIVE
    ).update(status=Connection.Status.ATTENTION, trouble=_UNOPENABLE)
