"""The MLflow server: its own database, artifacts below DATA_DIR, one worker, no telemetry."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from portal.embedded.launch import CannotStart, Launch
from portal.embedded.postgres import Postgres
from portal.env import Env
from portal.supervisor import settings

UPGRADE = (
    "import os; from mlflow.db import upgrade; "
    "upgrade.callback(os.environ['MLFLOW_BACKEND_STORE_URI'])"
)


class Mlflow:
    """Prepares MLflow's database and says how to run the server."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.environ = settings.for_mlflow(env)
        self.version = importlib.metadata.version("mlflow")
        self._seen = env.data_dir / "mlflow-version"

    def prepare(self) -> Launch:
        """Create the database, bring its tables to this version, answer the command."""
        (self.env.data_dir / "artifacts").mkdir(mode=0o700, exist_ok=True)
        self.ensure_database()
        self._upgrade()
        port = str(settings.mlflow_port(self.env))
        options = ("--host", "127.0.0.1", "--port", port, "--workers", "1", "--serve-artifacts")
        return Launch(
            command=(sys.executable, "-m", "mlflow", "server", *options), environ=self.environ
        )

    def ensure_database(self) -> None:
        if self.env.database_url is None:
            server = Postgres(self.env.data_dir, self.env.run_dir)
            server.ensure_database(settings.mlflow_database(self.env))
            return
        name = settings.mlflow_database(self.env)
        try:
            _create_where_missing(self.env.database_url, name)
        except psycopg.Error as error:
            raise CannotStart(
                f"MLflow needs a database {name} beside the portal's; create it for the same user, "
                "or set MLFLOW_TRACKING_URI"
            ) from error

    def _upgrade(self) -> None:
        """MLflow refuses tables of an older version, and creates missing ones by itself."""
        if _read(self._seen) not in {"", self.version}:
            done = subprocess.run(
                [sys.executable, "-c", UPGRADE],
                env=self.environ,
                capture_output=True,
                text=True,
                timeout=1800,
                check=False,
            )
            if done.returncode != 0:
                raise CannotStart(f"MLflow's tables cannot be upgraded: {done.stderr[-300:]}")
        self._seen.write_text(self.version)


def _create_where_missing(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if not known.fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _read(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""
