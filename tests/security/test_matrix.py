"""Every address × everybody: outsiders learn and change nothing, roles hold, nothing crashes.

The addresses come from the portal's patterns and the tables from its models, so whatever is new is in
here by itself. What may be done where stands in `policy.py`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.test import Client, override_settings
from django.utils import timezone

from apps.accounts.models import ApiToken
from apps.accounts.services import create_token
from apps.core import live
from apps.core.access import Role
from apps.core.api.document import document
from apps.core.api.reference import example_of
from apps.projects.models import Grant
from tests.base import PortalTestCase
from tests.security.planting import MARK, Planted
from tests.security.policy import Place, Rule, rule_for
from tests.security.routes import Route, routes

UNBOUNDED = {"token": 10**9, "person": 10**9, "anonymous": 10**9}
WRITES = ("INSERT", "UPDATE", "DELETE")
# What any request may note about itself.
NOTES = ('"django_session"', '"usersessions_usersession"', '"accounts_apitoken" SET "last_used_at"')
SAFE = {"get"}
CLOSED = {401, 403, 404, 405}
LOGIN = "/accounts/login/"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at the door; `role` is theirs in the fraud project, `None` for an outsider."""

    name: str
    client: Client
    role: Role | None = None
    admin: bool = False
    known: bool = True


@dataclass(slots=True)
class Seen:
    """What one request did."""

    status: int
    text: str
    location: str
    writes: list[str]
    crash: Any


@override_settings(API_RATES=UNBOUNDED)
class MatrixTests(PortalTestCase):
    planted: Planted

    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        # So that Ada can hold a token for the other project alone.
        Grant.objects.create(project=cls.other, user=cls.ada, role=Role.VIEWER)
        cls.planted = Planted(cls.fraud, cls.ada).everything()

    def setUp(self) -> None:
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.wrong: list[str] = []

    def test_every_page(self) -> None:
        actors = list(self.visitors())
        for route in routes():
            if not route.is_api:
                self.walk(route, actors, lambda method: {})
        self.report()

    def test_every_rest_operation(self) -> None:
        actors = list(self.callers())
        for route in routes():
            if route.is_api:
                self.walk(route, actors, self.body_of(route))
        self.report()

    def test_every_live_topic(self) -> None:
        keys = {
            "job": self.planted.rows["core.Job"].pk,
            "jobs": self.ada.pk,
            "project_jobs": self.fraud.pk,
            "connection": self.planted.rows["integrations.Connection"].pk,
            "promotion": self.planted.rows["models.Promotion"].pk,
            "out_of_band": self.planted.rows["models.OutOfBandMove"].pk,
            "deployment": self.planted.rows["deployments.Deployment"].pk,
            "monitor": self.planted.rows["monitoring.Monitor"].pk,
            "incident": self.planted.rows["incidents.Incident"].pk,
            "exchange": self.planted.rows["assistant.Exchange"].pk,
            "proposal": self.planted.rows["assistant.Proposal"].pk,
        }
        everybody = {"ledger"}  # a place of the chain, without what stands there
        for kind in live._topics:
            name = f"{kind}:{keys.get(kind, self.fraud.pk)}"
            if kind not in everybody:
                self.assertFalse(live.may_hear(self.bob, name), name)
            for key in ("", "abc", "-1", "1'", "9" * 30, "\x00", "٣", "chain:"):
                self.assertIn(live.may_hear(self.bob, f"{kind}:{key}"), (False,), repr(key))
        for kind, key in keys.items():
            self.assertTrue(live.may_hear(self.ada, f"{kind}:{key}"), kind)

    # Who comes

    def visitors(self) -> Iterator[Actor]:
        """Everybody with a browser."""
        yield Actor("anonymous", self.quiet(Client()), known=False)
        for name, user, role in self.people():
            client = self.quiet(Client())
            client.force_login(user)
            client.get("/settings/")  # a session writes itself down at its first request
            yield Actor(name, client, role, admin=user.is_superuser)

    def callers(self) -> Iterator[Actor]:
        """Everybody with a token."""
        yield Actor("anonymous", self.quiet(Client()), known=False)
        for name, user, role in self.people():
            yield Actor(name, self.with_token(user), role, admin=user.is_superuser)
        soon = timezone.now() + timedelta(hours=1)
        expired = self.with_token(self.ada, expires_at=soon)
        ApiToken.objects.filter(expires_at=soon).update(expires_at=timezone.now())
        yield Actor("expired token", expired, known=False)
        elsewhere = self.with_token(self.ada, project_ids=[self.other.pk])
        yield Actor("token of another project", elsewhere)
        looking = self.with_token(self.ada, role=Role.VIEWER)
        yield Actor("token that only looks", looking, Role.VIEWER)

    def people(self) -> Iterator[tuple[str, Any, Role | None]]:
        yield "stranger", self.bob, None
        yield "viewer", self.carol, Role.VIEWER
        yield "responder", self.rita, Role.RESPONDER
        yield "contributor", self.cora, Role.CONTRIBUTOR
        yield "maintainer", self.max, Role.MAINTAINER
        yield "owner", self.ada, Role.OWNER
        yield "site admin", self.sam, Role.OWNER

    def with_token(self, user: Any, **limits: Any) -> Client:
        _, text = create_token(user=user, name="matrix", by=user, **limits)
        return self.quiet(Client(HTTP_AUTHORIZATION=f"Bearer {text}"))

    def quiet(self, client: Client) -> Client:
        client.raise_request_exception = False
        return client

    # What they try

    def walk(self, route: Route, actors: list[Actor], body_of: Callable[[str], Any]) -> None:
        try:
            address = route.address(self.planted)
        except AssertionError as unknown:
            self.wrong.append(str(unknown))
            return
        for method in route.methods:
            rule = rule_for(route.pattern, method)
            for actor in actors:
                seen = self.send(actor, method, address, body_of(method))
                for fault in self.faults(route, method, rule, actor, seen):
                    self.wrong.append(f"{method.upper()} {address} as {actor.name}: {fault}")

    def send(self, actor: Actor, method: str, address: str, body: Any) -> Seen:
        """One request, undone afterwards."""
        with transaction.atomic(), noting_writes() as writes:
            response = getattr(actor.client, method)(
                address,
                **({} if method in SAFE else self.payload(address, body)),
            )
            crash = getattr(response, "exc_info", None)
            streaming = getattr(response, "streaming", False)
            content = b"".join(response.streaming_content) if streaming else response.content
            transaction.set_rollback(True)
        text = content.decode("utf-8", "replace")
        return Seen(response.status_code, text, response.get("Location", ""), writes, crash)

    def payload(self, address: str, body: Any) -> dict[str, Any]:
        if address.startswith("/api/"):
            return {"data": json.dumps(body), "content_type": "application/json"}
        return {"data": body}

    def body_of(self, route: Route) -> Callable[[str], Any]:
        """A body that the OpenAPI document allows, aimed at the fraud project."""
        path = "/" + route.pattern.replace("<", "{").replace(">", "}")
        methods = {_shape(known): value for known, value in document()["paths"].items()}
        operations = methods.get(_shape(path), {})

        def body(method: str) -> Any:
            content = operations.get(method, {}).get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema", {})
            made = example_of(document(), schema) if schema else {}
            return self.aimed(made, _fields(schema)) if isinstance(made, dict) else made

        return body

    def aimed(self, body: dict[str, Any], fields: set[str]) -> dict[str, Any]:
        """The body with the fraud project's records wherever it may name one."""
        rows = self.planted.rows
        by_number = {label.rpartition(".")[2].lower(): row.pk for label, row in rows.items()}
        by_number |= {
            "model": by_number.get("registeredmodel"),
            "version": by_number.get("modelversion"),
        }
        names = set(body) | fields & {"project", "user"}
        aims = {name: by_number[name] for name in names if by_number.get(name)}
        known = {
            "project": "fraud",
            "owner": "max",
            "deputy": "max",
            "user": "bob",
            "role": "viewer",
        }
        return body | aims | {name: value for name, value in known.items() if name in names}

    # What must hold

    def faults(
        self, route: Route, method: str, rule: Rule, actor: Actor, seen: Seen
    ) -> Iterator[str]:
        if seen.status >= 500 and seen.status != 503:
            yield f"crashed with {seen.status}: {seen.crash and seen.crash[1]!r}"
        outside = actor.role is None
        if outside and MARK in seen.text:
            start = seen.text.index(MARK)
            yield f"reads …{seen.text[max(0, start - 60) : start + 60]!r}…"
        if method in SAFE and seen.writes and rule.place is not Place.PUBLIC:
            yield f"changes something by looking: {seen.writes[0][:120]}"
        yield from self.closed(route, method, rule, actor, seen)
        yield from self.open(route, method, rule, actor, seen)

    def closed(
        self, route: Route, method: str, rule: Rule, actor: Actor, seen: Seen
    ) -> Iterator[str]:
        """Whoever may not: they are turned away, and nothing changes."""
        if rule.place is Place.PUBLIC or self.may(rule, method, actor):
            return
        if seen.writes:
            yield f"may not, but {seen.status} and {seen.writes[0][:160]}"
        in_a_project = rule.place is Place.PROJECT and bool(route.gaps)
        must_be_refused = not actor.known or in_a_project or rule.place is Place.ADMIN
        # A page that takes no POST may show itself instead; a form that somebody may not send may not.
        shows_itself = method not in SAFE and seen.status == 200 and actor.known
        if must_be_refused and not (self.refused(seen) or shows_itself):
            yield f"may not, but is answered {seen.status}"

    def open(
        self, route: Route, method: str, rule: Rule, actor: Actor, seen: Seen
    ) -> Iterator[str]:
        """Whoever may look, sees it."""
        looks = method in SAFE and rule.place is Place.PROJECT and bool(route.gaps)
        if looks and self.may(rule, method, actor) and seen.status in CLOSED - {405}:
            yield f"may look, but is answered {seen.status}"

    def may(self, rule: Rule, method: str, actor: Actor) -> bool:
        if rule.place is Place.ADMIN:
            return actor.admin
        if rule.place is Place.OWN:
            return actor.known
        least = rule.read if method in SAFE else rule.act
        return actor.role is not None and actor.role >= least

    def refused(self, seen: Seen) -> bool:
        to_login = seen.status == 302 and seen.location.startswith(LOGIN)
        return seen.status in CLOSED or to_login or seen.status == 503

    def report(self) -> None:
        lines = "\n".join(self.wrong[:60])
        self.assertFalse(self.wrong, f"{len(self.wrong)} cells of the matrix are wrong:\n{lines}")


def _fields(schema: dict[str, Any]) -> set[str]:
    """The names that a body may hold."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    named = document()["components"]["schemas"].get(name, schema)
    return set(named.get("properties", {}))


def _shape(path: str) -> str:
    """An address without the names of its gaps: the document calls `pk` by another name."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


@contextmanager
def noting_writes() -> Iterator[list[str]]:
    """Every statement that stores something, but for notes a request makes about itself."""
    found: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(WRITES) and not any(each in sql for each in NOTES):
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found
