"""Takes away what model servers of this machine left behind: logs, files of versions, environments."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psutil
from django.db.models import Q

from apps.deployments.models import Release, Replica

KEPT = timedelta(days=7)  # a rollback to what was live this week begins without a download
NEEDED = (*Release.IN_FLIGHT, Release.State.LIVE)


def tidy(data: Path, *, now: datetime) -> int:
    """Remove what is older than a week and needed by no release or model server; how much. Safe to run twice."""
    edge = now - KEPT
    gone = 0
    for path in _older(data / "models", edge, names={str(pk) for pk in _needed(edge)}):
        _remove(path)
        gone += 1
    environments = data / "environments"
    for path in _older(environments, edge, names=_run_in(environments)):
        _remove(path)
        gone += 1
    logs = {f"{pk}.log" for pk in Replica.objects.values_list("pk", flat=True)}
    for path in _older(data / "logs" / "models", edge, names=logs):
        path.unlink(missing_ok=True)
        gone += 1
    return gone


def _needed(edge: datetime) -> set[int]:
    releases = Release.objects.filter(Q(state__in=NEEDED) | Q(ended_at__gte=edge))
    return {
        *releases.values_list("version_id", flat=True),
        *Replica.objects.values_list("release__version_id", flat=True),
    }


def _run_in(environments: Path) -> set[str]:
    """The environments that a model server runs in at this moment, however long ago it was begun."""
    names = set()
    for process in psutil.process_iter(["cmdline"]):
        program = Path(next(iter(process.info["cmdline"] or ()), ""))
        if program.is_relative_to(environments):
            names.add(program.relative_to(environments).parts[0])
    return names


def _older(folder: Path, edge: datetime, *, names: set[str]) -> Iterator[Path]:
    if not folder.exists():
        return
    for path in sorted(folder.iterdir()):
        if path.name not in names and path.stat().st_mtime < edge.timestamp():
            yield path


def _remove(path: Path) -> None:
    """Out of the way first: who wants it at this moment fetches it anew, and never finds half of it."""
    away = path.with_name(f"{path.name}.gone")
    shutil.rmtree(away, ignore_errors=True)  # of one who was killed half-way
    path.rename(away)
    shutil.rmtree(away, ignore_errors=True)
