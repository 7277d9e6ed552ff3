"""What the portal leans on: database, queue, MLflow, Ollama, and the processes of its own."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet
from django.db import DatabaseError
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis as RedisClient
from redis.exceptions import RedisError

from portal.embedded import lock, redis
from portal.embedded.binaries import find
from portal.embedded.launch import CannotStart
from portal.embedded.place import REFUGE, choose
from portal.env import Env
from portal.operations import facts
from portal.operations.doctor.finding import Finding, fail, ok, warn
from portal.supervisor import settings

OLDEST = 14
SKEW = 5.0
TIMEOUT = 5


def database(env: Env) -> Finding:
    if _not_started(env, env.database_url):
        return _embedded_database(env)
    try:
        with psycopg.connect(settings.database_url(env), connect_timeout=5) as connection:
            version = connection.info.server_version // 10000
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        return fail("database", reason, remedy="check DATABASE_URL and that the server runs")
    if version < OLDEST:
        return fail("database", f"PostgreSQL {version}", remedy=f"upgrade it to {OLDEST} or later")
    return ok("database", f"PostgreSQL {version} answers")


def _embedded_database(env: Env) -> Finding:
    try:
        binaries = find(major=_cluster_version(env.data_dir / "postgres"))
        account = choose(data=env.data_dir, run=env.run_dir, binaries=binaries)
    except CannotStart as error:
        words, _, remedy = str(error).partition("; ")
        return fail("database", words, remedy=remedy)
    if account is None:
        words = f"PostgreSQL keeps its files in {REFUGE}, for nobody may enter {env.data_dir}"
        return warn("database", words, remedy="start as a plain user, or move DATA_DIR")
    return ok("database", f"embedded PostgreSQL {binaries.major} can be started")


def _cluster_version(cluster: Path) -> int | None:
    version = cluster / "PG_VERSION"
    return int(version.read_text()) if version.exists() else None


def queue(env: Env) -> Finding:
    if _not_started(env, env.redis_url):
        try:
            return ok("redis", f"{redis.program()} can be started")
        except CannotStart as error:
            words, _, remedy = str(error).partition("; ")
            return fail("redis", words, remedy=remedy)
    try:
        with RedisClient.from_url(env.redis(1), socket_timeout=TIMEOUT) as client:
            version = client.info("server")["redis_version"]
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
    except RedisError as error:
        return fail("redis", str(error), remedy="check REDIS_URL and that the server runs")
    if policy != "noeviction":
        remedy = "set maxmemory-policy noeviction, or queued jobs may vanish"
        return warn("redis", f"Redis {version} evicts ({policy})", remedy=remedy)
    return ok("redis", f"Redis {version} answers")


def broker(env: Env) -> Finding:
    if not env.celery_broker_url and _not_started(env, env.redis_url):
        return ok("broker", "the embedded Redis")
    with Connection(env.broker_url, connect_timeout=TIMEOUT) as connection:
        address = connection.as_uri()
        expected: tuple[type[BaseException], ...] = (
            OSError,
            OperationalError,
            *connection.connection_errors,
        )
        try:
            connection.ensure_connection(max_retries=1, timeout=TIMEOUT)
        except expected as error:
            remedy = "check CELERY_BROKER_URL and that the broker runs"
            return fail("broker", f"{address}: {error}", remedy=remedy)
    return ok("broker", f"{address} answers")


def clock(env: Env) -> Finding:
    """The database's clock against ours: stamps, leases and tokens compare the two."""
    try:
        with psycopg.connect(settings.database_url(env), connect_timeout=5) as connection:
            row = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    except psycopg.Error:
        return ok("clock", "not compared: the database does not answer")
    assert row
    skew = abs(time.time() - float(row[0]))
    if skew > SKEW:
        remedy = "set both clocks by NTP (timedatectl set-ntp true)"
        return fail("clock", f"{skew:.0f} s away from the database's", remedy=remedy)
    return ok("clock", f"{skew:.1f} s away from the database's")


def keys(env: Env) -> Finding:
    for key in env.field_encryption_keys:
        try:
            Fernet(key)
        except ValueError:
            remedy = "set FIELD_ENCRYPTION_KEYS to keys of 32 bytes in URL-safe Base64"
            return fail("keys", "a key for connections' secrets is no key", remedy=remedy)
    return ok("keys", f"{len(env.field_encryption_keys)} for connections' secrets")


def migrations(env: Env) -> Finding:
    if _not_started(env, env.database_url):
        return ok("migrations", "applied at the next start")
    try:
        missing = facts.known_migrations() - set(facts.applied_migrations())
    except DatabaseError:
        return ok("migrations", "not compared: the database does not answer")
    if missing:
        remedy = "restart the portal, or run manage.py prepare: it makes a backup first"
        return warn("migrations", f"{len(missing)} to apply", remedy=remedy)
    return ok("migrations", "all applied")


def mlflow(env: Env) -> Finding:
    if env.mlflow_tracking_uri:
        return _reachable("mlflow", env.mlflow_tracking_uri, setting="MLFLOW_TRACKING_URI")
    return ok("mlflow", f"runs beside the portal on port {settings.mlflow_port(env)}")


def ollama(env: Env) -> Finding:
    if not env.ollama_host:
        return ok("ollama", "OLLAMA_HOST is not set: the assistant answers from evidence alone")
    address = env.ollama_host if "//" in env.ollama_host else f"http://{env.ollama_host}"
    return _reachable("ollama", address, setting="OLLAMA_HOST", usual=11434)


def processes(env: Env) -> Finding:
    status = env.data_dir / "run" / "status.json"
    if not lock.running(env.data_dir) or not status.exists():
        return ok("processes", "the portal does not run")
    seen = json.loads(status.read_text())["processes"]
    unwell = [f"{one['name']} is {one['state']}" for one in seen if one["state"] != "running"]
    if unwell:
        remedy = f"read {env.data_dir}/logs/{unwell[0].split()[0]}.log"
        return warn("processes", ", ".join(unwell), remedy=remedy)
    return ok("processes", f"{len(seen)} run")


def _not_started(env: Env, url: str | None) -> bool:
    """Whether this is an embedded server that only `up` would start."""
    return url is None and not lock.running(env.data_dir)


def _reachable(name: str, address: str, *, setting: str, usual: int | None = None) -> Finding:
    parts = urlsplit(address)
    port = parts.port or usual or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "localhost", port), timeout=TIMEOUT).close()
    except OSError as error:
        where = f"{parts.hostname}:{port}"
        remedy = f"check {setting} and that the server runs"
        return warn(name, f"{where} cannot be reached ({error})", remedy=remedy)
    return ok(name, f"{parts.hostname}:{port} can be reached")
