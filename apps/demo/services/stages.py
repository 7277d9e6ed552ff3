"""What each stage of a story waits for, and what the demo's people do in it.

A stage answers what it saw once it is over, and `None` while it is not. In a drill the demo does nothing
against the fault: it only watches what people do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from apps.demo.choices import RELEASED, SEEN_BY, Fault, Mode, Stage
from apps.demo.models import Demo, Story
from apps.demo.services import cast, remedies
from apps.deployments.models import Deployment
from apps.incidents import tickets
from apps.incidents.models import Incident
from apps.incidents.services import acknowledge, add_note
from apps.integrations import selectors as integrations
from apps.integrations.ports import Pager, TicketTracker
from apps.monitoring.models import Alert, Monitor


@dataclass(frozen=True, slots=True)
class Seen:
    """What there was to see at the end of a stage, and what it leaves on the story."""

    text: str
    url: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


def deployment_of(story: Story) -> Deployment:
    """The deployment that the story is about."""
    assert story.feed.deployment is not None
    return story.feed.deployment


def calm(demo: Demo, story: Story) -> Seen | None:
    """Nothing fires, and the monitor that should see the fault has looked."""
    place = deployment_of(story)
    if _fires(place):
        return None
    monitor = _monitor(story)
    if monitor is None or monitor.state != Monitor.State.CALM:
        return None
    url = place.get_absolute_url()
    return Seen(f"{place.slug} answers, and {monitor.name} is calm.", url)


def fault(demo: Demo, story: Story) -> Seen | None:
    """From now on something is wrong; where it comes with a release, that has to be live first."""
    now = timezone.now()
    begun = {"faulty": True, "fault_at": now}
    if Fault(story.fault) not in RELEASED:
        return Seen(f"From now on {story.get_fault_display()}.", notes=begun)
    release = remedies.release_marked(demo, story, kind=RELEASED[Fault(story.fault)])
    if release is None:
        return None
    text = f"Version {release.version.number} is live: {story.get_fault_display()}."
    return Seen(text, release.version.get_absolute_url(), {**begun, "fault_at": release.live_at})


def alert(demo: Demo, story: Story) -> Seen | None:
    """A monitor of the deployment fires."""
    rows = Alert.objects.filter(deployment=deployment_of(story), fired_at__gte=story.fault_at)
    found = rows.order_by("pk").first()
    if found is None:
        return None
    notes = {"alert": found, "detected_at": found.fired_at}
    return Seen(found.summary, found.get_absolute_url(), notes)


def incident(demo: Demo, story: Story) -> Seen | None:
    """The alert has opened an incident, and code has gathered its evidence."""
    lead = story.alert and (story.alert.lead or story.alert)
    found = Incident.objects.filter(alert=lead).order_by("-pk").first()
    if found is None or found.evidence_at is None:
        return None
    pieces = found.evidence.count()
    text = f"Incident #{found.number} opened by itself, with {pieces} pieces of evidence."
    return Seen(text, found.get_absolute_url(), {"incident": found})


def acknowledged(demo: Demo, story: Story) -> Seen | None:
    """Somebody says that they are on it."""
    row = _incident(story)
    if row.state == Incident.State.TRIGGERED and story.mode == Mode.STORY:
        row = acknowledge(incident=row, by=cast.actor(demo, "responder"))
    if row.state == Incident.State.TRIGGERED:
        return None
    at = row.acknowledged_at or row.resolved_at or timezone.now()
    who = row.acknowledged_by or "The portal"
    return Seen(f"{who} is on it.", row.get_absolute_url(), {"acknowledged_at": at})


def ticket(demo: Demo, story: Story) -> Seen | None:
    """A ticket and a page for the same incident, in the stand-ins."""
    row = _incident(story)
    if story.mode == Mode.DRILL:
        return Seen("In a drill, opening a ticket is left to whoever takes part.")
    by = cast.actor(demo, "responder")
    for port, link in ((TicketTracker, tickets.link_ticket), (Pager, tickets.link_alarm)):
        chosen = integrations.connection_for(row.project, port)
        if not row.tickets.filter(connection=chosen).exists():
            link(incident=row, by=by, connection=chosen)
    linked = list(row.tickets.all())
    if not all(each.key and each.url for each in linked):
        return None
    names = " and ".join(each.label or each.key for each in linked)
    return Seen(f"{names} follow the incident in the stand-ins.", linked[0].url)


def runbook(demo: Demo, story: Story) -> Seen | None:
    """What the evidence pack says is to be done; the responder notes which way they go."""
    row = _incident(story)
    piece = row.evidence.filter(kind="runbook").first()
    title, url = (piece.title, piece.url) if piece else ("No runbook fits", row.get_absolute_url())
    title = title.partition(": ")[
        0
    ]  # the document's; which of its sections fits stands on the incident
    if story.mode == Mode.STORY and not row.notes.exists() and row.is_open:
        text = f"Followed: {title}. Next: {remedies.PLANS[Fault(story.fault)]}"
        add_note(incident=row, text=text, by=cast.actor(demo, "responder"))
    return Seen(title, url)


def answer(demo: Demo, story: Story) -> Seen | None:
    """Something is done about it: a rollback, a retrained version, or the source is mended."""
    if story.mode == Mode.DRILL:
        return remedies_of_people(story)
    done = remedies.apply(demo, story)
    if done is None:
        return None
    return Seen(done.text, done.url, {"faulty": done.still_faulty, "mitigated_at": timezone.now()})


def remedies_of_people(story: Story) -> Seen | None:
    """In a drill: another version took over, or somebody resolved the incident."""
    row = _incident(story)
    live = deployment_of(story).releases.live().first()
    assert story.fault_at is not None
    done = {"faulty": False}
    if live is not None and live.live_at is not None and live.live_at > story.fault_at:
        url = deployment_of(story).get_absolute_url()
        text = f"Version {live.version.number} took over."
        return Seen(text, url, {**done, "mitigated_at": live.live_at})
    if not row.is_open:
        at = row.resolved_at or timezone.now()
        return Seen(
            "The incident was resolved.", row.get_absolute_url(), {**done, "mitigated_at": at}
        )
    return None


def recovery(demo: Demo, story: Story) -> Seen | None:
    """Nothing of the deployment fires any more."""
    place = deployment_of(story)
    if _fires(place):
        return None
    url = story.alert.get_absolute_url() if story.alert else place.get_absolute_url()
    return Seen("Every monitor of what the deployment answers is calm again.", url)


def resolved(demo: Demo, story: Story) -> Seen | None:
    """The incident is over, and with it its ticket and its page."""
    row = _incident(story)
    if row.is_open or row.tickets.filter(remote_closed=False, dead_at=None).exists():
        return None
    text = f"Incident #{row.number} is resolved. {row.reason}"
    return Seen(text, row.get_absolute_url())


def _fires(place: Deployment) -> bool:
    """Whether something is wrong with what it answers.

    After a rollback the alias still names the version that was left: whether it follows is for people to
    decide, and the monitor that tells of it is no part of the story.
    """
    told = Alert.objects.firing().filter(deployment=place)
    return told.exclude(monitor__kind=Monitor.Kind.DESIRED_STATE).exists()


def _incident(story: Story) -> Incident:
    assert story.incident_id is not None
    return Incident.objects.select_related("project", "acknowledged_by").get(pk=story.incident_id)


def _monitor(story: Story) -> Monitor | None:
    kind = SEEN_BY[Fault(story.fault)]
    return deployment_of(story).monitors.filter(kind=kind).order_by("pk").first()


STAGES: dict[Stage, Callable[[Demo, Story], Seen | None]] = {
    Stage.CALM: calm,
    Stage.FAULT: fault,
    Stage.ALERT: alert,
    Stage.INCIDENT: incident,
    Stage.ACKNOWLEDGED: acknowledged,
    Stage.TICKET: ticket,
    Stage.RUNBOOK: runbook,
    Stage.ANSWER: answer,
    Stage.RECOVERY: recovery,
    Stage.RESOLVED: resolved,
}
