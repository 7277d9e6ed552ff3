"""The port `ClusterRuntime` on any cluster that speaks Kubernetes' API."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Literal, TypeVar
from urllib.parse import quote

from pydantic import Field

from apps.core.errors import Invalid
from apps.integrations.base import Connector
from apps.integrations.clusters import manifests, reading
from apps.integrations.clusters.api import SERVICE, Api
from apps.integrations.clusters.logs import ago, newer
from apps.integrations.clusters.settings import HostConfig, image_of
from apps.integrations.clusters.shapes import Json, items, number, part, text
from apps.integrations.errors import NotOurs
from apps.integrations.ports import LogPart, Observed, Server, Workload

KSERVE = "apis/serving.kserve.io/v1beta1"
RESTARTED = "kubectl.kubernetes.io/restartedAt"
HANDED_OVER = "signalbox-to-autoscaler"
KSERVE_PORT = 80
LINES, LOG_BYTES = 500, 1_000_000


class ClusterConfig(HostConfig):
    """Where in a cluster model servers may run, and how the gateway reaches them."""

    namespaces: tuple[str, ...] = Field(
        default=("default",),
        min_length=1,
        description="Where deployments may run, one per line.",
    )
    kind: Literal["deployment", "kserve"] = Field(
        default="deployment",
        description="kserve: InferenceServices, where the cluster knows them.",
    )
    reach: Literal["pods", "service", "load_balancer"] = Field(
        default="pods",
        title="Reached by",
        description="pods or service: the gateway stands in the cluster's network.",
    )


C = TypeVar("C", bound=ClusterConfig)


class Cluster(Connector[C]):
    """Deployments, Services and autoscalers by server-side apply; or KServe's InferenceServices."""

    @cached_property
    def api(self) -> Api:
        return Api(self.http)

    def check(self) -> str:
        version = text(self.api.get("version"), "gitVersion")
        lacking = [name for name in self.config.namespaces if not self._may_deploy(name)]
        if lacking:
            named = ", ".join(lacking)
            raise Invalid(field="namespaces", reason=f"the account may not deploy in {named}.")
        if self.config.kind == "kserve" and self.api.find(KSERVE) is None:
            raise Invalid(field="kind", reason="the cluster does not know KServe's kinds.")
        return f"Kubernetes {version}; may deploy in {', '.join(self.config.namespaces)}."

    def apply(self, workload: Workload, *, force: bool = False) -> None:
        image = image_of(self.config, workload)
        found = self._ours(workload)
        token = self.config.portal_token.get_secret_value()
        made = manifests.secret(workload, token)
        self.api.apply(
            _core(workload, "secrets", manifests.secret_name(workload)), made, force=force
        )
        if self.config.kind == "kserve":
            made = manifests.inference_service(workload, image)
            self.api.apply(self._main(workload), made, force=force)
            return
        self._apply_deployment(workload, manifests.deployment(workload, image), found, force)
        kind = "LoadBalancer" if self.config.reach == "load_balancer" else "ClusterIP"
        made = manifests.service(workload, kind=kind)
        self.api.apply(_core(workload, "services", workload.name), made, force=force)
        if workload.most_replicas:
            self.api.apply(_autoscaler(workload), manifests.autoscaler(workload), force=force)

    def _apply_deployment(
        self, workload: Workload, manifest: Json, found: Json | None, force: bool
    ) -> None:
        """The number of replicas changes hands between us and the autoscaler without a dip."""
        path = self._main(workload)
        scaled = found is not None and self.api.find(_autoscaler(workload)) is not None
        if scaled and not workload.most_replicas:
            self.api.delete(_autoscaler(workload))
            force = True  # the number was the autoscaler's because we said so
        if found is not None and workload.most_replicas and not scaled:
            now = {"replicas": number(part(found, "spec"), "replicas", 1)}
            kept = {name: manifest[name] for name in ("apiVersion", "kind")}
            named = {"metadata": {"name": workload.name}, "spec": now}
            self.api.apply(path, {**kept, **named}, force=True, owner=HANDED_OVER)
        self.api.apply(path, manifest, force=force)

    def observe(self, workload: Workload) -> Observed | None:
        found = self.api.find(self._main(workload))
        if found is None or not _is_ours(found, workload):
            return None
        selector = f"{manifests.INSTANCE}={workload.name}"
        pods = self.api.all_of(_core(workload, "pods"), labelSelector=selector)
        servers = reading.servers(pods, host=self._host(workload), port=self._port(workload))
        if self.config.kind == "kserve":
            return _observed_predictor(found, servers)
        spec = part(found, "spec")
        scaled = reading.autoscaled(self.api.find(_autoscaler(workload)))
        least, most = scaled or (number(spec, "replicas", 1), 0)
        template = part(spec, "template", "spec")
        return reading.observed(template, servers=servers, replicas=least, most_replicas=most)

    def restart(self, workload: Workload) -> None:
        self._ours(workload)
        moment = {"annotations": {RESTARTED: datetime.now(UTC).isoformat(timespec="milliseconds")}}
        inside = {"template": {"metadata": moment}}
        kserve = self.config.kind == "kserve"
        self.api.merge(self._main(workload), {"spec": {"predictor": moment} if kserve else inside})

    def remove(self, workload: Workload) -> None:
        found = self.api.find(self._main(workload))
        if found is not None and not _is_ours(found, workload):
            return
        for path in (
            *([] if self.config.kind == "kserve" else [_autoscaler(workload)]),
            self._main(workload),
            _core(workload, "services", workload.name),
            _core(workload, "secrets", manifests.secret_name(workload)),
        ):
            self.api.delete(path)

    def logs(self, workload: Workload, handle: str, *, since: str = "") -> LogPart:
        path = f"{_core(workload, 'pods', handle)}/log"
        told = self.api.text(
            path,
            timestamps="true",
            sinceSeconds=ago(since) if since else None,
            tailLines=None if since else LINES,
            limitBytes=LOG_BYTES,
        )
        return newer(told.splitlines(), since)

    def _may_deploy(self, namespace: str) -> bool:
        kserve = self.config.kind == "kserve"
        group = "serving.kserve.io" if kserve else "apps"
        resource = "inferenceservices" if kserve else "deployments"
        return self.api.may("patch", group=group, resource=resource, namespace=namespace)

    def _main(self, workload: Workload) -> str:
        """The object that stands for the whole workload."""
        if workload.namespace not in self.config.namespaces:
            reason = f"the connection allows {', '.join(self.config.namespaces)}."
            raise Invalid(field="namespace", reason=reason)
        if self.config.kind == "kserve":
            return f"{KSERVE}/namespaces/{workload.namespace}/inferenceservices/{workload.name}"
        return f"apis/apps/v1/namespaces/{workload.namespace}/deployments/{workload.name}"

    def _ours(self, workload: Workload) -> Json | None:
        """What runs already; server-side apply would mix into whatever else has the name."""
        found = self.api.find(self._main(workload))
        if found is not None and not _is_ours(found, workload):
            raise NotOurs(service=SERVICE, name=workload.name)
        return found

    def _port(self, workload: Workload) -> int:
        behind = self.config.kind == "kserve" and self.config.reach != "pods"
        return KSERVE_PORT if behind else workload.port

    def _host(self, workload: Workload) -> str:
        if self.config.reach == "pods":
            return ""
        suffix = "-predictor" if self.config.kind == "kserve" else ""
        if self.config.reach == "service":
            return f"{workload.name}{suffix}.{workload.namespace}.svc"
        found = self.api.find(_core(workload, "services", f"{workload.name}{suffix}"))
        given = items(part(found, "status", "loadBalancer"), "ingress")
        return text(given[0], "hostname") or text(given[0], "ip") if given else ""


def _observed_predictor(found: Json, servers: tuple[Server, ...]) -> Observed:
    predictor = part(found, "spec", "predictor")
    least = number(predictor, "minReplicas", 1)
    most = number(predictor, "maxReplicas", least)
    most = most if most > least else 0
    return reading.observed(predictor, servers=servers, replicas=least, most_replicas=most)


def _is_ours(found: Json, workload: Workload) -> bool:
    given = part(found, "metadata", "labels")
    portal = workload.labels.get(manifests.PORTAL)
    return given.get(manifests.MANAGED) == manifests.US and given.get(manifests.PORTAL) == portal


def _core(workload: Workload, kind: str, name: str = "") -> str:
    path = f"api/v1/namespaces/{quote(workload.namespace)}/{kind}"
    return f"{path}/{quote(name, safe='')}" if name else path


def _autoscaler(workload: Workload) -> str:
    inside = f"namespaces/{workload.namespace}/horizontalpodautoscalers/{workload.name}"
    return f"apis/autoscaling/v1/{inside}"
