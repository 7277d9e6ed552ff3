from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone

from apps.core import access
from apps.core.access import Person, Role
from apps.deployments.models import Deployment
from apps.incidents.models import (
    Action,
    Assignment,
    Component,
    Evidence,
    Incident,
    IncidentQuerySet,
    Note,
    NoteQuerySet,
    Pack,
    PackQuerySet,
    Picture,
    PostMortem,
    PostMortemQuerySet,
    StatusPage,
    StatusPageQuerySet,
    Step,
    Ticket,
    TicketComment,
    TicketConflict,
)
from apps.projects.models import Project

# How often a ticket is looked at without any hint: while its incident is open, and for a week after.
POLL_OPEN, POLL_OVER, POLL_FOR = timedelta(seconds=30), timedelta(minutes=15), timedelta(days=7)

# How often the evidence of an open incident is looked at again: in its first hours, and later.
EVIDENCE_SOON, EVIDENCE_YOUNG = timedelta(minutes=5), timedelta(hours=6)
EVIDENCE_LATER, MOST_LOOKED_AT = timedelta(minutes=30), 50
EVIDENCE_LOST = timedelta(minutes=1)  # the first job should long be done by then
MOST_OF_A_KIND = 5
MOST_CHOSEN = 200


def incidents(user: Person) -> IncidentQuerySet:
    """What the person may see, newest first."""
    found = Incident.objects.visible_to(user)
    return found.select_related("project", "deployment", "release__version__model", "alert")


def in_state(user: Person, state: str) -> IncidentQuerySet:
    """The incidents in one state; those that are open without one, every one for `all`."""
    found = incidents(user)
    if state == "all":
        return found
    return found.filter(state=state) if state else found.open()


def narrowed(
    user: Person,
    *,
    state: str = "",
    severity: str = "",
    project: Project | None = None,
    deployment: Deployment | None = None,
    who: str = "",
    words: str = "",
) -> IncidentQuerySet:
    """The incidents of a list, as its filters say; `who` of `me` are those that one has to do with."""
    found = in_state(user, state)
    if severity:
        found = found.filter(severity=severity)
    if project is not None:
        found = found.filter(project=project)
    if deployment is not None:
        found = found.filter(deployment=deployment)
    if who == "me":
        held = Assignment.objects.filter(user=user.pk).values("incident")
        found = found.filter(Q(acknowledged_by=user.pk) | Q(opened_by=user.pk) | Q(pk__in=held))
    if words := words.strip():
        found = found.filter(title__icontains=words)
    return found


def places(user: Person) -> QuerySet[Deployment]:
    """The deployments that had an incident, as far as the person may see them."""
    seen = Deployment.objects.visible_to(user)
    return seen.filter(Exists(Incident.objects.filter(deployment=OuterRef("pk")))).order_by("slug")


def chosen(user: Person, keys: Sequence[str]) -> IncidentQuerySet:
    """The incidents that were ticked, where the person may act; what is no number names none."""
    numbers = {int(key) for key in keys[:MOST_CHOSEN] if key.isascii() and key.isdigit()}
    kept = [number for number in numbers if number < 2**63]
    return Incident.objects.visible_to(user, Role.RESPONDER).filter(pk__in=kept).order_by("pk")


def needing(user: Person) -> IncidentQuerySet:
    """The open incidents that nobody, or this very person, has taken up, where they may act."""
    mine = incidents(user).open().visible_to(user, Role.RESPONDER)
    return mine.filter(Q(acknowledged_by=None) | Q(acknowledged_by_id=user.pk))


def newest(user: Person, project: str | None = None) -> Incident | None:
    """The newest incident that the person may see, an open one before any other."""
    found = incidents(user)
    if project:
        found = found.filter(project__slug=project)
    return found.open().first() or found.first()


def tickets(user: Person) -> QuerySet[Ticket]:
    """Tickets of incidents that the person may see."""
    found = Ticket.objects.filter(incident__project_id__in=access.project_ids(user))
    return found.select_related("incident__project", "connection")


def tickets_shown(user: Person, incident: Incident) -> list[Ticket]:
    """The tickets of an incident, each with its open conflicts."""
    open_ = Prefetch(
        "conflicts", TicketConflict.objects.filter(settled_at=None), to_attr="open_conflicts"
    )
    return list(tickets(user).filter(incident=incident).prefetch_related(open_))


def ticket_comments(incident: Incident) -> QuerySet[TicketComment]:
    """What others wrote at the incident's tickets, in its order."""
    return TicketComment.objects.filter(ticket__incident=incident).select_related("ticket")


def ticket_conflicts(user: Person) -> QuerySet[TicketConflict]:
    """Conflicts of tickets that the person may see, newest first."""
    return TicketConflict.objects.visible_to(user)


def ticket(pk: int) -> Ticket:
    """The ticket of a job."""
    return Ticket.objects.select_related("incident__project", "connection").get(pk=pk)


def tickets_of(incident_id: int) -> QuerySet[Ticket]:
    """The tickets of one incident."""
    return Ticket.objects.filter(incident_id=incident_id).select_related("incident")


def unsettled(most: int = 500) -> list[Ticket]:
    """Tickets to look at: asked for and not answered, due for another try, or long unseen."""
    now = timezone.now()
    rested = Q(next_try_at=None) | Q(next_try_at__lte=now)
    behind = ~Q(asked=F("answered")) | Q(next_try_at__lte=now) | Q(seen_at=None)
    open_ = Q(incident__state__in=Incident.OPEN, seen_at__lt=now - POLL_OPEN)
    young = Q(incident__resolved_at__gt=now - POLL_FOR, seen_at__lt=now - POLL_OVER)
    found = Ticket.objects.living().filter(rested & (behind | open_ | young))
    oldest = found.order_by(F("seen_at").asc(nulls_first=True), "pk")
    return list(oldest.select_related("incident")[:most])


def due_for_evidence() -> list[Incident]:
    """The open incidents whose evidence was not looked at for a while, the longest first; a young one sooner."""
    now = timezone.now()
    young = Q(opened_at__gt=now - EVIDENCE_YOUNG, evidence_at__lt=now - EVIDENCE_SOON)
    lost = Q(evidence_at=None, opened_at__lt=now - EVIDENCE_LOST)
    due = young | lost | Q(evidence_at__lt=now - EVIDENCE_LATER)
    waited = Incident.objects.open().filter(due)
    return list(waited.order_by(F("evidence_at").asc(nulls_first=True), "pk")[:MOST_LOOKED_AT])


def telling(incident: Incident) -> list[Evidence]:
    """What the newest pack holds, the first few of each kind: what an answer can use."""
    seen: Counter[str] = Counter()
    found = []
    for item in incident.evidence:
        seen[item.kind] += 1
        if seen[item.kind] <= MOST_OF_A_KIND:
            found.append(item)
    return found


def packs(user: Person, incident: Incident) -> PackQuerySet:
    """The packs that were kept of an incident, newest first."""
    return Pack.objects.visible_to(user).filter(incident=incident).select_related("incident")


def for_evidence(pk: int) -> Incident:
    """The incident with everything its evidence pack reads."""
    joined = Incident.objects.select_related(
        "project__owner",
        "project__deputy",
        "deployment__model__owner",
        "deployment__model__deputy",
        "deployment__environment",
        "release__version__model",
        "release__version__run",
        "release__deployment",
        "release__requested_by",
        "alert__monitor__baseline",
        "alert__lead",
        "alert__verdict",
    )
    return joined.get(pk=pk)


def promised(user: Person) -> QuerySet[Action]:
    """The open actions of this person, the most urgent first."""
    mine = Action.objects.visible_to(user).open().filter(owner_id=user.pk)
    return mine.select_related("incident")


def steps(user: Person) -> QuerySet[Step]:
    """The steps of runbooks in hand that the person may see."""
    found = Step.objects.visible_to(user)
    return found.select_related("incident__project", "asked_by", "done_by")


def actions(user: Person) -> QuerySet[Action]:
    """The actions after incidents that the person may see."""
    found = Action.objects.visible_to(user)
    return found.select_related("incident__project", "owner", "ticket", "done_by")


def post_mortems(user: Person) -> PostMortemQuerySet:
    """The post-mortems of incidents that the person may see, newest first."""
    found = PostMortem.objects.visible_to(user).order_by("-pk")
    return found.select_related("incident__project", "incident__alert", "document", "created_by")


def status_pages(user: Person) -> StatusPageQuerySet:
    """The status pages of the projects that the person sees, with what stands on them."""
    found = StatusPage.objects.visible_to(user).select_related("project").order_by("project__slug")
    parts = Component.objects.select_related("deployment")
    return found.prefetch_related(Prefetch("components", queryset=parts))


def notes(user: Person) -> NoteQuerySet:
    """The notes of incidents that the person may see, with their pictures but for the content."""
    found = Note.objects.visible_to(user).select_related("by", "incident")
    return found.prefetch_related(Prefetch("pictures", queryset=Picture.objects.defer("content")))


def related(user: Person, incident: Incident) -> list[tuple[str, Incident]]:
    """The incidents that belong to this one, each with how."""
    later = incident.relations.select_related("other")
    earlier = incident.related_by.select_related("incident")
    return [
        *((row.get_kind_display(), row.other) for row in later),
        *(
            (row.get_kind_display() if row.kind == "related" else "split into", row.incident)
            for row in earlier
        ),
    ]
