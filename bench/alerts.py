"""Alerts in, beside a real Alertmanager: the same requests to both, on the same machine, in one run.

Alertmanager keeps its alerts in memory; the portal answers once they are committed and de-duplicated.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.house import ROOT, House, house, serving
from tests.models.mlflow_server import answers
from tests.portal.polling import end, until

BINARY = shutil.which("prometheus-alertmanager")
SECONDS, LOADERS = float(os.environ.get("BENCH_SECONDS", "5")), 2  # noqa: TID251  a bench's own
CASES = (
    ("single, 16 connections", 16, 1),
    ("single, 128 connections", 128, 1),
    ("batches of 100, 16 connections", 16, 100),
)
USER = """
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.projects.services import create_project
import json
user = User.objects.create_user("bench", "bench@example.org")
create_project(name="Bench", slug="bench", by=user)
print("TOLD" + json.dumps(create_token(user=user, name="bench", by=user)[1]))
"""
COUNT = """
from apps.monitoring.models import Alert
from django.db.models import Sum
import json
rows = Alert.objects.all()
told = rows.aggregate(told=Sum("times"))["told"]
print("TOLD" + json.dumps([rows.count(), rows.values("fingerprint").distinct().count(), told]))
"""


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    if BINARY is None:
        print("There is no prometheus-alertmanager here (apt-get install prometheus-alertmanager).")
        return 1
    with house() as built:
        headers = {"authorization": f"Bearer {built.shell(USER)}"}
        with serving(built) as address, alertmanager() as beside:
            missed = [
                _compare(name, clients, lambda c, n=size: _body(c, n), (address, headers), beside)
                for name, clients, size in CASES
            ]
        missed.append(not _exact(built))
    return sum(missed)


def _compare(
    name: str,
    clients: int,
    body: Callable[[int], str],
    ours: tuple[str, dict[str, str]],
    beside: str,
) -> bool:
    """Both in turn, twice, so that what else the machine does meets both; whether the aim was missed."""
    each = len(json.loads(body(0)))
    rates: dict[str, float] = {"ours": 0.0, "theirs": 0.0}
    for _ in range(2):
        for who, address, headers in (("ours", *ours), ("theirs", beside, {})):
            told = _load(address, body, clients, headers)
            rates[who] = max(rates[who], sum(one["rate"] for one in told) * each)
    ratio = rates["ours"] / rates["theirs"]
    met = "met   " if ratio >= 1 else "MISSED"
    print(
        f"{met}  {name}: portal {rates['ours']:,.0f}/s, Alertmanager {rates['theirs']:,.0f}/s, ratio {ratio:.2f}"
    )
    return ratio < 1


def _load(
    address: str, body: Callable[[int], str], clients: int, headers: dict[str, str]
) -> list[dict[str, float]]:
    """Several senders, each with alerts of its own, told again and again."""
    running = []
    for number in range(LOADERS):
        told: dict[str, Any] = {
            "port": int(address.rpartition(":")[2]),
            "path": "/api/v2/alerts",
            "body": body(number),
            "clients": clients // LOADERS,
            "seconds": SECONDS,
            "headers": {"content-type": "application/json", **headers},
        }
        command = [sys.executable, "-m", "bench.load_raw"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdin is not None
        process.stdin.write(json.dumps(told).encode())
        process.stdin.close()
        running.append(process)
    return [json.loads(process.stdout.read()) for process in running if process.stdout]


def _body(sender: int, size: int) -> str:
    return json.dumps([_alert(f"{sender}-{number}") for number in range(size)])


def _alert(instance: str) -> dict[str, Any]:
    return {
        "labels": {
            "alertname": "HighDrift",
            "severity": "warning",
            "deployment": "churn",
            "instance": instance,
            "job": "serving",
        },
        "annotations": {"summary": "The inputs drift", "description": "They moved. " * 5},
        "startsAt": "2026-11-27T10:00:00.000Z",
        "endsAt": "2036-11-27T10:04:00.000Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=drift",
    }


def _exact(built: House) -> bool:
    rows, distinct, told = built.shell(COUNT)
    good = rows == distinct == LOADERS * 100
    print(
        f"{'met   ' if good else 'MISSED'}  {told:,} tellings are {rows} rows with {distinct} fingerprints"
    )
    return bool(good)


@contextlib.contextmanager
def alertmanager() -> Iterator[str]:
    """A real one that tells nobody."""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        config = Path(folder) / "config.yml"
        config.write_text("route:\n  receiver: none\nreceivers:\n  - name: none\n")
        process = subprocess.Popen(
            [str(BINARY), f"--config.file={config}", f"--storage.path={folder}",
             f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", "--log.level=error"]
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            until(lambda: answers(f"{address}/-/ready"), seconds=30, what="Alertmanager answers")
            yield address
        finally:
            end(process)
