"""Proposals about what serves: the way back, and the way into an environment."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from pydantic import Field

from apps.assistant.proposals.registry import Draft, Kind, Outcome, offer
from apps.assistant.schemas import Arguments
from apps.core.access import Role
from apps.deployments import access as deployments
from apps.deployments import selectors
from apps.deployments import services as releasing
from apps.deployments.errors import NothingToRollBackTo
from apps.models import access as models
from apps.models import services as promoting
from apps.models.models import Alias


class RollBack(Arguments):
    deployment: str = Field(max_length=100, description="The deployment's name in addresses.")
    reason: str = Field("", max_length=300)


class Promote(Arguments):
    version_id: int = Field(ge=1, le=2**63 - 1)
    environment: str = Field(max_length=60)
    note: str = Field("", max_length=300)


def _draft_roll_back(user: AbstractUser, asked: RollBack) -> Draft:
    row = deployments.deployment(user, asked.deployment)
    live, good = selectors.live_release(row), selectors.last_good(row)
    if live is None or good is None:
        raise NothingToRollBackTo(deployment=row.slug)
    place = row.environment.name
    return Draft(
        project=row.project,
        title=f"Roll {row.slug} back to version {good.version.number}",
        plan=(
            f"Release version {good.version.number} of {row.model.name} to {place} again, all at once.",
            f"Keep version {live.version.number} warm until the release is live.",
        ),
        consequence=(
            f"All traffic of {row.slug} in {place} goes from version {live.version.number} "
            f"to version {good.version.number}. A later release undoes it."
        ),
        needed=row.needed,
        state=(live.pk, good.pk, row.releases.in_flight().count()),
        before=f"{row.slug} in {place} serves version {live.version.number} of {row.model.name}",
        after=f"{row.slug} in {place} serves version {good.version.number} of {row.model.name}",
    )


def _roll_back(user: AbstractUser, asked: RollBack) -> Outcome:
    row = deployments.releasable(user, asked.deployment)
    release = releasing.roll_back(deployment=row, by=user, reason=asked.reason)
    return Outcome(f"Release {release.number} is on its way.", row.get_absolute_url())


def _draft_promote(user: AbstractUser, asked: Promote) -> Draft:
    version = models.version(user, asked.version_id)
    place = models.environment(user, version.project, asked.environment)
    here = (
        Alias.objects.filter(model=version.model, name=place.name).select_related("version").first()
    )
    name = version.model.name
    now = (
        f"{place.name} is version {here.version.number} of {name}"
        if here
        else f"{place.name} is empty"
    )
    return Draft(
        project=version.project,
        title=f"Promote version {version.number} of {name} to {place.name}",
        plan=(
            f"Check the gates between version {version.number} and {place.name}.",
            "Wait for an approval where a gate asks for one.",
            f"Move the alias {place.name} to version {version.number}.",
        ),
        consequence=f"Where its gates pass, version {version.number} becomes what {place.name} names.",
        needed=Role.CONTRIBUTOR,
        state=(version.pk, place.pk, here.version_id if here else None),
        before=now,
        after=f"{place.name} is version {version.number} of {name}",
    )


def _promote(user: AbstractUser, asked: Promote) -> Outcome:
    version = models.version(user, asked.version_id, Role.CONTRIBUTOR)
    place = models.environment(user, version.project, asked.environment)
    promotion = promoting.request_promotion(
        version=version, environment=place, by=user, note=asked.note
    )
    return Outcome("Its gates are being checked.", promotion.get_absolute_url())


offer(Kind("roll_back", "Release the last good version of a deployment again.", RollBack,
           _draft_roll_back, _roll_back))  # fmt: skip
offer(Kind("promote", "Ask for a model version to enter an environment.", Promote,
           _draft_promote, _promote))  # fmt: skip
