"""The gateway's own process, over a portal that is a file: routes and rights as JSON, tallies as lines."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import uvloop

from apps.deployments.gateway import process, table, wire
from apps.deployments.gateway.counts import Count
from apps.deployments.gateway.process import Doors, Process
from apps.deployments.gateway.routes import Route, Target


def route(given: dict[str, Any]) -> Route:
    parts = {
        name: tuple(Target(**t) for t in given.pop(name, [])) for name in ("targets", "shadows")
    }
    return Route(**given, **parts)


def main(descriptor: int, folder: Path, patience: float) -> None:
    portal = folder / "portal.json"

    def told() -> dict[str, Any]:
        said: dict[str, Any] = json.loads(portal.read_text())
        if said.get("away"):
            raise OSError("the portal is away")
        return said

    def tally(counts: list[Count]) -> None:
        with (folder / "tallies").open("a") as lines:
            for each in counts:
                row = [each.release_id, each.shadow, each.requests, each.failures, each.refusals]
                lines.write(json.dumps(row) + "\n")

    doors = Doors(
        routes=lambda: [route(each) for each in told()["routes"]],
        may=lambda token, project: project in told()["tokens"].get(token, []),
        tally=tally,
        troubles=(OSError,),
    )
    process.REFRESH_SECONDS, process.TALLY_SECONDS = 0.1, 0.5
    # A client of a test may stand still for long; nothing here is about that.
    process.IDLE_GRACE_SECONDS, process.DRAIN_SECONDS = 60, 120
    wire.READ_SECONDS = wire.LINGER_SECONDS = 120
    table.LEAST_PATIENCE = patience
    listener = socket.socket(fileno=descriptor)
    uvloop.run(Process(doors, folder / "journal").run(listener))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
