"""Servers for one test run: given ones, or embedded ones in a folder that goes with the run."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from portal.embedded.postgres import Postgres
from portal.embedded.redis import Redis
from tests import forks, template

# Nothing here outlives the run, so nothing waits for the disk.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

TEMPLATE = "SIGNALBOX_TEST_TEMPLATE"


class Servers:
    """The folder and the servers that this run began; the xdist workers find them by environment."""

    def __init__(self) -> None:
        # Short, because socket paths are limited; open, because PostgreSQL may run as nobody.
        self.home = Path(tempfile.mkdtemp(prefix="sbx-", dir="/tmp"))
        self.home.chmod(0o711)
        self.data = self.home / "data"
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self.forks: forks.Loaded | None = None

    def start(self) -> None:
        os.environ["DATA_DIR"] = str(self.data)
        os.environ.setdefault("DEMO", "0")  # the demo's own tests turn it on
        (self.data / "static").mkdir(parents=True)  # WhiteNoise warns where it is missing
        if "DATABASE_URL" not in os.environ:
            self.postgres = Postgres(self.data, self.home / "pg", settings=CARELESS)
            self.postgres.start(end_with_parent=True)
            self.postgres.ensure_database("signalbox")
            os.environ["DATABASE_URL"] = self.postgres.url()
        if "REDIS_URL" not in os.environ:
            self.redis = Redis(self.data, self.home / "redis")
            self.redis.start(end_with_parent=True)
            os.environ["REDIS_URL"] = f"unix://{self.redis.socket}"
        os.environ[forks.SOCKET] = str(self.home / "forks.sock")
        settings = {"DJANGO_SETTINGS_MODULE": "portal.settings"}
        self.forks = forks.Loaded(self.home / "forks.sock", {**os.environ, **settings})
        if self.postgres:
            template.make()
            os.environ[TEMPLATE] = "signalbox"

    def stop(self) -> None:
        if self.forks:
            self.forks.stop()
        for server in (self.postgres, self.redis):
            if server is not None:
                server.stop()
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # an xdist worker uses what its controller began
        servers = Servers()
        config.add_cleanup(servers.stop)
        servers.start()
    # Named here and not in pyproject.toml: the settings are read once the servers are known.
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    from django.conf import settings

    from tests import emptying, patience

    if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # one Redis, and no word of each other
        settings.CACHES["default"]["KEY_PREFIX"] = worker
    if name := os.environ.get(TEMPLATE):  # only of a server that this run began
        settings.DATABASES["default"].setdefault("TEST", {})["TEMPLATE"] = name
    emptying.install()
    patience.settle()


@pytest.fixture(scope="session", autouse=True)
def _patient() -> None:
    from tests import patience

    patience.install()


# What keeps a process busy for long: begun first, so that the other processes have enough to do beside it.
LONGEST = (
    "tests/thread/",
    "tests/portal/test_up.py",
    "tests/portal/test_commands.py",
    "tests/deployments/releases/test_real_processes.py",
    "tests/deployments/test_served_replay.py",
    "tests/api/test_schemathesis.py",
    "tests/security/test_matrix.py",
    "tests/core/test_job_processes.py",
    "tests/browser/test_every_page.py",
    "tests/browser/",  # together: each process has one browser for all of them
)


@pytest.hookimpl(trylast=True)  # after pytest-django, which has an order of its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    path = item.path.as_posix()
    return next((at for at, part in enumerate(LONGEST) if part in path), len(LONGEST))
