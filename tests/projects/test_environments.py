"""Environments and the freeze windows that keep releases out of them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.core.access import Role
from apps.ledger.models import Entry
from apps.projects.models import Environment, FreezeWindow
from apps.projects.selectors import freeze_at, is_frozen
from apps.projects.services import end_freeze, plan_freeze
from tests.base import PortalTestCase

ENVIRONMENTS = "/api/v1/environments/"
FREEZES = "/api/v1/freeze-windows/"


class EnvironmentTests(PortalTestCase):
    def test_it_lists_by_project(self) -> None:
        found = self.api(self.sam).get(f"{ENVIRONMENTS}?project=fraud").json()["results"]
        self.assertEqual({row["name"] for row in found}, {"dev", "staging", "prod"})
        self.assertEqual({row["project"] for row in found}, {"fraud"})
        mine = self.api(self.bob).get(f"{ENVIRONMENTS}?project=fraud").json()["results"]
        self.assertEqual(mine, [])

    def test_a_maintainer_adds_edits_and_an_owner_removes(self) -> None:
        client = self.api(self.max)
        made = client.post(ENVIRONMENTS, {"project": "fraud", "name": "eu", "kind": "prod"})
        self.assertEqual((made.status_code, made.json()["protected"]), (201, False))
        url = f"{ENVIRONMENTS}{made.json()['id']}/"
        edited = client.patch(url, {"protected": True})
        self.assertEqual((edited.status_code, edited.json()["protected"]), (200, True))
        entry = Entry.objects.get(verb="projects.environment_edited")
        self.assertEqual(entry.data, {"protected": [False, True]})
        self.assertEqual(client.delete(url).status_code, 403)
        self.assertEqual(self.api(self.ada).delete(url).status_code, 204)
        self.assertTrue(Entry.objects.filter(verb="projects.environment_removed").exists())

    def test_a_contributor_does_not(self) -> None:
        client = self.api(self.cora)
        body = {"project": "fraud", "name": "eu", "kind": "prod"}
        self.assertEqual(client.post(ENVIRONMENTS, body).status_code, 403)
        self.assertEqual(client.patch(f"{ENVIRONMENTS}{self.prod.pk}/", {}).status_code, 403)

    def test_a_name_is_there_once_in_a_project(self) -> None:
        client = self.api(self.ada)
        body = {"project": "fraud", "name": "prod", "kind": "prod"}
        twice = client.post(ENVIRONMENTS, body)
        renamed = client.patch(f"{ENVIRONMENTS}{self.staging.pk}/", {"name": "prod"})
        for answer in (twice, renamed):
            self.assertEqual(
                (answer.status_code, answer.json()["code"]), (409, "environment_taken")
            )
        self.assertEqual(Environment.objects.get(pk=self.staging.pk).name, "staging")


class FreezeTests(PortalTestCase):
    def setUp(self) -> None:
        self.now = timezone.now().replace(microsecond=0)
        self.client_ = self.api(self.max)

    def _plan(self, start: int, end: int, **more: object) -> object:
        body = {
            "environment": self.prod.pk,
            "starts_at": (self.now + timedelta(hours=start)).isoformat(),
            "ends_at": (self.now + timedelta(hours=end)).isoformat(),
            "reason": "Quarter end",
            **more,
        }
        return self.client_.post(FREEZES, body)

    def test_it_holds_from_its_start_until_its_end(self) -> None:
        self.assertEqual(self._plan(1, 3).status_code, 201)
        window = FreezeWindow.objects.get()
        for hours, frozen in ((0, False), (1, True), (2, True), (3, False)):
            at = self.now + timedelta(hours=hours)
            self.assertEqual(is_frozen(self.prod, at), frozen, hours)
            self.assertEqual(freeze_at(self.prod, at), window if frozen else None)
        self.assertFalse(is_frozen(self.staging, self.now + timedelta(hours=2)))

    def test_it_is_found_by_environment_and_moment(self) -> None:
        self._plan(1, 3)
        at = (self.now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        url = f"{FREEZES}?environment={self.prod.pk}&at={at}"
        self.assertEqual(len(self.client_.get(url).json()["results"]), 1)
        self.assertEqual(
            self.client_.get(f"{FREEZES}?at=2020-01-01T00:00:00Z").json()["results"], []
        )
        for wrong in ("at=soon", "environment=abc", "environment=0", f"environment={10**30}"):
            self.assertEqual(self.client_.get(f"{FREEZES}?{wrong}").status_code, 400, wrong)

    def test_it_refuses_a_window_that_runs_backwards_or_is_past(self) -> None:
        for start, end in ((3, 1), (1, 1), (-5, -3)):
            answer = self._plan(start, end)
            self.assertEqual((answer.status_code, answer.json()["code"]), (400, "freeze_backwards"))

    def test_a_running_one_ends_now_and_stays_on_record(self) -> None:
        window = plan_freeze(
            environment=self.prod,
            starts_at=self.now - timedelta(hours=1),
            ends_at=self.now + timedelta(hours=1),
            reason="Audit",
            by=self.max,
        )
        self.assertEqual(self.client_.delete(f"{FREEZES}{window.pk}/").status_code, 204)
        window.refresh_from_db()
        self.assertFalse(is_frozen(self.prod))
        self.assertGreaterEqual(window.ends_at, self.now)
        again = self.client_.delete(f"{FREEZES}{window.pk}/")
        self.assertEqual((again.status_code, again.json()["code"]), (409, "freeze_over"))

    def test_one_that_has_not_begun_is_taken_out(self) -> None:
        made = self._plan(1, 3).json()
        window = FreezeWindow.objects.get(pk=made["id"])
        self.assertIsNone(end_freeze(window=window, by=self.max))
        self.assertFalse(FreezeWindow.objects.exists())

    def test_it_can_be_moved_and_says_so(self) -> None:
        made = self._plan(1, 3).json()
        later = (self.now + timedelta(hours=5)).isoformat()
        moved = self.client_.patch(f"{FREEZES}{made['id']}/", {"ends_at": later})
        self.assertEqual(moved.status_code, 200)
        entry = Entry.objects.get(verb="projects.freeze_edited")
        self.assertEqual(entry.data["ends_at"][1], later)

    def test_contributors_see_it_and_strangers_do_not(self) -> None:
        made = self._plan(1, 3).json()
        url = f"{FREEZES}{made['id']}/"
        self.assertEqual(self.api(self.cora).get(url).status_code, 200)
        self.assertEqual(self.api(self.cora).delete(url).status_code, 403)
        self.assertEqual(self.api(self.bob).get(url).status_code, 404)
        self.assertEqual(self.api(self.max, role=Role.CONTRIBUTOR).delete(url).status_code, 403)
