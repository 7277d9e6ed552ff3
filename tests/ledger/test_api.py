"""/api/v1/ledger/: it …"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.access import Role
from apps.ledger import services, verification
from apps.ledger.models import Entry, Seal
from tests.base import PortalTestCase
from tests.ledger.base import note

URL = "/api/v1/ledger/"


class LedgerApiTests(PortalTestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        super().setUpTestData()
        cls.mine = note(1, project=cls.fraud, threshold=[1, 2])
        note(2, project=cls.other)
        note(3)
        services.seal()

    def ids(self, user: object, **filters: object) -> set[int]:
        response = self.api(user).get(f"{URL}?{urlencode({**filters, 'page_size': 500})}")  # type: ignore[arg-type]
        self.assertEqual(response.status_code, 200, response.data)
        return {row["id"] for row in response.data["results"]}

    def test_each_sees_what_happened_in_their_projects_only(self) -> None:
        fraud = set(Entry.objects.filter(project_id=self.fraud.pk).values_list("pk", flat=True))
        self.assertEqual(self.ids(self.carol), fraud)
        self.assertFalse(self.ids(self.bob) & fraud)
        self.assertLess(fraud, self.ids(self.sam))
        self.assertEqual(self.api(None).get(URL).status_code, 401)

    def test_a_token_narrows_even_a_site_admin(self) -> None:
        client = self.api(self.sam, role=Role.VIEWER, project_ids=[self.fraud.pk])
        found = {row["project"] for row in client.get(f"{URL}?page_size=500").data["results"]}
        self.assertEqual(found, {"fraud"})
        self.assertEqual(client.get(f"{URL}verification/").status_code, 403)

    def test_an_entry_carries_its_place_in_the_chain(self) -> None:
        body = self.api(self.carol).get(f"{URL}{self.mine.pk}/").data
        seal = Seal.objects.get(entry_id=self.mine.pk)
        self.assertEqual((body["position"], body["hash"]), (seal.position, bytes(seal.hash).hex()))
        self.assertEqual(body["project"], "fraud")
        self.assertEqual(body["data"], {"n": 1, "threshold": [1, 2]})
        self.assertEqual((body["subject_kind"], body["subject_id"]), ("models.version", "1"))

    def test_an_entry_that_is_not_sealed_yet_says_so(self) -> None:
        entry = note(4, project=self.fraud)
        body = self.api(self.carol).get(f"{URL}{entry.pk}/").data
        self.assertEqual((body["position"], body["hash"]), (None, None))

    def test_what_one_may_not_see_is_not_there(self) -> None:
        self.assertEqual(self.api(self.bob).get(f"{URL}{self.mine.pk}/").status_code, 404)
        self.assertEqual(self.api(self.bob).get(f"{URL}{'9' * 18}/").status_code, 404)
        self.assertEqual(self.ids(self.bob, project="fraud"), set())

    def test_it_filters(self) -> None:
        at = self.mine.at
        for filters, finds in (
            ({"project": "fraud"}, True),
            ({"project": "weather"}, False),
            ({"verb": "models.changed"}, True),
            ({"verb": "models"}, True),
            ({"verb": "model"}, False),
            ({"subject": "models.version:1"}, True),
            ({"subject": "models.version:9"}, False),
            ({"actor": "ada"}, False),
            ({"actor": "9" * 50}, False),
            ({"q": "threshold"}, True),
            ({"q": "zebra"}, False),
            ({"since": at.isoformat()}, True),
            ({"since": (at + timedelta(seconds=1)).isoformat()}, False),
            ({"until": at.isoformat()}, False),
            ({"until": (at + timedelta(seconds=1)).isoformat()}, True),
        ):
            with self.subTest(filters):
                self.assertEqual(self.mine.pk in self.ids(self.carol, **filters), finds)

    def test_bad_input_is_named(self) -> None:
        client = self.api(self.carol)
        for name, value in (
            ("since", "yesterday"),
            ("until", "0001-01-01T00:00:00+14:00"),
            ("until", "9999-12-31T23:59:59Z"),
            ("q", "\x00"),
            ("q", "x" * 300),
            ("actor", "\x00"),
            ("verb", "x" * 100),
            ("subject", "a:\x00"),
            ("project", "\x00"),
            ("cursor", "cD1hYmM="),
        ):
            with self.subTest(f"{name}={value}"):
                response = client.get(f"{URL}?{urlencode({name: value})}")
                self.assertEqual(response.status_code, 400)
                self.assertIn(name, response.data["detail"])

    def test_it_pages_by_cursor_and_costs_few_queries(self) -> None:
        for number in range(30):
            note(number, project=self.fraud)
        client = self.api(self.carol)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"{URL}?page_size=20").data
        self.assertLessEqual(len(queries), 12)
        rest = client.get(page["next"]).data
        ids = [row["id"] for row in page["results"] + rest["results"]]
        wanted = Entry.objects.filter(project_id=self.fraud.pk).order_by("-pk")
        self.assertEqual(ids, list(wanted.values_list("pk", flat=True)))

    def test_nothing_can_be_written(self) -> None:
        client = self.api(self.sam)
        for method in ("post", "put", "patch", "delete"):
            for url in (URL, f"{URL}{self.mine.pk}/", f"{URL}verification/"):
                self.assertEqual(getattr(client, method)(url).status_code, 405, (method, url))

    def test_site_admins_read_the_state_of_the_chain(self) -> None:
        self.assertEqual(self.api(self.ada).get(f"{URL}verification/").status_code, 403)
        self.assertIsNone(self.api(self.sam).get(f"{URL}verification/").data["checked"])

        verification.verify()

        body = self.api(self.sam).get(f"{URL}verification/").data
        self.assertEqual(body["checked"]["ok"], True)
        self.assertEqual(len(body["head"]), 64)
        self.assertGreaterEqual(body["unsealed"], 1)

    def test_the_schema_names_it(self) -> None:
        paths = self.api(self.sam).get("/api/v1/schema/?format=json").json()["paths"]
        listed = paths["/api/v1/ledger/"]["get"]
        names = {parameter["name"] for parameter in listed["parameters"]}
        self.assertLessEqual(
            {"project", "verb", "subject", "actor", "since", "until", "q", "cursor"}, names
        )
        self.assertIn("/api/v1/ledger/verification/", paths)
