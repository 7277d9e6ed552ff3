"""One model behind `mlflow models serve`, behind our model server, and behind our gateway, in one run."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
import pandas as pd
import psutil
from mlflow.models import infer_signature
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from apps.deployments.server import limits
from bench.house import ROOT, House, house
from tests.models.mlflow_server import answers
from tests.portal.polling import end, free_ports, until

CLIENTS = (1, 16, 64)
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
TIMES, TENTH = 10.0, 0.1
COLUMNS = [f"f{place}" for place in range(12)]
HEADERS = {"content-type": "application/json"}

# A deployment whose release is live on a model server that already runs, and a token that may call it.
PLACE = """
import json
from django.utils import timezone
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.deployments import services
from apps.deployments.models import Release, Replica
from apps.models.models import ModelVersion, RegisteredModel
from apps.projects.services import create_project
ada = User.objects.create_user("ada", "ada@example.org")
project = create_project(name="Fraud", slug="fraud", by=ada)
token = create_token(user=ada, name="bench", by=ada)[1]
for name, port in PORTS.items():
    model = RegisteredModel.objects.create(project=project, name=name)
    version = ModelVersion.objects.create(
        project=project, model=model, number=3, created_at=timezone.now())
    place = services.create_deployment(
        environment=project.environments.get(name="prod"), model=model, slug=name, by=ada)
    release = Release.objects.create(deployment=place, number=1, version=version, state="live")
    Replica.objects.create(release=release, node="bench", port=port, state="ready", pid=1)
print("TOLD" + json.dumps(token))
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured: requests a second, milliseconds, and the servers' own CPU time for one request."""

    rate: float
    p50: float
    p99: float
    count: int
    cpu: float

    def __str__(self) -> str:
        return (
            f"{self.rate:8.0f}/s   p50 {self.p50:7.2f} ms   p99 {self.p99:7.2f} ms   "
            f"CPU {self.cpu * 1000:6.3f} ms a request   n {self.count}"
        )


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"{os.cpu_count()} cores, load {load}; one row of {len(COLUMNS)} numbers a request")
    found: dict[tuple[str, str, int], Figures] = {}
    with house() as built:
        folders = _models(built.folder)
        with contextlib.ExitStack() as stack:
            ours = {name: stack.enter_context(_ours(name, path)) for name, path in folders.items()}
            gateway = stack.enter_context(
                _gateway(built, {name: at[0] for name, at in ours.items()})
            )
            for name, (port, process) in ours.items():
                _measure(found, ("server", name), (port, "/invocations", HEADERS), [process])
                headers = {**HEADERS, "authorization": f"Bearer {built.told['token']}"}
                through = (gateway[0], f"/serve/{name}/invocations", headers)
                _measure(found, ("gateway", name), through, [process, gateway[1]])
        for name, path in folders.items():
            with _mlflow(built, path) as (port, process):
                _measure(found, ("mlflow", name), (port, "/invocations", HEADERS), [process])
    return _judge(found)


def _judge(found: Mapping[tuple[str, str, int], Figures]) -> int:
    missed = 0
    for name in ("boost", "linear"):
        for who in ("server", "gateway"):
            mine, theirs = found[who, name, CLIENTS[-1]], found["mlflow", name, CLIENTS[-1]]
            for label, value, met in (
                ("times MLflow's rate", mine.rate / theirs.rate, mine.rate >= TIMES * theirs.rate),
                ("of MLflow's p99", mine.p99 / theirs.p99, mine.p99 <= TENTH * theirs.p99),
            ):
                aim = TIMES if label.startswith("times") else TENTH
                print(
                    f"{'met   ' if met else 'MISSED'}  {name}, {who}: {value:.3g} {label}, aim {aim:g}"
                )
                missed += not met
            print(f"        {name}, {who}: {theirs.cpu / mine.cpu:.3g} times less CPU a request")
    return missed


def _measure(
    found: dict[tuple[str, str, int], Figures],
    key: tuple[str, str],
    at: tuple[int, str, Mapping[str, str]],
    processes: list[subprocess.Popen[bytes]],
) -> None:
    body = {"dataframe_split": {"columns": COLUMNS, "data": [[0.1 * n for n in range(12)]]}}
    port, path, headers = at
    for clients in CLIENTS:
        told: dict[str, Any] = {"port": port, "path": path, "headers": dict(headers)}
        told |= {"body": json.dumps(body), "clients": clients, "seconds": SECONDS}
        _ask({**told, "seconds": 0.5})  # warm
        before = sum(map(_cpu, processes))
        said = _ask(told)
        cpu = (sum(map(_cpu, processes)) - before) / said["count"]
        figures = Figures(**said, cpu=cpu)
        found[*key, clients] = figures
        print(f"{key[0]:8} {key[1]:7} {clients:3} clients  {figures}", flush=True)


def _ask(told: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.load_raw"]
    done = subprocess.run(command, input=json.dumps(told), capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{told['path']}: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout))


def _cpu(process: subprocess.Popen[bytes]) -> float:
    """User and system time of a process and its children, in seconds."""
    top = psutil.Process(process.pid)
    times = [each.cpu_times() for each in (top, *top.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _models(folder: Path) -> dict[str, Path]:
    rng = np.random.default_rng(7)
    data = pd.DataFrame(rng.normal(size=(2000, len(COLUMNS))), columns=COLUMNS)
    target = (data.f0 + data.f1 * data.f2 > 0).astype(int)
    kinds = {
        "boost": HistGradientBoostingClassifier(random_state=0),
        "linear": LogisticRegression(),
    }
    folders = {}
    for name, model in kinds.items():
        with threadpool_limits(1):  # OpenMP's threads spin on a busy machine
            model.fit(data, target)
        folders[name] = folder / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.sklearn.save_model(
                model,
                str(folders[name]),
                signature=infer_signature(data, model.predict(data)),
                serialization_format="cloudpickle",
                pip_requirements=["mlflow"],
            )
    return folders


@contextlib.contextmanager
def _process(
    command: list[str], environment: Mapping[str, str], address: str
) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=dict(environment), cwd=ROOT, stdout=quiet, stderr=quiet)
    try:
        until(lambda: answers(address), seconds=300, what=" ".join(command[:6]))
        yield process
    finally:
        end(process)


@contextlib.contextmanager
def _ours(name: str, folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_ports()
    command = [sys.executable, "-W", "ignore", "-m", "apps.deployments.server", "--uri", name]
    command += ["--folder", str(folder), "--name", name, "--version", "3", "--port", str(port)]
    environment = {**os.environ, **limits.of_threads(1)}
    address = f"http://127.0.0.1:{port}/ping"
    with _process([*command, "--replica", "1"], environment, address) as process:
        yield port, process


@contextlib.contextmanager
def _mlflow(built: House, folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    port = free_ports()
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "models", "serve", "--model-uri"]
    command += [str(folder), "--port", str(port), "--env-manager", "local"]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **limits.of_threads(1)}
    # MLflow starts its server by name.
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    with _process(command, environment, f"http://127.0.0.1:{port}/ping") as process:
        yield port, process


@contextlib.contextmanager
def _gateway(
    built: House, ports: Mapping[str, int]
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    built.told["token"] = built.shell(f"PORTS = {dict(ports)}\n{PLACE}")
    port = free_ports()
    command = [sys.executable, "-W", "ignore", "manage.py", "gateway", "--port", str(port)]
    address = f"http://127.0.0.1:{port}/healthz"
    with _process(command, built.environment, address) as process:
        yield port, process
