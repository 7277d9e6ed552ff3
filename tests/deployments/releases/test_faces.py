"""Releases over REST: who may, what is refused and how, and what is answered."""

from __future__ import annotations

from typing import Any

from apps.core.tools import TOOLS
from apps.deployments import services
from apps.deployments.models import Release
from tests.deployments.releases.traffic import Behaviour, ReleaseTestCase

RELEASES = "/api/v1/releases/"


class FaceTests(ReleaseTestCase):
    def post(self, user: Any, path: str, body: Any = None, **headers: str) -> Any:
        return self.api(user).post(path, body or {}, format="json", **headers)

    def asked(self, **strategy: Any) -> Any:
        body = {"deployment": "churn-live", "version": 2, "strategy": strategy}
        return self.post(self.cora, RELEASES, body)

    def test_a_strategy_is_followed_and_told(self) -> None:
        answer = self.asked(kind="canary", steps=[5, 50], step_seconds=30)
        self.assertEqual(answer.status_code, 202, answer.content)
        told = answer.json()
        self.assertEqual(told["strategy"]["steps"], [5, 50])
        self.assertEqual((told["state"], told["share"], told["wish"]), ("queued", 0, ""))
        release = Release.objects.get(pk=told["id"])
        self.assertEqual(release.strategy["kind"], "canary")

    def test_a_refusal_names_the_field(self) -> None:
        for strategy, field in (
            ({"kind": "slowly"}, "kind"),
            ({"kind": "canary", "steps": []}, "steps"),
            ({"kind": "canary", "steps": [50, 5]}, "steps"),
            ({"steps": [0]}, "steps"),
            ({"false_alarm": 0}, "false_alarm"),
            ({"speed": 3}, "speed"),
            ({"step_seconds": "nan"}, "step_seconds"),
            ({"most_seconds": 1e308}, "most_seconds"),
        ):
            answer = self.asked(**strategy)
            self.assertEqual(answer.status_code, 400, strategy)
            self.assertIn(field, str(answer.json()["data"]), strategy)
        answer = self.post(
            self.cora, RELEASES, {"deployment": "churn-live", "version": 2, "strategy": "canary"}
        )
        self.assertEqual(answer.status_code, 400)
        self.assertFalse(Release.objects.filter(version=self.versions[1]).exists())

    def test_a_plan_is_shown_before_and_after(self) -> None:
        body = {"version": 2, "strategy": {"kind": "canary", "steps": [10]}}
        path = "/api/v1/deployments/churn-live/plan/"
        plan = self.post(self.carol, path, body).json()
        self.assertEqual([step["share"] for step in plan["steps"]], [10, 100])
        self.assertEqual((plan["live_version"], plan["version"]), (1, 2))
        self.assertEqual(self.post(self.bob, path, body).status_code, 404)
        self.assertFalse(Release.objects.in_flight().exists())
        made = self.asked(kind="canary", steps=[10]).json()
        shown = self.api(self.carol).get(f"{RELEASES}{made['id']}/plan/").json()
        self.assertEqual(shown["steps"], plan["steps"])

    def test_who_may_ask_what(self) -> None:
        release = self.canary()
        for verb in ("pause", "resume", "promote", "abort"):
            path = f"{RELEASES}{release.pk}/{verb}/"
            self.assertEqual(self.post(self.carol, path).status_code, 403, verb)
            self.assertEqual(self.post(self.bob, path).status_code, 404, verb)
        paused = self.post(self.cora, f"{RELEASES}{release.pk}/pause/", {"reason": "lunch"})
        self.assertEqual((paused.status_code, paused.json()["wish"]), (202, "pause"))
        again = self.post(self.max, f"{RELEASES}{release.pk}/promote/")
        self.assertEqual((again.status_code, again.json()["code"]), (409, "already_asked"))
        self.assertIn("cora", again.json()["detail"])

    def test_a_protected_environment_takes_maintainers(self) -> None:
        release = self.canary()
        self.row.environment = self.prod
        self.row.save(update_fields=["environment"])
        path = f"{RELEASES}{release.pk}/abort/"
        self.assertEqual(self.post(self.cora, path).status_code, 403)
        self.assertEqual(self.post(self.max, path).status_code, 202)

    def test_the_same_post_twice_is_one_wish(self) -> None:
        path = f"{RELEASES}{self.canary().pk}/abort/"
        client = self.api(self.cora)
        answers = [client.post(path, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2)]
        self.assertEqual([answer.status_code for answer in answers], [202, 202])
        self.assertEqual(self.verbs().count("abort_asked"), 1)

    def test_judgements_are_told_without_the_judges_memory(self) -> None:
        release = self.run_for(self.canary(), 100, v2=Behaviour(failing=0.5))
        found = self.api(self.carol).get(f"{RELEASES}{release.pk}/judgements/").json()["results"]
        self.assertEqual(found[0]["verdict"], "roll_back")
        self.assertGreaterEqual(found[0]["topics"][0]["evidence"], found[0]["needed"])
        self.assertNotIn("memory", str(found))
        self.assertEqual(
            self.api(self.bob).get(f"{RELEASES}{release.pk}/judgements/").status_code, 404
        )

    def test_the_assistant_can_propose_the_way_back(self) -> None:
        self.live(2)
        said = TOOLS["roll_back"].run(user=self.cora, deployment="churn-live", reason="worse")
        self.assertIn("version 1", said)
        services.look(Release.objects.latest("pk").pk)
