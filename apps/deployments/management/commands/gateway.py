from __future__ import annotations

from pathlib import Path
from typing import Any

import uvloop
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from apps.deployments import routing, selectors
from apps.deployments.gateway.process import Doors, Process
from apps.predictions import services as predictions


def _fresh(ask: Any) -> Any:
    """The same call, with a database connection that is known to be good."""

    def asked(*arguments: Any) -> Any:
        close_old_connections()
        return ask(*arguments)

    return asked


class Command(BaseCommand):
    help = "Answer /serve/… (started by `manage.py up`)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=settings.GATEWAY_PORT)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        doors = Doors(
            routes=_fresh(routing.routes),
            may=_fresh(selectors.may_call),
            take_in=_fresh(predictions.take_in),
            troubles=(DatabaseError, OSError),
        )
        process = Process(doors, Path(settings.DATA_DIR) / "journal")
        uvloop.run(process.run(options["host"], options["port"]))
