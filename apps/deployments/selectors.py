from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet, Subquery

from apps.accounts.models import User
from apps.accounts.selectors import user_of_token
from apps.core import access
from apps.core.access import Person, Role
from apps.deployments.configs import Config, Strategy, running
from apps.deployments.models import (
    Configuration,
    Deployment,
    DeploymentQuerySet,
    Judgement,
    Release,
    ReleaseQuerySet,
    Replica,
    ServedSpan,
)
from apps.models.choices import PromotionState
from apps.models.models import Alias, ModelVersion, Promotion, RegisteredModel
from apps.projects.models import Environment

MOST_ANSWERING = 500  # deployments of which a home page picks


def deployments(user: Person) -> DeploymentQuerySet:
    """What the person may see, each with its live release in `live`."""
    live = Release.objects.live().select_related("version")
    return (
        Deployment.objects.visible_to(user)
        .select_related("project", "environment", "model")
        .prefetch_related(Prefetch("releases", queryset=live, to_attr="live"))
    )


def found(user: Person, *, words: str = "", state: str = "") -> DeploymentQuerySet:
    """What the list shows: `state` is retired, all, or in use where it is empty."""
    rows = deployments(user).filter(slug__icontains=words)
    return rows if state == "all" else rows.filter(retired_at__isnull=state != "retired")


def answering(user: Person) -> list[Deployment]:
    """The deployments in use that have something live, in the order of their names."""
    rows = deployments(user).filter(retired_at=None, releases__state=Release.State.LIVE)
    return list(rows.order_by("slug").distinct()[:MOST_ANSWERING])


def retired_lately(user: Person, since: datetime) -> DeploymentQuerySet:
    """What was taken out of use since then, newest first: the notice to who calls it."""
    gone = Deployment.objects.visible_to(user).filter(retired_at__gte=since)
    return gone.select_related("project").order_by("-retired_at")


def standing(deployment: Deployment) -> ReleaseQuerySet:
    """The live release, the one under way, and where a rollback would lead: what a page says of now."""
    live = deployment.releases.live()
    earlier = deployment.releases.filter(
        state=Release.State.SUPERSEDED, live_at__lt=Subquery(live.values("live_at"))
    ).exclude(version_id=Subquery(live.values("version_id")))
    good = Subquery(earlier.order_by("-live_at").values("pk")[:1])
    busy = Q(state__in=[Release.State.LIVE, *Release.IN_FLIGHT])
    return deployment.releases.filter(busy | Q(pk=good)).select_related(
        "version__model", "requested_by", "wished_by", "span__approved_by"
    )


def judgements(release: Release) -> QuerySet[Judgement]:
    """What the judge found of a release, newest first."""
    return release.judgements.all()


def drawn(deployment: Deployment, since: datetime) -> ReleaseQuerySet:
    """The releases that may have been asked something since then, newest first."""
    busy = Q(state__in=[Release.State.LIVE, *Release.IN_FLIGHT])
    return deployment.releases.filter(busy | Q(ended_at__gte=since)).select_related("version")


def releases(user: Person) -> ReleaseQuerySet:
    """What the person may see, newest first."""
    found = Release.objects.visible_to(user)
    return found.select_related("deployment", "version__model", "requested_by")


def serving(model: RegisteredModel) -> ReleaseQuerySet:
    """The releases of the model that answer now."""
    found = Release.objects.live().filter(version__model=model)
    return found.select_related("deployment__environment", "version")


def live_release(deployment: Deployment) -> Release | None:
    """The release that answers now."""
    return deployment.releases.live().select_related("version__model").first()


def approver(release: Release) -> User | None:
    """Who had approved the version of a release when it went live."""
    span = ServedSpan.objects.filter(release=release).select_related("approved_by").first()
    return span.approved_by if span else None


def promised(deployment: Deployment) -> int | None:
    """The version that the alias named like the deployment's environment points at."""
    alias = Alias.objects.filter(model=deployment.model_id, name=deployment.environment.name)
    return alias.values_list("version__number", flat=True).first()


def using(versions: Sequence[ModelVersion]) -> list[Release]:
    """The releases that serve one of these versions now, or are about to."""
    busy = [Release.State.LIVE, *Release.IN_FLIGHT]
    found = Release.objects.filter(version__in=versions, state__in=busy)
    return list(found.select_related("deployment").order_by("pk"))


def replicas(deployment: Deployment) -> QuerySet[Replica]:
    """The model servers that run for the deployment, or should."""
    found = Replica.objects.filter(release__deployment=deployment, retired_at=None)
    return found.select_related("release__version").order_by("pk")


def last_good(deployment: Deployment) -> Release | None:
    """Where a rollback of the deployment would lead."""
    live = live_release(deployment)
    return good_before(live) if live else None


def good_before(release: Release) -> Release | None:
    """The release of another version that was live before this one and was not rolled back."""
    earlier = Release.objects.filter(
        deployment_id=release.deployment_id,
        state=Release.State.SUPERSEDED,
        live_at__lt=release.live_at,
    ).exclude(version_id=release.version_id)
    joined = earlier.select_related("version__model", "version__run", "deployment")
    return joined.order_by("-live_at").first()


def releases_between(deployment: Deployment, since: datetime, until: datetime) -> QuerySet[Release]:
    """The releases that went live in a window, newest first."""
    found = deployment.releases.filter(live_at__gte=since, live_at__lt=until)
    return found.select_related("version__model").order_by("-live_at")


def promotion_of(version: ModelVersion, environment: Environment) -> Promotion | None:
    """The promotion by which the version entered the environment, the last time it did."""
    done = Promotion.objects.filter(
        version=version, environment=environment, state=PromotionState.DONE
    )
    return done.select_related("decision__by").order_by("-pk").first()


def may_call(token: str, project_id: int) -> bool:
    """Whether the bearer of a token may call deployments of the project."""
    found = user_of_token(token)
    return found is not None and access.allows(found[0], project_id, Role.VIEWER)


def config(deployment: Deployment) -> Config:
    """The configuration in force: the newest row, or the defaults."""
    newest = deployment.configurations.first()
    return Config.model_validate(newest.body if newest else {})


def configs(deployment_ids: Sequence[int]) -> dict[int, Config]:
    """The configuration in force of each deployment."""
    rows = Configuration.objects.filter(deployment_id__in=deployment_ids)
    newest = rows.order_by("deployment_id", "-number").distinct("deployment_id")
    bodies = dict(newest.values_list("deployment_id", "body"))
    return {pk: Config.model_validate(bodies.get(pk, {})) for pk in deployment_ids}


def config_of(release: Release) -> Config:
    """What the release runs with: the configuration it was made with, but for what holds at once."""
    row = release.configuration
    made = Config.model_validate(row.body if row else {})
    return running(made, configs([release.deployment_id])[release.deployment_id])


def strategy_of(release: Release) -> Strategy:
    """How the traffic moves to the release, as it stood when it was asked for."""
    return Strategy.model_validate(release.strategy)
