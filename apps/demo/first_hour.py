"""The first steps of a new team, each checked off by the records. What belongs to the demo does not count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db.models import Exists, Q, QuerySet
from django.urls import reverse

from apps.accounts.models import User
from apps.assistant.models import Provider
from apps.core.access import Role
from apps.demo.models import FirstHour
from apps.demo.worlds import STRANGER_SLUG
from apps.docs.models import Document, Source
from apps.integrations.models import Connection
from apps.models.models import Run
from apps.projects import selectors as projects
from apps.projects.models import Grant, Project


@dataclass(frozen=True, slots=True)
class Step:
    """One step: where it is done, and whether the records say that it is."""

    title: str
    why: str
    url: str
    done: bool


def is_hidden(user: AbstractUser) -> bool:
    """Whether the person has put the steps away."""
    return FirstHour.objects.filter(user_id=user.pk).exists()


def steps(user: AbstractUser) -> list[Step]:
    """All six in their order."""
    own = _own(user)
    done = _done(user, own)
    first = own.order_by("pk").first()
    start = reverse("projects:new")
    members = reverse("projects:members", args=[first.slug]) if first else start

    def connection(slug: str) -> str:
        # Who maintains nothing yet cannot connect anything: a project comes first.
        return reverse("integrations:new", args=[slug]) if done["maintains"] else start

    told = (
        ("project", "Create a project", "It holds a team's models and everything around them.",
         start),
        ("mlflow", "Connect your MLflow", "Point your client at this portal, or connect the server you have.",
         connection("mlflow")),
        ("runbooks", "Import your runbooks", "From a Git repository, an archive or a Confluence export.",
         reverse("docs:sources")),
        ("jira", "Connect Jira", "Incidents open tickets there and follow them.",
         connection("jira")),
        ("ollama", "Connect Ollama", "A model words the answers; without one they come from the records alone.",
         reverse("assistant:new_provider")),
        ("people", "Invite somebody", "Production asks for a second person.", members),
    )  # fmt: skip
    return [Step(title, why, url, bool(done[key])) for key, title, why, url in told]


def _own(user: AbstractUser) -> QuerySet[Project]:
    """The person's projects beside those of the demo."""
    return projects.projects(user).filter(demo_feed=None).exclude(slug=STRANGER_SLUG)


def _done(user: AbstractUser, own: QuerySet[Project]) -> dict[str, bool]:
    """What the records say of each step, in one query."""
    ids = own.order_by().values("pk")
    here = Q(project__in=ids) | Q(project=None)
    works = Connection.objects.filter(here, enabled=True, state=Connection.State.CONNECTED)
    runbooks = Document.objects.filter(project__in=ids, kind=Document.Kind.RUNBOOK)
    told = {
        "project": Exists(own),
        "mlflow": Exists(Run.objects.filter(project__in=ids)) | Exists(works.filter(slug="mlflow")),
        "runbooks": Exists(runbooks.exclude(source__kind=Source.Kind.SHIPPED)),
        "jira": Exists(works.filter(slug="jira")),
        "ollama": Exists(
            Provider.objects.filter(
                here, kind=Provider.Kind.OLLAMA, enabled=True, trouble="", checked_at__isnull=False
            )
        ),
        "maintains": Exists(Project.objects.visible_to(user, Role.MAINTAINER).live()),
        "people": Exists(Grant.objects.filter(project__in=ids).exclude(user_id=user.pk)),
    }
    row: Mapping[str, Any] = User.objects.filter(pk=user.pk).values(**told).get()
    return {key: bool(row[key]) for key in told}
