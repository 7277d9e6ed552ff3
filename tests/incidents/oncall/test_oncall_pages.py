"""The pages and the REST of on call: what they show, to whom, and what they let people do."""

from __future__ import annotations

import json
from datetime import timedelta
from unittest import mock

from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone

from apps.core.tools import TOOLS
from apps.incidents.models import (
    CalendarLink,
    ContactRule,
    Layer,
    Override,
    Page,
    Policy,
    PushSubscription,
    QuietHours,
    Schedule,
)
from apps.incidents.oncall import health, paging, push
from apps.models import gates
from apps.models.gates import Candidate
from tests.base import PortalTestCase
from tests.incidents.oncall.base import incident_of, policy_of, schedule_of

LAYER = {
    "name": "weekly", "people": "rita\ncora", "starts_on": "2025-01-06", "hand_over": "09:00", "length": 1,
    "unit": "weeks",
}  # fmt: skip


class OnCallPageTests(PortalTestCase):
    def test_a_maintainer_makes_a_schedule_with_a_rotation(self) -> None:
        self.client.force_login(self.max)
        sent = {"project": "fraud", "name": "primary", "zone": "Europe/Berlin"}
        answer = self.client.post("/incidents/on-call/new/", sent)
        schedule = Schedule.objects.get()
        self.assertRedirects(answer, f"{schedule.get_absolute_url()}layers/")
        self.assertEqual(self.client.post("/incidents/on-call/new/", sent).status_code, 422)
        bad = self.client.post("/incidents/on-call/new/", {**sent, "name": "b", "zone": "Mars"})
        self.assertContains(bad, "Choose a zone", status_code=422)
        layers = f"{schedule.get_absolute_url()}layers/"
        wrong = self.client.post(layers, {**LAYER, "people": "rita\ncarol"})
        self.assertContains(wrong, "Not a responder of the project: carol", status_code=422)
        self.assertRedirects(self.client.post(layers, LAYER), schedule.get_absolute_url())
        page = self.client.get(schedule.get_absolute_url())
        self.assertContains(page, "every week at 09:00, since 2025-01-06")
        self.assertNotContains(page, "There are gaps")
        layer = Layer.objects.get()
        address = f"/incidents/on-call/layers/{layer.pk}/"
        self.assertContains(self.client.get(address), "rita\ncora")
        window = {**LAYER, "opens": "09:00", "closes": "17:00", "weekdays": ["0", "1"]}
        self.assertRedirects(self.client.post(address, window), schedule.get_absolute_url())
        self.assertContains(self.client.get(schedule.get_absolute_url()), "There are gaps")
        month = self.client.get(f"{schedule.get_absolute_url()}?month=2025-03")
        self.assertContains(month, "March 2025")
        for odd in ("2025-13", "x", "%00"):
            self.assertEqual(
                self.client.get(f"{schedule.get_absolute_url()}?month={odd}").status_code, 200
            )

    def test_rotations_change_places_and_go(self) -> None:
        schedule = schedule_of(self.fraud, self.rita, by=self.ada)
        self.client.force_login(self.max)
        self.client.post(
            f"{schedule.get_absolute_url()}layers/", {**LAYER, "name": "top", "people": "cora"}
        )
        self.assertContains(self.client.get("/incidents/on-call/"), "cora")
        bottom = schedule.layers.get(name="weekly")
        self.client.post(f"/incidents/on-call/layers/{bottom.pk}/raise/")
        self.assertEqual(list(schedule.layers.values_list("name", flat=True)), ["top", "weekly"])
        self.client.post(f"/incidents/on-call/layers/{bottom.pk}/remove/")
        self.assertEqual(schedule.layers.get().name, "top")

    def test_a_responder_overrides_and_ends_it(self) -> None:
        schedule = schedule_of(self.fraud, self.rita, by=self.ada)
        page = schedule.get_absolute_url()
        now = timezone.now()
        sent = {
            "user": "max", "starts_at": f"{now - timedelta(hours=1):%Y-%m-%dT%H:%M}",
            "ends_at": f"{now + timedelta(hours=5):%Y-%m-%dT%H:%M}",
        }  # fmt: skip
        self.client.force_login(self.carol)
        self.assertEqual(self.client.post(f"{page}overrides/", sent).status_code, 403)
        self.assertNotContains(self.client.get(page), "form-override")
        self.client.force_login(self.bob)
        self.assertEqual(self.client.get(page).status_code, 404)
        self.client.force_login(self.rita)
        self.client.post(f"{page}overrides/", sent)
        override = Override.objects.get()
        self.assertEqual((override.user, override.set_by), (self.max, self.rita))
        self.assertContains(self.client.get(page), "set by rita")
        backwards = {**sent, "ends_at": sent["starts_at"]}
        self.assertEqual(self.client.post(f"{page}overrides/", backwards).status_code, 422)
        self.client.post(f"/incidents/on-call/overrides/{override.pk}/remove/")
        override.refresh_from_db()
        self.assertLessEqual(override.ends_at, timezone.now())  # what has passed stays on record

    def test_a_policy_is_made_and_changed_on_its_page(self) -> None:
        schedule = schedule_of(self.fraud, self.rita, by=self.ada)
        self.client.force_login(self.max)
        self.assertContains(
            self.client.get("/incidents/on-call/policies/new/"), "For which project?"
        )
        new = "/incidents/on-call/policies/new/?project=fraud"
        sent = {
            "name": "default", "severity": "", "repeats": 1, "repeat_minutes": 10,
            "after_1": 0, "targets_1": [f"schedule:{schedule.pk}"], "after_2": 5, "targets_2": ["person:cora"],
            "after_3": 5,
        }  # fmt: skip
        self.assertContains(
            self.client.post(new, {**sent, "targets_1": [], "targets_2": []}),
            "Choose whom the first step pages.", status_code=422,
        )  # fmt: skip
        self.client.post(new, sent)
        policy = Policy.objects.get()
        self.assertEqual(
            [str(rung.targets.get()) for rung in policy.rungs.all()], [str(schedule), "cora"]
        )
        self.assertContains(self.client.post(new, sent), "already", status_code=422)
        page = policy.get_absolute_url()
        more = {**sent, "after_4": 5, "targets_3": ["person:ada"]}
        self.assertRedirects(self.client.post(page, more), page)
        self.assertEqual(policy.rungs.count(), 3)
        self.client.force_login(self.carol)
        self.assertNotContains(self.client.get(page), "Save")
        self.assertEqual(self.client.post(page, more).status_code, 403)
        self.client.force_login(self.max)
        self.client.post(f"{page}remove/")
        self.assertFalse(Policy.objects.exists())

    def test_an_incident_says_who_is_on_call_and_pages_the_next(self) -> None:
        schedule = schedule_of(self.fraud, self.rita, by=self.ada)
        policy_of(self.fraud, (0, [schedule]), (10, [self.cora]), by=self.ada)
        incident = incident_of(self.fraud, by=self.carol)
        paging.page_due()
        page = incident.get_absolute_url()
        self.client.force_login(self.rita)
        shown = self.client.get(page)
        self.assertContains(shown, "Page the next")
        self.assertContains(
            shown, "Rita has no way to be reached; ada is told instead, in the portal alone"
        )
        self.assertContains(self.client.get("/"), "You were paged")
        self.client.post(f"{page}page-next/")
        paging.page_due()
        self.assertEqual(Page.objects.filter(state="sent").count(), 2)
        self.client.force_login(self.carol)
        self.assertEqual(self.client.post(f"{page}page-next/").status_code, 403)
        self.assertNotContains(self.client.get(f"{page}on-call/"), "Page the next")

    def test_people_say_how_they_are_paged(self) -> None:
        self.client.force_login(self.rita)
        me = "/incidents/on-call/me/"
        self.client.post(f"{me}rules/", {"way": "mail", "after_minutes": 2})
        self.client.post(f"{me}quiet/", {"begins": "22:00", "ends": "07:00"})
        self.assertEqual(self.client.post(f"{me}quiet/", {"begins": "22:00"}).status_code, 422)
        self.assertEqual(
            self.client.post(f"{me}rules/", {"way": "connection", "after_minutes": 0}).status_code,
            422,
        )
        self.assertContains(self.client.get(me), "after 2 min")
        self.assertEqual(str(QuietHours.objects.get().ends), "07:00:00")
        rule = ContactRule.objects.get()
        self.client.force_login(self.cora)
        self.assertEqual(self.client.post(f"{me}rules/{rule.pk}/remove/").status_code, 404)
        self.assertNotContains(self.client.get(me), "after 2 min")

    def test_a_browser_is_added_once_and_belongs_to_whoever_signed_in_last(self) -> None:
        key = push.encoded(push.raw(ec.generate_private_key(push.CURVE).public_key()))
        body = {
            "endpoint": "https://push.example/a",
            "keys": {"p256dh": key, "auth": push.encoded(bytes(16))},
        }
        address = "/incidents/on-call/me/browsers/"
        for user in (self.rita, self.rita, self.cora):
            self.client.force_login(user)
            answer = self.client.post(address, json.dumps(body), content_type="application/json")
            self.assertEqual(answer.status_code, 201)
        living = PushSubscription.objects.living()
        self.assertEqual((living.get().user, PushSubscription.objects.count()), (self.cora, 2))
        for odd in (
            "{",
            "[]",
            '{"endpoint": 7, "keys": {"p256dh": 1, "auth": 2}}',
            json.dumps({**body, "endpoint": "http://x"}),
        ):
            answer = self.client.post(address, odd, content_type="application/json")
            self.assertEqual(answer.status_code, 400, odd)
        self.client.post(f"{address}{living.get().pk}/remove/")
        self.assertFalse(PushSubscription.objects.living().exists())

    def test_a_calendar_address_is_shown_once_rotates_and_ends(self) -> None:
        schedule = schedule_of(self.fraud, self.rita, self.cora, by=self.ada)
        self.client.force_login(self.carol)
        first = self.address(f"{schedule.get_absolute_url()}link/")
        second = self.address(f"{schedule.get_absolute_url()}link/")
        self.client.logout()
        self.assertEqual(self.client.get(first).status_code, 404)
        answer = self.client.get(second)
        self.assertContains(answer, "SUMMARY:On call: rita")
        self.assertEqual(answer["Content-Type"], "text/calendar; charset=utf-8")
        self.assertNotIn(
            second.split("/")[-1].removesuffix(".ics"),
            json.dumps(list(CalendarLink.objects.values_list("digest", flat=True))),
        )
        self.fraud.grants.filter(user=self.carol).delete()
        self.assertNotContains(self.client.get(second), "rita")  # she may not see it any more
        self.client.force_login(self.carol)
        link = CalendarLink.objects.get(revoked_at=None)
        self.client.post(f"/incidents/on-call/me/links/{link.pk}/revoke/")
        self.assertEqual(self.client.get(second).status_code, 404)

    def test_ones_own_shifts_have_an_address_too(self) -> None:
        schedule_of(self.fraud, self.rita, by=self.ada)
        self.client.force_login(self.rita)
        answer = self.client.get(self.address("/incidents/on-call/me/link/"))
        self.assertContains(answer, "X-WR-CALNAME:On call: rita")
        self.assertContains(answer, "BEGIN:VEVENT")

    def address(self, where: str) -> str:
        made = self.client.post(where)
        self.assertContains(made, "It is shown this once")
        return "/" + str(made.context["address"]).split("/", 3)[3]

    def test_the_rest_makes_reads_and_changes(self) -> None:
        api = self.api(self.max)
        body = {
            "project": "fraud", "name": "primary", "zone": "Europe/Berlin",
            "layers": [{"name": "weekly", "people": ["rita", "cora"], "starts_on": "2025-01-06"}],
        }  # fmt: skip
        made = api.post("/api/v1/oncall-schedules/", body)
        self.assertEqual(
            (made.status_code, made.data["layers"][0]["people"]), (201, ["rita", "cora"]), made.data
        )
        one = f"/api/v1/oncall-schedules/{made.data['id']}/"
        now = api.get("/api/v1/oncall/now/?project=fraud").data
        self.assertIn(now[0]["now"], {"rita", "cora"})
        self.assertEqual(
            self.api(self.bob).get("/api/v1/oncall/now/?project=fraud").status_code, 404
        )
        self.assertEqual(self.api(self.bob).get("/api/v1/oncall/now/").data, [])
        self.assertEqual(api.patch(one, {"layers": []}).data["layers"], [])
        self.assertEqual([row["person"] for row in api.get(f"{one}shifts/").data], [None])
        self.assertEqual(api.get(f"{one}shifts/?since=x").status_code, 400)
        ahead = timezone.now() + timedelta(days=2)
        override = {
            "schedule": made.data["id"],
            "user": "rita",
            "starts_at": timezone.now(),
            "ends_at": ahead,
        }
        put = self.api(self.rita).post("/api/v1/oncall-overrides/", override)
        self.assertEqual(put.status_code, 201, put.data)
        wrong = self.api(self.rita).post("/api/v1/oncall-overrides/", {**override, "user": "carol"})
        self.assertEqual(wrong.status_code, 400)
        self.assertEqual(api.delete(f"/api/v1/oncall-overrides/{put.data['id']}/").status_code, 204)
        steps = [
            {"after_minutes": 0, "targets": [{"kind": "schedule", "key": str(made.data["id"])}]}
        ]
        policy = api.post(
            "/api/v1/escalation-policies/", {"project": "fraud", "name": "p", "steps": steps}
        )
        self.assertEqual(policy.status_code, 201, policy.data)
        self.assertEqual(api.delete(one).status_code, 409)
        steps[0]["targets"] = [{"kind": "person", "key": "ada"}]
        changed = api.put(
            f"/api/v1/escalation-policies/{policy.data['id']}/", {"name": "q", "steps": steps}
        )
        self.assertEqual(changed.data["steps"][0]["targets"][0]["key"], "ada", changed.data)
        self.assertEqual(api.delete(one).status_code, 204)
        self.assertEqual(
            self.api(self.rita).post("/api/v1/oncall-schedules/", body).status_code, 403
        )

    def test_the_assistant_reads_who_is_on_call(self) -> None:
        schedule_of(self.fraud, self.rita, by=self.ada)
        found = TOOLS["on_call_now"].run(user=self.carol)
        self.assertIn("rita is on call until", found[0].excerpt)
        self.assertEqual(TOOLS["on_call_now"].run(user=self.bob), [])

    def test_the_gate_asks_for_a_week_without_a_gap(self) -> None:
        kind = gates.KINDS["on_call_present"]
        version = mock.Mock(model=mock.Mock(project=self.fraud))
        candidate = Candidate(version, self.prod)
        ask = lambda: kind.check(candidate, kind.settings())  # noqa: E731
        self.assertEqual(ask().sentence, "Fraud has no escalation policy.")
        empty = schedule_of(self.fraud, by=self.ada)
        policy = policy_of(self.fraud, (0, [empty]), by=self.ada)
        self.assertIn("Nobody is on call from", ask().sentence)
        other = schedule_of(self.fraud, self.rita, by=self.ada)
        policy.delete()
        policy_of(self.fraud, (0, [empty]), (5, [other]), by=self.ada)
        self.assertTrue(ask().passed)
        self.rita.is_active = False
        self.rita.save()
        self.assertFalse(ask().passed)

    def test_silence_of_the_engine_is_seen(self) -> None:
        with mock.patch.object(health, "silent_for", return_value=61.0):
            self.client.force_login(self.carol)
            self.assertContains(self.client.get("/incidents/on-call/"), "Paging stands still")
            parts = {part["name"]: part for part in self.client.get("/readyz").json()["parts"]}
            self.assertEqual(
                parts["escalation"]["note"], "the escalation engine was last heard of 61 s ago"
            )
        health.beat()
        self.assertNotContains(self.client.get("/incidents/on-call/"), "Paging stands still")
        self.assertTrue(
            {part["name"]: part for part in self.client.get("/readyz").json()["parts"]}[
                "escalation"
            ]["ok"]
        )
