"""From a workload to the objects that a cluster is given."""

from __future__ import annotations

from base64 import b64encode

from apps.integrations.clusters.shapes import Json
from apps.integrations.ports import Workload

MANAGED = "app.kubernetes.io/managed-by"
INSTANCE = "app.kubernetes.io/instance"
PORTAL = "signalbox/portal"
US = "signalbox"
CONTAINER = "model"
TOKEN = "MLFLOW_TRACKING_TOKEN"  # noqa: S105  the name of a variable
FILES = "/data"
USER = 10001  # whom the image runs as
BUSY_PERCENT = 70
START_SECONDS, LOOK_SECONDS = 900, 5


def labels(workload: Workload) -> dict[str, str]:
    """Who owns it, and what it is."""
    return {
        **workload.labels,
        "app.kubernetes.io/name": "model-server",
        "app.kubernetes.io/version": workload.version,
        INSTANCE: workload.name,
        MANAGED: US,
    }


def secret_name(workload: Workload) -> str:
    return f"{workload.name}-portal"


def secret(workload: Workload, token: str) -> Json:
    """The portal's token, where the model servers find it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": _metadata(workload, secret_name(workload)),
        "type": "Opaque",
        "data": {TOKEN: b64encode(token.encode()).decode()},
    }


def deployment(workload: Workload, image: str) -> Json:
    """The model servers. Where the cluster scales them, their number is the autoscaler's."""
    number = {} if workload.most_replicas else {"replicas": workload.replicas}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(workload),
        "spec": {
            **number,
            "selector": {"matchLabels": {INSTANCE: workload.name}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": labels(workload)},
                "spec": pod(workload, image, container=CONTAINER),
            },
        },
    }


def pod(workload: Workload, image: str, *, container: str) -> Json:
    """One model server without rights: no root, no token of the cluster, no further capability."""
    return {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(workload, image, container)],
        "volumes": [{"name": "files", "emptyDir": {}}],
    }


def _container(workload: Workload, image: str, name: str) -> Json:
    probe = {"httpGet": {"path": "/ping", "port": workload.port}}
    environ = [{"name": key, "value": value} for key, value in workload.environ.items()]
    named = {"name": secret_name(workload), "key": TOKEN}
    return {
        "name": name,
        "image": image,
        "args": list(workload.command),
        "ports": [{"name": "http1", "containerPort": workload.port, "protocol": "TCP"}],
        "env": [*environ, {"name": TOKEN, "valueFrom": {"secretKeyRef": named}}],
        "resources": resources(workload),
        # The first start fetches the model's files; only then does a silent server count as dead.
        "startupProbe": {
            **probe,
            "periodSeconds": LOOK_SECONDS,
            "failureThreshold": START_SECONDS // LOOK_SECONDS,
        },
        "readinessProbe": {**probe, "periodSeconds": LOOK_SECONDS, "failureThreshold": 2},
        "livenessProbe": {**probe, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 6},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "files", "mountPath": FILES}],
    }


def resources(workload: Workload) -> Json:
    """Memory is reserved and limited; cores are reserved, so that an idle node may lend more."""
    memory = {"memory": f"{workload.memory_mb}Mi"} if workload.memory_mb else {}
    cpu = {"cpu": workload.cpu} if workload.cpu else {}
    found = {"requests": {**memory, **cpu}, "limits": memory}
    return {name: value for name, value in found.items() if value}


def service(workload: Workload, *, kind: str) -> Json:
    """One address for the model servers."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(workload),
        "spec": {
            "type": kind,
            "selector": {INSTANCE: workload.name},
            "ports": [
                {
                    "name": "http",
                    "port": workload.port,
                    "targetPort": workload.port,
                    "protocol": "TCP",
                }
            ],
        },
    }


def autoscaler(workload: Workload) -> Json:
    """Between the replicas and the most replicas, by how busy the cores are."""
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(workload),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": workload.name,
            },
            "minReplicas": workload.replicas,
            "maxReplicas": workload.most_replicas,
            "targetCPUUtilizationPercentage": BUSY_PERCENT,
        },
    }


def inference_service(workload: Workload, image: str) -> Json:
    """KServe's own kind, with the same model server inside."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            **_metadata(workload),
            "annotations": {"serving.kserve.io/deploymentMode": "RawDeployment"},
        },
        "spec": {
            "predictor": {
                "minReplicas": workload.replicas,
                "maxReplicas": max(workload.replicas, workload.most_replicas),
                **pod(workload, image, container="kserve-container"),
            }
        },
    }


def _metadata(workload: Workload, name: str = "") -> Json:
    return {
        "name": name or workload.name,
        "namespace": workload.namespace,
        "labels": labels(workload),
    }
