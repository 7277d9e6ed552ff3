"""The pages and the API of the log: what they show, to whom, and what they let people do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import orjson
from django.utils import timezone

from apps.core.models import Job
from apps.predictions import services, tasks
from apps.predictions.models import Erasure, Retention, SetAside
from tests.base import PortalTestCase
from tests.predictions.test_lake import LakeTestCase
from tests.predictions.test_taking import record

PAGE = "/predictions/churn-live/"


class PageTests(LakeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.web = self.client_class()
        self.web.force_login(self.carol)

    def shown(self, path: str = "", status: int = 200, **asked: Any) -> str:
        answer = self.web.get(PAGE + path, asked)
        self.assertEqual(answer.status_code, status, answer.content[:300])
        return answer.content.decode()

    def test_the_log_is_walked_and_filtered(self) -> None:
        self.assertIn("No predictions yet", self.shown())
        self.post([record(n) for n in range(120)])
        self.compact()
        self.post([{**record(200), "version": "7", "id": "odd/id?&#<b>"}])
        with self.assertNumQueries(10):
            page = self.shown()
        self.assertIn("odd/id?&amp;#&lt;b&gt;", page)
        self.assertIn("121 predictions logged", page)
        self.assertIn("not known yet", page)
        following = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
        older = self.web.get(PAGE + following.replace("&amp;", "&")).content.decode()
        self.assertIn(">p70<", older)
        self.assertNotIn(">p71<", older)
        self.assertIn("odd/id", self.shown(version="7"))
        self.assertNotIn(">p119<", self.shown(version="7"))
        self.assertIn(">p9<", self.shown(until="2026-11-01 00:00:10"))
        self.assertNotIn(">p10<", self.shown(until="2026-11-01 00:00:10"))
        self.assertIn("No prediction matches", self.shown(since="2027-01-01 00:00"))
        for bent in ({"before": "x"}, {"before": "1e99:a"}):
            self.assertEqual(self.web.get(PAGE, bent).status_code, 400)
        self.shown(since="never")

    def test_a_record_shows_its_history(self) -> None:
        self.post([record(1)])
        told = [{"id": "p1", "time": 1793500000 + n, "truth": n} for n in (0, 5)]
        self.post(told, "ground-truth")
        for asked in ({}, {"at": "1793491201.0"}, {"at": "soon"}):
            page = self.shown("record/", id="p1", **asked)
            self.assertIn("income", page)
            self.assertIn("oldest first", page)
        self.assertIn("No such prediction", self.shown("record/", 404, id="p2"))
        self.assertEqual(self.web.get(PAGE, {"id": "p1"}).status_code, 302)
        found = self.client.get("/api/v1/predictions/record/?deployment=churn-live&id=p1").json()
        self.assertEqual([each["truth"] for each in found["history"]], [0, 5])
        self.assertEqual(found["prediction"]["truth"], 5)

    def test_what_is_set_aside_is_mended_and_taken_in(self) -> None:
        self.assertIn("Nothing is set aside", self.shown("set-aside/"))
        self.expects({"name": "age", "type": "long"})
        self.post([record(1), record(2, age=1)])
        self.assertIn("requires it", self.shown("set-aside/"))
        listed = self.client.get("/api/v1/set-aside/?deployment=churn-live").json()["results"]
        self.assertEqual(listed[0]["record"]["id"], "p1")
        lines = b"".join(self.web.get(f"{PAGE}set-aside/download/").streaming_content)  # type: ignore[attr-defined]
        self.assertEqual(orjson.loads(lines)["record"]["inputs"]["city"], "Bern")

        self.assertEqual(self.web.post(f"{PAGE}set-aside/replay/").status_code, 403)
        self.web.force_login(self.cora)
        self.web.post(f"{PAGE}set-aside/replay/")
        self.assertEqual(SetAside.objects.count(), 1)  # nothing was mended
        self.expects({"name": "income", "type": "double"})
        again = self.client.post("/api/v1/set-aside/replay/", {"deployment": "churn-live"}, "json")
        self.assertEqual(again.json(), {"accepted": 1, "duplicates": 0, "set_aside": []})
        self.assertFalse(SetAside.objects.exists())
        self.post([{"id": "x"}])
        self.web.post(f"{PAGE}set-aside/discard/")
        self.assertFalse(SetAside.objects.exists())
        gone = self.client.post("/api/v1/set-aside/discard/", {"deployment": "churn-live"}, "json")
        self.assertEqual(gone.status_code, 404)

    def test_an_owner_says_how_long(self) -> None:
        self.assertIn("Kept for ever", self.shown("retention/"))
        self.assertEqual(self.web.post(f"{PAGE}retention/", {"days": 3}).status_code, 403)
        self.web.force_login(self.ada)
        self.assertEqual(self.web.post(f"{PAGE}retention/", {"days": 0}).status_code, 422)
        self.assertRedirects(self.web.post(f"{PAGE}retention/", {"days": 30}), f"{PAGE}retention/")
        self.assertIn("Kept for 30 days", self.shown("retention/"))
        sent = {"project": "fraud", "days": None}
        owner = self.api(self.ada)
        self.assertEqual(
            owner.get("/api/v1/prediction-retention/").json()["results"][0]["days"], 30
        )
        self.assertEqual(owner.post("/api/v1/prediction-retention/", sent, "json").status_code, 200)
        self.assertFalse(Retention.objects.exists())
        self.assertIn("Kept for ever", self.shown("retention/"))

    def test_a_maintainer_erases_and_everybody_may_see_the_certificate(self) -> None:
        self.post([record(n, customer=f"c{n}") for n in range(5)])
        self.assertIn("Nothing was erased", self.shown("erasures/"))
        sent = {"column": "inputs.customer", "values": "c3\n\n c4 "}
        self.assertEqual(self.web.post(f"{PAGE}erasures/", sent).status_code, 403)
        self.web.force_login(self.max)
        refused = self.web.post(f"{PAGE}erasures/", {**sent, "column": "what"})
        self.assertEqual(refused.status_code, 422)
        self.web.post(f"{PAGE}erasures/", sent)
        row = Erasure.objects.get()
        self.assertIn("under way", self.shown(f"erasures/{row.pk}/"))
        services.erase(erasure=row)
        self.web.force_login(self.carol)
        self.assertIn("Erased", self.shown("erasures/"))
        self.assertIn("batch", self.shown(f"erasures/{row.pk}/"))
        told = json.loads(self.web.get(f"{PAGE}erasures/{row.pk}/certificate/").content)
        self.assertEqual((told["predictions"], told["requested_by"]), (2, "max"))
        self.assertNotIn("c3", json.dumps(told["parts"]))
        api = self.api(self.max)
        asked = {"deployment": "churn-live", "column": "id", "values": ["p0"]}
        made = api.post("/api/v1/erasures/", asked, "json")
        self.assertEqual(made.status_code, 202)
        self.assertEqual(
            api.get(f"/api/v1/erasures/{made.json()['id']}/certificate/").status_code, 200
        )

    def test_a_stranger_finds_nothing(self) -> None:
        self.web.force_login(self.bob)
        for path in ("", "record/", "set-aside/", "set-aside/download/", "retention/", "erasures/"):
            self.shown(path, 404)

    def test_the_api_pages_by_key(self) -> None:
        now = timezone.now()
        self.post(
            [{**record(n), "time": (now - timedelta(seconds=n)).isoformat()} for n in range(9)]
        )
        seen: list[str] = []
        before = ""
        while before is not None:
            address = f"/api/v1/predictions/?deployment=churn-live&limit=4&before={before}"
            page = self.client.get(address).json()
            seen += [row["id"] for row in page["results"]]
            before = page["next"]
        self.assertEqual(seen, [f"p{n}" for n in range(9)])


class BeatTests(PortalTestCase):
    def test_nothing_is_due_where_nothing_is(self) -> None:
        tasks.compact_due()
        tasks.retain_due()
        self.assertFalse(Job.objects.exists())
