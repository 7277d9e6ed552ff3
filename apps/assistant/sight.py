"""Which pieces of stored evidence somebody may see: for those with whom a conversation is shared.

Each piece names the page of its record. The page's own access function decides; a page that is not known
here is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

from apps.core.access import Person
from apps.core.errors import PortalError
from apps.deployments import access as deployments
from apps.docs import access as docs
from apps.incidents import access as incidents
from apps.models import access as models
from apps.monitoring import access as monitoring
from apps.projects import access as projects

See = Callable[..., object]
PAGES: dict[str, See] = {
    "deployments:deployment": lambda user, slug: deployments.deployment(user, slug),
    "deployments:attempt": lambda user, slug, number: deployments.deployment(user, slug),
    "docs:document": lambda user, pk: docs.document(user, pk),
    "incidents:incident": lambda user, pk: incidents.incident(user, pk),
    "models:model": lambda user, pk: models.model(user, pk),
    "models:version": lambda user, pk: models.version(user, pk),
    "monitoring:alert": lambda user, pk: monitoring.alert(user, pk),
    "monitoring:monitor": lambda user, pk: monitoring.monitor(user, pk),
    "monitoring:slo": lambda user, pk: monitoring.slo(user, pk),
    "projects:project": lambda user, slug: projects.project(user, slug),
}


def seen(user: Person, pieces: Iterable[Mapping[str, Any]]) -> set[int]:
    """The numbers of the pieces that the person may see."""
    answers: dict[str, bool] = {}
    numbers = set()
    for piece in pieces:
        path = urlsplit(str(piece.get("url", ""))).path
        if path not in answers:
            answers[path] = _may(user, path)
        if answers[path]:
            numbers.add(int(piece["n"]))
    return numbers


def _may(user: Person, path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    see = PAGES.get(match.view_name)
    if see is None:
        return False
    try:
        see(user, **match.kwargs)
    except PortalError:
        return False
    return True
