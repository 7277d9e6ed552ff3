from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.access import Role
from apps.core.api.viewsets import PortalViewSet
from apps.demo import access, selectors, services
from apps.demo.api.filters import StoryFilter
from apps.demo.api.serializers import (
    DemoRateSerializer,
    DemoSerializer,
    NewStorySerializer,
    StorySerializer,
)
from apps.demo.models import Demo, Story


class DemoViewSet(PortalViewSet[Demo]):
    """The demo of this portal: where it stands, and starting and stopping it."""

    serializer_class = DemoSerializer
    queryset = Demo.objects.none()
    pagination_class = None
    filterset_class = None

    @extend_schema(responses={200: DemoSerializer})
    def list(self, request: Request) -> Response:
        """How far the demo has come."""
        access.require_look(self.user)
        return self._shown()

    @extend_schema(request=None, responses={202: DemoSerializer})
    @action(detail=False, methods=["post"])
    def start(self, request: Request) -> Response:
        """Set it up in an empty workspace, or let it go on."""
        access.require_run(self.user)
        services.start(by=self.user)
        return self._shown(status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={200: DemoSerializer})
    @action(detail=False, methods=["post"])
    def stop(self, request: Request) -> Response:
        """End its traffic and its looks."""
        access.require_run(self.user)
        services.stop(by=self.user)
        return self._shown()

    @extend_schema(request=None, responses={202: DemoSerializer})
    @action(detail=False, methods=["post"])
    def reset(self, request: Request) -> Response:
        """Bring it back to how it began."""
        access.require_run(self.user)
        services.reset(by=self.user)
        return self._shown(status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={200: DemoSerializer})
    @action(detail=False, methods=["post"])
    def remove(self, request: Request) -> Response:
        """Take it away; what the ledger keeps stays."""
        access.require_run(self.user)
        services.remove(by=self.user)
        return self._shown()

    @extend_schema(request=DemoRateSerializer, responses={200: DemoSerializer})
    @action(detail=False, methods=["post"])
    def rate(self, request: Request) -> Response:
        """Set how many calls a minute each deployment gets while it is calm."""
        access.require_run(self.user)
        sent = DemoRateSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        services.set_rate(by=self.user, **sent.validated_data)
        return self._shown()

    def _shown(self, code: int = status.HTTP_200_OK) -> Response:
        demo = selectors.standing()
        told = {
            "state": demo.state,
            "note": demo.note,
            "percent": services.share(demo),
            "calls_per_minute": demo.calls_per_minute,
            "ready_at": demo.ready_at,
            "worlds": [feed.world for feed in selectors.feeds(self.user)],
        }
        return Response(DemoSerializer(told).data, status=code)


class StoryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, PortalViewSet[Story]):
    """Stories and drills of the demo, newest first."""

    serializer_class = StorySerializer
    filterset_class = StoryFilter

    def get_queryset(self) -> QuerySet[Story]:
        return selectors.stories(self.user).prefetch_related("scenes")

    @extend_schema(request=NewStorySerializer, responses={201: StorySerializer})
    def create(self, request: Request) -> Response:
        """Begin a story, or a drill, for one of the demo's deployments."""
        sent = NewStorySerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        values = {**sent.validated_data}
        feed = access.feed(self.user, values.pop("world"))
        story = services.start_story(feed=feed, by=self.user, **values)
        return Response(self.get_serializer(story).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={200: StorySerializer})
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Stop it before its end."""
        story = access.story(self.user, int(pk), Role.RESPONDER)
        ended = services.stop_story(story=story, by=self.user)
        return Response(self.get_serializer(ended).data)
