from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core import access
from apps.core.api.paging import NewestFirst
from apps.core.api.viewsets import PortalView, PortalViewSet
from apps.ledger import selectors
from apps.ledger.api.filters import EntryFilter
from apps.ledger.api.serializers import ChainStateSerializer, EntrySerializer
from apps.ledger.models import Entry, EntryQuerySet


class LatestFirst(NewestFirst):
    """By time and not by id: so the index of every filter leads to any time."""

    ordering = ("-at", "-id")  # type: ignore[assignment]  # REST framework takes both


class LedgerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Entry]):
    """What happened, newest first. Nothing in it is ever changed."""

    queryset = Entry.objects.none()
    serializer_class = EntrySerializer
    filterset_class = EntryFilter
    pagination_class = LatestFirst

    def get_queryset(self) -> EntryQuerySet:
        return selectors.entries(self.user)


class VerificationView(PortalView):
    """The state of the chain, for site admins."""

    @extend_schema(operation_id="ledger_verification", responses=ChainStateSerializer)
    def get(self, request: Request) -> Response:
        """Where the chain stands, and what the last walk along it found."""
        access.require_site_admin(self.user)
        return Response(ChainStateSerializer(selectors.chain_state()).data)
