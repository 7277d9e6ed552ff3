"""What the files for operators start, in one shape for compose and Kubernetes, and whether it exists."""

from __future__ import annotations

import re
from dataclasses import dataclass

import click
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.core.management import get_commands, load_command_class
from django.utils.module_loading import import_string
from uvicorn.main import main as uvicorn

from portal.celery import app
from portal.env import read
from portal.supervisor import settings
from tests.portal.polling import ROOT

READ = re.compile(r'source\.\w+\(\s*"([A-Z_]+)"')


@dataclass(frozen=True, slots=True)
class Container:
    """One container that runs the portal's image."""

    name: str
    words: tuple[str, ...]
    settings: frozenset[str]

    def unknown_settings(self) -> set[str]:
        """What is set for it and read by nothing."""
        wanted = settings_of_mlflow() if self.words[0] == "mlflow" else settings_of_the_portal()
        return set(self.settings) - wanted

    def missing_settings(self) -> set[str]:
        """What the supervisor would set for it, and nobody does."""
        return settings_of_mlflow() - set(self.settings) if self.words[0] == "mlflow" else set()


def settings_of_the_portal() -> set[str]:
    """The names that `portal/env.py` reads."""
    return set(READ.findall((ROOT / "portal" / "env.py").read_text()))


def settings_of_mlflow() -> set[str]:
    """The names that the supervisor gives to MLflow alone."""
    env = read({"DATABASE_URL": "postgresql://a@b/c", "DATA_DIR": "/tmp/none", **KEYS})
    given = settings.for_mlflow(env)
    return {name for name in given if name.startswith("MLFLOW_")} | {"DO_NOT_TRACK"}


KEYS = {"SECRET_KEY": "a", "FIELD_ENCRYPTION_KEYS": "a"}  # else some would be made and kept


def check_command(words: tuple[str, ...]) -> None:
    """Parse a command line as its own program does; what it does not know fails."""
    program, *rest = words
    if program == "python":
        _check_python(rest)
    elif program == "celery":
        _check_click(celery, rest, obj=CLIContext(app=app, no_color=True, workdir=None))
    elif program == "mlflow":
        _check_mlflow(rest)
    elif program == "uvicorn":
        with uvicorn.make_context("uvicorn", rest) as parsed:
            import_string(parsed.params["app"].replace(":", "."))
    else:
        assert program in {"sleep", "true"}, f"nobody checks {program}"


def _check_python(rest: list[str]) -> None:
    if rest[0] == "-c":
        compile(rest[1], "healthcheck", "exec")
        return
    script, name, *options = rest
    assert script == "manage.py"
    command = load_command_class(get_commands()[name], name)
    command.create_parser("manage.py", name).parse_args(options)


def _check_mlflow(rest: list[str]) -> None:
    """It is started as the supervisor starts it, whose tests run it."""
    source = (ROOT / "portal" / "supervisor" / "mlflow.py").read_text()
    assert rest[0] == "server"
    options = {word for word in rest if word.startswith("--")}
    assert options == set(re.findall(r'"(--[\w-]+)"', source))


def _check_click(group: click.Group, rest: list[str], obj: object = None) -> None:
    at = next(at for at, word in enumerate(rest) if word in group.commands)
    group.commands[rest[at]].make_context(rest[at], rest[at + 1 :], obj=obj).close()


def queues(container: Container) -> set[str]:
    """The queues that a worker takes from."""
    words = list(container.words)
    return set(words[words.index("--queues") + 1].split(",")) if "--queues" in words else set()
