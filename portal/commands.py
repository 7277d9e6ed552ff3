"""Runs a management command, with embedded servers for its duration where it needs them."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Sequence

from django.core.management import execute_from_command_line

from apps.monitoring.anomalies import command as anomalies
from portal.embedded.borrowed import borrowed_servers
from portal.embedded.launch import CannotStart
from portal.env import ENV
from portal.supervisor.main import up

NEEDS_NO_DATABASE = frozenset(
    {
        "check",
        "compilemessages",
        "collectstatic",
        "doctor",
        "drift",
        "help",
        "makemessages",
        "makemigrations",
    }
    | {"restore", "spectacular", "startapp", "test", "testserver", "up", "version"}
)


def run(arguments: Sequence[str]) -> int:
    """Answer the exit status."""
    if list(arguments[1:]) == ["up"]:  # the supervisor itself needs no Django
        return up(ENV)
    if list(arguments[1:2]) == ["anomalies"]:  # a file is judged without Django too
        return anomalies.main(arguments[2:])
    if not needs_database(arguments[1:]):
        execute_from_command_line(list(arguments))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with borrowed_servers(ENV) as is_new:
            if is_new and arguments[1] not in {"migrate", "prepare"}:
                _prepare(arguments[0])
            execute_from_command_line(list(arguments))
    except CannotStart as error:
        sys.exit(str(error))
    return 0


def _prepare(program: str) -> None:
    """Make a new database ready; what that says must not mix with the command's own output."""
    with contextlib.redirect_stdout(sys.stderr):
        execute_from_command_line([program, "prepare"])


def needs_database(arguments: Sequence[str]) -> bool:
    """Whether these arguments name a command that talks to the database."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in NEEDS_NO_DATABASE:
        return False
    if arguments[0] == "evidence" and "--compare" not in arguments:
        return False  # a signed file is checked by itself
    return not {"--help", "-h", "--version"}.intersection(arguments)
