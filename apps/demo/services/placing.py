"""The way of a version into production, with the people who go it. Each verb is safe to run twice."""

from __future__ import annotations

from apps.accounts.models import User
from apps.deployments.configs import Strategy
from apps.deployments.models import Deployment, Release
from apps.deployments.services import request_release
from apps.models.choices import PromotionState
from apps.models.models import ModelVersion, Promotion
from apps.models.services import approve, request_promotion
from apps.projects.models import Environment

WAY = (
    PromotionState.CHECKING,
    PromotionState.WAITING,
    PromotionState.APPROVED,
    PromotionState.DONE,
)
Strayed = Release.State


def promotion_of(*, version: ModelVersion, environment: Environment) -> Promotion | None:
    """The newest promotion of the version into the environment that did not fail."""
    rows = Promotion.objects.filter(version=version, environment=environment, state__in=WAY)
    return rows.order_by("-pk").first()


def ask(*, version: ModelVersion, environment: Environment, by: User, note: str) -> Promotion:
    """Have the version asked for."""
    present = promotion_of(version=version, environment=environment)
    return present or request_promotion(version=version, environment=environment, by=by, note=note)


def is_promoted(*, promotion: Promotion, by: User, note: str) -> bool:
    """Let a second person approve as soon as the gates have answered; whether the version is there."""
    promotion.refresh_from_db()
    if promotion.state == PromotionState.WAITING:
        approve(promotion=promotion, by=by, note=note)
    return promotion.state == PromotionState.DONE


def release_of(*, deployment: Deployment, version: ModelVersion) -> Release | None:
    """The newest release of the version that did not go wrong."""
    wrong = (Strayed.FAILED, Strayed.ABORTED)
    rows = deployment.releases.filter(version=version).exclude(state__in=wrong)
    return rows.order_by("-pk").first()


def release(
    *, deployment: Deployment, version: ModelVersion, by: User, strategy: Strategy, reason: str
) -> Release:
    """Have the version released."""
    present = release_of(deployment=deployment, version=version)
    return present or request_release(
        deployment=deployment, version=version, by=by, reason=reason, strategy=strategy
    )
