"""The audit page: it …"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.core.metrics import exposition
from apps.core.models import Job
from apps.ledger import selectors, services, subjects, verification
from apps.ledger.models import Entry, Verification
from apps.ledger.selectors import Wanted
from tests.base import PortalTestCase
from tests.ledger.base import note, tamper


class AuditPageTests(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        note(1, project=cls.fraud, threshold=[0.25, 0.75], reason="drift")
        note(2, project=cls.other)
        note(3)
        services.seal()

    def page(self, user: User, **filters: str) -> str:
        self.client.force_login(user)
        response = self.client.get(f"/audit/?{urlencode(filters)}")
        self.assertEqual(response.status_code, 200)
        return response.content.decode()

    def shown(self, user: User, **filters: str) -> list[int]:
        """The ids on the page."""
        self.client.force_login(user)
        response = self.client.get(f"/audit/?{urlencode(filters)}")
        self.assertEqual(response.status_code, 200)
        return [row.pk for row in response.context["page"].rows]

    def test_a_fact_may_be_called_items(self) -> None:
        note(4, project=self.fraud, items=37)
        services.seal()
        self.assertIn("<dt>items</dt><dd>37</dd>", self.page(self.carol))

    def test_each_sees_what_happened_in_their_projects_only(self) -> None:
        fraud = set(Entry.objects.filter(project_id=self.fraud.pk).values_list("pk", flat=True))
        other = set(Entry.objects.filter(project_id=self.other.pk).values_list("pk", flat=True))
        everything = set(Entry.objects.values_list("pk", flat=True))
        self.assertTrue(everything - fraud - other)

        self.assertEqual(set(self.shown(self.carol)), fraud)
        self.assertEqual(set(self.shown(self.bob)), other)
        self.assertEqual(set(self.shown(self.sam)), everything)

    def test_it_asks_for_sign_in(self) -> None:
        self.assertEqual(self.client.get("/audit/").status_code, 302)

    def test_it_shows_who_what_and_the_change(self) -> None:
        page = self.page(self.carol)
        for text in ("models.changed", "models.version 1", "threshold", "0.25", "0.75", "drift"):
            self.assertIn(text, page)
        self.assertIn("Ada".lower(), page.lower())

    def test_an_empty_ledger_says_what_it_is_for(self) -> None:
        nobody = User.objects.create_user("nobody", "nobody@example.org")
        self.assertIn("Nothing recorded yet", self.page(nobody))
        self.assertIn("No entry matches", self.page(nobody, q="zebra"))

    def test_it_filters_by_everything_and_keeps_that_in_the_address(self) -> None:
        entry = Entry.objects.get(subject_kind="models.version", subject_id="1")
        day = entry.at.date().isoformat()
        tomorrow = (entry.at + timedelta(days=1)).date().isoformat()
        for filters, finds in (
            ({"q": "drift"}, True),
            ({"q": "DRI models"}, True),
            ({"q": "zebra"}, False),
            ({"q": "'; drop & table ! (*:"}, False),
            ({"q": "!!"}, False),
            ({"verb": "models.changed"}, True),
            ({"verb": "models"}, True),
            ({"verb": "projects.created"}, False),
            ({"subject": "models.version:1"}, True),
            ({"subject": "models.version"}, True),
            ({"subject": "models.version:2"}, False),
            ({"actor": "ada"}, False),
            ({"actor": "nobody"}, False),
            ({"project": "fraud"}, True),
            ({"since": day, "until": day}, True),
            ({"since": tomorrow}, False),
            ({"until": "2020-01-01"}, False),
        ):
            with self.subTest(filters):
                self.assertEqual(entry.pk in self.shown(self.carol, **filters), finds)
        self.assertIn('value="drift"', self.page(self.carol, q="drift"))

    def test_a_person_is_found_by_name_and_by_id(self) -> None:
        for actor in ("ada", str(self.ada.pk)):
            found = self.shown(self.carol, actor=actor)
            created = Entry.objects.get(verb="projects.created", project_id=self.fraud.pk)
            self.assertEqual(found, [created.pk])

    def test_what_cannot_be_used_is_named_not_crashed_on(self) -> None:
        for filters in (
            {"since": "yesterday"},
            {"since": "0001-01-01"},
            {"until": "9999-12-31"},
            {"q": "\x00"},
            {"q": "x" * 300},
            {"project": "weather"},
            {"verb": "no.such"},
            {"actor": "9" * 40, "since": "x"},
            {"subject": ":\x00"},
        ):
            with self.subTest(filters):
                self.assertIn("error", self.page(self.carol, **filters))

    def test_it_pages_without_gaps(self) -> None:
        for number in range(120):
            note(number, project=self.fraud)
        seen: list[int] = []
        filters: dict[str, str] = {}
        while True:
            self.client.force_login(self.carol)
            page = self.client.get(f"/audit/?{urlencode(filters)}").context["page"]
            seen += [row.pk for row in page.rows]
            if not page.next:
                break
            filters = {"after": page.next}
        wanted = Entry.objects.filter(project_id=self.fraud.pk).order_by("-pk")
        self.assertEqual(seen, list(wanted.values_list("pk", flat=True)))

    def test_it_costs_few_queries_however_long_it_is(self) -> None:
        verification.verify()
        self.page(self.carol)
        with CaptureQueriesContext(connection) as few:
            self.page(self.carol)
        for number in range(60):
            note(number, project=self.fraud)
        with CaptureQueriesContext(connection) as many:
            self.client.get("/audit/")
        self.assertLessEqual(len(many), 12)
        self.assertLessEqual(len(many), len(few))

    def test_a_room_on_the_right_names_its_subjects(self) -> None:
        def name(user: object, ids: object) -> dict[str, subjects.Link]:
            return (
                {"1": subjects.Link("fraud-score v7", "/models/7/")} if user == self.carol else {}
            )

        subjects.link("models.version", name)
        self.addCleanup(subjects._resolvers.pop, "models.version")

        self.assertIn('<a href="/models/7/">fraud-score v7</a>', self.page(self.carol))
        self.assertNotIn("fraud-score", self.page(self.sam))

    def test_it_shows_the_state_of_the_chain(self) -> None:
        self.assertIn("Never checked", self.page(self.carol))
        verification.verify()
        page = self.page(self.carol)
        self.assertIn("Intact", page)
        self.assertIn(bytes(Verification.objects.latest().head).hex(), page)

    def test_a_broken_chain_is_red_and_named_to_site_admins(self) -> None:
        entry = Entry.objects.latest("pk")
        tamper("UPDATE ledger_entry SET verb = 'x.y' WHERE id = %s", entry.pk)
        with self.assertLogs("apps.ledger.verification", "ERROR"):
            verification.verify()

        page = self.page(self.sam)
        self.assertIn("The ledger is broken", page)
        self.assertIn('data-tone="bad"', page)
        self.assertIn(f"entry {entry.pk}", page)
        self.assertNotIn(f"entry {entry.pk}", self.page(self.carol))
        self.assertIn("signalbox_ledger_intact 0.0", exposition().decode())

    def test_metrics_tell_how_far_it_is(self) -> None:
        verification.verify()
        note(9)
        text = exposition().decode()
        total = Entry.objects.count()
        self.assertIn(f"signalbox_ledger_entries {total}.0", text)
        self.assertIn("signalbox_ledger_unsealed 1.0", text)
        self.assertIn(f"signalbox_ledger_verified_position {total - 1}.0", text)
        self.assertIn("signalbox_ledger_intact 1.0", text)

    def test_only_site_admins_export_and_verify(self) -> None:
        self.client.force_login(self.ada)
        self.assertNotIn("/audit/export/", self.page(self.ada))
        self.assertEqual(self.client.get("/audit/export/").status_code, 403)
        self.assertEqual(self.client.post("/audit/verify/").status_code, 403)

        self.assertIn("/audit/export/", self.page(self.sam))
        response = self.client.get("/audit/export/?project=fraud")
        lines = b"".join(response.streaming_content).splitlines()
        self.assertIn("attachment", response["Content-Disposition"])
        of_fraud = Entry.objects.filter(project_id=self.fraud.pk).count()
        self.assertEqual(len(lines), of_fraud + 2)
        self.assertEqual(self.client.get("/audit/export/?since=x").status_code, 400)
        self.assertEqual(self.client.get("/audit/verify/").status_code, 405)

    def test_a_verification_runs_as_a_job(self) -> None:
        self.client.force_login(self.sam)
        with (
            self.captureOnCommitCallbacks(execute=True),
            self.settings(CELERY_TASK_ALWAYS_EAGER=True),
        ):
            self.assertRedirects(self.client.post("/audit/verify/"), "/audit/")
        self.assertEqual(Job.objects.get().kind, "ledger.verify")

    def test_the_chain_alone_can_be_fetched_again(self) -> None:
        self.client.force_login(self.carol)
        response = self.client.get("/audit/chain/")
        self.assertContains(response, 'data-live="ledger:chain"')

    def test_a_subject_has_a_timeline(self) -> None:
        found = selectors.timeline(self.carol, "models.version", 1)
        self.assertEqual([row.data["reason"] for row in found], ["drift"])
        self.assertFalse(selectors.timeline(self.bob, "models.version", 1).exists())

    def test_an_old_stretch_is_found_whatever_its_ids(self) -> None:
        tamper(
            "UPDATE ledger_entry SET at = at - interval '30 days'"
            " WHERE subject_kind = 'models.version' AND subject_id = '1'"
        )
        old = Entry.objects.filter(subject_kind="models.version", subject_id="1").latest("pk")
        found = selectors.entries(self.sam, Wanted(until=old.at + timedelta(hours=1)))
        self.assertEqual([row.pk for row in found], [old.pk])
