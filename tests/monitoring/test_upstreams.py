"""The tables that features come from: who names them, and what they gather."""

from __future__ import annotations

from typing import Any

from apps.ledger.models import Entry
from apps.monitoring import selectors, services
from apps.monitoring.models import Alert, Upstream
from tests.base import PortalTestCase
from tests.monitoring.alerts.base import posted, told_and_settled

PAGES, REST = "/monitoring/upstreams/", "/api/v1/upstreams/"
SENT = {"project": "fraud", "name": "warehouse.orders", "columns": ["amount", "count"]}


class UpstreamTests(PortalTestCase):
    def named(self, name: str = "warehouse.orders") -> Upstream:
        return services.create_upstream(
            project=self.fraud, name=name, columns=["amount", "count"], by=self.max
        )

    def ask(self, person: Any, method: str, address: str, status: int, **more: Any) -> Any:
        """What REST answers, and that it does so with this status."""
        answer = getattr(self.api(person), method)(address, format="json", **more)
        self.assertEqual(answer.status_code, status, answer.content[:300])
        return answer.json() if answer.content else answer

    def test_what_moves_in_its_features_alone_belongs_to_it(self) -> None:
        row = self.named()
        self.assertEqual(selectors.upstream_of(self.fraud.pk, {"count"}), row.group)
        self.assertEqual(selectors.upstream_of(self.fraud.pk, {"count", "age"}), "")
        self.assertEqual(selectors.upstream_of(self.other.pk, {"count"}), "")

    def test_its_page_shows_its_alerts_and_no_others(self) -> None:
        row = self.named()
        mine, other = told_and_settled(self.fraud, posted("Mine"), posted("Other"))
        Alert.objects.filter(pk=mine.pk).update(group=row.group, lead=None)
        self.client.force_login(self.carol)
        page = self.client.get(row.get_absolute_url())
        self.assertContains(page, mine.summary)
        self.assertNotContains(page, other.summary)
        self.assertContains(page, "<code>amount</code>")
        self.assertNotContains(page, "Save")

    def test_a_maintainer_names_changes_and_removes_it_on_its_pages(self) -> None:
        self.client.force_login(self.max)
        sent = {"project": "fraud", "name": " orders ", "columns": "amount\r\n\r\ncount\r\namount"}
        answer = self.client.post(f"{PAGES}new/", sent)
        row = Upstream.objects.get()
        self.assertRedirects(answer, row.get_absolute_url())
        self.assertEqual((row.name, row.columns), ("orders", ["amount", "count"]))
        again = self.client.post(f"{PAGES}new/", sent)
        self.assertContains(again, "an upstream table orders already", status_code=422)
        empty = self.client.post(f"{PAGES}new/", sent | {"name": "x", "columns": " \n "})
        self.assertEqual(empty.status_code, 422)
        self.assertContains(self.client.get(PAGES), "orders")

        page = row.get_absolute_url()
        self.named("taken")
        refused = self.client.post(page, {"name": "taken", "columns": "age"})
        self.assertContains(refused, "an upstream table taken already", status_code=422)
        self.assertRedirects(self.client.post(page, {"name": "o2", "columns": "age"}), page)
        row.refresh_from_db()
        self.assertEqual((row.name, row.columns), ("o2", ["age"]))
        self.assertRedirects(self.client.post(f"{page}remove/"), PAGES)
        verbs = Entry.objects.filter(subject_id=str(row.pk), verb__contains="upstream")
        self.assertEqual(
            [entry.verb.removeprefix("monitoring.upstream_") for entry in verbs.order_by("pk")],
            ["created", "changed", "removed"],
        )

    def test_others_look_or_see_nothing(self) -> None:
        row = self.named()
        page, sent = row.get_absolute_url(), {"name": "x", "columns": "y"}
        self.client.force_login(self.rita)
        self.assertContains(self.client.get(PAGES), "warehouse.orders")
        self.assertContains(self.client.get(f"{PAGES}new/"), "needs the maintainer role")
        for address in (page, f"{page}remove/"):
            self.assertEqual(self.client.post(address, sent).status_code, 403)
        self.client.force_login(self.bob)
        self.assertContains(self.client.get(PAGES), "No upstream tables yet")
        self.assertEqual(self.client.get(page).status_code, 404)
        for method, address in (("get", f"{REST}{row.pk}/"), ("delete", f"{REST}{row.pk}/")):
            self.ask(self.bob, method, address, 404)
        self.assertEqual(self.ask(self.bob, "get", REST, 200)["results"], [])

    def test_it_is_kept_over_rest(self) -> None:
        self.ask(self.cora, "post", REST, 403, data=SENT)
        made = self.ask(self.max, "post", REST, 201, data=SENT)
        address = f"{REST}{made['id']}/"
        self.assertEqual(made["columns"], ["amount", "count"])
        self.ask(self.max, "post", REST, 409, data=SENT)
        for bad in ({"columns": []}, {"columns": [" "]}, {"name": "a\nb"}, {"name": "x" * 181}):
            self.ask(self.max, "post", REST, 400, data=SENT | bad)
        seen = self.ask(self.carol, "get", f"{REST}?project=fraud", 200)["results"]
        self.assertEqual([each["id"] for each in seen], [made["id"]])
        wanted = {"name": "orders", "columns": ["age"]}
        stale = {"headers": {"if-match": '"old"'}}
        self.ask(self.max, "put", address, 412, data=wanted, **stale)
        self.assertEqual(self.ask(self.max, "put", address, 200, data=wanted)["name"], "orders")
        self.ask(self.rita, "delete", address, 403)
        self.ask(self.max, "delete", address, 204)
        self.assertFalse(Upstream.objects.exists())
