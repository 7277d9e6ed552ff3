"""A plug-in for MLflow's own tests: a running portal stands where each test would start a server.

It knows the names of their fixtures and nothing else of theirs. Each test gets a project of its own, with the
experiment "Default" that a new server has. Where a test makes a workspace, the portal's API makes a project.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
import requests
from mlflow import MlflowClient
from mlflow.entities.workspace import Workspace
from mlflow.utils.workspace_utils import WORKSPACE_HEADER_NAME
from reasons import DIFFERENT, ELSEWHERE  # beside this file, which runs outside the portal's tests

PORTAL, TOKEN = os.environ["PORTAL_ADDRESS"], os.environ["MLFLOW_TRACKING_TOKEN"]
TRACKING = f"{PORTAL}/mlflow"
SIGNED = {"Authorization": f"Bearer {TOKEN}"}
# The backends that a test can be repeated for; behind the portal is one.
REPEATED = ("store_type", "client", "mlflow_client")


def open_project(slug: str, name: str = "") -> str:
    """A project at this slug, ours from now on."""
    given = {"name": name or slug, "slug": slug}
    answer = requests.post(f"{PORTAL}/api/v1/projects/", json=given, headers=SIGNED, timeout=60)
    if answer.status_code != 201:
        raise AssertionError(f"No project {slug}: {answer.status_code} {answer.text[:500]}")
    return slug


def open_workspace(client: MlflowClient, name: str, description: str = "") -> Workspace:
    """In place of MLflow's `create_workspace`: a project, and what the portal calls its workspace."""
    return client.get_workspace(open_project(name, description))


@functools.cache
def team_a() -> str:
    """The workspace that their fixture makes beside the default one."""
    return open_project("team-a")


@contextlib.contextmanager
def signed_requests() -> Iterator[None]:
    """A test's plain requests carry the token, and the workspace where the test names none."""
    send = requests.Session.send

    def signed(self: requests.Session, request: requests.PreparedRequest, **more: Any) -> Any:
        if str(request.url).startswith(TRACKING):
            workspace = os.environ.get("MLFLOW_WORKSPACE")
            own = {**SIGNED, **({WORKSPACE_HEADER_NAME: workspace} if workspace else {})}
            for name, value in own.items():
                request.headers.setdefault(name, value)
        return send(self, request, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Session, "send", signed)
        yield


@contextlib.contextmanager
def fresh_project() -> Iterator[MlflowClient]:
    """A client whose project nobody else uses."""
    before = mlflow.get_tracking_uri()
    with signed_requests(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", TRACKING)
        patch.setenv("MLFLOW_WORKSPACE", open_project(f"own-{uuid.uuid4().hex[:10]}"))
        patch.setenv("MLFLOW_EXPERIMENT_NAME", "Default")
        # `set_experiment` of the test before leaves it behind, and it is of another project.
        patch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
        patch.setattr("mlflow.tracking.fluent._active_experiment_id", None)
        mlflow.set_tracking_uri(TRACKING)
        mlflow.set_registry_uri(TRACKING)
        client = MlflowClient(TRACKING)
        client.create_experiment("Default")
        try:
            yield client
        finally:
            while mlflow.active_run():
                mlflow.end_run()
            mlflow.set_registry_uri(None)
            mlflow.set_tracking_uri(before)


@contextlib.contextmanager
def projects_for_workspaces() -> Iterator[MlflowClient]:
    """A client whose `create_workspace` opens a project."""
    with fresh_project() as client, pytest.MonkeyPatch.context() as patch:
        team_a()
        patch.setattr(MlflowClient, "create_workspace", open_workspace)
        yield client


@contextlib.contextmanager
def server_of_files() -> Iterator[SimpleNamespace]:
    """What the tests of artifacts know of their server; its disk and database are out of their reach."""
    with fresh_project(), tempfile.TemporaryDirectory() as empty:
        yield SimpleNamespace(
            url=TRACKING,
            default_artifact_root=f"{TRACKING}/api/2.0/mlflow-artifacts/artifacts",
            artifacts_destination=empty,
            backend_store_uri=f"sqlite:///{empty}/mlflow.db",
            process=None,
        )


@contextlib.contextmanager
def nothing() -> Iterator[None]:
    """In place of a database that a test would prepare for its server."""
    yield None


SERVED: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "mlflow_client": fresh_project,
    "client": fresh_project,
    "workspace_mlflow_client": projects_for_workspaces,
    "artifacts_server": server_of_files,
    "cached_db": nothing,
    "db_uri": nothing,
}


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> object | None:
    """Answer for the fixtures that would start a server."""
    serve = SERVED.get(fixturedef.argname)
    if serve is None:
        return None
    with contextlib.ExitStack() as stack:
        value = stack.enter_context(serve())
        fixturedef.addfinalizer(stack.pop_all().close)
    fixturedef.cached_result = (value, fixturedef.cache_key(request), None)
    return value if value is not None else ()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run the tests that are coroutines, without a further plug-in."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each test once, and those that differ with their reason."""
    repeated = [item for item in items if _is_of_a_file_store(item)]
    config.hook.pytest_deselected(items=repeated)
    items[:] = [item for item in items if item not in repeated]
    for item in items:
        name = getattr(item, "originalname", item.name)
        if name in ELSEWHERE:
            item.add_marker(pytest.mark.skip(reason=ELSEWHERE[name]))
        if name in DIFFERENT:
            item.add_marker(pytest.mark.xfail(reason=DIFFERENT[name], strict=True))


def _is_of_a_file_store(item: pytest.Item) -> bool:
    called = getattr(item, "callspec", None)
    return called is not None and any(called.params.get(name) == "file" for name in REPEATED)


def pytest_configure(config: pytest.Config) -> None:
    """The marks that their tests wear."""
    for mark in ("asyncio", "allow_infer_pip_requirements_fallback", "notrackingurimock"):
        config.addinivalue_line("markers", f"{mark}: of MLflow's own tests")
