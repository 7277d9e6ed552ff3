"""From a workload to containers of a Docker engine, and back."""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.core.http import BadAnswer
from apps.integrations.clusters.manifests import INSTANCE, MANAGED, PORTAL, US, USER, labels
from apps.integrations.clusters.quantities import amount, cores
from apps.integrations.clusters.shapes import Json, items, number, part, record, strings, text
from apps.integrations.ports import Observed, Server, Workload

SERVICE = "Docker"
NUMBER = "signalbox/number"
RUNNING = frozenset({"created", "running", "restarting", "paused"})
SECOND = 1_000_000_000  # Docker counts in nanoseconds
MOST_PROCESSES = 1024
_PING = (
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', {port}, timeout=4); "
    "c.request('GET', '/ping'); raise SystemExit(c.getresponse().status != 200)"
)


@dataclass(frozen=True, slots=True)
class Container:
    id: str
    name: str
    number: int


def name(workload: Workload, replica: int) -> str:
    return f"{workload.name}-{replica}"


def filters(workload: Workload) -> str:
    """What a list of containers is narrowed to."""
    ours = {MANAGED: US, INSTANCE: workload.name, PORTAL: workload.labels.get(PORTAL, "")}
    return json.dumps({"label": [f"{key}={value}" for key, value in ours.items() if value]})


def containers(told: Any) -> list[Container]:
    """The containers of a list, by their number."""
    if not isinstance(told, list):
        raise BadAnswer(service=SERVICE, reason="it is not a list of containers")
    found = []
    for each in told:
        given = text(part(record(SERVICE, each), "Labels"), NUMBER)
        if given.isdecimal() and re.fullmatch(r"\w{1,80}", text(each, "Id")):
            named = (*strings(each, "Names"), "")[0].removeprefix("/")
            found.append(Container(text(each, "Id"), named, int(given)))
    return sorted(found, key=lambda each: each.number)


def creation(workload: Workload, image: str, replica: int) -> Json:
    """One model server without rights: no root, no capability, bounded in memory and processes."""
    ping = ["CMD", "python", "-c", _PING.format(port=workload.port)]
    return {
        "Image": image,
        "Cmd": list(workload.command),
        "Env": [f"{key}={value}" for key, value in workload.environ.items()],
        "User": str(USER),
        "Labels": {**labels(workload), NUMBER: str(replica)},
        "ExposedPorts": {_port(workload): {}},
        "Healthcheck": {
            "Test": ping,
            "Interval": 5 * SECOND,
            "Timeout": 5 * SECOND,
            "StartPeriod": 900 * SECOND,
            "Retries": 3,
        },
        "HostConfig": {
            "Memory": workload.memory_mb * 2**20,
            "NanoCpus": int(amount(workload.cpu) * SECOND),
            "PidsLimit": MOST_PROCESSES,
            "RestartPolicy": {"Name": "unless-stopped"},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
        },
    }


def reached(workload: Workload, network: str) -> Json:
    """A network that the gateway is in, or a free port of the engine's machine."""
    if network:
        return {"NetworkMode": network}
    return {"PortBindings": {_port(workload): [{"HostPort": ""}]}}


def differs(seen: Json, workload: Workload, image: str) -> bool:
    """Whether a container is not as it was asked for."""
    found = _one(seen, workload)
    wanted = (image, workload.command, dict(workload.environ), workload.memory_mb)
    return (found.image, found.command, found.environ, found.memory_mb) != wanted or (
        found.cpu != cores(workload.cpu)
    )


def observed(seen: list[Json], workload: Workload, *, host: str, network: str) -> Observed:
    """All containers as one; a container that is not like the others speaks for them."""
    looks = [_one(each, workload) for each in seen if each]
    odd = next((look for look in looks if look != looks[0]), looks[0] if looks else Observed())
    return Observed(
        servers=tuple(_server(each, workload, host, network) for each in seen if each),
        replicas=sum(text(part(each, "State"), "Status") in RUNNING for each in seen),
        image=odd.image,
        command=odd.command,
        environ=odd.environ,
        memory_mb=odd.memory_mb,
        cpu=odd.cpu,
    )


def _one(seen: Json, workload: Workload) -> Observed:
    """What a container was made with. Its image adds variables of its own, so only ours are read."""
    config, host = part(seen, "Config"), part(seen, "HostConfig")
    pairs = [variable.partition("=") for variable in strings(config, "Env")]
    return Observed(
        image=text(config, "Image"),
        command=strings(config, "Cmd"),
        environ={key: value for key, _, value in pairs if key in workload.environ},
        memory_mb=number(host, "Memory") // 2**20,
        cpu=cores(f"{number(host, 'NanoCpus') // 1_000_000}m"),
    )


def _server(seen: Json, workload: Workload, host: str, network: str) -> Server:
    state = part(seen, "State")
    health = text(part(state, "Health"), "Status")
    running = state.get("Running") is True
    where, port = _address(seen, workload, host, network)
    return Server(
        handle=text(seen, "Name").removeprefix("/"),
        ready=running and health in {"", "healthy"} and bool(where and port),
        host=where,
        port=port,
        note=_note(state, health),
    )


def _note(state: Json, health: str) -> str:
    if state.get("OOMKilled") is True:
        return "It needed more memory than it may have."
    if error := text(state, "Error"):
        return error[:300]
    if state.get("Running") is not True:
        return f"{text(state, 'Status')} (exit code {number(state, 'ExitCode')})"
    return "" if health == "healthy" else health


def _address(seen: Json, workload: Workload, host: str, network: str) -> tuple[str, int]:
    settings = part(seen, "NetworkSettings")
    if network:
        return text(part(settings, "Networks", network), "IPAddress"), workload.port
    bound = items(part(settings, "Ports"), _port(workload))
    given = text(bound[0], "HostPort") if bound else ""
    return host, int(given) if given.isdecimal() else 0


def _port(workload: Workload) -> str:
    return f"{workload.port}/tcp"


def repository(image: str) -> tuple[str, str]:
    """The name of an image, and its tag or digest."""
    if "@" in image:
        named, _, digest = image.partition("@")
        return named, digest
    named, colon, tag = image.rpartition(":")
    return (named, tag) if colon and "/" not in tag else (image, "latest")


def trouble(content: bytes) -> str:
    """The error in the progress of a pull; empty where there is none."""
    for line in content.splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue  # progress is for people
        if found := text(told, "error"):
            return found[:300]
    return ""


def lines(content: bytes) -> list[str]:
    """The lines of both streams: eight bytes of head, then as many as it says."""
    found, at = b"", 0
    while (
        at + 8 <= len(content)
        and content[at] in {0, 1, 2}
        and content[at + 1 : at + 4] == b"\0\0\0"
    ):
        (size,) = struct.unpack(">I", content[at + 4 : at + 8])
        found += content[at + 8 : at + 8 + size]
        at += 8 + size
    return (found or content).decode(errors="replace").splitlines()


def seconds(since: str) -> str:
    """A moment of a log line as Docker wants it: seconds and nanoseconds since 1970."""
    whole, _, fraction = since.removesuffix("Z").partition(".")
    return f"{int(datetime.fromisoformat(f'{whole}+00:00').timestamp())}.{fraction or 0}"
