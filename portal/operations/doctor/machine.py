"""What the machine has to offer: Python, room, folder, port, clock, front-end packages."""

from __future__ import annotations

import json
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from portal.embedded import lock
from portal.embedded.launch import CannotStart
from portal.env import BASE_DIR, Env
from portal.operations.doctor.finding import Finding, fail, ok, warn
from portal.supervisor import sockets
from portal.supervisor.settings import mlflow_port

GIGABYTE = 1e9
LITTLE_ROOM, NO_ROOM = 5.0, 0.5
LITTLE_MEMORY = 2.0
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def python(_: Env) -> Finding:
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return ok("python", f"{version} in {sys.prefix}")


def memory(_: Env) -> Finding:
    total = psutil.virtual_memory().total / GIGABYTE
    if total < LITTLE_MEMORY:
        remedy = "set WEB_PROCESSES=1 and WORKER_CONCURRENCY=1, and MLFLOW_TRACKING_URI elsewhere"
        return warn("memory", f"{total:.1f} GB", remedy=remedy)
    return ok("memory", f"{total:.1f} GB")


def disk(env: Env) -> Finding:
    folder = next(path for path in (env.data_dir, *env.data_dir.parents) if path.exists())
    free = shutil.disk_usage(folder).free / GIGABYTE
    remedy = f"free some room on the disk of {folder}, or move DATA_DIR"
    if free < NO_ROOM:
        return fail("disk", f"{free:.1f} GB free", remedy=remedy)
    if free < LITTLE_ROOM:
        return warn("disk", f"{free:.1f} GB free", remedy=remedy)
    return ok("disk", f"{free:.0f} GB free")


def data_dir(env: Env) -> Finding:
    try:
        lock.require_writable(env.data_dir)
    except CannotStart as error:
        return fail("data folder", str(error), remedy="set DATA_DIR to a folder you may write to")
    if names := " ".join(map(str, _open_to_others(env.data_dir))):
        return fail("data folder", f"others may read {names}", remedy=f"chmod go= {names}")
    return ok("data folder", str(env.data_dir))


def _open_to_others(data: Path) -> Iterator[Path]:
    folders = [data / name for name in ("secrets", "backups", "logs")]
    for path in (*folders, *(data / "secrets").glob("*")):
        if path.exists() and path.stat().st_mode & OTHERS:
            yield path


def ports(env: Env) -> Finding:
    if lock.running(env.data_dir):
        return ok("port", f"{env.port}: this portal runs on it")
    try:
        sockets.public(env.port).close()
        if not env.mlflow_tracking_uri:
            sockets.require_free(mlflow_port(env), what="MLflow")
    except CannotStart as error:
        words, _, remedy = str(error).partition("; ")
        return fail("port", words, remedy=remedy)
    return ok("port", f"{env.port} is free")


def open_files(_: Env) -> Finding:
    limit = psutil.Process().rlimit(psutil.RLIMIT_NOFILE)[1]
    if 0 <= limit < 4096:
        remedy = "raise it (ulimit -Hn, LimitNOFILE=65536): every open page holds a connection"
        return warn("open files", f"at most {limit}", remedy=remedy)
    return ok("open files", "unlimited" if limit < 0 else f"at most {limit}")


def front_end(_: Env) -> Finding:
    wanted = BASE_DIR / "package-lock.json"
    if not wanted.exists():
        return ok("front end", "no packages needed")
    packages = json.loads(wanted.read_text())["packages"]
    missing = [
        name
        for name, package in packages.items()
        if name and not package.get("dev") and not (BASE_DIR / name / "package.json").exists()
    ]
    if not missing:
        return ok("front end", f"{len(packages) - 1} packages")
    tool = "make front" if shutil.which("npm") else "make front (npm comes from PyPI)"
    return warn("front end", f"{missing[0]} is missing: pages lack fonts or charts", remedy=tool)


def user(_: Env) -> Finding:
    if os.getuid() == 0:
        remedy = "start as a plain user; PostgreSQL does not run as root in any case"
        return warn("user", "root", remedy=remedy)
    return ok("user", f"uid {os.getuid()}")
