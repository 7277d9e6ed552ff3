"""The status page through REST."""

from __future__ import annotations

from django.test import Client

from apps.incidents import status
from apps.incidents.models import StatusPage
from apps.ledger.models import Entry
from tests.base import PortalTestCase
from tests.incidents.after.base import Scene

PAGE = "/api/v1/status-pages/fraud/"


class StatusRestTests(Scene, PortalTestCase):
    def setUp(self) -> None:
        self.place = self.deploy()
        self.max_api = self.api(self.max)

    def arrange(self, title: str = "Card payments") -> dict[str, object]:
        answer = self.max_api.put(PAGE, {"title": title}, format="json")
        self.assertEqual(answer.status_code, 200, answer.content)
        told: dict[str, object] = answer.json()
        return told

    def verbs(self) -> list[str]:
        found = Entry.objects.filter(verb__startswith="incidents.status_").order_by("pk")
        return list(found.values_list("verb", flat=True))

    def test_a_maintainer_arranges_it(self) -> None:
        self.assertEqual(self.max_api.get(PAGE).status_code, 404)
        self.assertEqual(self.arrange()["components"], [])
        part = {"name": "Payment checks", "deployment": "fraud-live"}
        made = self.max_api.post(f"{PAGE}components/", part, format="json")
        [component] = made.json()["components"]
        self.assertEqual((made.status_code, component["name"]), (201, "Payment checks"))
        again = self.max_api.post(f"{PAGE}components/", part, format="json")
        self.assertEqual(again.status_code, 400)
        away = f"{PAGE}components/{component['id']}/"
        self.assertEqual(self.max_api.delete(away).status_code, 204)
        self.assertEqual(self.max_api.delete(away).status_code, 404)
        self.assertEqual(self.max_api.get(PAGE).json()["components"], [])
        self.assertEqual(
            self.verbs(),
            [
                "incidents.status_page_made",
                "incidents.status_component_added",
                "incidents.status_component_removed",
            ],
        )

    def test_a_title_that_somebody_changed_meanwhile_stays(self) -> None:
        self.arrange()
        tag = self.max_api.get(PAGE)["ETag"]
        headers = {"If-Match": tag}
        first = self.max_api.put(PAGE, {"title": "Cards"}, format="json", headers=headers)
        second = self.max_api.put(PAGE, {"title": "Checks"}, format="json", headers=headers)
        self.assertEqual((first.status_code, second.status_code), (200, 412))
        self.assertEqual(StatusPage.objects.get().title, "Cards")

    def test_its_address_is_made_told_once_replaced_and_closed(self) -> None:
        self.arrange()
        stranger = Client()
        addresses = []
        for _ in range(2):
            made = self.max_api.post(f"{PAGE}address/")
            self.assertEqual(made.status_code, 201)
            addresses.append(made.json()["address"].partition("8000")[2])
        self.assertEqual(stranger.get(addresses[0]).status_code, 404)
        self.assertEqual(stranger.get(addresses[1]).status_code, 200)
        read = self.max_api.get(PAGE)
        self.assertIsNotNone(read.json()["address_made_at"])
        self.assertNotIn(addresses[1].split("/")[2], read.content.decode())
        for _ in range(2):
            self.assertEqual(self.max_api.delete(f"{PAGE}address/").status_code, 204)
        self.assertEqual(stranger.get(addresses[1]).status_code, 404)
        self.assertIsNone(self.max_api.get(PAGE).json()["address_made_at"])
        self.assertEqual(
            self.verbs(),
            [
                "incidents.status_page_made",
                "incidents.status_address_made",
                "incidents.status_address_made",
                "incidents.status_address_closed",
            ],
        )

    def test_members_read_what_stakeholders_read(self) -> None:
        self.arrange()
        page = StatusPage.objects.get()
        part = status.add_component(page=page, name="Checks", deployment=self.place, by=self.max)
        told = status.Told("Checks are slow", "We look into it.", "outage", [part])
        status.publish(incident=self.open(), page=page, told=told, by=self.rita)
        shown = self.api(self.carol).get(f"{PAGE}shown/").json()
        self.assertEqual((shown["state"], shown["parts"][0]["state"]), ("outage", "outage"))
        self.assertEqual(shown["now"][0]["updates"][0]["text"], "We look into it.")
        listed = self.api(self.carol).get("/api/v1/status-pages/").json()["results"]
        self.assertEqual([each["project"] for each in listed], ["fraud"])
        self.assertEqual(self.api(self.bob).get("/api/v1/status-pages/").json()["results"], [])

    def test_a_responder_publishes_an_incident_and_tells_how_it_goes_on(self) -> None:
        self.arrange()
        page = StatusPage.objects.get()
        part = status.add_component(page=page, name="Checks", deployment=self.place, by=self.max)
        rita, told = self.api(self.rita), f"/api/v1/incidents/{self.open().pk}/publication/"
        self.assertEqual(rita.get(told).status_code, 404)
        words = {
            "title": "Checks are slow",
            "text": "We look.",
            "effect": "outage",
            "components": [part.pk],
        }
        foreign = rita.post(told, words | {"components": [part.pk, 999_999]}, format="json")
        self.assertEqual((foreign.status_code, "999999" in foreign.content.decode()), (400, True))
        for user, code in ((self.carol, 403), (self.bob, 404)):
            self.assertEqual(self.api(user).post(told, words, format="json").status_code, code)
        made = rita.post(told, words, format="json")
        self.assertEqual(made.status_code, 201, made.content)
        self.assertEqual((made.json()["components"], made.json()["over_at"]), (["Checks"], None))
        self.assertEqual(rita.post(told, words, format="json").status_code, 409)
        over = {"phase": "resolved", "text": "It is over."}
        self.assertEqual(
            rita.post(f"{told}updates/", {"phase": "x"}, format="json").status_code, 400
        )
        self.assertEqual(
            self.api(self.carol).post(f"{told}updates/", over, format="json").status_code, 403
        )
        ended = rita.post(f"{told}updates/", over, format="json").json()
        self.assertEqual([each["text"] for each in ended["updates"]], ["It is over.", "We look."])
        self.assertIsNotNone(ended["over_at"])
        self.assertEqual(self.api(self.carol).get(told).json(), ended)
        verbs = Entry.objects.filter(verb__in=("incidents.published", "incidents.status_updated"))
        self.assertEqual(verbs.count(), 2)

    def test_without_a_status_page_nothing_is_published(self) -> None:
        told = f"/api/v1/incidents/{self.open().pk}/publication/"
        words = {"title": "Checks are slow", "text": "We look."}
        answer = self.api(self.rita).post(told, words, format="json")
        self.assertEqual(answer.status_code, 404)
        self.assertIn("status page", answer.json()["detail"])

    def test_who_is_no_maintainer_changes_nothing(self) -> None:
        self.arrange()
        for user, status_ in ((self.cora, 403), (self.bob, 404)):
            client = self.api(user)
            for answer in (
                client.put(PAGE, {"title": "Mine"}, format="json"),
                client.post(f"{PAGE}address/"),
                client.delete(f"{PAGE}address/"),
                client.post(
                    f"{PAGE}components/", {"name": "x", "deployment": "fraud-live"}, format="json"
                ),
                client.delete(f"{PAGE}components/1/"),
            ):
                self.assertEqual(answer.status_code, status_, answer.content)
        self.assertEqual(self.verbs(), ["incidents.status_page_made"])
