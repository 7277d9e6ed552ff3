from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from apps.core import access
from apps.core.access import Person, Role
from apps.core.errors import NotFound
from apps.demo.choices import STATUSES, DemoState, Mode, Stage
from apps.demo.models import Demo, DeskTicket, Feed, FeedQuerySet, Scene, Story, StoryQuerySet
from apps.integrations.documents import plain


def demo() -> Demo | None:
    """The demo of this portal, where there is or was one."""
    return Demo.objects.first()


def standing() -> Demo:
    """The demo, for its own jobs."""
    found = demo()
    if found is None:
        raise NotFound(what="demo")
    return found


def may_look(user: Person) -> bool:
    """Whether the demo is any of the person's business: they run the portal, or belong to it."""
    return access.is_site_admin(user) or feeds(user).exists()


def feeds(user: Person) -> FeedQuerySet:
    """The demo's deployments that the person may see."""
    return Feed.objects.visible_to(user).select_related("project", "deployment")


def playable(user: Person) -> FeedQuerySet:
    """Where the person may begin a story: what goes wrong there is theirs to mend."""
    ids = access.project_ids(user, Role.RESPONDER)
    return feeds(user).filter(project_id__in=ids).exclude(deployment=None)


def stories(user: Person) -> StoryQuerySet:
    """The stories that the person may see, newest first."""
    rows = Story.objects.visible_to(user)
    return rows.select_related("project", "feed__deployment", "started_by", "alert", "incident")


def drills(user: Person) -> StoryQuerySet:
    """The drills among them."""
    return stories(user).filter(mode=Mode.DRILL)


def running(story_id: int) -> Story | None:
    """A story that goes on, for its own jobs."""
    rows = Story.objects.running().select_related("feed__deployment", "project")
    return rows.filter(pk=story_id).first()


def desk(user: Person, name: str) -> list[DeskTicket]:
    """The newest tickets of a stand-in."""
    return list(DeskTicket.objects.visible_to(user).filter(desk=name)[:100])


@dataclass(frozen=True, slots=True)
class Line:
    """One stage as the page shows it."""

    stage: Stage
    label: str
    state: str  # done, running, pending, stopped
    scene: Scene | None


def lines(story: Story) -> list[Line]:
    """Every stage of a story: what was seen, what goes on, what is to come."""
    seen = {scene.stage: scene for scene in story.scenes.all()}
    here = "running" if story.state == "running" else story.state
    return [
        Line(stage, str(stage.label), _state(stage, story, seen, here), seen.get(stage))
        for stage in Stage
    ]


def _state(stage: Stage, story: Story, seen: dict[str, Scene], here: str) -> str:
    if stage in seen:
        return "done"
    return here if stage == story.stage else "pending"


@dataclass(frozen=True, slots=True)
class Score:
    """How long each part of a drill took, in seconds; `None` for what did not come."""

    detect: float | None
    acknowledge: float | None
    mitigate: float | None


def score(story: Story) -> Score:
    """The times of a drill, each from the moment the fault began."""

    def since(moment: datetime | None) -> float | None:
        if moment is None or story.fault_at is None:
            return None
        return round(max(0.0, (moment - story.fault_at).total_seconds()), 1)

    return Score(since(story.detected_at), since(story.acknowledged_at), since(story.mitigated_at))


def is_running(found: Demo | None) -> bool:
    """Whether stories can be begun."""
    return found is not None and found.state == DemoState.RUNNING


def statuses(ticket: DeskTicket) -> list[str]:
    """The statuses that a ticket can be moved to."""
    return [name for name in STATUSES[ticket.desk] if name != ticket.status]


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote below a ticket, as plain text."""

    author: str
    text: str
    at: datetime | None


def remarks(ticket: DeskTicket) -> list[Remark]:
    """What was written below a ticket, in its order."""
    return [
        Remark(said["author"], plain(said["body"]), parse_datetime(said["at"]))
        for said in ticket.remarks
    ]


def desk_ticket(pk: int) -> DeskTicket | None:
    """The ticket of a job; `None` where it was forgotten meanwhile."""
    return DeskTicket.objects.filter(pk=pk).first()
