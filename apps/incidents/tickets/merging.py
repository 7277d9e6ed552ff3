"""Which side is behind: one field of both sides against what they last agreed on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from apps.integrations.ports import Phase

FORWARD = (Phase.OPEN, Phase.WORKING, Phase.DONE)


class Verdict(StrEnum):
    """What has to happen to a field."""

    SAME = "same"
    PUSH = "push"
    PULL = "pull"
    CONFLICT = "conflict"
    APART = "apart"  # one side holds what the other has no word for


@dataclass(frozen=True, slots=True)
class Sides:
    """A field on both sides: as each says it, and as the other would; `None` where it has no word."""

    ours: str
    theirs: str
    ours_there: str | None
    theirs_here: str | None
    agreed: tuple[str | None, str | None]

    @property
    def same(self) -> bool:
        return self.ours_there == self.theirs or self.theirs_here == self.ours

    @property
    def changed_here(self) -> bool:
        return self.ours != self.agreed[0]

    @property
    def changed_there(self) -> bool:
        return self.theirs != self.agreed[1]


def judge(sides: Sides) -> Verdict:
    """The side that changed tells the other; where both did, a person decides."""
    if sides.same:
        return Verdict.SAME
    match sides.changed_here, sides.changed_there:
        case True, True:
            return Verdict.CONFLICT
        case False, True:
            return Verdict.APART if sides.theirs_here is None else Verdict.PULL
        case _:
            # Neither changed and yet they differ: the mapping did, and the portal's word counts.
            return Verdict.APART if sides.ours_there is None else Verdict.PUSH


def judge_phase(sides: Sides) -> Verdict:
    """As any field; where both moved forward, the one that went further says nothing against the other."""
    found = judge(sides)
    before = sides.agreed[0]
    if found != Verdict.CONFLICT or before is None or sides.theirs_here is None:
        return found
    start, ours, theirs = (_rank(each) for each in (before, sides.ours, sides.theirs_here))
    if min(ours, theirs) <= start:
        return found
    return Verdict.PUSH if ours > theirs else Verdict.PULL


def _rank(phase: str) -> int:
    return FORWARD.index(Phase(phase))
