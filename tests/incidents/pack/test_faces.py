"""The pack on its page, by REST, as a file and for the assistant: to whom, and what."""

from __future__ import annotations

from apps.core.tools import TOOLS
from apps.incidents import selectors, services
from apps.incidents.models import Incident
from tests.incidents.pack.base import PackTestCase, calm


class FaceTests(PackTestCase):
    row: Incident

    def setUp(self) -> None:
        super().setUp()
        monitor = self.drift(calm())
        self.go_live(self.second)
        rows = [row | {"income": row["income"] / 1000} for row in calm(200)]
        self.row = self.breaks(monitor, rows)
        self.keep()

    def keep(self) -> None:
        services.keep_evidence(selectors.for_evidence(self.row.pk))

    def test_the_incident_shows_the_newest_and_opens_each(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get(self.row.get_absolute_url())
        self.assertContains(page, "No cause is known")
        self.assertContains(page, "another unit")
        self.assertContains(page, f"{self.row.get_absolute_url()}evidence/")
        shown = self.client.get(f"{self.row.get_absolute_url()}evidence/?number=1")
        self.assertContains(shown, "What was looked at")
        self.assertContains(shown, "Similar incidents")
        for number in ("2", "0", "x", "99999999999999999999"):
            answer = self.client.get(f"{self.row.get_absolute_url()}evidence/?number={number}")
            self.assertEqual(answer.status_code, 404, number)

    def test_the_second_pack_says_what_is_new(self) -> None:
        services.open_by_hand(project=self.fraud, title="more", severity="low", by=self.rita)
        self.fraud.deputy = self.max
        self.fraud.save()
        self.keep()
        type(self.row.project).objects.filter(pk=self.fraud.pk).update(name="Renamed")
        self.keep()
        self.client.force_login(self.carol)
        page = self.client.get(f"{self.row.get_absolute_url()}evidence/")
        self.assertContains(page, "Came: Owner of Renamed")
        self.assertContains(page, "Went: Owner of Fraud")

    def test_a_file_holds_all_of_it(self) -> None:
        self.client.force_login(self.carol)
        answer = self.client.get(f"{self.row.get_absolute_url()}evidence/file/?number=1")
        self.assertIn("attachment", answer["Content-Disposition"])
        given = answer.json()
        self.assertEqual(len(given["items"]), self.row.packs.get().items.count())
        self.assertEqual(given["pack"]["gatherers"][0]["trouble"], "")

    def test_rest_gives_the_newest_and_each(self) -> None:
        api, where = self.api(self.carol), f"/api/v1/incidents/{self.row.pk}"
        [first] = api.get(f"{where}/packs/").json()
        self.assertEqual((first["number"], first["reason"]), (1, "it was opened"))
        newest = api.get(f"{where}/evidence/").json()
        self.assertEqual(newest, api.get(f"{where}/evidence/?number=1").json())
        self.assertEqual({each["pack"] for each in newest}, {1})
        for item in newest:
            self.assertTrue(item["subject_kind"] and item["subject_id"] and item["url"], item)
        self.assertEqual(api.get(f"{where}/evidence/?number=7").status_code, 404)
        refused = api.get(f"{where}/evidence/?number=x")
        self.assertEqual(refused.status_code, 400)
        self.assertIn("number", refused.content.decode())

    def test_strangers_find_nothing(self) -> None:
        self.client.force_login(self.bob)
        for path in ("evidence/", "evidence/?number=1", "evidence/file/"):
            answer = self.client.get(f"{self.row.get_absolute_url()}{path}")
            self.assertEqual(answer.status_code, 404, path)
        for path in ("evidence/", "packs/"):
            answer = self.api(self.bob).get(f"/api/v1/incidents/{self.row.pk}/{path}")
            self.assertEqual(answer.status_code, 404, path)

    def test_every_page_that_a_piece_names_opens_for_a_viewer(self) -> None:
        self.client.force_login(self.carol)
        for url in set(self.row.evidence.values_list("url", flat=True)):
            self.assertEqual(self.client.get(url).status_code, 200, url)

    def test_the_assistant_hears_of_it(self) -> None:
        found = TOOLS["incident_evidence"].run(user=self.carol, incident_id=self.row.pk)
        kinds = {record.kind for record in found}
        self.assertLessEqual(
            {"incident", "unknown", "shift", "shape", "release", "last_good", "owner"}, kinds
        )
        self.assertEqual(len({record.id for record in found}), len(found))
