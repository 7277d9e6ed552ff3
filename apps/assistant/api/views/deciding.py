from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.assistant import access, selectors
from apps.assistant.api.serializers import (
    LanguageModelSerializer,
    NewLanguageModelSerializer,
    ProposalSerializer,
    ProposeSerializer,
    PullSerializer,
    RefusalSerializer,
)
from apps.assistant.models import Proposal, ProposalQuerySet, Provider, ProviderQuerySet
from apps.assistant.proposals import services as proposals
from apps.assistant.providers import services as providers
from apps.assistant.providers.services import Wanted
from apps.core.api.jobs import JobSerializer
from apps.core.api.viewsets import PortalViewSet


class ProposalViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Proposal]):
    """What may be done once a person with the right approves."""

    serializer_class = ProposalSerializer

    def get_queryset(self) -> ProposalQuerySet:
        return selectors.proposals(self.user)

    @extend_schema(request=ProposeSerializer, responses={201: ProposalSerializer})
    def create(self, request: Request) -> Response:
        """Propose something; nothing is done by this."""
        sent = ProposeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        row = proposals.propose(service=values["service"], given=values["arguments"], by=self.user)
        return Response(ProposalSerializer(row).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: ProposalSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Have it done, with one's own rights. Where things have changed since, nothing is done."""
        row = proposals.approve(proposal=access.proposal(self.user, int(pk)), by=self.user)
        return Response(ProposalSerializer(row).data)

    @extend_schema(request=RefusalSerializer, responses={200: ProposalSerializer})
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Say that it shall not be done."""
        row = access.proposal(self.user, int(pk))
        sent = RefusalSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        row = proposals.refuse(proposal=row, by=self.user, reason=sent.validated_data["reason"])
        return Response(ProposalSerializer(row).data)


class LanguageModelViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Provider]
):
    """The models that word answers, of one's projects and of the whole portal."""

    serializer_class = LanguageModelSerializer

    def get_queryset(self) -> ProviderQuerySet:
        return selectors.providers(self.user).order_by("pk")

    @extend_schema(request=NewLanguageModelSerializer, responses={201: LanguageModelSerializer})
    def create(self, request: Request) -> Response:
        """Add a model; its server is asked at once what it can."""
        sent = NewLanguageModelSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = dict(sent.validated_data)
        project = access.project_to_keep(self.user, values.pop("project", None))
        secret = values.pop("secret")
        row = providers.create_provider(
            project=project, wanted=Wanted(**values), secret=secret, by=self.user
        )
        row = providers.probe(provider=row)
        return Response(LanguageModelSerializer(row).data, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: str) -> Response:
        """Take it away; what it has worded stays."""
        row = access.provider(self.user, int(pk), to_change=True)
        providers.remove_provider(provider=row, by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={200: LanguageModelSerializer})
    @action(detail=True, methods=["post"])
    def probe(self, request: Request, pk: str) -> Response:
        """Ask the server again what it is and can."""
        row = providers.probe(provider=access.provider(self.user, int(pk), to_change=True))
        return Response(LanguageModelSerializer(row).data)

    @extend_schema(request=PullSerializer, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def pull(self, request: Request, pk: str) -> Response:
        """Have Ollama fetch a model; the job tells how far it is and can be cancelled."""
        row = access.provider(self.user, int(pk), to_change=True)
        sent = PullSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        job = providers.request_pull(provider=row, model=sent.validated_data["model"], by=self.user)
        return Response(
            JobSerializer(job, context={"request": request}).data, status=status.HTTP_202_ACCEPTED
        )
