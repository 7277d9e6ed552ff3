"""Docker against a real engine, where DOCKER_ENGINE names its address (http://127.0.0.1:2375).

It needs a busybox at BUSYBOX (statically linked) for an image of its own.
"""

from __future__ import annotations

import io
import os
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import Conflict
from apps.core.http import Http
from apps.integrations.connectors.docker import Docker
from apps.integrations.errors import WrongAtService
from apps.integrations.ports import Observed
from tests.integrations.connectors.test_kubernetes import SECRET, WORKLOAD

ENGINE, BUSYBOX = os.environ.get("DOCKER_ENGINE", ""), Path(os.environ.get("BUSYBOX", ""))
IMAGE = "models/stand-in:1"
SERVED = replace(
    WORKLOAD, command=("sh", "-c", "echo loaded; exec sleep 600"), memory_mb=64, cpu=""
)

pytestmark = pytest.mark.skipif(
    not (ENGINE and BUSYBOX.is_file()), reason="no real engine: set DOCKER_ENGINE and BUSYBOX"
)


def image() -> bytes:
    """A root with a shell, and a `python` that finds everything well."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        folder = tarfile.TarInfo("bin")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        tar.add(BUSYBOX, "bin/busybox")
        for name in ("sh", "sleep", "echo"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        script = b"#!/bin/sh\nexit 0\n"
        told = tarfile.TarInfo("bin/python")
        told.size, told.mode = len(script), 0o755
        tar.addfile(told, io.BytesIO(script))
    return packed.getvalue()


@pytest.fixture
def docker(settings: Any) -> Iterator[Docker]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    http = Http("Docker", f"{ENGINE}/v1.41")
    made = {"fromSrc": "-", "repo": "models/stand-in", "tag": "1"}
    kind = {"content-type": "application/x-tar"}
    http.request("POST", "images/create", params=made, content=image(), headers=kind)
    connector = Docker({"address": ENGINE, "image": IMAGE, "portal_token": SECRET})
    yield connector
    connector.remove(SERVED)


def until_ready(docker: Docker) -> Observed:
    """The health checks' verdict, waited for."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = docker.observe(SERVED)
        assert found is not None
        if {each.note for each in found.servers} == {""}:
            return found
        time.sleep(0.5)
    raise AssertionError(found)


def test_the_whole_life_of_a_workload(docker: Docker) -> None:
    assert docker.check().startswith("Docker ")
    docker.apply(SERVED)
    docker.apply(SERVED)
    found = until_ready(docker)
    assert (found.replicas, found.image, found.memory_mb) == (2, IMAGE, 64)
    assert (found.command, found.environ) == (SERVED.command, dict(SERVED.environ))

    part = docker.logs(SERVED, "m-churn-7-1")
    assert part.lines == ("loaded",)
    assert docker.logs(SERVED, "m-churn-7-1", since=part.until).lines == ()

    docker.restart(SERVED)
    assert docker.logs(SERVED, "m-churn-7-1", since=part.until).lines == ("loaded",)
    docker.apply(replace(SERVED, replicas=1))
    found = docker.observe(SERVED)
    assert found is not None
    assert found.replicas == 1

    with pytest.raises(Conflict, match="changed by hand"):
        docker.apply(replace(SERVED, replicas=1, memory_mb=96))
    docker.apply(replace(SERVED, replicas=1, memory_mb=96), force=True)
    found = docker.observe(SERVED)
    assert found is not None
    assert found.memory_mb == 96
    docker.remove(SERVED)
    assert docker.observe(SERVED) is None


def test_what_the_engine_refuses_is_said_in_its_words(docker: Docker) -> None:
    with pytest.raises(WrongAtService, match="Memory|memory"):
        docker.apply(replace(SERVED, memory_mb=1))
