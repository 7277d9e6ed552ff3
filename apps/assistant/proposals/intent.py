"""What a question asks for, read without a model: a verb, and the record that it names or was asked on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import AbstractUser

from apps.assistant.answers import Question
from apps.assistant.models import Exchange, Proposal
from apps.assistant.proposals import services
from apps.core.errors import PortalError
from apps.deployments import access as deployments
from apps.incidents.models import Incident
from apps.models.models import ModelVersion
from apps.monitoring.models import Alert

MOST = 3
MOST_NAMES = 500
# Only an order counts: "why was it rolled back?" and "how do I roll back?" ask for no deed.
_QUESTION = re.compile(
    r"^\s*(why|how|what|when|who|which|where|did|was|were|is|are|has|have|can|could|should)\b", re.I
)
_ROLL = re.compile(r"\broll(?:ing)?[\s-]?back\b", re.I)
_PROMOTE = re.compile(r"\bpromote\b.*?\b(?:version\s+|v)(\d{1,9})\b.*?\bto\s+([\w-]{1,60})", re.I)
_SILENCE = re.compile(r"\b(silence|mute|snooze)\b", re.I)
_HOURS = re.compile(r"\b(\d{1,3})\s*h(?:ours?)?\b", re.I)
_ACKNOWLEDGE = re.compile(r"\b(acknowledge|ack)\b", re.I)
_INCIDENT = re.compile(
    r"\bopen (?:an? )?incident\b\s*(?:about|for|on|:)?\s*(.{3,280})", re.I | re.S
)
_TICKET = re.compile(r"\b(open|file|create|raise) (?:an? )?ticket\b", re.I)
_NUMBER = re.compile(r"(?:#|\bincident\s+#?)(\d{1,9})\b", re.I)

Wanted = tuple[str, dict[str, Any]]


def propose(exchange: Exchange, question: Question) -> list[Proposal]:
    """Proposals for what the question orders, each as the asker may see it."""
    user = question.user
    if not orders(question) or not isinstance(user, AbstractUser):
        return []
    made = []
    for service, given in list(_wanted(question, user))[:MOST]:
        try:
            made.append(services.propose(service=service, given=given, by=user, exchange=exchange))
        except PortalError:
            continue  # what cannot be done now is not proposed; the answer says how things stand
    return made


def orders(question: Question) -> bool:
    """Whether somebody asks for a deed, and not for an answer."""
    return not _QUESTION.search(question.text)


def _wanted(question: Question, user: AbstractUser) -> Iterator[Wanted]:
    text = question.text
    if _ROLL.search(text):
        for slug in _deployments(question, user):
            yield "roll_back", {"deployment": slug}
    if found := _PROMOTE.search(text):
        yield from _promotion(question, user, int(found[1]), found[2])
    if _SILENCE.search(text) and (alert := _alert(question, user)):
        hours = _HOURS.search(text)
        yield "silence", {"alert_id": alert, "hours": int(hours[1]) if hours else 2}
    if _ACKNOWLEDGE.search(text):
        yield from _acknowledgement(question, user)
    if _TICKET.search(text) and (incident := _incident(question, user)):
        yield "open_ticket", {"incident_id": incident}
    if (found := _INCIDENT.search(text)) and question.project:
        yield "open_incident", {"project": question.project, "title": found[1].strip().rstrip(".")}


def _deployments(question: Question, user: AbstractUser) -> list[str]:
    """The deployments that are named, or the one on the page."""
    rows = deployments.deployments(user)
    rows = rows.filter(project__slug=question.project) if question.project else rows
    known = list(rows.values_list("pk", "slug")[:MOST_NAMES])
    named = [slug for _, slug in known if _names(question.text, slug)]
    on_page = _page_id(question, "deployment")
    return named or [slug for pk, slug in known if pk == on_page]


def _promotion(
    question: Question, user: AbstractUser, number: int, environment: str
) -> Iterator[Wanted]:
    rows = ModelVersion.objects.visible_to(user).live().filter(number=number)
    rows = rows.filter(project__slug=question.project) if question.project else rows
    for row in rows.select_related("model")[:MOST_NAMES]:
        if _names(question.text, row.model.name):
            yield "promote", {"version_id": row.pk, "environment": environment}


def _acknowledgement(question: Question, user: AbstractUser) -> Iterator[Wanted]:
    if incident := _incident(question, user):
        yield "acknowledge", {"incident_id": incident}
    elif alert := _alert(question, user):
        yield "acknowledge_alert", {"alert_id": alert}


def _incident(question: Question, user: AbstractUser) -> int | None:
    """The incident with the number that is named, or the one on the page."""
    rows = Incident.objects.visible_to(user).open()
    rows = rows.filter(project__slug=question.project) if question.project else rows
    if found := _NUMBER.search(question.text):
        named = list(rows.filter(number=int(found[1])).values_list("pk", flat=True)[:2])
        return named[0] if len(named) == 1 else None
    on_page = _page_id(question, "incident")
    return rows.filter(pk=on_page).values_list("pk", flat=True).first() if on_page else None


def _alert(question: Question, user: AbstractUser) -> int | None:
    """The alert that is named, or the one on the page."""
    rows = Alert.objects.visible_to(user).firing()
    rows = rows.filter(project__slug=question.project) if question.project else rows
    if on_page := _page_id(question, "alert"):
        return rows.filter(pk=on_page).values_list("pk", flat=True).first()
    named = [
        pk
        for pk, name in rows.values_list("pk", "name")[:MOST_NAMES]
        if _names(question.text, name)
    ]
    return named[0] if len(named) == 1 else None


def _page_id(question: Question, kind: str) -> int | None:
    key = question.page.get("id", "") if question.page.get("kind") == kind else ""
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None


def _names(text: str, name: str) -> bool:
    return (
        bool(name) and re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.I) is not None
    )
