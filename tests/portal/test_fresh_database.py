"""An empty database gets its tables at once, and they are what the migrations lead to one by one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db.migrations import RunPython
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.test import SimpleTestCase

from portal.embedded.binaries import find
from portal.operations import fresh
from tests import forks

SERVER = os.environ["DATABASE_URL"]


@contextlib.contextmanager
def empty_database() -> Iterator[str]:
    """The URL of a database that holds nothing."""
    address, mark, settings = SERVER.partition("?")
    name = f"fresh_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield f"{address.rpartition('/')[0]}/{name}{mark}{settings}"
    finally:
        with psycopg.connect(SERVER, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrate(url: str, *arguments: str) -> str:
    return forks.manage("migrate", *arguments, DATABASE_URL=url)


def structure(url: str) -> str:
    """All that is in a database, without the moment at which a migration ran."""
    dump = [find()["pg_dump"], "--no-owner", "--no-comments", f"--dbname={url}"]
    said = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
    return re.sub(r"(?m)^\\(un)?restrict .*$|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.?\d*\+00$", "", said)


@pytest.fixture(scope="module")
def made_by_two() -> Iterator[tuple[str, list[str]]]:
    """An empty database that two migrate at once, and what each said."""
    with empty_database() as url, ThreadPoolExecutor() as pool:
        yield url, list(pool.map(migrate, [url, url]))


def test_two_that_begin_at_once_make_one_database(made_by_two: tuple[str, list[str]]) -> None:
    _, said = made_by_two
    assert sum("every table was made at once" in each for each in said) == 1
    assert all("No migrations to apply" in each for each in said)


@pytest.mark.slow
def test_the_tables_made_at_once_are_those_of_the_migrations_one_by_one(
    made_by_two: tuple[str, list[str]],
) -> None:
    at_once, _ = made_by_two
    with empty_database() as one_by_one:
        assert "Applying incidents.0003_packs_kept" in migrate(one_by_one, "--one-by-one")
        assert structure(at_once) == structure(one_by_one)


class WhatMigrationsHold(SimpleTestCase):
    def test_what_changes_rows_says_that_only_older_rows_need_it(self) -> None:
        """So that nobody expects it of a fresh database."""
        loader = MigrationLoader(None)
        strict = [
            f"{app}.{name}"
            for (app, name), migration in loader.disk_migrations.items()
            if migration.__module__.startswith("apps.")
            for operation in migration.operations
            if isinstance(operation, RunPython) and not operation.elidable
        ]
        self.assertEqual(strict, [])

    def test_an_operation_that_nobody_thought_of_is_left_to_django(self) -> None:
        self.assertFalse(fresh._is_known(Operation()))
