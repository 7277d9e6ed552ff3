"""Every route of the table is attacked as it stands: a new row is attacked without a new test."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from apps.core.access import Role
from apps.models.proxy import routes
from apps.models.proxy.routes import Route
from tests.models.site import Answer, Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

# What nobody outside may ever read; the names that an attacker sends along are echoed, this is not.
HUSH = b"hush-5b1d"
KEPT = """
import json, mlflow, mlflow.genai.datasets
from mlflow.entities import Feedback
mlflow.set_experiment("kept")
with mlflow.start_run(run_name="hush-5b1d") as run:
    mlflow.log_metric("accuracy", 0.9)
    mlflow.log_param("kind", "hush-5b1d")
    mlflow.set_tag("team", "hush-5b1d")
    mlflow.log_text("hush-5b1d", "kept.txt")
    model = mlflow.initialize_logged_model(name="kept", params={"p": "hush-5b1d"})
    mlflow.finalize_logged_model(model.model_id, "READY")
client = mlflow.MlflowClient()
client.create_registered_model("kept", description="hush-5b1d")
client.create_model_version("kept", f"runs:/{run.info.run_id}/m", run.info.run_id, description="hush-5b1d")
client.set_registered_model_alias("kept", "live", "1")
with mlflow.start_span("hush-5b1d") as span:
    span.set_inputs({"question": "hush-5b1d"})
told = mlflow.log_feedback(trace_id=span.trace_id, name="good", value=True, rationale="hush-5b1d")
data = mlflow.genai.datasets.create_dataset(name="kept", experiment_id=run.info.experiment_id)
data.merge_records([{"inputs": {"q": "hush-5b1d"}}])
print(json.dumps({
    "run": run.info.run_id, "experiment": run.info.experiment_id, "model": model.model_id,
    "trace": span.trace_id, "assessment": told.assessment_id, "dataset": data.dataset_id,
    "folder": run.info.artifact_uri.removeprefix("mlflow-artifacts:/"),
}))
"""
LATE = """
from datetime import timedelta
from django.utils import timezone
from apps.accounts.models import ApiToken, User
from apps.accounts.services import create_token
cora = User.objects.get(username="cora")
token, text = create_token(user=cora, name="late", by=cora)
ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
print("TOKEN" + text)
"""
# MLflow has these below `ajax-api` alone.
FOR_THE_PAGE = re.compile(
    r"api/.*(get-history-bulk|get-trace-artifact|artifacts/files|search-datasets)"
)
INSIDE = [route for route in routes.TABLE if route.in_project and route.needs is not None]
CASES = [(method, route) for route in INSIDE for method in sorted(route.methods)]
WRITES = [(method, route) for method, route in CASES if (route.needs or 0) > Role.VIEWER]


@dataclass(frozen=True)
class Aim:
    """One project's records, and every way to name them at once."""

    ids: dict[str, str]
    workspace: str

    def path(self, route: Route) -> str:
        """The route with this project's ids in its gaps, where MLflow has it."""
        first = {"logged-models": "model", "traces": "trace", "datasets": "dataset"}
        kind = next((first[word] for word in first if f"{word}/{{}}" in route.pattern), "run")
        filled = route.pattern.replace("assessments/{}", f"assessments/{self.ids['assessment']}")
        filled = filled.replace("{*}", f"{self.ids['folder']}/kept.txt")
        filled = filled.replace("{}", self.ids[kind], 1).replace("{}", "team")
        below = "ajax-" if FOR_THE_PAGE.fullmatch(route.pattern) else ""
        return f"/mlflow/{below}{filled}"

    @property
    def query(self) -> str:
        """For a GET."""
        plain = {name: value for name, value in self.body.items() if isinstance(value, str)}
        several = {"run_ids": self.ids["run"], "trace_ids": self.ids["trace"], "max_results": "9"}
        return urlencode({**plain, **several, "path": "kept.txt", "metric_key": "accuracy"})

    @property
    def body(self) -> dict[str, Any]:
        """Everything that some route of MLflow's takes for an id or a name, and what goes with it."""
        ids, trace = self.ids, [self.ids["trace"]]
        folder = {"experiment_id": ids["experiment"]}
        place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": folder}
        return {
            **{"run_id": ids["run"], "run_uuid": ids["run"], "source_run_id": ids["run"]},
            **{"experiment_id": ids["experiment"], "experiment_ids": [ids["experiment"]]},
            **{"trace_id": ids["trace"], "request_id": ids["trace"], "trace_ids": trace},
            **{"request_ids": trace, "locations": [place], "model_id": ids["model"]},
            **{"dataset_id": ids["dataset"], "name": "kept", "version": "1", "alias": "live"},
            **{
                "key": "team",
                "value": "1",
                "timestamp": 1,
                "new_name": "taken",
                "stage": "Archived",
            },
            **{"experiment_name": "kept", "artifact_file_path": "kept.txt", "status": "FAILED"},
            **{"models": [{"model_id": ids["model"]}], "source": f"runs:/{ids['run']}/m"},
            **{"metrics": [{"key": "a", "value": 0, "timestamp": 1, "model_id": ids["model"]}]},
            **{"tags": [{"key": "team", "value": "taken"}], "records": '[{"inputs": {"q": "x"}}]'},
        }


@pytest.fixture(scope="module")
def aim(site: Site) -> Aim:
    return Aim(site.script("cora", KEPT), site.slug)


@pytest.fixture(scope="module")
def late(site: Site) -> str:
    """A token whose time is over."""
    return site.manage("shell", "--verbosity", "0", "-c", LATE).partition("TOKEN")[2].strip()


def ask(site: Site, who: str | None, method: str, route: Route, aim: Aim, **headers: str) -> Answer:
    path = aim.path(route)
    if method in {"GET", "HEAD"}:
        return site.ask(who, method, f"{path}?{aim.query}", **headers)
    headers["X-MLflow-Experiment-Id"] = aim.ids["experiment"]
    return site.ask(who, method, path, aim.body, **headers)


def whole(site: Site, aim: Aim) -> list[Any]:
    """All that its members see of the project's records."""
    v2, v3 = "/mlflow/api/2.0/mlflow", "/mlflow/api/3.0/mlflow"
    ids = aim.ids
    asked = (
        f"{v2}/runs/get?run_id={ids['run']}",
        f"{v2}/experiments/get?experiment_id={ids['experiment']}",
        f"{v2}/logged-models/{ids['model']}",
        f"{v2}/registered-models/get?name=kept",
        f"{v2}/model-versions/get?name=kept&version=1",
        f"{v2}/artifacts/list?run_id={ids['run']}",
        f"{v3}/traces/get?trace_id={ids['trace']}",
        f"{v3}/datasets/{ids['dataset']}/records",
        f"/mlflow/get-artifact?run_id={ids['run']}&path=kept.txt",
    )
    answers = [site.ask("carol", "GET", each) for each in asked]
    assert {answer.status for answer in answers} == {200}
    assert sum(HUSH in answer.body for answer in answers) == len(asked) - 2
    return [answer.body for answer in answers]


def named(case: tuple[str, Route]) -> str:
    return re.sub(r"[^\w/.-]+", "-", f"{case[0]} {case[1].pattern}")


def test_the_aim_is_what_a_member_reads(site: Site, aim: Aim) -> None:
    """The attacks below would hit, were it not for the rights: a member's own requests do."""
    hit = [case for case in CASES if case not in WRITES]
    found = [case for case in hit if HUSH in ask(site, "cora", *case, aim).body]
    assert len(found) > 20, [named(case) for case in found]


@pytest.mark.parametrize("named_workspace", [False, True], ids=["own", "theirs"])
@pytest.mark.parametrize("who", ["bob", "eve-third"])
def test_a_stranger_reads_and_changes_nothing(
    site: Site, aim: Aim, who: str, named_workspace: bool
) -> None:
    before = whole(site, aim)
    headers = {"X-MLFLOW-WORKSPACE": aim.workspace} if named_workspace else {}
    for case in CASES:
        answer = ask(site, who, *case, aim, **headers)
        assert HUSH not in answer.body, named(case)
        assert answer.status < 500, (named(case), answer.status, answer.body)
        if named_workspace:
            assert answer.status == 404, (named(case), answer.status, answer.body)
    assert whole(site, aim) == before


def test_a_token_whose_time_is_over_opens_nothing(site: Site, aim: Aim, late: str) -> None:
    for case in CASES:
        answer = ask(site, None, *case, aim, Authorization=f"Bearer {late}")
        assert answer.status == 401, named(case)


@pytest.mark.parametrize("who", ["carol", "cora-reads"])
def test_a_viewer_changes_nothing(site: Site, aim: Aim, who: str) -> None:
    before = whole(site, aim)
    for case in WRITES:
        answer = ask(site, who, *case, aim)
        assert answer.status == 403, (named(case), answer.status, answer.body)
        assert json.loads(answer.body)["error_code"] == "PERMISSION_DENIED"
    assert whole(site, aim) == before
