"""Monitors are made, changed, paused and removed: by page and REST, by maintainers, on the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.docs import services as documents
from apps.docs.models import Document
from apps.ledger.models import Entry
from apps.monitoring import services
from apps.monitoring.looks import KINDS
from apps.monitoring.models import Alert, Monitor, Verdict
from apps.predictions.models import Kind as Logged
from apps.predictions.rows import Row
from tests.monitoring.looks.stage import StageTestCase

Kind = Monitor.Kind
API = "/api/v1/monitors/"


class MonitorTests(StageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.max)

    def runbook(self) -> Document:
        return documents.write(
            project=self.fraud, kind="runbook", body="# Errors\n\nRoll back.", by=self.rita
        )

    def made(self, **sent: Any) -> Any:
        given = {"deployment": "churn-live", "kind": "errors", "name": "errors", **sent}
        return self.api(self.max).post(API, given, format="json")

    def errors(self) -> Monitor:
        return self.watch(Kind.ERRORS)

    def test_every_kind_is_made_and_shown(self) -> None:
        rows = [{"age": float(n), "country": "at"} for n in range(40)]
        baseline = services.baseline_from_rows(deployment=self.deployment, rows=rows, by=self.cora)
        for name, kind in KINDS.items():
            settings = kind.examples[0] if kind.examples else {}
            answer = self.made(kind=name, name=name, settings=settings, baseline=baseline.pk)
            self.assertEqual(answer.status_code, 201, answer.content)
            for part in ("", "edit/", "backtest/"):
                page = self.client.get(f"/monitoring/monitors/{answer.json()['id']}/{part}")
                self.assertEqual(page.status_code, 200)
            page = self.client.get(f"/monitoring/new/?deployment=churn-live&kind={name}")
            self.assertContains(page, kind.method[:30].split("'")[0].split("&")[0])
        self.assertEqual(set(KINDS), set(Kind.values) - {"desired_state"})

    def test_settings_that_do_not_fit_are_named(self) -> None:
        for settings, said in (
            ({"most": 2}, "most: Input should be less than 1"),
            ({"nope": 1}, "nope: Extra inputs"),
            ({"minutes": "x"}, "minutes"),
        ):
            answer = self.made(settings=settings)
            self.assertEqual(answer.status_code, 400)
            self.assertIn(said, answer.json()["detail"])
        answer = self.made(kind="metric", name="m", settings={"query": "up"})
        self.assertIn("at_most or at_least is needed", answer.json()["detail"])
        self.assertEqual(self.made(kind="input_drift", name="d").json()["code"], "needs_baseline")
        self.assertEqual(self.made(kind="desired_state").status_code, 400)

    def test_a_critical_monitor_needs_a_runbook(self) -> None:
        refused = self.made(severity="critical")
        self.assertEqual((refused.status_code, refused.json()["code"]), (409, "needs_runbook"))
        made = self.made(severity="critical", runbook=self.runbook().pk)
        self.assertEqual(made.status_code, 201)
        changed = self.api(self.max).patch(
            f"{API}{made.json()['id']}/", {"runbook": None}, format="json"
        )
        self.assertEqual(changed.json()["code"], "needs_runbook")
        page = f"/monitoring/monitors/{made.json()['id']}/"
        self.assertContains(self.client.get(page), "Errors")

    def test_a_change_is_on_the_record_with_old_and_new(self) -> None:
        monitor = self.errors()
        client = self.api(self.max)
        tag = client.get(f"{API}{monitor.pk}/")["ETag"]
        sent = {"settings": {"most": 0.1}, "hold_seconds": 60}
        url = f"{API}{monitor.pk}/"
        changed = client.patch(url, sent, format="json", headers={"If-Match": tag})
        self.assertEqual(changed.json()["settings"], {"most": 0.1})
        stale = client.patch(url, sent, format="json", headers={"If-Match": tag})
        self.assertEqual(stale.status_code, 412)
        entry = Entry.objects.get(verb="monitoring.monitor_changed")
        self.assertEqual(entry.data["before"]["settings"], {})
        self.assertEqual(entry.data["after"]["settings"], {"most": 0.1})
        client.patch(url, sent, format="json")
        self.assertEqual(Entry.objects.filter(verb="monitoring.monitor_changed").count(), 1)

    def test_only_maintainers_change_and_strangers_find_nothing(self) -> None:
        url = f"{API}{self.errors().pk}/"
        for user, status in ((self.rita, 403), (self.cora, 403), (self.bob, 404)):
            client = self.api(user)
            self.assertEqual(client.patch(url, {}, format="json").status_code, status)
            self.assertEqual(client.delete(url).status_code, status)
            for verb in ("pause", "resume"):
                self.assertEqual(client.post(f"{url}{verb}/").status_code, status)
        watch = self.api(self.rita).post(
            f"{API}watch/", {"deployment": "churn-live"}, format="json"
        )
        self.assertEqual(watch.status_code, 403)

    def test_a_runbook_of_another_project_is_refused(self) -> None:
        theirs = documents.write(project=self.other, kind="runbook", body="# X", by=self.bob)
        self.assertEqual(self.made(runbook=theirs.pk).status_code, 404)

    def alerting(self) -> Monitor:
        monitor = self.errors()
        self.asked(1000, failures=500, at=self.now - timedelta(minutes=2))
        self.look(monitor)
        return monitor

    def test_pausing_ends_what_fires_and_resuming_looks_again(self) -> None:
        monitor = self.alerting()
        page = monitor.get_absolute_url()
        self.assertRedirects(self.client.post(f"{page}pause/"), page)
        self.assertContains(self.client.get(page), "Paused")
        self.assertEqual(Alert.objects.get().state, "resolved")
        self.assertRedirects(self.client.post(f"{page}resume/"), page)
        monitor.refresh_from_db()
        self.assertTrue(monitor.enabled)

    def test_removing_keeps_the_alerts(self) -> None:
        monitor = self.alerting()
        said = Alert.objects.get().summary
        self.client.post(f"{monitor.get_absolute_url()}remove/")
        self.assertFalse(Monitor.objects.exists() or Verdict.objects.exists())
        alert = Alert.objects.get()
        self.assertEqual((alert.state, alert.summary), ("resolved", said))
        self.assertEqual(self.client.get(alert.get_absolute_url()).status_code, 200)
        self.assertTrue(Entry.objects.filter(verb="monitoring.monitor_removed").exists())

    def test_an_edit_over_somebody_elses_is_refused(self) -> None:
        monitor = self.errors()
        page = f"{monitor.get_absolute_url()}edit/"
        first = self.client.get(page).context["form"].initial
        sent = {name: value for name, value in first.items() if value is not None}
        answer = self.client.post(page, sent | {"set_most": "0.2"})
        self.assertRedirects(answer, monitor.get_absolute_url())
        late = self.client.post(page, sent | {"set_most": "0.3"})
        self.assertContains(late, "Somebody changed errors meanwhile", status_code=422)
        bad = self.client.post(page, sent | {"set_most": "7"})
        self.assertEqual(bad.status_code, 422)
        monitor.refresh_from_db()
        self.assertEqual(monitor.settings["most"], 0.2)

    def test_one_click_watches_and_the_second_adds_nothing(self) -> None:
        page = "/monitoring/deployments/churn-live/watch/"
        self.assertEqual(self.client.post(page).status_code, 302)
        first = set(Monitor.objects.values_list("kind", flat=True))
        self.assertEqual(first, {"traffic", "latency", "errors", "staleness", "prediction_drift"})
        self.client.post(page)
        self.assertEqual(Monitor.objects.count(), 5)
        services.baseline_from_rows(
            deployment=self.deployment, rows=[{"a": 1.0}] * 40, by=self.cora
        )
        self.log([Row("k", self.now.timestamp(), truth=1)], Logged.TRUTH)
        more = self.api(self.max).post(f"{API}watch/", {"deployment": "churn-live"}, format="json")
        self.assertEqual(
            {row["kind"] for row in more.json()},
            {"input_drift", "data_quality", "performance", "labels"},
        )
        self.assertContains(self.client.get("/monitoring/new/?deployment=churn-live"), "has every")

    def test_the_portals_own_monitor_is_left_alone(self) -> None:
        own = Monitor.objects.create(
            project=self.fraud, deployment=self.deployment, name="x", kind=Kind.DESIRED_STATE
        )
        self.assertEqual(self.api(self.max).delete(f"{API}{own.pk}/").json()["code"], "own_monitor")
        for part in ("edit/", "backtest/"):
            self.assertEqual(self.client.get(f"{own.get_absolute_url()}{part}").status_code, 409)

    def test_the_list_costs_the_same_with_many(self) -> None:
        for number in range(60):
            self.watch(Kind.ERRORS, name=f"{'long name ' * 9}{number}")
        self.alerting()
        self.client.get("/monitoring/")
        with self.assertNumQueries(8):
            page = self.client.get("/monitoring/?state=&kind=errors&q=long")
        self.assertContains(page, "long name", count=None)
        Verdict.objects.update(at=timezone.now())
        self.assertContains(self.client.get("/monitoring/heat/"), "failures")
        self.assertContains(self.client.get("/monitoring/?q=nothing"), "No monitor matches")
        for bent in ("?state=%00", "?kind=x", "?q=%00", "?sort=kind&after=x"):
            self.assertEqual(self.client.get(f"/monitoring/{bent}").status_code, 200, bent)

    def test_rest_tells_kinds_and_figures(self) -> None:
        monitor = self.alerting()
        client = self.api(self.carol)
        kinds = {row["kind"]: row for row in client.get(f"{API}kinds/").json()}
        self.assertIn("most", kinds["errors"]["settings"]["properties"])
        [point] = client.get(f"{API}{monitor.pk}/measurements/").json()
        self.assertEqual((point["value"], point["rows"]), (0.5, 1000))
        self.assertEqual(len(client.get(f"{API}?kind=errors&state=alerting").json()["results"]), 1)

    def test_texts_that_no_database_keeps_are_refused(self) -> None:
        answer = self.made(kind="fairness", name="f", settings={"group": "a\x00b"})
        self.assertEqual(answer.status_code, 400, answer.content)
        sent = {"name": "f", "window_rows": 200, "every_seconds": 60, "kind": "fairness"}
        page = "/monitoring/deployments/churn-live/monitor/"
        self.assertEqual(self.client.post(page, sent | {"set_group": "a\x00"}).status_code, 422)
