"""The main job on real processes, from training to rollback: through REST alone, and as the README tells it.

Both walk on one portal, for it takes a while to start; so these people and their project are others than the tour's.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer

from tests.portal.polling import ROOT, until
from tests.thread.client import Person, WholePortal
from tests.thread.jira import Jira
from tests.thread.ollama import Ollama

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

WHY = "Why is this model worse since this morning, and what do I do?"
DRIFT_RUNBOOK = """---
title: Inputs of a model drifted
applies_to: {alerts: [inputs], models: [tumour]}
---
Use this when a monitor says that the inputs of a model have moved.

## What to do

1. Compare the moved features with their source.
2. Roll back to the last good version.
3. Tell the owner of the upstream table.
"""
LATENCY_RUNBOOK = """---
title: Model server is slow
---
## What to do

1. Look at the replicas and their processors.
2. Scale out.
"""


@pytest.fixture(scope="module")
def ollama() -> Iterator[Ollama]:
    server = Ollama()
    yield server
    server.close()


@pytest.fixture(scope="module")
def jira() -> Iterator[Jira]:
    server = Jira()
    yield server
    server.close()


class Walk:
    """The people and what they have come to, step by step."""

    def __init__(self, portal: WholePortal, jira: Jira, ollama: Ollama) -> None:
        self.portal, self.jira, self.ollama = portal, jira, ollama
        admin = Person(portal, portal.token("admin"))
        for name in ("ida", "moe", "ben"):
            admin.post("users/", username=name, email=f"{name}@example.org")
        self.ida, self.moe, self.ben = (
            Person(portal, portal.token(n)) for n in ("ida", "moe", "ben")
        )
        self.ida.post("projects/", name="Lumps", slug="lumps")
        self.ida.post("projects/lumps/members/", user="moe", role="maintainer")
        self.ben.post("projects/", name="Elsewhere", slug="elsewhere")
        admin.close()
        self.known: list[str] = []  # pages that a stranger must not find
        self.rows = load_breast_cancer(as_frame=True).data

    def train(self) -> None:
        self.portal.train(self.ida.token)
        runs = self.ida.get("runs/", project="lumps")["results"]
        assert len(runs) == 20
        assert all(run["params"] and "accuracy" in run["metrics"] for run in runs)
        versions = self.ida.get("model-versions/", project="lumps")["results"]
        self.versions = {version["version"]: version["id"] for version in versions}
        self.model = versions[0]["model"]
        assert sorted(self.versions) == [1, 2]
        self.known += [f"models/{self.model}", f"runs/{runs[0]['id']}"]
        self.known += [f"model-versions/{pk}" for pk in self.versions.values()]

    def promote(self) -> None:
        settings = {"metric": "accuracy", "floor": 0.9}
        gate = {"environment": "prod", "kind": "metric_floor", "settings": settings}
        self.ida.post("gates/", model=self.model, **gate)
        for number in (1, 2):
            asked = self.ida.post(
                f"model-versions/{self.versions[number]}/promote/", environment="prod"
            )
            self.ida.wait(f"approvals/{asked['id']}/", lambda p: p["state"] == "waiting")
            own = self.ida.http.post(f"/api/v1/approvals/{asked['id']}/approve/", json={})
            assert own.status_code == 403
            self.moe.post(f"approvals/{asked['id']}/approve/", note="looks right")
            self.ida.wait(f"approvals/{asked['id']}/", lambda p: p["state"] == "done")
            self.known.append(f"approvals/{asked['id']}")

    def release(self) -> None:
        place = {"project": "lumps", "environment": "prod", "model": "tumour", "slug": "lump"}
        self.ida.post("deployments/", **place)
        for number in (1, 2):
            made = self.ida.post("releases/", deployment="lump", version=number)
            if number == 2:
                self.portal.kill_worker()
            self.ida.wait(f"releases/{made['id']}/", lambda r: r["state"] == "live")
            self.ida.wait(f"jobs/{made['job_id']}/", lambda job: job["state"] == "done")
            self.known += [f"releases/{made['id']}", f"jobs/{made['job_id']}", "deployments/lump"]
        served = self.ida.get("ledger/served/", environment="prod")["models"]
        assert [(s["model"], s["version"], s["approved_by"]) for s in served] == [
            ("tumour", 2, "moe")
        ]
        assert served[0]["run"]
        assert served[0]["dataset"].startswith("breast-cancer@")

    def send(self, rows: Any) -> list[str]:
        """Send rows through the gateway, ten at a time; returns the prediction ids."""
        return [self._predicted(rows.iloc[start : start + 10]) for start in range(0, len(rows), 10)]

    def _predicted(self, rows: Any) -> str:
        part = json.loads(rows.to_json(orient="split"))
        part.pop("index")
        answers: list[Any] = []
        until(lambda: self._answered(part, answers), seconds=300, what=lambda: str(answers[-1:]))
        answer = answers[-1]
        assert len(answer.json()["predictions"]) == len(part["data"])
        assert answer.headers["x-served-version"]
        return str(answer.headers["x-prediction-id"])

    def _answered(self, part: dict[str, Any], answers: list[Any]) -> bool:
        answers.append(self.ida.predict("lump", part))
        return bool(answers[-1].status_code == 200)

    def watch(self) -> None:
        calm = self.rows.sample(200, random_state=1)
        ids = self.send(calm)
        self.ida.wait("predictions/?deployment=lump&limit=1000", lambda p: len(p["results"]) == 200)
        truth = [{"id": f"{ids[0]}:{row}", "time": 1, "truth": 1} for row in range(10)]
        first = self.ida.post("ground-truth/", deployment="lump", records=truth)
        again = self.ida.post("ground-truth/", deployment="lump", records=truth)
        assert (first["accepted"], again["duplicates"]) == (10, 10)
        baseline = self.ida.post("baselines/", deployment="lump", artifact="training/inputs.csv")
        assert len(baseline["columns"]) == 30
        made = self.ida.post("monitors/", baseline=baseline["id"], name="inputs", every_seconds=1)
        self.monitor = made["id"]
        self.known += [f"baselines/{baseline['id']}", f"monitors/{self.monitor}"]
        self.ida.wait(f"monitors/{self.monitor}/", lambda m: m["state"] == "calm")

    def shift(self) -> None:
        large = self.rows[self.rows["mean radius"] > self.rows["mean radius"].quantile(0.7)]
        self.portal.kill_worker()
        self.send(large.sample(200, replace=True, random_state=2))
        self.ida.wait(f"monitors/{self.monitor}/", lambda m: m["state"] == "alerting")
        alerts = self.ida.get("alerts/", project="lumps")["results"]
        assert len(alerts) == 1
        assert "mean radius" in {feature["name"] for feature in alerts[0]["features"]}
        self.known.append(f"alerts/{alerts[0]['id']}")

    def investigate(self) -> None:
        listed = self.ida.wait("incidents/?project=lumps", lambda i: i["results"])
        self.portal.kill_worker()
        self.incident = listed["results"][0]["id"]
        assert len(listed["results"]) == 1
        self.known += [f"incidents/{self.incident}", f"incidents/{self.incident}/evidence"]
        pack = self.ida.wait(f"incidents/{self.incident}/evidence/", bool)
        kinds = {item["kind"]: item for item in pack}
        assert {"shift", "release", "last_good", "runbook", "owner"} <= set(kinds)
        assert "mean radius" in " ".join(item["text"] for item in pack if item["kind"] == "shift")
        assert kinds["release"]["data"]["version"] == 2
        assert kinds["last_good"]["data"]["version"] == 1
        assert kinds["runbook"]["title"].startswith("Inputs of a model drifted")

    def tell_jira(self) -> None:
        values = {"site": self.jira.url, "email": "ida@example.org", "project": "ML"}
        secrets = {"api_token": "secret-token", "secret": "a-webhook-secret"}
        connection = {"connector": "jira", "name": "Jira", "values": values, "secrets": secrets}
        self.ida.post("connections/", project="lumps", **connection)
        ticket = self.ida.post("tickets/", incident=self.incident)
        self.portal.kill_worker()
        self.ida.post("tickets/", incident=self.incident)
        self.ticket = ticket["id"]
        self.known.append(f"tickets/{self.ticket}")
        self.ida.wait(
            f"tickets/{self.ticket}/", lambda t: t["key"] == "ML-1" and t["remote_status"]
        )
        assert len(self.jira.issues) == 1
        assert self.jira.faults == []

    def ask(self) -> None:
        answer = self.ida.post("assistant/ask/", question=WHY, project="lumps")
        known = {piece["n"] for piece in answer["evidence"]}
        assert answer["model"] == "none"
        assert len(answer["sentences"]) > 4
        for sentence in answer["sentences"]:
            assert sentence["citations"]
            assert set(sentence["citations"]) <= known
        for words in (
            "mean radius",
            "version 2",
            "Version 1",
            "Roll back to the last good version",
        ):
            assert words in answer["answer"], words

    def ask_a_model(self) -> None:
        """The same evidence worded by a language model, which lies once."""
        self.portal.environ["OLLAMA_HOST"] = self.ollama.url
        asked = ("ask", WHY, "--as", "ida", "--project", "lumps", "--json")
        said = self.portal.manage("assistant", *asked)
        assert said.returncode == 0, said.stderr[-2000:]
        answer = json.loads(said.stdout)
        assert 1 <= len(self.ollama.asked) <= 2  # once more where little of it held
        assert answer["model"] != "none"
        assert len(answer["sentences"]) >= 3
        assert "mean radius" in answer["answer"]
        assert "Mallory" not in answer["answer"]
        assert "4711" not in answer["answer"]

    def roll_back(self) -> None:
        release = self.ida.post("deployments/lump/rollback/", reason="inputs drifted")
        self.ida.wait(f"releases/{release['id']}/", lambda r: r["state"] == "live")
        assert release["version"] == 1
        # Two looks at new rows have to be calm, and rows of one moment are one look.
        until(self._recovered, seconds=600, what="the monitor recovers")
        self.ida.wait(f"incidents/{self.incident}/", lambda i: i["state"] == "resolved")
        self.ida.wait(f"tickets/{self.ticket}/", lambda t: t["remote_closed"])
        assert self.jira.faults == []

    def _recovered(self) -> bool:
        self.send(self.rows.sample(200))
        return bool(self.ida.get(f"monitors/{self.monitor}/")["state"] == "calm")

    def stranger_sees_nothing(self) -> None:
        lists = (
            "runs", "models", "model-versions", "gates", "approvals", "deployments", "releases", "baselines",
            "monitors", "alerts", "incidents", "tickets", "docs", "connections", "ledger",
        )  # fmt: skip
        for name in lists:
            found = self.ben.get(f"{name}/")["results"]
            assert not [row for row in found if "tumour" in json.dumps(row)], name
        for path in self.known:
            assert self.ben.http.get(f"/api/v1/{path}/").status_code == 404, path
        assert self.ben.predict("lump", {"columns": [], "data": []}).status_code == 404
        assert self.ben.get("ledger/served/")["models"] == []
        assert self.ben.get("search/", q="drift")["results"] == []
        answer = self.ben.post("assistant/ask/", question=WHY)
        assert "tumour" not in json.dumps(answer)
        assert answer["sentences"][0]["standing"] == "not_in_records"

    def close(self) -> None:
        for person in (self.ida, self.moe, self.ben):
            person.close()


@pytest.fixture
def walk(portal: WholePortal, jira: Jira, ollama: Ollama) -> Iterator[Walk]:
    begun = Walk(portal, jira, ollama)
    yield begun
    begun.close()


def test_the_thread(walk: Walk) -> None:
    for body in (DRIFT_RUNBOOK, LATENCY_RUNBOOK):
        walk.ida.post("docs/", project="lumps", kind="runbook", body=body)
    for step in (
        walk.train,
        walk.promote,
        walk.release,
        walk.watch,
        walk.shift,
        walk.investigate,
        walk.tell_jira,
        walk.ask,
        walk.ask_a_model,
        walk.roll_back,
    ):
        step()
        walk.stranger_sees_nothing()
    verified = walk.portal.manage("ledger", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def tour() -> str:
    """The one shell block below the README's heading."""
    part = (ROOT / "README.md").read_text().partition("## Five minutes")[2]
    found = re.search(r"```sh\n(.*?)```", part, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the tour speaks curl")
def test_the_tour_works_when_pasted(portal: WholePortal, tmp_path: Path) -> None:
    script = tmp_path / "tour.sh"
    script.write_text(tour().replace(".venv/bin/python", sys.executable))
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", str(script)],
        cwd=ROOT,
        env={**portal.environ, "URL": portal.url, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert '"approved_by":"max"' in done.stdout.replace(": ", ":")
    assert "Roll back to the last good version" in done.stdout
    assert '"state":"resolved"' in done.stdout.replace(": ", ":")
    assert "\nOK " in done.stdout, done.stdout[-300:]
