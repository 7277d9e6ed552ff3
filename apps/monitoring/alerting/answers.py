"""What Alertmanager's API answers beside taking alerts: alerts, groups, silences, status."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import orjson
from django.utils import timezone

from apps.core import access
from apps.core.access import Role
from apps.core.errors import Invalid, NotFound, PortalError, RoleNeeded
from apps.monitoring import selectors, services
from apps.monitoring.access import silence as silence_of
from apps.monitoring.alerting import labels, matchers, shapes
from apps.monitoring.alerting.caller import Caller
from apps.monitoring.alerting.matchers import Matcher
from apps.monitoring.models import Alert, Silence

MOST = 5000  # alerts or silences of one answer
TRUE = {"true", "1", ""}
VERSION = "0.25.0"  # whose API this is


class NoSuchOperation(PortalError):
    code, status = "not_found", 404
    sentence = "The portal has no {method} /api/v2/{rest}."


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: what stands behind `/api/v2/`, and what came with it."""

    method: str
    rest: str
    query: Sequence[tuple[str, str]]
    body: bytes

    def matchers(self) -> list[Matcher]:
        """What `filter` asks for, given once or often."""
        given = [value for name, value in self.query if name == "filter"]
        return matchers.checked([each for text in given for each in matchers.parse(text)])

    def wants(self, name: str) -> bool:
        """Whether a switch of the query is on; all are, until they are turned off."""
        return all(value.lower() in TRUE for known, value in self.query if known == name)


def answer(who: Caller, ask: Ask) -> tuple[int, Any]:
    """Status and body for one request; `None` is an empty body."""
    first, _, rest = ask.rest.partition("/")
    if first == "silence" and rest:
        act = ONE_SILENCE.get(ask.method)
        if act is not None:
            return act(who, rest)
    known = OPERATIONS.get((ask.method, ask.rest))
    if known is None:
        raise NoSuchOperation(method=ask.method, rest=ask.rest)
    return known(who, ask)


def _alerts(who: Caller, ask: Ask) -> tuple[int, Any]:
    silences = list(selectors.silences_holding(who.project.pk))
    return 200, [shapes.alert(row, _holding(row, silences)) for row in _found(who, ask)]


def _found(who: Caller, ask: Ask) -> list[Alert]:
    wanted = ask.matchers()
    rows = selectors.alerts(who.user).firing().filter(project_id=who.project.pk)
    if not ask.wants("silenced"):
        rows = rows.filter(silenced=False)
    if not ask.wants("active"):
        rows = rows.filter(silenced=True)
    if not ask.wants("unprocessed"):
        rows = rows.filter(settled=True)
    return [row for row in rows[:MOST] if matchers.all_match(wanted, labels.shown(row))]


def _holding(row: Alert, silences: Sequence[Silence]) -> list[Silence]:
    if not row.silenced:
        return []
    seen = labels.shown(row)
    return [each for each in silences if matchers.all_match(matchers.unpacked(each.matchers), seen)]


def _groups(who: Caller, ask: Ask) -> tuple[int, Any]:
    rows = sorted(_found(who, ask), key=lambda row: row.head.pk)
    silences = list(selectors.silences_holding(who.project.pk))
    found = []
    for _, members in groupby(rows, key=lambda row: row.head.pk):
        some = list(members)
        found.append(
            {
                "labels": {labels.NAME: some[0].head.name},
                "receiver": {"name": "signalbox"},
                "alerts": [shapes.alert(row, _holding(row, silences)) for row in some],
            }
        )
    return 200, found


def _silences(who: Caller, ask: Ask) -> tuple[int, Any]:
    wanted = ask.matchers()
    rows = selectors.silences(who.user).filter(project_id=who.project.pk)[:MOST]
    return 200, [shapes.silence(row) for row in rows if _fits(row, wanted)]


def _fits(row: Silence, wanted: Sequence[Matcher]) -> bool:
    """Whether the silence's own matchers, read as labels, are what is asked for."""
    own = {matcher.name: matcher.value for matcher in matchers.unpacked(row.matchers)}
    return matchers.all_match(wanted, own)


def _make_silence(who: Caller, ask: Ask) -> tuple[int, Any]:
    _require(who, Role.RESPONDER)
    given = _object(ask.body)
    present = _present(who, given.get("id"))
    comment = given.get("comment")
    if not isinstance(comment, str) or not comment.strip():
        raise Invalid(field="comment", reason="say why")
    made = services.create_silence(
        project=who.project,
        wanted=shapes.posted_matchers(given.get("matchers")),
        stretch=services.Stretch(
            max(_moment(given, "startsAt"), timezone.now()), _moment(given, "endsAt")
        ),
        comment=comment,
        by=who.user,
    )
    # Alertmanager changes a silence by a new one in its place.
    if present is not None:
        services.end_silence(silence=present, by=who.user)
    return 200, {"silenceID": shapes.silence_id(made)}


def _present(who: Caller, given: Any) -> Silence | None:
    return _silence(who, given) if isinstance(given, str) and given else None


def _silence(who: Caller, given: str) -> Silence:
    row = silence_of(who.user, shapes.number_of(given))
    if row.project_id != who.project.pk:
        raise NotFound(what="silence")
    return row


def _show_silence(who: Caller, given: str) -> tuple[int, Any]:
    return 200, shapes.silence(_silence(who, given))


def _end_silence(who: Caller, given: str) -> tuple[int, Any]:
    row = _silence(who, given)
    _require(who, Role.RESPONDER)
    services.end_silence(silence=row, by=who.user)
    return 200, None


def _status(who: Caller, ask: Ask) -> tuple[int, Any]:
    return 200, {
        "cluster": {"name": "signalbox", "status": "disabled", "peers": []},
        "config": {"original": "# Routes are kept in the portal, under Monitoring.\n"},
        "uptime": shapes.stamp(STARTED),
        "versionInfo": {
            "branch": "signalbox",
            "buildDate": "",
            "buildUser": "",
            "goVersion": "",
            "revision": "",
            "version": VERSION,
        },
    }


def _receivers(who: Caller, ask: Ask) -> tuple[int, Any]:
    names = selectors.routes(who.user).filter(project_id=who.project.pk)
    return 200, [{"name": "signalbox"}, *({"name": row.name} for row in names)]


def _require(who: Caller, role: Role) -> None:
    if not access.allows(who.user, who.project.pk, role):
        raise RoleNeeded(needed=role.label, yours=who.role.label)


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(field="body", reason=f"send JSON ({error})") from error
    if not isinstance(given, dict):
        raise Invalid(field="body", reason="send an object")
    return given


def _moment(given: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(given[name])
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Invalid(field=name, reason="send a time such as 2026-11-27T10:00:00Z") from error


STARTED = timezone.now()
Act = Callable[[Caller, Ask], tuple[int, Any]]
OPERATIONS: dict[tuple[str, str], Act] = {
    ("GET", "alerts"): _alerts,
    ("GET", "alerts/groups"): _groups,
    ("GET", "silences"): _silences,
    ("POST", "silences"): _make_silence,
    ("GET", "status"): _status,
    ("GET", "receivers"): _receivers,
}
ONE_SILENCE: dict[str, Callable[[Caller, str], tuple[int, Any]]] = {
    "GET": _show_silence,
    "DELETE": _end_silence,
}
