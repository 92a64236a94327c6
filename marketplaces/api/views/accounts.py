"""Sellers, their connections and what syncs did: no Marketplace Information."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from marketplaces.api.queries import RunQuery, refuse_unknown
from marketplaces.api.schema import described, page_of
from marketplaces.api.serializers import (
    ConnectionRow,
    RunRow,
    SellerDetail,
    SellerRow,
)
from marketplaces.api.views.base import (
    ApiView,
    OneView,
    PagedView,
    SellerView,
    stand,
)
from marketplaces.models import Connection, SyncRun
from plugseller.accounts.models import Seller
from plugseller.accounts.roles import Permission
from plugseller.accounts.tenancy import sellers_of


def _whole(rows: Any) -> Response:
    """A list so short that it is one page."""
    return Response({"results": rows, "next": None, "previous": None, "why_empty": []})


class Sellers(ApiView):
    """The sellers somebody may see anything of; of a key, its own."""

    @described(
        "sellers_list",
        page_of(SellerRow),
        summary="Sellers that are open to you; to a key, its own",
        tag="Sellers",
    )
    def get(self, request: Request) -> Response:
        refuse_unknown(request.query_params)
        return _whole(SellerRow(self._open(request), many=True).data)

    def _open(self, request: Request) -> list[Seller]:
        if self.token is None:
            return sellers_of(request.user)
        try:
            return [stand(request, self.token.seller.slug, self.token).seller]
        except Http404:
            return []


class OneSeller(SellerView):
    @described(
        "seller",
        SellerDetail,
        summary="One seller, and what you or the key may do there",
        path=("slug",),
        tag="Sellers",
    )
    def get(self, request: Request, slug: str) -> Response:
        refuse_unknown(request.query_params)
        return Response(SellerDetail(self.standing.seller, context=self.context).data)


class _Connections(SellerView):
    permission: ClassVar[Permission | None] = Permission.VIEW_CATALOG

    def rows(self) -> QuerySet[Connection]:
        own = Connection.objects.of_seller(self.standing.seller)
        return own.defer("credentials").prefetch_related("markets", "switches")


class Connections(_Connections):
    @described(
        "connections_list",
        page_of(ConnectionRow),
        summary="Marketplace accounts, oldest first, all in one page",
        path=("slug",),
        tag="Connections",
    )
    def get(self, request: Request, slug: str) -> Response:
        refuse_unknown(request.query_params)
        found: Any = self.rows().order_by("connected_at", "id")
        return _whole(ConnectionRow(found, many=True, context=self.context).data)


class OneConnection(_Connections, OneView):
    row = ConnectionRow

    @described(
        "connection",
        ConnectionRow,
        summary="One marketplace account",
        path=("slug", "connection"),
        tag="Connections",
    )
    def get(self, request: Request, slug: str, connection: UUID) -> Response:
        return self.one(request, pk=connection)


class _Runs(SellerView):
    permission: ClassVar[Permission | None] = Permission.VIEW_CATALOG

    def rows(self) -> QuerySet[SyncRun]:
        return SyncRun.objects.of_seller(self.standing.seller)


class SyncRuns(_Runs, PagedView):
    query, row = RunQuery, RunRow

    @described(
        "sync_runs_list",
        page_of(RunRow),
        summary="What syncs did, newest first",
        path=("slug",),
        query=RunQuery,
        tag="Sync runs",
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.page(request)


class OneSyncRun(_Runs, OneView):
    row = RunRow

    @described(
        "sync_run",
        RunRow,
        summary="One sync run",
        path=("slug", "connection", "run_id"),
        tag="Sync runs",
    )
    def get(
        self, request: Request, slug: str, connection: UUID, run_id: int
    ) -> Response:
        if run_id >= 2**63:
            raise Http404
        return self.one(request, connection_id=connection, pk=run_id)
