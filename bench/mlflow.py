"""MLflow's own server on the same PostgreSQL, with fewer runs of the same kind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bench import seed
from bench.house import House
from tests.models.mlflow_server import answers
from tests.portal.polling import end, free_ports, until

RUNS = 20_000
DATABASE = "mlflow_bench"


@contextlib.contextmanager
def mlflow(house: House, runs: int = RUNS) -> Iterator[str]:
    """The address of a server as `mlflow server` starts it."""
    house.postgres.ensure_database(DATABASE)
    port = free_ports()
    command = [sys.executable, "-W", "ignore", "-m", "mlflow", "server", "--host", "127.0.0.1"]
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": _sqlalchemy(house),
        "MLFLOW_ARTIFACTS_DESTINATION": str(house.folder / "artifacts"),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    workers = str(os.cpu_count() or 1)
    with (house.folder / "mlflow.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", workers],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=house.folder,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        until(lambda: answers(f"{address}/health"), seconds=300, what="MLflow answers")
        _seed(house, runs)
        yield address
    finally:
        end(process)


def _seed(house: House, runs: int) -> None:
    with psycopg.connect(house.postgres.url(DATABASE), autocommit=True) as connection:
        connection.execute(seed.HASH)
        connection.execute(f"CREATE TABLE told AS {seed.values(runs)}")
        for statement in _statements():
            connection.execute(statement)
        connection.execute("VACUUM ANALYZE")


def _statements() -> Iterator[str]:
    yield f"""
        INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)
        SELECT number, 'experiment ' || number, 'mlflow-artifacts:/' || number, 'active'
        FROM generate_series(1, {seed.EXPERIMENTS}) AS number
    """
    yield """
        INSERT INTO runs (run_uuid, name, user_id, status, start_time, end_time, lifecycle_stage,
            artifact_uri, experiment_id, source_type, source_name, source_version, entry_point_name)
        SELECT run_id, 'run-' || number, 'max', status, start_time, start_time + 30000, 'active',
            'mlflow-artifacts:/' || experiment || '/' || run_id || '/artifacts', experiment,
            'LOCAL', 'train.py', '', ''
        FROM told
    """
    for name in seed.PARAMS:
        yield f"INSERT INTO params (key, value, run_uuid) SELECT '{name}', {name}, run_id FROM told"
    for name in seed.METRICS:
        columns = "key, value, timestamp, step, is_nan, run_uuid"
        for table in ("metrics", "latest_metrics"):
            yield f"""
                INSERT INTO {table} ({columns})
                SELECT '{name}', {name}, start_time, 9, false, run_id FROM told
            """
    for key, value in (
        ("mlflow.user", "'max'"),
        ("mlflow.runName", "'run-' || number"),
        ("mlflow.source.type", "'LOCAL'"),
        ("mlflow.source.name", "'train.py'"),
    ):
        yield f"INSERT INTO tags (key, value, run_uuid) SELECT '{key}', {value}, run_id FROM told"


def _sqlalchemy(house: House) -> str:
    given = {**conninfo_to_dict(house.postgres.url(DATABASE))}
    given.pop("dbname", None)
    return f"postgresql+psycopg:///{DATABASE}?{urlencode(given)}"
