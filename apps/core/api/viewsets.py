from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Model
from django.http import Http404, HttpResponse
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ViewSet

from apps.core.api import idempotency, throttling
from apps.core.errors import NotFound, PortalError

M = TypeVar("M", bound=Model)
TAGGED = frozenset({"retrieve", "partial_update", "update"})
Act = Callable[[], HttpResponse]
GUARDED = frozenset({"PATCH", "PUT", "DELETE"})


class Changed(PortalError):
    code, status = "changed_meanwhile", 412
    sentence = "Somebody changed this meanwhile. Fetch it again and repeat your change."


class PortalView(APIView):
    """A REST view behind authentication: its user is real, its POST honours `Idempotency-Key`."""

    @property
    def user(self) -> AbstractUser:
        if getattr(self, "swagger_fake_view", False):
            return get_user_model()(is_active=False)  # the OpenAPI document is made for nobody
        assert isinstance(self.request.user, AbstractUser)
        return self.request.user

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method == "POST" and "Idempotency-Key" in request.headers:
            self._wrap("post", lambda act: idempotency.once(request, self.user, act))

    def handle_exception(self, exc: Exception) -> Response:
        """Count what nobody signed by its address; REST framework asks its throttles too late."""
        if isinstance(exc, NotAuthenticated | AuthenticationFailed):
            where = throttling.address(self.request)
            if not throttling.within_rate("anonymous", where):
                exc = Throttled(throttling.seconds_left())
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        final: Response = super().finalize_response(request, response, *args, **kwargs)
        if getattr(self, "action", None) in TAGGED and final.status_code == 200:
            final["ETag"] = etag(final.data)
        return final

    def _wrap(self, method: str, around: Callable[[Act], HttpResponse]) -> None:
        """Put something around the handler of this one request, now that its user is known."""
        handler = getattr(self, method, None)
        if handler is None:
            return  # 405 follows

        def wrapped(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            return around(lambda: self._answered(handler, request, *args, **kwargs))

        setattr(self, method, wrapped)

    def _answered(self, handler: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The handler's answer, refusals included, rendered while the transaction is open."""
        try:
            response = handler(request, *args, **kwargs)
        except Exception as exc:  # noqa: BLE001  handle_exception raises again what it does not know
            response = self.handle_exception(exc)
        return self.finalize_response(request, response, *args, **kwargs)


class PortalPlainViewSet(PortalView, ViewSet):
    """A resource that is not the rows of one table."""


class PortalViewSet(PortalView, GenericViewSet[M]):
    """A viewset over a table: PATCH, PUT and DELETE check the `ETag` of its `GET` of one record.

    Where they carry `If-Match`, they run in one transaction with the check.
    """

    lookup_value_regex = "[0-9]{1,18}"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in GUARDED and "If-Match" in request.headers:
            self._wrap(request.method.lower(), _whole)

    def get_object(self) -> M:
        try:
            return super().get_object()
        except Http404 as error:
            raise NotFound(what=self.get_queryset().model._meta.verbose_name) from error

    def check_unchanged(self, record: M) -> None:
        """Raise `Changed` where `If-Match` names another state than the record's present one.

        The row that the service locks is locked here already, so nobody changes it in between.
        """
        wanted = self.request.headers.get("If-Match", "*").strip()
        if wanted == "*":
            return
        guard = self.lock_for(record)
        type(guard)._default_manager.select_for_update().filter(pk=guard.pk).first()
        try:
            record.refresh_from_db()
        except type(record).DoesNotExist as error:  # type: ignore[attr-defined]
            raise NotFound(what=record._meta.verbose_name) from error
        if etag(self.get_serializer(record).data) not in _tags(wanted):
            raise Changed

    def lock_for(self, record: M) -> Model:
        """The row whose lock the services of this record take first."""
        return record


def etag(data: Any) -> str:
    """A tag that changes with what the reader sees."""
    packed = json.dumps(data, sort_keys=True, cls=JSONEncoder)
    return f'"{hashlib.sha256(packed.encode()).hexdigest()[:32]}"'


def _tags(header: str) -> set[str]:
    """The tags of an `If-Match`. A proxy that compresses weakens a tag; it names the same state."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _whole(act: Act) -> HttpResponse:
    """One transaction, rolled back by a refusal."""
    with transaction.atomic():
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        return response
