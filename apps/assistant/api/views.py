from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from apps.assistant import services, writers
from apps.assistant.api.serializers import (
    AnswerSerializer,
    ExchangeSerializer,
    QuestionSerializer,
)
from apps.assistant.models import Exchange, ExchangeQuerySet
from apps.assistant.planner import Question
from apps.assistant.selectors import exchanges
from apps.core.api.viewsets import PortalViewSet
from apps.projects import access as projects


class AskViewSet(PortalViewSet[Exchange]):
    """Questions in plain words, answered from records with their sources."""

    serializer_class = QuestionSerializer

    @extend_schema(request=QuestionSerializer, responses={200: AnswerSerializer})
    def create(self, request: Request) -> Response:
        """Every sentence cites the records or passages that carry it."""
        sent = QuestionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        slug = values.get("project")
        project = projects.project(self.user, slug) if slug else None
        question = Question(self.user, values["question"], slug, values.get("page") or {})
        answer = services.ask(question, writers.connected())
        services.keep(question, answer, by=self.user, project_id=project.pk if project else None)
        return Response(AnswerSerializer(answer).data)


class ConversationViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Exchange]
):
    """What one has asked, newest first."""

    serializer_class = ExchangeSerializer

    def get_queryset(self) -> ExchangeQuerySet:
        return exchanges(self.user)
