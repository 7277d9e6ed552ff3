"""A stand-in for a Docker engine: it judges every request by the published document and keeps state."""

from __future__ import annotations

import json
import re
import socket
import struct
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.contract.swagger import SHARED, swagger
from tests.core.loopback import Asked, answer

DOCUMENT = "docker-engine.yaml"
HAVE_DOCUMENT = (SHARED / DOCUMENT).exists()
Json = dict[str, Any]


class Engine:
    """Containers by id; images by name."""

    def __init__(self, *images: str) -> None:
        self.containers: dict[str, Json] = {}
        self.images = set(images)
        self.pullable: set[str] = set()
        self.first: list[bytes] = []
        self.faults: list[str] = []
        self.log = b""
        self.ports = iter(range(49153, 60000))

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        if self.first:
            return self.first.pop(0)
        where = urlsplit(asked.target)
        if HAVE_DOCUMENT:
            found = swagger(DOCUMENT).faults(asked.method, asked.target, asked.body)
            self.faults += found
            if found:
                return said(400, {"message": "; ".join(found)})
        query = {key: values[0] for key, values in parse_qs(where.query).items()}
        path = re.sub(r"^/v1\.\d+", "", where.path)
        return self._act(asked, path, query)

    def settle(self, health: str = "healthy") -> None:
        """Let the health checks come to their verdict."""
        for row in self.containers.values():
            if row["State"]["Running"]:
                row["State"]["Health"] = {"Status": health}

    def named(self, name: str) -> Json:
        return next(row for row in self.containers.values() if row["Name"] == f"/{name}")

    def _act(self, asked: Asked, path: str, query: dict[str, str]) -> bytes:
        if path == "/version":
            return said(200, {"Version": "20.10.24", "ApiVersion": "1.41"})
        if path == "/containers/json":
            return said(200, self._list(query))
        if path == "/containers/create":
            return self._create(query["name"], json.loads(asked.body))
        if path == "/images/create":
            return self._pull(f"{query['fromImage']}:{query['tag']}")
        if image := re.fullmatch("/images/(.+)/json", path):
            known = unquote(image[1]) in self.images
            return said(200, {"Id": "x"}) if known else said(404, {"message": "No such image"})
        found = re.fullmatch(r"/containers/([^/]+)(?:/(\w+))?", path)
        assert found, path
        row = self._find(found[1])
        if row is None:
            return said(404, {"message": f"No such container: {found[1]}"})
        return self._on(row, found[2] or asked.method.lower())

    def _find(self, name: str) -> Json | None:
        rows = self.containers.values()
        return next((row for row in rows if name in {row["Id"], row["Name"][1:]}), None)

    def _list(self, query: dict[str, str]) -> list[Json]:
        wanted = json.loads(query["filters"])["label"]
        return [
            {"Id": row["Id"], "Names": [row["Name"]], "Labels": row["Config"]["Labels"]}
            for row in self.containers.values()
            if all(
                row["Config"]["Labels"].get(k) == v
                for k, _, v in (w.partition("=") for w in wanted)
            )
        ]

    def _create(self, name: str, body: Json) -> bytes:
        if body["Image"] not in self.images:
            return said(404, {"message": f"No such image: {body['Image']}"})
        if self._find(name):
            return said(409, {"message": f"Conflict. The container name /{name} is already in use"})
        made = f"{len(self.containers):064x}"
        self.containers[made] = {
            "Id": made,
            "Name": f"/{name}",
            "Config": {**body, "Env": ["PATH=/bin", *body["Env"]]},
            "HostConfig": body["HostConfig"],
            "State": {"Status": "created", "Running": False, "ExitCode": 0},
            "NetworkSettings": {"Ports": {}, "Networks": {}},
        }
        return said(201, {"Id": made, "Warnings": []})

    def _pull(self, image: str) -> bytes:
        if image not in self.pullable:
            lines = b'{"status":"Pulling"}\n{"error":"manifest unknown"}\n'
            return answer(200, lines, content_type="application/json")
        self.images.add(image)
        return answer(200, b'{"status":"Pulling"}\n{"status":"Done"}\n')

    def _on(self, row: Json, verb: str) -> bytes:
        state = row["State"]
        if verb == "json":
            return said(200, row)
        if verb == "logs":
            return answer(200, self.log)
        if verb == "delete":
            del self.containers[row["Id"]]
            return answer(204, b"")
        if verb == "stop":
            was = state["Running"]
            row["State"] = {"Status": "exited", "Running": False, "ExitCode": 143}
            return answer(204 if was else 304, b"")
        assert verb in {"start", "restart"}, verb
        if verb == "start" and state["Running"]:
            return answer(304, b"")
        row["State"] = {"Status": "running", "Running": True, "Health": {"Status": "starting"}}
        host = row["HostConfig"]
        if network := host.get("NetworkMode"):
            row["NetworkSettings"]["Networks"] = {network: {"IPAddress": "172.20.0.2"}}
        for port in host.get("PortBindings", {}):
            row["NetworkSettings"]["Ports"][port] = [{"HostPort": str(next(self.ports))}]
        return answer(204, b"")


def frame(text: str, stream: int = 1) -> bytes:
    """A line as the engine's log has it."""
    return struct.pack(">BxxxI", stream, len(text) + 1) + text.encode() + b"\n"


def said(status: int, body: Any, **headers: str) -> bytes:
    return answer(status, json.dumps(body).encode(), content_type="application/json", **headers)
