"""What a model version may be made from."""

from __future__ import annotations

import contextlib

from apps.models.proxy import confines, guards
from apps.models.proxy.change import Change
from apps.models.proxy.refusals import Refusal
from tests.base import PortalTestCase
from tests.models.fake_mlflow import FakeMlflow, scripted

ELSEWHERE = f"{0xE15E:032x}"


class SourceTests(PortalTestCase):
    def setUp(self) -> None:
        self.mlflow = FakeMlflow()
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(scripted(self.mlflow))
        made = self.mlflow.runs_create({"experiment_id": "1"})
        self.run_id = str(made["run"]["info"]["run_id"])

    def change(self, **body: str) -> Change:
        return Change(self.ada, self.fraud, "POST", body)

    def refused(self, status: int, **body: str) -> None:
        with self.assertRaises(Refusal) as raised:
            guards.takes_own_files(self.change(**body))
        self.assertEqual(raised.exception.status, status)

    def test_a_run_of_the_project_is_one(self) -> None:
        guards.takes_own_files(self.change(source=f"runs:/{self.run_id}/m", run_id=self.run_id))

        self.assertIn("GET /api/2.0/mlflow/runs/get", self.mlflow.asked)

    def test_a_run_that_is_not_of_the_project_is_none(self) -> None:
        self.refused(404, source=f"runs:/{ELSEWHERE}/m")
        self.refused(404, source="mlflow-artifacts:/models", run_id=ELSEWHERE)
        self.refused(404, source=f"runs:/{ELSEWHERE.upper()}/m")

    def test_what_can_be_no_run_is_free_as_in_mlflow(self) -> None:
        guards.takes_own_files(self.change(source="runs:/run_id/model", run_id="run_id_1"))
        confines.keeps_to_own_runs(self.change(source_run_id="123"))

        self.assertEqual(self.mlflow.asked, [])

    def test_a_word_of_other_letters_is_asked_for(self) -> None:
        for word in ("æ" * 31, "%61" * 8, "a" * 32, "a b"):
            with self.subTest(word):
                self.refused(404, source="models:/kept/1", run_id=word)

    def test_a_scheme_has_one_spelling(self) -> None:
        self.refused(400, source="RUNS:/x/model")
        self.refused(400, source="Models:/m-1")
        self.refused(400, source="file:///etc")
