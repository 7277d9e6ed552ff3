"""From a release to the workload that a target is asked for."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings

from apps.deployments import selectors
from apps.deployments.configs import Config
from apps.deployments.models import Release
from apps.integrations.ports import Workload

MODULE = "apps.deployments.server"
PORT = 8080
LONGEST_SLUG = 40
FOLDER = "/data/models"


def name_of(release: Release) -> str:
    """What a release's workload is called: a DNS label that begins with a letter."""
    return f"m-{release.deployment.slug[:LONGEST_SLUG].strip('-')}-{release.pk}"


def workload(release: Release, name: str = "") -> Workload:
    """The model servers of a release, with the configuration that it was made with.

    A rollback may take over the servers of an earlier release; their name stays what it was.
    """
    config = selectors.config_of(release)
    version = release.version
    return Workload(
        name=name or name_of(release),
        model=version.model.name,
        version=str(version.number),
        image=config.runtime.image,
        command=_command(release, name or name_of(release)),
        environ=_environ(release, config),
        labels=_labels(release),
        port=PORT,
        replicas=config.replicas,
        most_replicas=config.most_replicas if config.most_replicas > config.replicas else 0,
        memory_mb=config.limits.memory_mb,
        cpu=config.runtime.cpu,
        namespace=config.runtime.namespace,
    )


def _command(release: Release, name: str) -> tuple[str, ...]:
    version = release.version
    options = {
        "uri": f"models:/{version.model.name}/{version.number}",
        "folder": f"{FOLDER}/{version.pk}",
        "host": "0.0.0.0",  # noqa: S104  the container's own network
        "port": str(PORT),
        "name": version.model.name,
        "version": str(version.number),
        "replica": name,
    }
    flags = [word for key, value in options.items() for word in (f"--{key}", value)]
    return ("python", "-m", MODULE, *flags)


def _environ(release: Release, config: Config) -> dict[str, str]:
    threads = str(config.limits.threads)
    return {
        "MLFLOW_TRACKING_URI": f"{settings.PUBLIC_URL}/mlflow",
        "MLFLOW_WORKSPACE": release.deployment.project.slug,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # The server asks nothing of these; its process shares the portal's settings module.
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
    }


def _labels(release: Release) -> dict[str, str]:
    portal = re.sub(r"[^\w.-]", "-", urlsplit(settings.PUBLIC_URL).netloc)[:63].strip("-._")
    deployment = release.deployment
    return {
        "signalbox/portal": portal,
        "signalbox/project": deployment.project.slug,
        "signalbox/deployment": deployment.slug,
        "signalbox/release": str(release.number),
    }
