"""The environment of the supervised processes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from psycopg.conninfo import conninfo_to_dict

from portal.embedded.postgres import Postgres
from portal.env import Env
from portal.supervisor.guardian import MARK

MLFLOW_DATABASE = "mlflow"


def mlflow_port(env: Env) -> int:
    return env.port + 2


def gateway_port(env: Env) -> int:
    return env.port + 1


def fork_server(env: Env) -> Path:
    """The socket of the process that has loaded the portal's code."""
    return env.run_dir / "fork.sock"


def database_url(env: Env) -> str:
    return env.database_url or Postgres(env.data_dir, env.run_dir).url()


def for_portal(env: Env) -> dict[str, str]:
    """What web, worker and beat get: every address, whoever runs the server behind it."""
    return {
        **_inherited(env),
        "DATA_DIR": str(env.data_dir),
        "PORT": str(env.port),
        "DATABASE_URL": database_url(env),
        "REDIS_URL": env.redis_url or f"unix://{env.run_dir}/redis.sock",
        "CELERY_BROKER_URL": env.broker_url,
        "MLFLOW_TRACKING_URI": env.mlflow_tracking_uri or f"http://127.0.0.1:{mlflow_port(env)}",
        "PROMETHEUS_MULTIPROC_DIR": str(env.run_dir / "metrics"),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        # The title of a process must not overwrite its environment: its mark stands there.
        "SPT_NOENV": "1",
    }


def for_mlflow(env: Env) -> dict[str, str]:
    """What the MLflow server gets: its database and artifacts, and nothing of the portal's."""
    address = f"127.0.0.1:{mlflow_port(env)}"
    return {
        **_inherited(env),
        "MLFLOW_BACKEND_STORE_URI": mlflow_database_url(env),
        "MLFLOW_ARTIFACTS_DESTINATION": str(env.data_dir / "artifacts"),
        "MLFLOW_ENABLE_WORKSPACES": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"{address},localhost:{mlflow_port(env)}",
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": f"http://{address}",
        "MLFLOW_SERVER_X_FRAME_OPTIONS": "DENY",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }


def mlflow_database_url(env: Env) -> str:
    """MLflow's own database beside the portal's, in the words of SQLAlchemy."""
    given = {**conninfo_to_dict(database_url(env))}
    given.pop("dbname", None)
    return f"postgresql+psycopg:///{mlflow_database(env)}?{urlencode(given)}"


def mlflow_database(env: Env) -> str:
    if env.database_url is None:
        return MLFLOW_DATABASE
    return f"{conninfo_to_dict(env.database_url).get('dbname', 'signalbox')}_{MLFLOW_DATABASE}"


def _inherited(env: Env) -> Mapping[str, str]:
    """The supervisor's own environment; PG* would lead a client past the embedded socket."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if env.database_url is not None or not name.startswith("PG")
    }
    return {**kept, MARK: str(env.data_dir), "PYTHONUNBUFFERED": "1"}
