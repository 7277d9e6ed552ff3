from __future__ import annotations

import os
import socket
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from apps.core.commands import PortalCommand
from apps.deployments import routing, selectors, tallies
from apps.deployments.gateway.counts import Count
from apps.deployments.gateway.process import Doors, Process
from apps.deployments.gateway.shipping import Shipper
from apps.predictions import services as predictions

TROUBLES = (DatabaseError, OSError)
KEEP_TALLIES = timedelta(days=35)


def _fresh(ask: Any) -> Any:
    """The same call, with a database connection that is known to be good."""

    def asked(*arguments: Any) -> Any:
        close_old_connections()
        return ask(*arguments)

    return asked


def _tally(counts: list[Count]) -> None:
    now = timezone.now()
    tallies.record(counts, gateway=f"{socket.gethostname()}:{os.getpid()}", at=now)
    if now.minute == 0:
        tallies.forget(at=now, older_than=KEEP_TALLIES)


class Command(PortalCommand):
    help = "Answer /serve/… (started by `manage.py up`)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.GATEWAY_PORT)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--fd", type=int, help="a listening socket that was handed over")
        parser.add_argument(
            "--ship", action="store_true", help="hand the journal to the portal until stdin ends"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.DATA_DIR) / "journal"
        if options["ship"]:
            Shipper(folder, _fresh(predictions.take_in), TROUBLES).run(sys.stdin.fileno())
            return
        doors = Doors(
            routes=_fresh(routing.routes),
            may=_fresh(selectors.may_call),
            tally=_fresh(_tally),
            troubles=TROUBLES,
            shipper=(sys.executable, "-W", "ignore", sys.argv[0], "gateway", "--ship"),
        )
        uvloop.run(Process(doors, folder).run(_listener(options)))


def _listener(options: dict[str, Any]) -> socket.socket:
    if options["fd"] is not None:
        return socket.socket(fileno=options["fd"])
    return socket.create_server((options["host"], options["port"]), backlog=2048)
