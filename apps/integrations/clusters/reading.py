"""From a cluster's objects to what is observed, in the workload's own words."""

from __future__ import annotations

from collections.abc import Iterator

from apps.integrations.clusters.manifests import TOKEN
from apps.integrations.clusters.quantities import cores, megabytes
from apps.integrations.clusters.shapes import Json, items, number, part, strings, text
from apps.integrations.ports import Observed, Server

LABEL = "app.kubernetes.io/version"


def observed(
    pod: Json, *, servers: tuple[Server, ...], replicas: int, most_replicas: int
) -> Observed:
    """What a pod's template asks for; its first container is the model server."""
    found = items(pod, "containers")
    container = found[0] if found else {}
    limits, requests = (
        part(container, "resources", "limits"),
        part(container, "resources", "requests"),
    )
    return Observed(
        servers=servers,
        replicas=replicas,
        most_replicas=most_replicas,
        image=text(container, "image"),
        command=strings(container, "args"),
        environ=dict(_environ(container)),
        memory_mb=megabytes(str(limits.get("memory", ""))),
        cpu=cores(str(requests.get("cpu", ""))),
    )


def _environ(container: Json) -> Iterator[tuple[str, str]]:
    for variable in items(container, "env"):
        name = text(variable, "name")
        if name != TOKEN:
            plain = "valueFrom" not in variable
            yield name, text(variable, "value") if plain else "(from an object of the cluster)"


def servers(pods: list[Json], *, host: str, port: int) -> tuple[Server, ...]:
    """The pods that stay, oldest first; at their own address where `host` is empty."""
    staying = [pod for pod in pods if not text(part(pod, "metadata"), "deletionTimestamp")]
    staying.sort(key=lambda pod: (_created(pod), text(part(pod, "metadata"), "name")))
    return tuple(
        Server(
            handle=text(part(pod, "metadata"), "name"),
            ready=_is_ready(pod),
            host=host or text(part(pod, "status"), "podIP"),
            port=port,
            note=_trouble(pod),
        )
        for pod in staying
    )


def _created(pod: Json) -> str:
    return text(part(pod, "metadata"), "creationTimestamp")


def _is_ready(pod: Json) -> bool:
    found = items(part(pod, "status"), "conditions")
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in found)


def _trouble(pod: Json) -> str:
    """Why a pod does not run: its container's reason, else that of the scheduler."""
    for container in items(part(pod, "status"), "containerStatuses"):
        waiting = part(container, "state", "waiting") or part(container, "state", "terminated")
        if reason := text(waiting, "reason"):
            return f"{reason}: {text(waiting, 'message')}"[:300].removesuffix(": ")
    for condition in items(part(pod, "status"), "conditions"):
        if condition.get("status") == "False" and text(condition, "message"):
            return text(condition, "message")[:300]
    return ""


def autoscaled(autoscaler: Json | None) -> tuple[int, int] | None:
    """Fewest and most replicas, where the cluster scales."""
    if autoscaler is None:
        return None
    spec = part(autoscaler, "spec")
    return number(spec, "minReplicas", 1), number(spec, "maxReplicas")
