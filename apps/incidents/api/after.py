"""The steps of runbooks in hand, and the actions after incidents."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.docs import access as documents
from apps.incidents import access, postmortems, runbooks, selectors
from apps.incidents.api.after_serializers import (
    ChangeActionSerializer,
    IncidentActionSerializer,
    MarkStepSerializer,
    MoveActionSerializer,
    NewActionSerializer,
    RunbookStepSerializer,
    RunStepSerializer,
    StepPlanSerializer,
    TakenRunbookSerializer,
    TakeRunbookSerializer,
)
from apps.incidents.api.filters import IncidentActionFilter, StepFilter
from apps.incidents.models import Action, Step
from apps.incidents.runbooks import running
from apps.projects import selectors as projects


class StepViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Step]):
    """The steps of runbooks in hand."""

    serializer_class = RunbookStepSerializer
    filterset_class = StepFilter

    def get_queryset(self) -> QuerySet[Step]:
        return selectors.steps(self.user)

    @extend_schema(request=TakeRunbookSerializer, responses={201: TakenRunbookSerializer})
    def create(self, request: Request) -> Response:
        """Take a runbook in hand; taken twice, it is taken once."""
        sent = TakeRunbookSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        incident = access.incident(self.user, sent.validated_data["incident"], Role.RESPONDER)
        document = documents.document(self.user, sent.validated_data["document"])
        count = runbooks.take(incident=incident, document=document, by=self.user)
        return Response({"steps": count}, status=status.HTTP_201_CREATED)

    @extend_schema(responses={200: StepPlanSerializer})
    @action(detail=True, pagination_class=None, filterset_class=None)
    def plan(self, request: Request, pk: str) -> Response:
        """What the action would do now. Nothing is changed."""
        step = access.step(self.user, int(pk))
        return Response(StepPlanSerializer(running.plan_of(step, self.user)).data)

    @extend_schema(request=MarkStepSerializer, responses={200: RunbookStepSerializer})
    @action(detail=True, methods=["post"])
    def mark(self, request: Request, pk: str) -> Response:
        """Say that a step is done or left out."""
        step = access.step(self.user, int(pk), Role.RESPONDER)
        sent = MarkStepSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        done = runbooks.mark(step=step, by=self.user, **sent.validated_data)
        return Response(self.get_serializer(done).data)

    @extend_schema(request=RunStepSerializer, responses={200: RunbookStepSerializer})
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        """Run an action, or ask for an approval where it takes one."""
        step = access.step(self.user, int(pk), Role.RESPONDER)
        done = runbooks.ask(step=step, plan=self._digest(request), by=self.user)
        return Response(self.get_serializer(done).data)

    @extend_schema(request=RunStepSerializer, responses={200: RunbookStepSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Run what somebody else asked for."""
        step = access.step(self.user, int(pk), Role.RESPONDER)
        done = runbooks.approve(step=step, plan=self._digest(request), by=self.user)
        return Response(self.get_serializer(done).data)

    @extend_schema(request=None, responses={200: RunbookStepSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back a wish, or turn it down."""
        step = access.step(self.user, int(pk), Role.RESPONDER)
        return Response(self.get_serializer(runbooks.withdraw(step=step, by=self.user)).data)

    def _digest(self, request: Request) -> str:
        sent = RunStepSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        return str(sent.validated_data["plan"])


class ActionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Action]):
    """What people promised after incidents."""

    serializer_class = IncidentActionSerializer
    filterset_class = IncidentActionFilter

    def get_queryset(self) -> QuerySet[Action]:
        return selectors.actions(self.user)

    @extend_schema(request=NewActionSerializer, responses={201: IncidentActionSerializer})
    def create(self, request: Request) -> Response:
        """Write down what changes, by whom, until when."""
        sent = NewActionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        incident = access.incident(self.user, values.pop("incident"), Role.RESPONDER)
        owner = projects.account(values.pop("owner"), field="owner")
        if (key := values.get("ticket")) is not None:
            values["ticket"] = access.ticket(self.user, key)
        made = postmortems.add_action(incident=incident, owner=owner, by=self.user, **values)
        return Response(self.get_serializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: IncidentActionSerializer})
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """Say that an action is done: its owner may, and responders."""
        row = access.ended_action(self.user, int(pk))
        return Response(self.get_serializer(postmortems.finish(action=row, by=self.user)).data)

    @extend_schema(request=ChangeActionSerializer, responses={200: IncidentActionSerializer})
    def partial_update(self, request: Request, pk: str) -> Response:
        """Give an open action another title, owner or date."""
        row = access.action(self.user, int(pk), Role.RESPONDER)
        if "If-Match" in request.headers:
            self.check_unchanged(row)
        sent = ChangeActionSerializer(data=request.data, partial=True)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        if "owner" in values:
            values["owner"] = projects.account(values["owner"], field="owner")
        changed = postmortems.change(action=row, by=self.user, **values)
        return Response(self.get_serializer(changed).data)

    @extend_schema(request=MoveActionSerializer, responses={200: IncidentActionSerializer})
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Give an action another date."""
        row = access.action(self.user, int(pk), Role.RESPONDER)
        sent = MoveActionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        moved = postmortems.change(action=row, by=self.user, **sent.validated_data)
        return Response(self.get_serializer(moved).data)
