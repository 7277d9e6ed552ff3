from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.incidents import access, selectors, services, tickets, timeline
from apps.incidents.api.filters import (
    IncidentFilter,
    NoteFilter,
    TicketConflictFilter,
    TicketFilter,
)
from apps.incidents.api.life import LifeActions
from apps.incidents.api.publishing import PublishingActions
from apps.incidents.api.serializers import (
    AcknowledgedSerializer,
    ChosenIncidentsSerializer,
    EditNoteSerializer,
    EditPicturedNoteSerializer,
    EvidenceSerializer,
    IncidentSerializer,
    MomentSerializer,
    NewIncidentSerializer,
    NewTicketSerializer,
    NoteSerializer,
    PackChoiceSerializer,
    PackSerializer,
    PicturedNoteSerializer,
    ResolveSerializer,
    SettleConflictSerializer,
    TicketConflictSerializer,
    TicketSerializer,
    TimelineQuerySerializer,
)
from apps.incidents.models import (
    Incident,
    IncidentQuerySet,
    Note,
    NoteQuerySet,
    Ticket,
    TicketConflict,
)
from apps.projects import access as projects


class IncidentViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, LifeActions, PublishingActions
):
    """What is or was wrong with models in production, newest first."""

    serializer_class = IncidentSerializer
    filterset_class = IncidentFilter

    def get_queryset(self) -> IncidentQuerySet:
        return selectors.incidents(self.user)

    @extend_schema(request=NewIncidentSerializer, responses={201: IncidentSerializer})
    def create(self, request: Request) -> Response:
        """Open an incident that no monitor has seen."""
        sent = NewIncidentSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        project = projects.project(self.user, values.pop("project"), Role.RESPONDER)
        values["deployment"] = access.place(self.user, project, values.get("deployment"))
        incident = services.open_by_hand(project=project, by=self.user, **values)
        return Response(self.get_serializer(incident).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that somebody is on it."""
        incident = access.incident(self.user, int(pk), Role.RESPONDER)
        changed = services.acknowledge(incident=incident, by=self.user)
        return Response(self.get_serializer(changed).data)

    @extend_schema(
        operation_id="incidents_acknowledge_chosen",
        request=ChosenIncidentsSerializer,
        responses={200: AcknowledgedSerializer},
    )
    @action(detail=False, methods=["post"], url_path="acknowledge")
    def acknowledge_chosen(self, request: Request) -> Response:
        """Say that somebody is on several, each by itself; those that are taken up already stay as they are."""
        sent = ChosenIncidentsSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        keys = sent.validated_data["incidents"]
        chosen = [access.incident(self.user, key, Role.RESPONDER) for key in sorted(set(keys))]
        done = services.acknowledge_all(incidents=chosen, by=self.user)
        return Response({"acknowledged": done})

    @extend_schema(request=ResolveSerializer, responses={200: IncidentSerializer})
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """End an incident, with the reason."""
        incident = access.incident(self.user, int(pk), Role.RESPONDER)
        sent = ResolveSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        changed = services.resolve(incident=incident, by=self.user, **sent.validated_data)
        return Response(self.get_serializer(changed).data)

    @extend_schema(
        parameters=[PackChoiceSerializer],
        responses={200: EvidenceSerializer(many=True)},
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def evidence(self, request: Request, pk: str) -> Response:
        """The evidence pack that code built: the newest, or one that was kept as it stood."""
        incident = access.incident(self.user, int(pk))
        sent = PackChoiceSerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        items = incident.evidence
        if number := sent.validated_data.get("number"):
            items = access.pack(self.user, incident, number).items.select_related("pack")
        return Response(EvidenceSerializer(items, many=True).data)

    @extend_schema(responses={200: PackSerializer(many=True)})
    @action(detail=True, pagination_class=None, filterset_class=None)
    def packs(self, request: Request, pk: str) -> Response:
        """The packs that were kept, newest first, and how each gatherer fared."""
        incident = access.incident(self.user, int(pk))
        return Response(PackSerializer(selectors.packs(self.user, incident), many=True).data)

    @extend_schema(
        parameters=[TimelineQuerySerializer], responses={200: MomentSerializer(many=True)}
    )
    @action(detail=True, pagination_class=None, filterset_class=None)
    def timeline(self, request: Request, pk: str) -> Response:
        """What happened, newest first: records, notes, alerts, pages, tickets, runbook, releases."""
        incident = access.incident(self.user, int(pk))
        sent = TimelineQuerySerializer(data=request.query_params)
        sent.is_valid(raise_exception=True)
        found = timeline.moments(self.user, incident, **sent.validated_data)
        return Response(MomentSerializer(found, many=True).data)

    @extend_schema(
        request={
            "application/json": NoteSerializer,
            "multipart/form-data": PicturedNoteSerializer,
        },
        responses={201: NoteSerializer},
    )
    @action(detail=True, methods=["post"])
    def notes(self, request: Request, pk: str) -> Response:
        """Write something down; pictures come with it as a form."""
        incident = access.incident(self.user, int(pk), Role.RESPONDER)
        sent = PicturedNoteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        note = services.add_note(incident=incident, by=self.user, **sent.validated_data)
        return Response(NoteSerializer(note).data, status=status.HTTP_201_CREATED)

    def get_parsers(self) -> list[Any]:
        """Pictures come as a form; everything else is JSON."""
        return [*super().get_parsers(), MultiPartParser()]


class NoteViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Note]):
    """What people wrote down during incidents."""

    serializer_class = NoteSerializer
    filterset_class = NoteFilter

    def get_queryset(self) -> NoteQuerySet:
        return selectors.notes(self.user)

    @extend_schema(
        request={
            "application/json": EditNoteSerializer,
            "multipart/form-data": EditPicturedNoteSerializer,
        },
        responses={200: NoteSerializer},
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Say one's own note better; further pictures come with it as a form."""
        note = access.own_note(self.user, int(pk))
        self.check_unchanged(note)
        sent = EditPicturedNoteSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {"text": note.text, **sent.validated_data}
        changed = services.edit_note(note=note, by=self.user, **values)
        return Response(self.get_serializer(self.get_queryset().get(pk=changed.pk)).data)

    def lock_for(self, record: Note) -> Incident:
        """The incident, whose pictures are counted before the note is held."""
        return record.incident

    def get_parsers(self) -> list[Any]:
        """Pictures come as a form; everything else is JSON."""
        return [*super().get_parsers(), MultiPartParser()]


class TicketViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Ticket]):
    """The tickets of incidents in other systems."""

    serializer_class = TicketSerializer
    filterset_class = TicketFilter

    def get_queryset(self) -> QuerySet[Ticket]:
        return selectors.tickets(self.user)

    @extend_schema(request=NewTicketSerializer, responses={202: TicketSerializer})
    def create(self, request: Request) -> Response:
        """Have a ticket for an incident; it is opened by a job, and the second call is the same one."""
        sent = NewTicketSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        incident = access.incident(self.user, sent.validated_data["incident"], Role.RESPONDER)
        chosen = access.chosen_tracker(
            self.user, incident.project, sent.validated_data.get("connection")
        )
        ticket = tickets.link_ticket(incident=incident, by=self.user, connection=chosen)
        return Response(self.get_serializer(ticket).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: TicketSerializer})
    @action(detail=True, methods=["post"])
    def redeliver(self, request: Request, pk: str) -> Response:
        """Try a dead letter again, with the comments that were given up."""
        ticket = access.ticket(self.user, int(pk), Role.MAINTAINER)
        tried = tickets.redeliver(ticket=ticket, by=self.user)
        return Response(self.get_serializer(tried).data, status=status.HTTP_202_ACCEPTED)


class TicketConflictViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[TicketConflict]
):
    """Fields that changed on both sides, newest first."""

    serializer_class = TicketConflictSerializer
    filterset_class = TicketConflictFilter

    def get_queryset(self) -> QuerySet[TicketConflict]:
        return selectors.ticket_conflicts(self.user)

    @extend_schema(request=SettleConflictSerializer, responses={200: TicketConflictSerializer})
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        """Say whose value counts; the other side follows."""
        conflict = access.conflict(self.user, int(pk), Role.MAINTAINER)
        sent = SettleConflictSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        settled = tickets.settle(conflict=conflict, keep=sent.validated_data["keep"], by=self.user)
        return Response(self.get_serializer(settled).data)
