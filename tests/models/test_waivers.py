"""A waiver lets one failed gate pass for one version: for a reason, for a time, never one's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.core.errors import PortalError
from apps.ledger.models import Entry
from apps.models import services
from apps.models.models import Gate, ModelVersion, Promotion, Waiver
from tests.base import PortalTestCase
from tests.models import registered


class WaiverCase(PortalTestCase):
    def setUp(self) -> None:
        self.version: ModelVersion = registered.version(self.fraud, "churn", 1, {"accuracy": 0.5})
        self.gate: Gate = services.declare_gate(
            model=self.version.model,
            environment=self.prod,
            kind="metric_floor",
            settings={"metric": "accuracy", "floor": 0.9},
            by=self.max,
        )

    def later(self, **some: float) -> datetime:
        return timezone.now() + timedelta(**(some or {"days": 7}))

    def grant(self, **change: Any) -> Waiver:
        given = {"gate": self.gate, "version": self.version, "reason": "the label was late"}
        return services.grant_waiver(
            **{**given, "expires_at": self.later(), "by": self.max, **change}
        )

    def promoted(self, by: Any) -> Promotion:
        asked = services.request_promotion(version=self.version, environment=self.prod, by=by)
        services.check_gates(promotion=asked)
        return services.settle_gates(promotion=asked)


class ServiceTests(WaiverCase):
    def test_a_waived_failure_lets_the_promotion_go_on_and_is_kept_as_waived(self) -> None:
        waiver = self.grant()
        asked = self.promoted(self.cora)

        self.assertEqual(asked.state, "waiting")
        result = asked.results.get()
        self.assertEqual((result.passed, result.outcome), (False, "waived"))
        self.assertEqual(result.waiver, waiver)
        entry = Entry.objects.get(verb="models.waiver_granted")
        self.assertEqual((entry.actor_id, entry.data["version"]), (self.max.pk, self.version.pk))

    def test_without_one_that_holds_it_is_refused(self) -> None:
        for change in (
            {"expires_at": timezone.now() - timedelta(seconds=1)},
            {"withdrawn_at": timezone.now()},
            {"by": self.cora},
        ):
            with self.subTest(change):
                waiver = self.grant()
                Waiver.objects.filter(pk=waiver.pk).update(**change)
                self.assertEqual(self.promoted(self.cora).state, "refused")
                self.end(waiver)

    def end(self, waiver: Waiver) -> None:
        Waiver.objects.filter(pk=waiver.pk, withdrawn_at=None).update(withdrawn_at=timezone.now())

    def test_a_waiver_is_for_one_version_alone(self) -> None:
        self.grant()
        self.version = registered.version(self.fraud, "churn", 2, {"accuracy": 0.4})
        self.assertEqual(self.promoted(self.cora).state, "refused")

    def test_whoever_asked_does_not_waive(self) -> None:
        self.assertEqual(self.promoted(self.max).state, "refused")
        self.refused("waiver_by_asker", by=self.max)
        self.grant(by=self.ada)
        self.assertEqual(self.promoted(self.max).state, "waiting")

    def test_what_cannot_be_granted_names_its_field(self) -> None:
        other = registered.version(self.fraud, "else", 1)
        self.refused("invalid", "expires_at", expires_at=self.later(days=91))
        self.refused("invalid", "expires_at", expires_at=timezone.now())
        self.refused("invalid", "reason", reason="  ")
        self.refused("invalid", "version", version=other)

    def test_one_holds_at_a_time_and_an_expired_one_makes_room(self) -> None:
        waiver = self.grant()
        self.refused("waiver_taken", by=self.ada)
        Waiver.objects.filter(pk=waiver.pk).update(expires_at=timezone.now())
        again = self.grant()
        self.assertTrue(again.holds)
        services.withdraw_waiver(waiver=again, by=self.ada)
        with self.assertRaises(PortalError) as over:
            services.withdraw_waiver(waiver=again, by=self.ada)
        self.assertEqual(over.exception.code, "waiver_over")

    def test_a_gate_that_is_removed_leaves_what_was_waived(self) -> None:
        waiver = self.grant()
        self.promoted(self.cora)
        services.remove_gate(gate=self.gate, by=self.max)
        waiver.refresh_from_db()
        self.assertIsNone(waiver.gate)
        self.assertEqual(waiver.results.count(), 1)

    def refused(self, code: str, field: str = "", **change: Any) -> None:
        with self.assertRaises(PortalError) as refusal:
            self.grant(**change)
        self.assertEqual(refusal.exception.code, code)
        self.assertIn(field, str(refusal.exception))


class RestTests(WaiverCase):
    def test_it_is_granted_listed_and_withdrawn(self) -> None:
        url = f"/api/v1/gates/{self.gate.pk}/waivers/"
        given = {
            "version": self.version.pk,
            "reason": "the label was late",
            "expires_at": self.later().isoformat(),
        }
        self.assertEqual(self.api(self.cora).post(url, given, format="json").status_code, 403)
        self.assertEqual(self.api(self.bob).post(url, given, format="json").status_code, 404)
        made = self.api(self.max).post(url, given, format="json")
        self.assertEqual(made.status_code, 201, made.content)
        self.assertEqual((made.json()["by"], made.json()["holds"]), ("max", True))
        [listed] = self.api(self.carol).get(url).json()["results"]
        self.assertEqual(listed["reason"], "the label was late")
        [every] = self.api(self.carol).get("/api/v1/waivers/").json()["results"]
        self.assertEqual(every["id"], listed["id"])
        gone = self.api(self.max).delete(f"/api/v1/waivers/{listed['id']}/")
        self.assertEqual(gone.status_code, 204)
        again = self.api(self.max).get(f"/api/v1/waivers/{listed['id']}/").json()
        self.assertFalse(again["holds"])

    def test_a_bent_request_names_its_field(self) -> None:
        client = self.api(self.max)
        url = f"/api/v1/gates/{self.gate.pk}/waivers/"
        whole = {"version": self.version.pk, "reason": "x", "expires_at": self.later().isoformat()}
        for field, value in (
            ("version", 10**30),
            ("version", None),
            ("reason", ""),
            ("reason", "x" * 1001),
            ("expires_at", "soon"),
            ("expires_at", self.later(days=400).isoformat()),
        ):
            answer = client.post(url, {**whole, field: value}, format="json")
            self.assertEqual(answer.status_code, 400, (field, value))
            self.assertIn(field, answer.json()["detail"])

    def test_a_strangers_version_does_not_exist(self) -> None:
        foreign = registered.version(self.other, "rain", 1)
        url = f"/api/v1/gates/{self.gate.pk}/waivers/"
        given = {"version": foreign.pk, "reason": "x", "expires_at": self.later().isoformat()}
        answer = self.api(self.max).post(url, given, format="json")
        self.assertEqual(answer.status_code, 404)


class PageTests(WaiverCase):
    def test_it_is_granted_and_withdrawn_on_the_page(self) -> None:
        self.promoted(self.cora)
        url = f"/models/versions/{self.version.pk}/waive/{self.gate.pk}/"
        self.client.force_login(self.cora)
        self.assertEqual(self.client.get(url).status_code, 403)
        self.client.force_login(self.max)
        self.assertContains(self.client.get(self.version.get_absolute_url()), "Waive")
        self.assertContains(self.client.get(url), "accuracy at least 0.9")
        day = (timezone.localdate() + timedelta(days=7)).isoformat()
        given = {"reason": "late label", "until": day}
        bad = self.client.post(url, {**given, "until": "2001-01-01"})
        self.assertContains(bad, "within the next 90 days", status_code=422)
        self.assertRedirects(self.client.post(url, given), self.version.get_absolute_url())
        page = self.client.get(self.version.model.get_absolute_url())
        self.assertContains(page, "late label")
        waiver = Waiver.objects.get()
        self.client.post(f"/models/waivers/{waiver.pk}/withdraw/")
        waiver.refresh_from_db()
        self.assertFalse(waiver.holds)

    def test_a_waived_failure_says_so_on_the_versions_page(self) -> None:
        self.grant()
        self.promoted(self.cora)
        self.client.force_login(self.carol)
        page = self.client.get(self.version.get_absolute_url())
        self.assertContains(page, "Waived")
        self.assertContains(page, "the label was late")
