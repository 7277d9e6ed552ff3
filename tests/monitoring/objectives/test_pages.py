"""The pages and the REST of objectives."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.monitoring.models import Monitor, Slo, SloBucket
from tests.monitoring.objectives.test_counting import ObjectiveTestCase

SENT = {"name": "up", "indicator": "availability", "percent": "99.9", "window_days": "28"}
WANTED = {"deployment": "churn-live", "name": "up", "indicator": "availability", "objective": 0.99}


class SloPageTests(ObjectiveTestCase):
    def test_an_empty_list_says_what_an_objective_is(self) -> None:
        self.client.force_login(self.carol)
        self.assertContains(self.client.get("/monitoring/slos/"), "No objectives yet")

    def test_it_is_made_shown_changed_and_removed(self) -> None:
        self.client.force_login(self.max)
        self.assertContains(self.client.get("/monitoring/slos/new/"), "churn-live")
        page = self.client.get("/monitoring/slos/new/?deployment=churn-live")
        self.assertContains(page, "Begin to count")
        made = self.client.post("/monitoring/deployments/churn-live/slo/", SENT)
        slo = Slo.objects.get()
        self.assertRedirects(made, slo.get_absolute_url())
        self.assertContains(self.client.get(slo.get_absolute_url()), "Nothing counted yet")
        again = self.client.post("/monitoring/deployments/churn-live/slo/", SENT)
        self.assertContains(again, "has an objective up already", status_code=422)

        change = f"{slo.get_absolute_url()}change/"
        self.assertContains(self.client.get(change), "99.9")
        slow = SENT | {"indicator": "latency"}
        self.assertContains(self.client.post(change, slow), "Field required", status_code=422)
        self.assertRedirects(
            self.client.post(change, slow | {"under_ms": "200"}), slo.get_absolute_url()
        )
        slo.refresh_from_db()
        self.assertEqual((slo.settings, slo.enabled), ({"under_ms": 200.0}, False))
        gone = self.client.post(f"{slo.get_absolute_url()}remove/")
        self.assertRedirects(gone, "/monitoring/slos/")
        self.assertFalse(Slo.objects.exists())

    def test_what_was_counted_is_drawn(self) -> None:
        slo = self.promised()
        now = timezone.now().replace(second=0, microsecond=0)
        for hour in range(30):
            at = now - timedelta(hours=hour + 1)
            SloBucket.objects.create(slo=slo, starts_at=at, good=99, all=100)
        self.counted(slo, timezone.now())
        self.client.force_login(self.carol)
        page = self.client.get(slo.get_absolute_url())
        self.assertContains(page, "Error budget left")
        self.assertContains(page, "2970 of 3000 were good")
        self.assertNotContains(page, "Remove the objective")
        self.assertContains(self.client.get("/monitoring/slos/"), "99 %")

    def test_its_alert_leads_back_to_it(self) -> None:
        slo = self.promised()
        with self.captureOnCommitCallbacks(execute=True):
            self.every_minute(59, failures=50)
            self.counted(slo)
        alert = slo.alerts.get(fingerprint__endswith="fast")
        self.client.force_login(self.carol)
        page = self.client.get(alert.get_absolute_url())
        self.assertContains(page, "burned faster than it may")
        self.assertContains(page, slo.get_absolute_url())
        self.assertContains(self.client.get(slo.get_absolute_url()), "Burning too fast")

    def test_the_list_asks_a_fixed_number_of_times(self) -> None:
        for number in range(12):
            Slo.objects.create(
                project=self.fraud, deployment=self.deployment, name=f"o{number}",
                indicator="availability", objective=0.99, created_by=self.ada,
            )  # fmt: skip
        self.client.force_login(self.carol)
        self.client.get("/monitoring/slos/")
        with CaptureQueriesContext(connection) as asked:
            self.client.get("/monitoring/slos/")
        self.assertLessEqual(len(asked), 12)

    def test_strangers_find_nothing_and_lookers_change_nothing(self) -> None:
        slo = self.promised()
        places = (slo.get_absolute_url(), f"{slo.get_absolute_url()}change/")
        self.client.force_login(self.bob)
        for place in places:
            self.assertEqual(self.client.get(place).status_code, 404)
        self.client.force_login(self.cora)
        self.assertEqual(self.client.get(places[1]).status_code, 403)
        self.assertEqual(self.client.post(f"{places[0]}remove/").status_code, 403)
        made = self.client.post("/monitoring/deployments/churn-live/slo/", SENT)
        self.assertEqual(made.status_code, 403)


class SloRestTests(ObjectiveTestCase):
    def test_its_life_by_rest(self) -> None:
        api = self.api(self.max)
        made = api.post("/api/v1/slos/", WANTED, format="json")
        self.assertEqual(made.status_code, 201, made.data)
        place = f"/api/v1/slos/{made.data['id']}/"
        self.assertEqual(made.data["state"], "unknown")
        tag = api.get(place)["ETag"]
        changed = api.patch(place, {"objective": 0.95}, format="json", HTTP_IF_MATCH=tag)
        self.assertEqual(changed.data["objective"], 0.95)
        stale = api.patch(place, {"objective": 0.9}, format="json", HTTP_IF_MATCH=tag)
        self.assertEqual(stale.status_code, 412)
        found = api.get("/api/v1/slos/?deployment=churn-live&state=unknown").data["results"]
        self.assertEqual(len(found), 1)
        self.assertEqual(api.delete(place).status_code, 204)
        self.assertEqual(api.get(place).status_code, 404)

    def test_refusals_are_sentences(self) -> None:
        api = self.api(self.max)
        for more in (
            {"indicator": "freshness", "settings": {"at_most": 1, "part": "a\x00"}},
            {"settings": {"under_ms": "NaN"}, "indicator": "latency"},
            {"objective": 1.0}, {"indicator": "x"}, {"settings": [1]}, {"monitor": 9**9},
            {"settings": {"under_ms": 5}}, {"runbook": 9**9}, {"window_days": 0},
            {"indicator": "quality", "settings": {"at_least": 1}}, {"name": "a\x00"},
        ):  # fmt: skip
            answer = api.post("/api/v1/slos/", WANTED | more, format="json")
            self.assertIn(answer.status_code, (400, 404), more)
        self.assertFalse(Slo.objects.exists())
        self.assertEqual(self.api(self.cora).post("/api/v1/slos/", WANTED).status_code, 403)
        self.assertEqual(self.api(self.bob).post("/api/v1/slos/", WANTED).status_code, 404)

    def test_a_monitor_of_another_deployment_does_not_do(self) -> None:
        (other,) = (Monitor.objects.create(
            project=self.other, deployment=self.deployment, name="theirs", kind="metric"
        ),)  # fmt: skip
        more = {"indicator": "quality", "settings": {"at_least": 1}, "monitor": other.pk}
        answer = self.api(self.max).post("/api/v1/slos/", WANTED | more, format="json")
        self.assertEqual(answer.status_code, 404)
