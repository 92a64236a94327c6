"""What every answer goes through: who asks, at which seller, logged first."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketplaces.api.queries import asked_by, cursor_of, refuse_unknown
from marketplaces.api.serializers import Why
from marketplaces.console.absence import why_nothing
from marketplaces.datamap import Feature
from marketplaces.reports import streams
from plugseller.accounts.desk import Desk
from plugseller.accounts.models import ApiToken
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import Standing, standing_at
from plugseller.audit.services import identify, record_access
from plugseller.keyset import cut
from plugseller.shelves import By


class ApiView(APIView):
    """Reads, and nothing else. Who asks is known; nothing of a seller's is open yet."""

    http_method_names = ("get", "head")

    @property
    def token(self) -> ApiToken | None:
        """The key that was sent; None for a person with a session."""
        return self.request.auth if isinstance(self.request.auth, ApiToken) else None


class Nothing(ApiView):
    """Whatever else is asked for below the API's address."""

    schema = None

    def get(self, request: Request, rest: str = "") -> Response:
        raise Http404


class SellerView(ApiView):
    """What is asked of one seller, for which it is decided once who may what there."""

    permission: ClassVar[Permission | None] = None  # None: any right opens it
    standing: Standing

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.standing = standing = stand(
            request, kwargs["slug"], self.token, self.permission
        )
        if self.permission and not standing.may(self.permission):
            raise PermissionDenied

    def told(self, kind: str, rows: int, filters: Sequence[str] = ()) -> None:
        """Log that so many rows are about to be shown. Raises AuditUnavailable."""
        standing = self.standing
        record_access(
            kind,
            actor=standing.user,
            seller_id=standing.seller.pk,
            rows=rows,
            details={"filters": sorted(filters)},
        )

    @property
    def context(self) -> dict[str, Any]:
        """What serializers need to know."""
        return {"slug": self.standing.seller.slug, "standing": self.standing}


def stand(
    request: Request,
    slug: str,
    token: ApiToken | None,
    permission: Permission | None = None,
) -> Standing:
    """How the asking one stands at the seller; the audit log knows it from here on.

    Raises Http404, the same for a foreign seller and one that doesn't exist.
    """
    standing = standing_at(request.user, slug, now=timezone.now(), token=token)
    grant = standing.grant_for(permission)
    identify(
        standing.user,
        kind=By.TOKEN if token else By.PERSON,
        via=str(token.pk) if token else "",
        role=standing.role,
        grant_id=grant.pk if grant else None,
    )
    return standing


class PagedView(SellerView):
    """One page of a list, by keyset: no OFFSET and no count."""

    query: ClassVar[type[Any]]
    row: ClassVar[type[serializers.Serializer[Any]]]
    logged_as: ClassVar[str] = ""  # empty: no Marketplace Information
    features: ClassVar[tuple[Feature, ...]] = ()

    def rows(self) -> QuerySet[Any]:
        """All rows of the seller."""
        raise NotImplementedError

    def page(self, request: Request) -> Response:
        """The page that the parameters ask for. Raises BadQuery, AuditUnavailable."""
        query = asked_by(self.query, request.query_params, Desk(self.standing))
        narrowed = query.narrow(self.rows(), timezone.now())
        found = cut(narrowed, query.ordering, cursor_of(query), size=query.page_size)
        if self.logged_as:
            self.told(self.logged_as, len(found.rows), query.asked)
        return Response(
            {
                "results": self.row(found.rows, many=True, context=self.context).data,
                "next": _neighbour(request, found.after),
                "previous": _neighbour(request, found.before),
                "why_empty": [] if found.rows else self._why_empty(query),
            }
        )

    def _why_empty(self, query: Any) -> Any:
        every = streams(self.standing.seller, now=timezone.now())
        ours = [stream for stream in every if stream.feature in self.features]
        return Why(why_nothing(ours, searched=bool(query.asked)), many=True).data


def _neighbour(request: Request, cursor: str) -> str | None:
    """The address of the page before or after, with the same parameters."""
    if not cursor:
        return None
    asked = request.query_params.dict() | {"cursor": cursor}
    return f"{settings.PUBLIC_ADDRESS}{request.path}?{urlencode(asked)}"


class OneView(SellerView):
    """One thing, by its own key."""

    row: ClassVar[type[serializers.Serializer[Any]]]
    logged_as: ClassVar[str] = ""

    def rows(self) -> QuerySet[Any]:
        """All such things of the seller."""
        raise NotImplementedError

    def one(self, request: Request, **key: Any) -> Response:
        """The thing of that key. Raises Http404, BadQuery, AuditUnavailable."""
        refuse_unknown(request.query_params)
        found = self.rows().filter(**key).first()
        if found is None:
            raise Http404
        if self.logged_as:
            self.told(self.logged_as, 1)
        return Response(self.row(found, context=self.context).data)
