"""A house full of runs: by SQL, because a hundred thousand of them are a setting and not the measure."""

from __future__ import annotations

from typing import Any

import psycopg

from bench.house import House

RUNS, EXPERIMENTS, CLIENTS = 100_000, 50, 16

# Two teams with a project each; Max works in both, and has a token for each client.
PEOPLE = """
import json
from django.conf import settings
from django.test import Client
from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.core.access import Role
from apps.models.models import Experiment, Workspace
from apps.projects.models import Grant
from apps.projects.services import create_project
max = User.objects.create_user("max", "max@example.org")
projects = []
for slug in ("fraud", "weather"):
    owner = User.objects.create_user(slug, f"{slug}@example.org")
    project = create_project(name=slug.title(), slug=slug, by=owner)
    Grant.objects.create(project=project, user=max, role=Role.MAINTAINER)
    projects.append(project)
for number in range(1, EXPERIMENTS + 1):
    Experiment.objects.create(
        project=projects[number % 2], mlflow_id=str(number), name=f"experiment {number}")
browser = Client()
browser.force_login(max)
session = browser.cookies[settings.SESSION_COOKIE_NAME].value
tokens = [create_token(user=max, name=f"client {n}", by=max)[1] for n in range(CLIENTS)]
print("TOLD" + json.dumps({"tokens": tokens, "session": session}))
"""

FILL = """
from importlib import import_module
from django.db import connection
migration = import_module("apps.models.migrations.0004_run_metrics")
with connection.cursor() as cursor:
    cursor.execute(migration.FILL_METRICS)
    cursor.execute(migration.FILL_PARAMS)
"""
# What each number logged: 5 params and 6 metrics, the same in the portal and in MLflow.
VALUES = """
SELECT number,
    md5(number::text) AS run_id,
    1 + number % {experiments} AS experiment,
    1700000000000 + number::bigint * 60000 AS start_time,
    CASE WHEN number % 20 = 0 THEN 'FAILED' ELSE 'FINISHED' END AS status,
    (ARRAY['forest', 'linear', 'net', 'boost'])[1 + number % 4] AS kind,
    (number % 12)::text AS depth,
    (0.001 * (1 + number % 97))::text AS rate,
    (ARRAY['adam', 'sgd'])[1 + number % 2] AS optimizer,
    number::text AS seed,
    hash(number, 1) AS accuracy, hash(number, 2) AS f1, hash(number, 3) AS auc,
    hash(number, 4) AS loss, hash(number, 5) AS recall, hash(number, 6) AS precision
FROM generate_series(1, {runs}) AS number
"""
HASH = """
CREATE OR REPLACE FUNCTION hash(number integer, salt integer) RETURNS double precision
LANGUAGE sql IMMUTABLE
AS $$ SELECT (hashint8(number::bigint * 31 + salt) & 1048575) / 1048576.0::double precision $$
"""
PARAMS = ("kind", "depth", "rate", "optimizer", "seed")
METRICS = ("accuracy", "f1", "auc", "loss", "recall", "precision")


def seed(house: House, runs: int = RUNS) -> dict[str, Any]:
    """Fill the portal's own tables; answers the tokens and the session."""
    told = house.shell(f"EXPERIMENTS, CLIENTS = {EXPERIMENTS}, {CLIENTS}\n{PEOPLE}")
    with psycopg.connect(house.postgres.url(), autocommit=True) as connection:
        connection.execute(HASH)
        connection.execute(_runs(runs))
        house.shell(FILL)
        connection.execute("VACUUM ANALYZE")
    return dict(told)


def values(runs: int) -> str:
    """The query behind both sides' rows."""
    return VALUES.format(runs=runs, experiments=EXPERIMENTS)


def _runs(runs: int) -> str:
    params = ", ".join(f"'{name}', {name}" for name in PARAMS)
    metrics = ", ".join(f"'{name}', {name}" for name in METRICS)
    steps = ", ".join(f"'{name}', jsonb_build_array(9, start_time)" for name in METRICS)
    return f"""
        INSERT INTO models_run (project_id, experiment_id, mlflow_id, name, status, lifecycle,
            started_at, ended_at, params, metrics, metric_steps, tags, inputs, artifact_uri, seen_at)
        SELECT experiment.project_id, experiment.id, run_id, 'run-' || number, told.status, 'active',
            to_timestamp(start_time / 1000.0), to_timestamp(start_time / 1000.0 + 30),
            jsonb_build_object({params}), jsonb_build_object({metrics}), jsonb_build_object({steps}),
            jsonb_build_object('mlflow.user', 'max', 'mlflow.runName', 'run-' || number,
                'mlflow.source.type', 'LOCAL', 'mlflow.source.name', 'train.py'),
            '[]', 'mlflow-artifacts:/' || experiment || '/' || run_id || '/artifacts', now()
        FROM ({values(runs)}) AS told
        JOIN models_experiment AS experiment ON experiment.mlflow_id = told.experiment::text
        ORDER BY number
    """
