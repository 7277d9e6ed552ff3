from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.assistant import access, selectors
from apps.assistant.answers import Question
from apps.assistant.api.serializers import (
    AnswerSerializer,
    FeedbackSerializer,
    QuestionSerializer,
    ShareSerializer,
    TalkSerializer,
)
from apps.assistant.models import (
    Conversation,
    ConversationQuerySet,
    Exchange,
    ExchangeQuerySet,
)
from apps.assistant.shown import shown
from apps.assistant.talks import services
from apps.assistant.talks.services import Wish
from apps.core.api.viewsets import PortalViewSet
from apps.projects import access as projects

LATER = "respond-async"


class AskViewSet(PortalViewSet[Exchange]):
    """Questions in plain words, answered from records with their sources."""

    serializer_class = QuestionSerializer

    @extend_schema(
        request=QuestionSerializer, responses={200: AnswerSerializer, 202: AnswerSerializer}
    )
    def create(self, request: Request) -> Response:
        """Every sentence cites the records or passages that carry it.

        With `Prefer: respond-async` an answer that a model words is 202: read it again by its id. With
        `Accept: text/event-stream` it comes as server-sent events while it grows.
        """
        sent = QuestionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        slug = values.get("project")
        project = projects.project(self.user, slug) if slug else None
        row = services.ask(
            question=Question(self.user, values["question"], slug, values.get("page") or {}),
            by=self.user,
            project_id=project.pk if project else None,
            wish=self._wish(values),
            wait=LATER not in request.headers.get("Prefer", ""),
        )
        code = status.HTTP_202_ACCEPTED if row.is_running else status.HTTP_200_OK
        return Response(AnswerSerializer(shown(row, self.user)).data, status=code)

    def _wish(self, values: dict[str, Any]) -> Wish:
        talk, chosen = values.get("conversation"), values.get("provider")
        if chosen:
            access.provider(self.user, chosen)
        return Wish(
            conversation=access.conversation(self.user, talk) if talk else None,
            provider_id=chosen,
            without_model=values["without_model"],
        )


class ExchangeViewSet(mixins.ListModelMixin, PortalViewSet[Exchange]):
    """What one has asked, newest first."""

    serializer_class = AnswerSerializer  # type: ignore[assignment]  # it shows a row to a reader

    def get_queryset(self) -> ExchangeQuerySet:
        return selectors.exchanges(self.user)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.get_queryset())
        rows = [AnswerSerializer(shown(row, self.user)).data for row in page or []]
        return self.get_paginated_response(rows)

    def retrieve(self, request: Request, pk: str) -> Response:
        """One question with its answer as it stands now; one that was shared as far as one may see it."""
        return self._told(access.readable_exchange(self.user, int(pk)))

    @extend_schema(request=None, responses={200: AnswerSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Wait no longer; what was said so far stays."""
        return self._told(services.stop(exchange=access.exchange(self.user, int(pk))))

    @extend_schema(request=FeedbackSerializer, responses={200: AnswerSerializer})
    @action(detail=True, methods=["post"])
    def feedback(self, request: Request, pk: str) -> Response:
        """Say whether it helped."""
        row = access.exchange(self.user, int(pk))
        sent = FeedbackSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = sent.validated_data
        services.rate(exchange=row, feedback=values["feedback"], words=values["words"])
        return self._told(row)

    def _told(self, row: Exchange) -> Response:
        return Response(AnswerSerializer(shown(row, self.user)).data)


class TalkViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Conversation]):
    """Conversations: one's own, and those that are shared with one."""

    serializer_class = TalkSerializer

    def get_queryset(self) -> ConversationQuerySet:
        return selectors.readable(self.user)

    def destroy(self, request: Request, pk: str) -> Response:
        """Erase a conversation with all its questions and answers."""
        services.forget(conversation=access.conversation(self.user, int(pk)), by=self.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=ShareSerializer, responses={200: TalkSerializer})
    @action(detail=True, methods=["post"])
    def share(self, request: Request, pk: str) -> Response:
        """Let the members of a project read along."""
        row = access.conversation(self.user, int(pk))
        sent = ShareSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        project = projects.project(self.user, sent.validated_data["project"])
        row = services.share(conversation=row, project=project, by=self.user)
        return Response(TalkSerializer(row).data)

    @extend_schema(request=None, responses={200: TalkSerializer})
    @action(detail=True, methods=["post"])
    def unshare(self, request: Request, pk: str) -> Response:
        """Take it back."""
        row = access.conversation(self.user, int(pk))
        return Response(TalkSerializer(services.unshare(conversation=row, by=self.user)).data)
