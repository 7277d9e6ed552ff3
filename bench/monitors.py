"""A thousand monitors of two hundred deployments: one round of looks, by as many workers as there are cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bench.house import ROOT, House, house

DEPLOYMENTS, ROWS, COLUMNS = 200, 2000, 20
AIM_SECONDS = 60.0

SEED = """
from datetime import timedelta
import json
import msgpack, random
from django.utils import timezone
from apps.accounts.models import User
from apps.deployments.gateway import buckets
from apps.deployments.models import Deployment, Release, Tally
from apps.monitoring import services
from apps.predictions.models import Batch, Kind
from apps.predictions.rows import Row
from apps.projects.services import create_project
from tests.models.registered import version
chance = random.Random(3)
owner = User.objects.create_user("owner", "owner@example.org")
project = create_project(name="Bench", slug="bench", by=owner)
live = version(project, "model", 1)
place = project.environments.first()
now = timezone.now()
names = [f"column {n}" for n in range(COLUMNS)]
seconds = buckets.empty()
seconds[20] = 50
def row(key, at):
    inputs = {name: chance.gauss(0, 1) for name in names[: COLUMNS // 2]}
    inputs |= {name: chance.choice("abcdef") for name in names[COLUMNS // 2 :]}
    return Row(key, at, inputs, {"prediction": chance.randrange(2)}, "1")
def batch(deployment, kind, rows):
    return Batch(project_id=project.pk, deployment_id=deployment.pk, kind=kind, count=len(rows),
        payload=msgpack.packb([each.packed() for each in rows]),
        starts_at=now - timedelta(hours=1), ends_at=now)
start = now.timestamp() - 3600
rows = [row(f"r{n}", start + n * 3600 / ROWS) for n in range(ROWS)]
truths = [Row(each.key, each.time, truth=each.outputs["prediction"]) for each in rows[::2]]
training = [row("t", 0).inputs for _ in range(1000)]
for number in range(DEPLOYMENTS):
    made = Deployment.objects.create(project=project, environment=place, model=live.model,
        slug=f"bench-{number}", created_by=owner)
    release = Release.objects.create(deployment=made, number=1, version=live, state="live",
        requested_by=owner, live_at=now - timedelta(days=9))
    Batch.objects.bulk_create(
        batch(made, Kind.EXCHANGE, rows[at : at + 100]) for at in range(0, ROWS, 100))
    Batch.objects.create(**{f.attname: getattr(b, f.attname) for b in [batch(made, Kind.TRUTH, truths)]
        for f in Batch._meta.concrete_fields if f.attname != "id"})
    Tally.objects.bulk_create(
        Tally(release=release, gateway="g", at=now - timedelta(seconds=10 * step), requests=50, seconds=seconds)
        for step in range(360))
    baseline = services.baseline_from_rows(deployment=made, rows=training, by=owner)
    for kind in ("input_drift", "data_quality", "performance", "errors", "traffic"):
        services.create_monitor(deployment=made, kind=kind, name=kind, by=owner,
            baseline=baseline if kind in ("input_drift", "data_quality") else None)
print("TOLD" + json.dumps(None))
"""
CLAIM = """
import json
from django.utils import timezone
from apps.monitoring import services
print("TOLD" + json.dumps(list(services.claim_due(at=timezone.now()).values())))
"""
LOOK = """
import json, resource, time
from apps.monitoring import tasks
def busy():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
began, before = time.time(), busy()
for start in range(0, len(GROUPS), tasks.SHARD):
    tasks.look_at([pk for group in GROUPS[start : start + tasks.SHARD] for pk in group])
print("TOLD" + json.dumps([began, time.time(), busy() - before]))
"""
COUNT = """
import json
from apps.core.models import Job
from apps.monitoring.models import Monitor, Verdict
failed = Monitor.objects.exclude(failure="").count()
jobs = Job.objects.filter(kind__startswith="monitoring").count()
print("TOLD" + json.dumps([Verdict.objects.count(), failed, jobs]))
"""


def main() -> int:
    """Measure, print, and answer how many aims were missed."""
    with house() as built:
        deployments = int(os.environ.get("BENCH_DEPLOYMENTS", DEPLOYMENTS))
        sizes = f"DEPLOYMENTS, ROWS, COLUMNS = {deployments}, {ROWS}, {COLUMNS}"
        _shell(built, f"{sizes}\n{SEED}")
        groups = _shell(built, CLAIM)
        workers = os.cpu_count() or 1
        shares = [groups[at::workers] for at in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            told = list(pool.map(lambda share: _shell(built, f"GROUPS = {share}\n{LOOK}"), shares))
        verdicts, failed, jobs = _shell(built, COUNT)
    seconds = max(end for _, end, _ in told) - min(start for start, _, _ in told)
    busy = sum(cpu for _, _, cpu in told)
    monitors = sum(map(len, groups))
    print(
        f"monitors: {monitors} of {len(groups)} deployments, {ROWS} rows and {COLUMNS} columns each"
    )
    print(f"one round: {seconds:.1f} s with {workers} workers (aim: {AIM_SECONDS:.0f} s)")
    print(
        f"  {1000 * seconds * workers / monitors:.0f} ms per monitor and worker, {busy:.0f} s of CPU in Python"
    )
    print(f"  {verdicts} verdicts, {failed} could not look, {jobs} job rows")
    complete = verdicts == monitors and not failed
    return int(seconds > AIM_SECONDS) + int(not complete)


def _shell(built: House, script: str) -> Any:
    """Run a script inside of the portal, from a pipe: the ids of a thousand monitors are no argument."""
    command = [sys.executable, "-W", "ignore", "manage.py", "shell", "--verbosity", "0"]
    done = subprocess.run(
        command, env=dict(built.environment), input=script, capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode or "TOLD" not in done.stdout:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.partition("TOLD")[2] or "null")
