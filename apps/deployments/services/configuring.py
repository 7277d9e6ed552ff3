from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.core import events
from apps.deployments import configurations
from apps.deployments.configs import Config
from apps.deployments.errors import ConfigurationChanged, DeploymentRetired
from apps.deployments.events import DeploymentConfigured
from apps.deployments.models import Configuration, Deployment
from apps.deployments.services.scaling import fit
from apps.deployments.services.telling import routes_changed
from apps.ledger.services import record


@transaction.atomic
def configure(
    *,
    deployment: Deployment,
    config: Config,
    based_on: int | None,
    by: AbstractUser,
    note: str = "",
) -> Configuration | None:
    """Keep another configuration; `None` where nothing differs.

    `based_on` is the number of the one that the person saw: refused where there is a newer one.
    """
    # Lock the deployment, so that two editors cannot both build on the same state.
    row = Deployment.objects.select_for_update().get(pk=deployment.pk)
    stand = configurations.current(row)
    if row.is_retired:
        raise DeploymentRetired(deployment=row.slug)
    if based_on not in (None, stand.number):
        raise ConfigurationChanged(deployment=row.slug, number=stand.number, based_on=based_on)
    changed = configurations.changes(stand.config, config)
    if not changed:
        return None
    made = Configuration.objects.create(
        deployment=row,
        number=stand.number + 1,
        body=config.model_dump(mode="json"),
        note=note.strip()[:500],
        by_id=by.pk,
    )
    paths = [change.path for change in changed]
    _apply(row, config, tuple(change.path for change in changed if change.at_once))
    record(
        actor=by,
        verb="deployments.configured",
        subject=row,
        project_id=row.project_id,
        data={"configuration": made.number, "changed": paths},
    )
    return made


def restore(
    *, deployment: Deployment, number: int, based_on: int | None, by: AbstractUser
) -> Configuration | None:
    """Bring an earlier configuration back, as a new one."""
    earlier = configurations.numbered(deployment, number)
    return configure(
        deployment=deployment,
        config=earlier.config,
        based_on=based_on,
        by=by,
        note=f"Back to {earlier.name.lower()}",
    )


def scale(
    *, deployment: Deployment, replicas: int, by: AbstractUser, note: str = ""
) -> Configuration | None:
    """Run this many model servers from now on."""
    config = configurations.current(deployment).config.model_copy(update={"replicas": replicas})
    return configure(
        deployment=deployment,
        config=config,
        based_on=None,
        by=by,
        note=note or f"{replicas} replicas",
    )


def _apply(deployment: Deployment, config: Config, at_once: tuple[str, ...]) -> None:
    """Let what holds at once hold now."""
    if "replicas" in at_once:
        fit(deployment=deployment, count=config.replicas)
    routes_changed(deployment)
    events.publish(DeploymentConfigured(deployment_id=deployment.pk, at_once=at_once))
