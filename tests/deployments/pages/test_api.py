"""The same by REST: configuration with ETag and If-Match, scale, restart, retire, logs."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from apps.deployments import logs
from apps.deployments.models import Configuration
from tests.deployments.pages.base import Served


class ApiTests(Served):
    def setUp(self) -> None:
        super().setUp()
        self.base = f"/api/v1/deployments/{self.row.slug}/"
        self.address = f"{self.base}configuration/"
        self.client_ = self.api(self.cora)

    def put(self, body: object, **headers: str) -> tuple[int, dict]:
        answer = self.client_.put(self.address, body, format="json", headers=headers)
        return answer.status_code, answer.json()

    def test_the_configuration_is_read_and_changed_with_its_tag(self) -> None:
        first = self.client_.get(self.address)
        self.assertEqual((first.json()["number"], first.json()["config"]["replicas"]), (0, 1))
        match = {"If-Match": first["ETag"]}
        status, told = self.put({"config": {"limits": {"memory_mb": 512}}, "note": "big"}, **match)
        self.assertEqual(
            (status, told["number"], told["by"], told["note"]), (200, 1, "cora", "big")
        )
        self.assertEqual(told["config"]["limits"]["memory_mb"], 512)
        status, told = self.put({"config": {"replicas": 2}}, **match)
        self.assertEqual((status, told["code"]), (412, "changed_meanwhile"))
        status, told = self.put({"config": {"replicas": 2}})
        self.assertEqual((status, told["number"]), (200, 2))
        status, told = self.put({"config": {"replicas": 2}})
        self.assertEqual((status, told["number"]), (200, 2))
        found = self.client_.get(f"{self.base}configurations/").json()["results"]
        self.assertEqual([row["number"] for row in found], [2, 1])

    def test_what_does_not_fit_is_named(self) -> None:
        for body, words in (
            ({}, "config"),
            ({"config": 7}, "config: "),
            ({"config": {"limits": {"memory_mb": -1}}}, "limits.memory_mb: "),
            ({"config": {"limits": 7}}, "limits: "),
            ({"config": {"surprise": 1}}, "surprise: "),
            ({"config": {"strategy": {"steps": [50, 20]}}}, "strategy.steps: "),
            ({"config": {"runtime": {"image": "a\x00"}}}, "runtime.image: "),
            ({"config": {}, "note": "x" * 501}, "note"),
        ):
            status, told = self.put(body)
            self.assertEqual(status, 400, body)
            self.assertIn(words, told["detail"])
        self.assertFalse(Configuration.objects.exists())

    def test_it_is_scaled_restarted_retired_and_reinstated(self) -> None:
        def post(verb: str, body: object = None) -> tuple[int, dict]:
            answer = self.api(self.max).post(f"{self.base}{verb}/", body, format="json")
            return answer.status_code, answer.json()

        status, told = post("scale", {"replicas": 2})
        self.assertEqual((status, told["config"]["replicas"]), (200, 2))
        self.assertIn("replicas", post("scale", {"replicas": 99})[1]["detail"])
        self.assertEqual(post("restart", {}), (202, {"replicas": 2}))
        self.assertEqual(post("restart", {})[1]["code"], "restart_under_way")
        self.assertIn("reason", post("retire", {})[1]["detail"])
        self.assertIsNotNone(post("retire", {"reason": "over"})[1]["retired_at"])
        self.assertEqual(post("retire", {"reason": "over"})[0], 409)
        self.assertIsNone(post("reinstate")[1]["retired_at"])

    def test_the_model_servers_and_their_logs_are_read(self) -> None:
        data = TemporaryDirectory()
        self.addCleanup(data.cleanup)
        self.enterContext(self.settings(DATA_DIR=Path(data.name)))
        [row] = self.client_.get(f"{self.base}replicas/").json()["results"]
        file = logs.path(row["id"])
        file.parent.mkdir(parents=True)
        file.write_text("one\ntwo\n")
        address = f"{self.base}replicas/{row['id']}/log/"
        told = self.client_.get(address).json()
        self.assertEqual((told["lines"], told["end"]), (["one", "two"], 8))
        self.assertEqual(self.client_.get(f"{address}?after=4").json()["lines"], ["two"])
        self.assertEqual(self.client_.get(f"{address}?after=x").status_code, 400)
        self.assertEqual(self.client_.get(f"{self.base}replicas/999/log/").status_code, 404)

    def test_rights_hold(self) -> None:
        for user, reads, acts in ((self.carol, 200, 403), (self.bob, 404, 404), (None, 401, 401)):
            client = self.api(user)
            for name in ("configuration", "configurations", "replicas"):
                self.assertEqual(client.get(f"{self.base}{name}/").status_code, reads, name)
            for verb in ("scale", "restart", "retire", "reinstate"):
                self.assertEqual(client.post(f"{self.base}{verb}/").status_code, acts, verb)
            self.assertEqual(client.put(self.address, {}, format="json").status_code, acts)
        self.assertEqual(self.client_.post(f"{self.base}retire/").status_code, 403)
