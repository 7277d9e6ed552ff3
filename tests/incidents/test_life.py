"""The life of an incident: gathered alerts, states, roles, merging, and whether it comes back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

from django.utils import timezone

from apps.incidents import reactions, services
from apps.incidents.errors import AlreadyResolved, NotAMember, NotJoinable, NotOver, NotYours
from apps.incidents.models import Incident, Note, Recurrence
from apps.incidents.services import recurring
from apps.ledger.models import Entry
from apps.monitoring.events import AlertResolved, AlertReturned
from apps.monitoring.models import Alert
from tests.base import PortalTestCase
from tests.deployments.test_pages import served
from tests.models import registered


class LifeTestCase(PortalTestCase):
    def setUp(self) -> None:
        version = registered.version(self.fraud, "churn", 1, {"accuracy": 0.9})
        self.place = served(version, self.fraud.environments.get(kind="staging"), self.ada)

    def alert(self, name: str, *, at: Any = "here", **given: Any) -> Alert:
        values = {
            "project": self.fraud,
            "deployment": self.place if at == "here" else at,
            "fingerprint": name,
            "name": name,
            "summary": f"{name} is bad",
        }
        return Alert.objects.create(**{**values, **given})

    def over(self, alert: Alert) -> None:
        Alert.objects.filter(pk=alert.pk).update(state="resolved", resolved_at=timezone.now())
        reactions.close_incident(AlertResolved(alert_id=alert.pk))

    def by_hand(self, title: str = "odd scores") -> Incident:
        return services.open_by_hand(project=self.fraud, title=title, severity="high", by=self.rita)

    def state(self, row: Incident) -> str:
        row.refresh_from_db()
        return row.state


class GatheringTests(LifeTestCase):
    def test_alerts_of_one_deployment_gather_and_it_ends_with_the_last(self) -> None:
        first, second = self.alert("drift"), self.alert("latency")
        row = services.open_from_alert(first)
        self.assertEqual(services.open_from_alert(second), row)
        self.assertEqual(services.open_from_alert(second), row)
        self.assertEqual(Incident.objects.count(), 1)
        self.over(first)
        self.assertEqual(self.state(row), "triggered")
        self.over(second)
        self.assertEqual(self.state(row), "resolved")
        self.assertEqual(row.reason, "drift and latency have recovered.")

    def test_what_is_late_or_elsewhere_or_tells_of_state_stands_alone(self) -> None:
        row = services.open_from_alert(self.alert("drift"))
        Incident.objects.update(opened_at=timezone.now() - timedelta(hours=2))
        late = services.open_from_alert(self.alert("late"))
        nowhere = services.open_from_alert(self.alert("nowhere", at=None))
        self.assertEqual(len({row.pk, late.pk, nowhere.pk}), 3)
        with mock.patch.object(Alert, "tells_of_state", True):
            state = services.open_from_alert(self.alert("wanted"))
        self.assertEqual(state.alert.name, "wanted")

    def test_what_fires_again_within_a_day_wakes_its_incident(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        services.acknowledge(incident=row, by=self.rita)
        row.refresh_from_db()
        taken_up = row.acknowledged_at
        self.over(first)
        again = self.alert("drift")
        self.assertEqual(services.open_from_alert(again), row)
        self.assertEqual((self.state(row), row.resolved_at), ("triggered", None))
        services.acknowledge(incident=row, by=self.ada)
        row.refresh_from_db()
        self.assertEqual(row.acknowledged_at, taken_up)
        self.over(again)
        self.assertEqual(self.state(row), "resolved")
        Incident.objects.update(resolved_at=timezone.now() - timedelta(days=2))
        self.assertNotEqual(services.open_from_alert(self.alert("drift")), row)

    def test_what_people_ended_does_not_come_back_by_itself(self) -> None:
        first = self.alert("drift")
        row = services.open_from_alert(first)
        services.resolve(incident=row, by=self.rita, reason="A known batch job.")
        services.catch_up()
        self.assertEqual(self.state(row), "resolved")
        Alert.objects.update(state="resolved")
        self.assertNotEqual(services.open_from_alert(self.alert("drift")), row)

    def test_catching_up_joins_and_ends_what_a_killed_process_left(self) -> None:
        first, second = self.alert("drift"), self.alert("latency")
        services.catch_up()
        [row] = Incident.objects.all()
        self.assertEqual(row.involved.count(), 1)
        Alert.objects.update(state="resolved", resolved_at=timezone.now())
        services.catch_up()
        services.catch_up()
        self.assertEqual(self.state(row), "resolved")
        self.assertEqual(Entry.objects.filter(verb="incidents.resolved").count(), 1)
        reactions.reopen_incident(AlertReturned(alert_id=second.pk, lead_id=second.pk))
        self.assertEqual(self.state(row), "triggered")
        self.assertEqual(row.alert, first)


class StateTests(LifeTestCase):
    def test_each_state_keeps_who_and_when_and_is_recorded_once(self) -> None:
        row = self.by_hand()
        services.mitigate(incident=row, by=self.rita)
        services.mitigate(incident=row, by=self.ada)
        services.acknowledge(incident=row, by=self.ada)
        row.refresh_from_db()
        self.assertEqual((row.state, row.acknowledged_by), ("mitigated", self.rita))
        with self.assertRaises(NotOver):
            services.close(incident=row, by=self.rita)
        services.resolve(incident=row, by=self.rita, reason="Rolled back.")
        with self.assertRaises(AlreadyResolved):
            services.mitigate(incident=row, by=self.ada)
        services.close(incident=row, by=self.rita)
        services.close(incident=row, by=self.rita)
        services.reopen(incident=row, by=self.ada, reason="It is back.")
        services.reopen(incident=row, by=self.ada, reason="It is back.")
        self.assertEqual((self.state(row), row.closed_at), ("triggered", None))
        verbs = [verb.partition(".")[2] for verb in self.verbs(row)]
        self.assertEqual(verbs, ["opened", "mitigated", "resolved", "closed", "reopened"])

    def verbs(self, row: Incident) -> list[str]:
        found = Entry.objects.filter(subject_kind="incidents.incident", subject_id=str(row.pk))
        return list(found.order_by("pk").values_list("verb", flat=True))

    def test_roles_are_for_those_who_may_act(self) -> None:
        row = self.by_hand()
        with self.assertRaises(NotAMember):
            services.assign(incident=row, part="commander", user=self.carol, by=self.rita)
        services.assign(incident=row, part="commander", user=self.rita, by=self.rita)
        services.assign(incident=row, part="commander", user=self.ada, by=self.rita)
        self.assertEqual(row.assignments.get().user, self.ada)
        services.assign(incident=row, part="commander", user=None, by=self.rita)
        services.assign(incident=row, part="commander", user=None, by=self.rita)
        self.assertFalse(row.assignments.exists())

    def test_a_note_keeps_what_it_said_and_only_its_writer_edits_it(self) -> None:
        note = services.add_note(incident=self.by_hand(), text="It is the network.", by=self.rita)
        with self.assertRaises(NotYours):
            services.edit_note(note=note, text="No.", by=self.ada)
        services.edit_note(note=note, text="It is the cache.", by=self.rita)
        services.edit_note(note=note, text="It is the cache.", by=self.rita)
        kept = Note.objects.get(pk=note.pk)
        self.assertEqual(kept.text, "It is the cache.")
        self.assertEqual([each.text for each in kept.revisions.all()], ["It is the network."])


class JoiningTests(LifeTestCase):
    def test_merging_loses_no_alert_and_no_note(self) -> None:
        first = services.open_from_alert(self.alert("drift"))
        second = services.open_from_alert(self.alert("other", at=None))
        services.add_note(incident=second, text="Seen here first.", by=self.rita)
        services.merge(incident=second, into=first, by=self.rita)
        services.merge(incident=second, into=first, by=self.rita)
        self.assertEqual((self.state(second), second.merged_into), ("closed", first))
        self.assertEqual([each.alert.name for each in first.involved.all()], ["other"])
        self.assertEqual(second.notes.count(), 1)
        with self.assertRaises(NotOver):
            services.reopen(incident=second, by=self.rita, reason="No.")
        with self.assertRaises(NotJoinable):
            services.merge(incident=first, into=second, by=self.rita)
        with self.assertRaises(NotJoinable):
            services.merge(incident=first, into=first, by=self.rita)
        for alert in Alert.objects.all():
            self.over(alert)
        self.assertEqual(self.state(first), "resolved")

    def test_what_was_merged_into_a_merged_one_follows(self) -> None:
        rows = [self.by_hand(f"number {n}") for n in range(3)]
        services.merge(incident=rows[0], into=rows[1], by=self.rita)
        services.merge(incident=rows[1], into=rows[2], by=self.rita)
        rows[0].refresh_from_db()
        self.assertEqual(rows[0].merged_into, rows[2])

    def test_a_gathered_alert_is_split_off_into_its_own(self) -> None:
        first, second = self.alert("drift"), self.alert("latency")
        row = services.open_from_alert(first)
        services.open_from_alert(second)
        made = services.split(incident=row, alert=second, by=self.rita)
        self.assertEqual((made.alert, made.relations.get().other), (second, row))
        self.assertFalse(row.involved.exists())
        with self.assertRaises(NotJoinable):
            services.split(incident=row, alert=second, by=self.rita)
        self.over(first)
        self.assertEqual((self.state(row), self.state(made)), ("resolved", "triggered"))

    def test_related_ones_name_each_other_once(self) -> None:
        one, other = self.by_hand("one"), self.by_hand("other")
        services.relate(incident=one, other=other, by=self.rita)
        services.relate(incident=other, other=one, by=self.rita)
        self.assertEqual(other.relations.get().other, one)


class RecurrenceTests(LifeTestCase):
    def ended(self) -> Incident:
        alert = self.alert("drift")
        row = services.open_from_alert(alert)
        self.over(alert)
        row.refresh_from_db()
        return row

    def due(self, **before: Any) -> int:
        Recurrence.objects.update(due_at=timezone.now() - timedelta(minutes=1))
        return recurring.look_due()

    def test_it_is_looked_at_twice_and_what_came_back_is_named(self) -> None:
        row = self.ended()
        self.assertEqual([each.days for each in row.recurrences.all()], [7, 30])
        self.assertEqual(recurring.look_due(), 0)
        Incident.objects.update(resolved_at=timezone.now() - timedelta(days=8))
        again = services.open_from_alert(self.alert("drift"))
        self.assertEqual((self.due(), self.due()), (2, 0))
        self.assertEqual({each.again for each in row.recurrences.all()}, {again})

    def test_what_did_not_come_back_says_so(self) -> None:
        row = self.ended()
        services.open_from_alert(self.alert("another", at=None))
        self.due()
        self.assertEqual({each.again for each in row.recurrences.all()}, {None})

    def test_what_is_opened_again_is_looked_at_after_its_last_end(self) -> None:
        row = self.ended()
        services.reopen(incident=row, by=self.rita, reason="It is back.")
        self.assertFalse(row.recurrences.exists())
        services.resolve(incident=row, by=self.rita, reason="Mended.")
        self.assertEqual(row.recurrences.count(), 2)


class FaceTests(LifeTestCase):
    def test_a_responder_goes_through_its_life_on_the_pages(self) -> None:
        row, other = self.by_hand(), self.by_hand("another")
        page = row.get_absolute_url()
        self.client.force_login(self.rita)
        self.client.post(f"{page}mitigate/")
        self.assertEqual(self.state(row), "mitigated")
        self.assertContains(self.client.get(f"{page}manage/"), "Merge into another")
        self.client.post(f"{page}severity/", {"severity": "critical"})
        self.client.post(f"{page}role/", {"part": "commander", "user": "ada"})
        self.client.post(f"{page}relate/", {"number": other.number})
        answer = self.client.get(page)
        for text in ("Critical", "Incident commander", "another", "Mitigated"):
            self.assertContains(answer, text)
        self.assertEqual(
            self.client.post(f"{page}role/", {"part": "chef", "user": "ada"}).status_code, 422
        )
        self.assertEqual(self.client.post(f"{page}merge/", {"number": "x"}).status_code, 422)
        self.client.post(f"{page}resolve/", {"reason": "Rolled back."})
        self.client.post(f"{page}close/")
        self.assertEqual(self.state(row), "closed")
        self.client.post(f"{page}reopen/", {"reason": ""})
        self.assertEqual(self.state(row), "closed")
        self.client.post(f"{page}reopen/", {"reason": "It is back."})
        self.assertEqual(self.state(row), "triggered")
        self.client.post(f"{page}merge/", {"number": other.number})
        self.assertContains(self.client.get(page), "Merged into")
        self.client.post(f"{page}merge/", {"number": 999})
        self.assertContains(self.client.get(page), "No such incident #999")

    def test_a_note_is_edited_by_its_writer_alone(self) -> None:
        text = "The **network**. <script>alert(1)</script>"
        note = services.add_note(incident=self.by_hand(), text=text, by=self.rita)
        page = note.incident.get_absolute_url()
        address = f"/incidents/notes/{note.pk}/edit/"
        self.client.force_login(self.ada)
        self.assertEqual(self.client.get(address).status_code, 404)
        self.client.force_login(self.rita)
        self.assertContains(self.client.get(page), "The <strong>network</strong>.")
        self.assertNotContains(self.client.get(page), "<script>alert")
        self.client.post(address, {"text": "The cache."})
        self.assertContains(self.client.get(address), "The **network**.")
        self.assertContains(self.client.get(page), "The cache.")

    def test_a_gathered_alert_is_split_off_on_the_page(self) -> None:
        row = services.open_from_alert(self.alert("drift"))
        second = self.alert("latency")
        services.open_from_alert(second)
        self.client.force_login(self.rita)
        page = row.get_absolute_url()
        self.assertContains(self.client.get(f"{page}manage/"), "Split off latency")
        self.client.post(f"{page}split/{second.pk}/")
        self.assertEqual(Incident.objects.count(), 2)
        self.assertEqual(self.client.post(f"{page}split/{second.pk}/").status_code, 404)

    def test_the_list_is_narrowed_by_what_its_address_says(self) -> None:
        row = self.by_hand("the cache is cold")
        self.by_hand("the disk is full")
        services.acknowledge(incident=row, by=self.ada)
        self.client.force_login(self.ada)
        for asked in ("words=cache", "who=me", "state=acknowledged"):
            answer = self.client.get(f"/incidents/?{asked}")
            self.assertContains(answer, "the cache is cold", msg_prefix=asked)
            self.assertNotContains(answer, "the disk is full", msg_prefix=asked)
        self.assertContains(self.client.get("/incidents/?severity=low"), "No incident like this")

    def test_statistics_are_right_on_a_scripted_set(self) -> None:
        began = timezone.now() - timedelta(days=2)
        for minutes in (10, 30):
            row = self.by_hand(f"after {minutes}")
            Incident.objects.filter(pk=row.pk).update(
                opened_at=began,
                acknowledged_at=began + timedelta(minutes=minutes),
                resolved_at=began + timedelta(hours=minutes / 10),
                state="resolved",
            )
        gone = self.by_hand("merged")
        services.merge(incident=gone, into=self.by_hand("home"), by=self.rita)
        self.client.force_login(self.ada)
        self.client.post("/incidents/statistics/fraud/rate/", {"per_hour": "50", "currency": "eur"})
        page = self.client.get("/incidents/statistics/?weeks=4")
        for text in ("20 min", "2 h", "200.00 EUR"):
            self.assertContains(page, text)
        told = self.client.get("/api/v1/incidents/statistics/?project=fraud&weeks=4").json()
        self.assertEqual(told["whole"]["opened"], 3)
        self.assertEqual(told["whole"]["acknowledge_seconds"], 1200)
        self.assertEqual(told["whole"]["resolve_seconds"], 7200)
        self.client.force_login(self.bob)
        self.assertContains(self.client.get("/incidents/statistics/"), "No incidents in this time")
        stranger = self.client.get("/api/v1/incidents/statistics/?project=fraud")
        self.assertEqual(stranger.status_code, 404)

    def test_rest_says_the_same(self) -> None:
        row, other = self.by_hand(), self.by_hand("another")
        self.client.force_login(self.rita)
        address = f"/api/v1/incidents/{row.pk}"

        def post(verb: str, **body: Any) -> Any:
            return self.client.post(f"{address}/{verb}/", body, content_type="application/json")

        self.assertEqual(post("mitigate").json()["state"], "mitigated")
        self.assertEqual(post("severity", severity="low").json()["severity"], "low")
        self.assertEqual(post("severity", severity="worst").status_code, 400)
        self.assertEqual(post("assign", part="scribe", user="ada").status_code, 200)
        self.assertEqual(post("assign", part="scribe", user="nobody").status_code, 400)
        self.assertEqual(post("close").status_code, 409)
        self.assertEqual(post("resolve", reason="Done.").status_code, 200)
        self.assertEqual(post("close").json()["state"], "closed")
        self.assertEqual(post("reopen", reason="Back.").json()["state"], "triggered")
        self.assertEqual(post("relate", incident=other.pk).status_code, 200)
        self.assertEqual(post("merge", incident=other.pk).json()["id"], other.pk)
        self.assertEqual(post("merge", incident=2**40).status_code, 404)
        self.client.force_login(self.carol)
        self.assertEqual(post("reopen", reason="No.").status_code, 403)
        self.client.force_login(self.bob)
        self.assertEqual(post("reopen", reason="No.").status_code, 404)

    def test_rest_takes_up_several_at_once(self) -> None:
        rows = [self.by_hand(f"odd scores {n}") for n in range(3)]
        services.acknowledge(incident=rows[0], by=self.cora)
        address, keys = "/api/v1/incidents/acknowledge/", [row.pk for row in rows]
        sent = {"incidents": [*keys, keys[1]]}
        for user, status in ((self.bob, 404), (self.carol, 403)):
            answer = self.api(user).post(address, sent, format="json")
            self.assertEqual(answer.status_code, status)
        there = {"incidents": [keys[1], 10**9]}
        answer = self.api(self.rita).post(address, there, format="json")
        self.assertEqual(answer.status_code, 404)
        self.assertEqual(self.state(rows[1]), "triggered")

        headers = {"Idempotency-Key": "several"}
        for _ in range(2):
            answer = self.api(self.rita).post(address, sent, format="json", headers=headers)
            self.assertEqual((answer.status_code, answer.json()), (200, {"acknowledged": 2}))
        self.assertEqual([self.state(row) for row in rows], ["acknowledged"] * 3)
        taken = Entry.objects.filter(verb="incidents.acknowledged")
        self.assertEqual(
            sorted(taken.values_list("subject_id", "actor_id")),
            sorted(
                (str(row.pk), by.pk)
                for row, by in zip(rows, (self.cora, self.rita, self.rita), strict=True)
            ),
        )
        for wrong in ([], ["x"], [0], list(range(1, 300))):
            answer = self.api(self.rita).post(address, {"incidents": wrong}, format="json")
            self.assertEqual(answer.status_code, 400, wrong)
