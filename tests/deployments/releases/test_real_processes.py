"""A bad version under canary, with real model servers and a real gateway: it goes back by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError

import pytest

from apps.accounts.services import create_token
from apps.deployments import services
from apps.deployments.configs import Strategy
from apps.deployments.models import Deployment, Judgement, Release
from apps.deployments.runner.loop import Runner
from tests.base import PortalTransactionTestCase
from tests.deployments.gateway.test_command import gateway
from tests.deployments.test_pages import model_with_versions
from tests.portal.polling import ROOT, free_ports, until

MODEL = """
import mlflow

class Model(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        {body}

mlflow.models.set_model(Model())
"""
GOOD, BAD = "return [0.5] * len(model_input)", "raise RuntimeError('a bug')"
SAVE = (
    "import mlflow, sys; mlflow.pyfunc.save_model("
    "sys.argv[2], python_model=sys.argv[1], pip_requirements=['mlflow'])"  # else it is loaded to find out
)
BODY = b'{"dataframe_records": [{"x": 1.0}]}'


@pytest.mark.slow
@pytest.mark.timeout(1800)
class RealProcessesTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory(prefix="sbr-")
        self.addCleanup(folder.cleanup)
        self.home = Path(folder.name)
        self.enterContext(self.settings(DATA_DIR=self.home))
        self.versions = model_with_versions(self.fraud)
        for version, body in zip(self.versions, (GOOD, BAD), strict=True):
            self.save(version.pk, body)
        self.row: Deployment = services.create_deployment(
            environment=self.staging, model=self.versions[0].model, slug="churn-live", by=self.ada
        )
        self.runner = Runner(os.environ)
        self.addCleanup(self.runner.stop_all)
        _, self.token = create_token(user=self.carol, name="test", by=self.carol)
        self.port = free_ports()

    def save(self, version_id: int, body: str) -> None:
        """A model where the runner looks for it."""
        code = self.home / f"model{version_id}.py"
        code.write_text(MODEL.format(body=body))
        where = self.home / "models" / str(version_id)
        command = [sys.executable, "-W", "ignore", "-c", SAVE, str(code), str(where)]
        subprocess.run(command, check=True, cwd=ROOT, capture_output=True, timeout=400)

    def predict(self) -> int:
        url = f"http://127.0.0.1:{self.port}/serve/churn-live/invocations"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, BODY, headers), timeout=120
            ) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except OSError:
            return 0

    def is_over(self, release: Release) -> bool:
        """One round of the runner and of the job, with some requests."""
        self.runner.look()
        for _ in range(10):
            self.predict()
        return services.look(release.pk).over

    def all_is_well(self) -> bool:
        return all(self.predict() == 200 for _ in range(10))

    def request(self, number: int, **strategy: object) -> Release:
        return services.request_release(
            deployment=self.row,
            version=self.versions[number - 1],
            by=self.cora,
            strategy=Strategy(**strategy),
        )

    def test_a_version_that_fails_goes_back_by_itself(self) -> None:
        with gateway(self.port):
            first = self.request(1)
            until(lambda: self.is_over(first), seconds=300, what="version 1 is live")
            until(lambda: self.predict() == 200, seconds=300, what="the gateway answers")
            second = self.request(2, kind="canary", steps=(50,), step_seconds=3600)
            until(lambda: self.is_over(second), seconds=300, what="version 2 is decided on")
            # The gateway learns of it within its next look at the routes.
            until(self.all_is_well, seconds=300, what="version 1 alone answers")
        second.refresh_from_db()
        self.assertEqual((second.state, second.share), ("rolled_back", 0))
        self.assertTrue(second.note.startswith("It is worse. errors"), second.note)
        self.assertEqual(Judgement.objects.latest("pk").verdict, "roll_back")
        self.assertEqual(self.row.releases.live().get().pk, first.pk)
