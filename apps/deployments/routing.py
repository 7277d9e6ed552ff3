"""The gateway's routing table, as the database has it: what is ready, and its share of the traffic."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from apps.deployments import selectors
from apps.deployments.configs import Limits
from apps.deployments.gateway.routes import Route, Target
from apps.deployments.models import Release, Replica

State = Release.State
_TAKING_PART = Q(release__state=State.LIVE) | Q(
    release__state__in=[State.MOVING, State.PAUSED], release__share__gt=0
)


def routes() -> list[Route]:
    """One route for each deployment with a model server that is ready.

    The release under way gets its share, the live one the rest; replicas of a release share evenly.
    """
    ready = Replica.objects.filter(
        _TAKING_PART | Q(release__shadow=True, release__state__in=Release.IN_FLIGHT),
        state=Replica.State.READY,
        port__isnull=False,  # a target that is only observed gets no traffic from here
        retired_at=None,
        release__deployment__retired_at=None,
    ).select_related("release__version__model", "release__deployment")
    found: dict[int, list[Replica]] = defaultdict(list)
    for replica in ready:
        found[replica.release.deployment_id].append(replica)
    # Limits of a request hold at once: they are those in force, not those of the release.
    in_force = selectors.configs(list(found))
    return [_route(replicas, in_force[pk].limits) for pk, replicas in found.items()]


def _route(replicas: list[Replica], limits: Limits) -> Route:
    deployment = replicas[0].release.deployment
    open_to_all = [row for row in replicas if not row.release.shadow]
    share = max((row.release.share for row in open_to_all if _is_moving(row)), default=0)
    return Route(
        slug=deployment.slug,
        deployment_id=deployment.pk,
        project_id=deployment.project_id,
        targets=tuple(_targets(open_to_all, share)),
        shadows=tuple(_target(row, 1.0) for row in replicas if row.release.shadow),
        timeout_seconds=limits.timeout_seconds,
        requests_per_second=limits.requests_per_second,
        model=replicas[0].release.version.model.name,
    )


def _is_moving(replica: Replica) -> bool:
    return replica.release.state != State.LIVE


def _targets(replicas: list[Replica], share: int) -> Iterable[Target]:
    moving = [row for row in replicas if _is_moving(row)]
    for row in replicas:
        among = moving if _is_moving(row) else [each for each in replicas if not _is_moving(each)]
        part = share if _is_moving(row) else 100 - share
        yield _target(row, part / len(among))


def _target(replica: Replica, weight: float) -> Target:
    release = replica.release
    return Target(
        release_id=release.pk,
        version=str(release.version.number),
        host=replica.host,
        port=replica.port or 0,
        weight=weight,
        replica_id=replica.pk,
    )
