"""What pages, API and palette read of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.urls import NoReverseMatch, reverse

from apps.core import access
from apps.core.access import Person
from apps.core.jobs.work import WORK
from apps.core.models import Job, JobLine, JobQuerySet

TAIL = 200
NEWS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a list of jobs is narrowed; empty is not."""

    mine: bool = True
    state: str = ""
    kind: str = ""
    project_id: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A project as a job's page names it."""

    id: int
    slug: str
    name: str

    @property
    def url(self) -> str:
        try:
            return reverse("projects:project", args=[self.slug])
        except NoReverseMatch:
            return ""


@dataclass(frozen=True, slots=True)
class Tail:
    """A stretch of a job's log, and whether there are lines before it."""

    lines: list[JobLine]
    earlier: bool

    @property
    def first(self) -> int:
        return self.lines[0].pk if self.lines else 0

    @property
    def last(self) -> int:
        return self.lines[-1].pk if self.lines else 0


def jobs(user: Person) -> JobQuerySet:
    """The jobs the person may see."""
    return Job.objects.visible_to(user).select_related("owner")


def wanted_jobs(user: Person, wanted: Wanted) -> JobQuerySet:
    """The jobs of one list."""
    found = jobs(user)
    if wanted.mine:
        found = found.owned_by(user)
    exact = {"state": wanted.state, "kind": wanted.kind, "project_id": wanted.project_id}
    return found.filter(**{name: value for name, value in exact.items() if value})


def failed_of(user: Person) -> JobQuerySet:
    """What failed lately for this person and was not tried again."""
    again = Job.objects.filter(retry_of=OuterRef("pk"))
    recent = Job.objects.visible_to(user).owned_by(user).filter(state=Job.State.FAILED)
    return recent.filter(~Exists(again), ended_at__gt=Now() - NEWS).order_by("-id")


def recent_of(user: Person) -> JobQuerySet:
    return Job.objects.visible_to(user).owned_by(user).order_by("-id")


def found(user: Person, words: str) -> JobQuerySet:
    """Jobs whose id or kind a person typed; nothing for no words."""
    text = words.strip().removeprefix("#")
    rows = Job.objects.visible_to(user).order_by("-id")
    if text.isascii() and text.isdigit():
        return rows.filter(pk=int(text))
    return rows.filter(kind__icontains=text) if text else rows.none()


def places(user: Person) -> dict[int, Place]:
    """The projects the person may see, by id."""
    rows = access.project_ids(user).values_list("pk", "slug", "name").order_by("name")
    return {pk: Place(pk, slug, name) for pk, slug, name in rows}


def place_of(user: Person, job: Job) -> Place | None:
    """The project of one job."""
    if job.project_id is None:
        return None
    rows = access.project_ids(user).filter(pk=job.project_id).values_list("pk", "slug", "name")
    found = rows.first()
    return Place(*found) if found else None


def kinds() -> list[str]:
    """Every kind of work that this portal knows."""
    return sorted(WORK)


def tail(job: Job, *, before: int | None = None) -> Tail:
    """The last lines of the log, or the last ones before a line."""
    lines = job.lines.order_by("-pk")
    if before is not None:
        lines = lines.filter(pk__lt=before)
    found = list(lines[: TAIL + 1])
    return Tail(found[:TAIL][::-1], earlier=len(found) > TAIL)


def lines_after(job: Job, *, after: int) -> Tail:
    """What the log gained since a line."""
    return Tail(list(job.lines.filter(pk__gt=after)[:TAIL]), earlier=False)
