"""Gates over the data that the version's run read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from pydantic import Field

from apps.models import selectors
from apps.models.gates.kinds import Candidate, Finding, Kind, Settings, register


class DataFresh(Settings):
    """The newest data of the run was first read not long ago."""

    days: int = Field(ge=1, le=3650, description="How old the newest data of the run may be.")
    context: str = Field(
        default="",
        max_length=100,
        description="What it was read for: training, for example. Empty: for anything.",
    )

    def said(self) -> str:
        return f"data not older than {self.days} days"


def data_fresh(candidate: Candidate, settings: DataFresh) -> Finding:
    """Look when the portal first saw the data sets that the run names."""
    evidence: dict[str, Any] = settings.model_dump()
    run = candidate.version.run
    wanted = [each for each in (run.inputs if run else []) if _fits(each, settings.context)]
    found = selectors.datasets_read(candidate.version.project_id, wanted)
    if not found:
        return Finding(False, "Its run names no data that it read.", evidence)
    newest = max(found, key=lambda each: each.seen_at)
    evidence |= {"dataset": newest.pk, "first_seen": newest.seen_at.isoformat()}
    age = timezone.now() - newest.seen_at
    passed = age <= timedelta(days=settings.days)
    relation = "within" if passed else "older than"
    sentence = (
        f"{newest.name[:100]} was first read {age.days} days ago, {relation} {settings.days} days."
    )
    return Finding(passed, sentence, evidence)


def _fits(told: dict[str, Any], context: str) -> bool:
    return not context or told.get("context") == context


register(
    Kind(
        "data_fresh",
        "Fresh data",
        "The newest data that the run read was first seen not longer ago than some days.",
        DataFresh,
        data_fresh,
    )
)
