"""A whole portal in other processes: web, worker, MLflow, and the cast with their tokens."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from portal.embedded.redis import Redis
from tests.models.mlflow_server import (
    address_of,
    answers,
    create_database,
    drop_database,
    shared_mlflow,
)
from tests.portal.polling import end, environ, free_ports, until

SEED = """
import json
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.core.access import Role
from apps.projects.models import Grant
from apps.projects.services import create_project
tokens = {}
people = {name: User.objects.create_user(name, f"{name}@example.org") for name in (
    "ada", "max", "cora", "carol", "bob", "eve")}
fraud = create_project(name="Fraud", slug=SLUG, by=people["ada"])
other = create_project(name="Weather", slug=f"{SLUG}-weather", by=people["bob"])
third = create_project(name="Third", slug=f"{SLUG}-third", by=people["eve"])
for name, role in (("max", Role.MAINTAINER), ("cora", Role.CONTRIBUTOR), ("carol", Role.VIEWER)):
    Grant.objects.create(project=fraud, user=people[name], role=role)
Grant.objects.create(project=other, user=people["eve"], role=Role.CONTRIBUTOR)
for name, user in people.items():
    tokens[name] = create_token(user=user, name="test", by=user)[1]
tokens["cora-reads"] = create_token(
    user=people["cora"], name="reads", by=people["cora"], role=Role.VIEWER)[1]
tokens["eve-third"] = create_token(
    user=people["eve"], name="third", by=people["eve"], project_ids=[third.pk])[1]
print("TOKENS" + json.dumps(tokens))
"""


@dataclass(frozen=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Site:
    """One running portal."""

    address: str
    slug: str
    mlflow: str
    environment: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    def ask(
        self, who: str | None, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """One request as somebody; a `dict` goes as JSON."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if who is not None:
            given.setdefault("Authorization", f"Bearer {self.tokens[who]}")
        data = body
        if isinstance(body, dict):
            data, given["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = Request(f"{self.address}{path}", data=data, headers=given, method=method)
        try:
            with urlopen(request, timeout=240) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except HTTPError as refusal:
            with refusal:
                return Answer(refusal.code, dict(refusal.headers), refusal.read())

    def mlflow_of(self, who: str, workspace: str | None = None) -> dict[str, str]:
        """The environment of an MLflow client of theirs."""
        client = {
            **os.environ,
            "MLFLOW_TRACKING_URI": f"{self.address}/mlflow",
            "MLFLOW_TRACKING_TOKEN": self.tokens[who],
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        }
        return {**client, "MLFLOW_WORKSPACE": workspace} if workspace else client

    def script(self, who: str, text: str, workspace: str | None = None) -> Any:
        """Run a script with the unchanged MLflow client; what it prints last is JSON."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", text],
            env=self.mlflow_of(who, workspace),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])

    @contextlib.contextmanager
    def other_web(self, **settings: str) -> Iterator[Site]:
        """Another web process over the same data, with other settings."""
        port = free_ports()
        given = {**self.environment, "PORT": str(port), **settings}
        web = ("uvicorn", "portal.asgi:application", "--port", str(port), "--lifespan", "off")
        with _process(*web, "--log-level", "warning", environ=given):
            other = replace(self, address=f"http://127.0.0.1:{port}", environment=given)
            until(lambda: answers(f"{other.address}/healthz"), seconds=300, what="it answers")
            yield other

    def manage(self, *arguments: str) -> str:
        """Run one of the portal's commands."""
        command = [sys.executable, "-W", "ignore", "manage.py", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        return done.stdout


@contextlib.contextmanager
def running_site() -> Iterator[Site]:
    """Start it all; everything is gone afterwards."""
    name = f"site_{uuid.uuid4().hex[:10]}"
    with contextlib.ExitStack() as stack:
        mlflow = stack.enter_context(shared_mlflow())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sbx-", dir="/tmp")))
        folder.chmod(0o711)
        create_database(name)
        stack.callback(drop_database, name)
        redis = Redis(folder / "data", folder / "redis")
        (folder / "data" / "static").mkdir(parents=True)
        redis.start(end_with_parent=True)
        stack.callback(redis.stop)
        port = free_ports()
        given = environ(
            DATABASE_URL=address_of(name),
            REDIS_URL=f"unix://{redis.socket}",
            CELERY_BROKER_URL=f"redis+socket://{redis.socket}?virtual_host=0",
            DATA_DIR=str(folder / "data"),
            PORT=str(port),
            MLFLOW_TRACKING_URI=mlflow,
            DJANGO_SETTINGS_MODULE="portal.settings",
            PYTHONWARNINGS="ignore",
        )
        site = Site(f"http://127.0.0.1:{port}", name.replace("_", "-"), mlflow, dict(given))
        site.manage("migrate", "--verbosity", "0")
        said = site.manage("shell", "--verbosity", "0", "-c", f"SLUG = {site.slug!r}\n{SEED}")
        site.tokens = json.loads(said.partition("TOKENS")[2])
        web = ("uvicorn", "portal.asgi:application", "--port", str(port), "--lifespan", "off")
        worker = (
            "celery",
            "-A",
            "portal",
            "worker",
            "--pool",
            "solo",
            "--queues",
            "default,long,system",
        )
        stack.enter_context(_process(*web, "--log-level", "warning", environ=given))
        stack.enter_context(_process(*worker, "--loglevel", "WARNING", environ=given))
        until(lambda: answers(f"{site.address}/healthz"), seconds=300, what="the portal answers")
        yield site


@contextlib.contextmanager
def _process(*words: str, environ: Any) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", *words], env=dict(environ))
    try:
        yield
    finally:
        end(process)
