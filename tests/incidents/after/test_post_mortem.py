"""A post-mortem drafted from the record, its actions, and what a runbook learns."""

from __future__ import annotations

from datetime import date, timedelta
from unittest.mock import patch

from django.core import mail
from django.utils import timezone

from apps.core.errors import Invalid
from apps.docs.models import Document
from apps.incidents import postmortems, runbooks, services
from apps.incidents.errors import ActionOver
from apps.incidents.models import Action, Evidence, Incident, Pack, PostMortem
from apps.incidents.postmortems import numbers, reminding
from apps.ledger.models import Entry
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene

TODAY = date(2026, 3, 2)


class DraftTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.row = self.open(self.deploy())
        step = self.take(self.row)[0]
        services.acknowledge(incident=self.row, by=self.rita)
        services.add_note(incident=self.row, text="Saw the | scores\njump.", by=self.rita)
        runbooks.mark(step=step, done=True, by=self.rita, words="Said it.")
        pack = Pack.objects.create(
            incident=self.row, number=99, reason="test", seconds=0.1, digest="x"
        )
        for position, kind, text in (
            (1, "change", "Release 2 went live."),
            (2, "last_good", "Version 1 was live before."),
            (3, "owner", "Ada owns it."),
        ):
            Evidence.objects.create(
                pack=pack, position=position, kind=kind, subject_kind="x",
                subject_id="1", title=kind, text=text,
            )  # fmt: skip
        services.resolve(incident=self.row, by=self.rita, reason="Rolled back.")
        opened = timezone.now() - timedelta(hours=2, minutes=5)
        Incident.objects.filter(pk=self.row.pk).update(
            opened_at=opened,
            acknowledged_at=opened + timedelta(minutes=4),
            resolved_at=opened + timedelta(hours=2, minutes=5),
        )
        joined = Incident.objects.select_related("project", "deployment", "release__version__model")
        self.row = joined.select_related("alert").get(pk=self.row.pk)

    def test_it_says_what_is_on_record_and_nothing_else(self) -> None:
        with patch.object(numbers.predictions, "logged", return_value=1234):
            body = postmortems.begin(incident=self.row, by=self.rita).document.body
        for words in (
            "# Post-mortem of incident 1: Scores \\| drift",
            "| Time to acknowledge | 4 min |",
            "| Time to resolve | 2 h 05 min |",
            "| Predictions affected | 1234 |",
            "fraud-live made 1234 predictions from",
            "Saw the \\| scores jump.",
            "Step done: Say that you look at it.",
            "- Release 2 went live.",
            "Version 1 was live before.",
            "- Say that you look at it. (rita",
        ):
            self.assertIn(words, body)
        self.assertNotIn("Ada owns it.", body)

    def test_without_a_change_no_cause_is_named(self) -> None:
        Evidence.objects.filter(kind="change").delete()
        body = postmortems.begin(incident=self.row, by=self.rita).document.body
        self.assertIn("No cause is on record.", body)

    def test_begun_twice_it_is_begun_once_and_words_of_people_stay(self) -> None:
        first = postmortems.begin(incident=self.row, by=self.rita)
        Document.objects.filter(pk=first.document_id).update(body="Ours.")
        again = postmortems.begin(incident=self.row, by=self.max)
        self.assertEqual((again.pk, again.document.body), (first.pk, "Ours."))
        self.assertEqual(PostMortem.objects.count(), 1)

    def test_it_is_exported_with_its_actions(self) -> None:
        page = f"/incidents/{self.row.pk}/post-mortem/"
        self.client.force_login(self.rita)
        self.assertEqual(self.client.get(f"{page}file/").status_code, 404)
        self.client.post(page)
        sent = {"title": "Alarm | earlier", "owner": "max", "due_on": "2026-03-02"}
        answer = self.client.post(f"/incidents/{self.row.pk}/actions/", sent)
        self.assertRedirects(answer, page)
        self.assertContains(self.client.get(page), "Late")
        words = self.client.get(f"{page}file/?format=md").content.decode()
        self.assertIn("| Alarm \\| earlier | max | 2026-03-02 | open |  |", words)
        made = self.client.get(f"{page}file/?format=pdf")
        self.assertEqual(made["Content-Type"], "application/pdf")
        self.assertTrue(made.content.startswith(b"%PDF-"))
        self.assertEqual(self.client.get(f"{page}file/?format=exe").status_code, 400)

    def test_rights(self) -> None:
        page = f"/incidents/{self.row.pk}/post-mortem/"
        postmortems.begin(incident=self.row, by=self.ada)
        for user, read, write in ((self.carol, 200, 403), (self.bob, 404, 404)):
            self.client.force_login(user)
            self.assertEqual(self.client.get(page).status_code, read)
            self.assertEqual(self.client.get(f"{page}file/").status_code, read)
            for address in (
                page,
                f"/incidents/{self.row.pk}/actions/",
                f"/incidents/{self.row.pk}/lesson/",
            ):
                self.assertEqual(self.client.post(address).status_code, write, address)

    def test_the_runbook_learns_as_a_draft_once(self) -> None:
        runbook = self.row.steps.all()[0].document
        assert runbook is not None
        before = runbook.body
        self.client.force_login(self.rita)
        for _ in range(2):
            answer = self.client.post(f"/incidents/{self.row.pk}/lesson/", {"runbook": runbook.pk})
            self.assertRedirects(answer, f"/docs/{runbook.pk}/edit/")
        runbook.refresh_from_db()
        newest = runbook.revisions.first()
        assert newest is not None
        self.assertEqual((runbook.body, newest.published), (before, False))
        self.assertEqual(newest.body.count("## Learned from incident 1"), 1)
        self.assertIn("Rolled back.", newest.body)
        page = self.client.get(f"/docs/{runbook.pk}/edit/")
        self.assertContains(page, "Learned from incident 1")


class RemindingTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.row = self.open()
        self.action = postmortems.add_action(
            incident=self.row, title="Alarm earlier", owner=self.max, due_on=TODAY, by=self.rita
        )

    def days_told(self, days: range) -> list[int]:
        """The days after the due date on which a mail went out, with the job run three times each."""
        told = []
        for day in days:
            today, before = TODAY + timedelta(days=day), len(mail.outbox)
            for _ in range(3):
                for pk in postmortems.due(today):
                    postmortems.remind(action_id=pk, today=today)
            if len(mail.outbox) > before:
                self.assertEqual(len(mail.outbox), before + 1)
                told.append(day)
        return told

    def test_the_owner_is_reminded_by_the_calendar_and_never_twice_a_day(self) -> None:
        self.assertEqual(self.days_told(range(-5, 11)), [-1, 1, 4, 7, 10])
        self.assertEqual(mail.outbox[0].to, ["max@example.org"])
        self.assertIn("is due", mail.outbox[0].subject)
        self.assertIn("is late", mail.outbox[1].subject)
        self.assertEqual(mail.outbox[3].to, ["ada@example.org", "max@example.org"])
        self.assertEqual(Entry.objects.filter(verb="incidents.action_reminded").count(), 5)

    def test_what_is_done_or_moved_is_left_in_peace(self) -> None:
        postmortems.change(action=self.action, due_on=TODAY + timedelta(days=20), by=self.max)
        self.assertEqual(self.days_told(range(10)), [])
        postmortems.finish(action=self.action, by=self.max)
        self.assertEqual(self.days_told(range(15, 30)), [])
        with self.assertRaises(ActionOver):
            postmortems.finish(action=self.action, by=self.ada)

    def test_a_mail_that_fails_is_tried_again(self) -> None:
        with (
            patch.object(reminding, "send_mail", side_effect=OSError("no route")),
            self.assertRaises(OSError),
        ):
            postmortems.remind(action_id=self.action.pk, today=TODAY)
        self.assertEqual(postmortems.due(TODAY), [self.action.pk])
        self.assertTrue(postmortems.remind(action_id=self.action.pk, today=TODAY))

    def test_it_stands_on_the_home_page_of_its_owner_alone(self) -> None:
        self.client.force_login(self.max)
        self.assertContains(self.client.get("/"), "Alarm earlier")
        self.client.force_login(self.rita)
        self.assertNotContains(self.client.get("/"), "Alarm earlier")

    def test_the_owner_may_say_that_it_is_done(self) -> None:
        Action.objects.filter(pk=self.action.pk).update(owner=self.carol)
        self.client.force_login(self.bob)
        address = f"/incidents/actions/{self.action.pk}/done/"
        self.assertEqual(self.client.post(address).status_code, 404)
        self.client.force_login(self.carol)
        self.client.post(address)
        self.action.refresh_from_db()
        self.assertEqual(self.action.done_by, self.carol)

    def test_a_stranger_is_no_owner(self) -> None:
        with self.assertRaises(Invalid):
            postmortems.add_action(
                incident=self.row, title="x", owner=self.bob, due_on=TODAY, by=self.rita
            )
