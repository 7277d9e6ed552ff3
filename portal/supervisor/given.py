"""Servers that are given by URL: whether they answer, before anything is started."""

from __future__ import annotations

import time

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from portal.embedded.launch import CannotStart
from portal.env import Env

PATIENCE = 15.0  # they may be starting just now, as the portal is


def wait(env: Env) -> None:
    """Wait a little for each; say which one does not answer."""
    deadline = time.monotonic() + PATIENCE
    while problem := _database(env) or _redis(env):
        if time.monotonic() > deadline:
            raise CannotStart(problem)
        time.sleep(0.5)


def _database(env: Env) -> str:
    if env.database_url is None:
        return ""
    try:
        psycopg.connect(env.database_url, connect_timeout=5).close()
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        return f"DATABASE_URL: {reason}; check the address and that the server runs"
    return ""


def _redis(env: Env) -> str:
    if env.redis_url is None:
        return ""
    try:
        with Redis.from_url(env.redis(0), socket_timeout=5, socket_connect_timeout=5) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        return f"REDIS_URL: {error}; check the address and that the server runs"
    return ""
