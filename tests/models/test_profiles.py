"""A model's profile: purpose, owner, deputy, risk class and licence, on the page and by REST."""

from __future__ import annotations

from apps.ledger.models import Entry
from apps.models.models import RegisteredModel
from tests.base import PortalTestCase
from tests.models import registered


class ProfileTests(PortalTestCase):
    def setUp(self) -> None:
        self.model: RegisteredModel = registered.version(self.fraud, "churn", 1).model
        self.url = f"/api/v1/models/{self.model.pk}/"

    def test_a_maintainer_edits_it_and_the_ledger_says_what_changed(self) -> None:
        client = self.api(self.max)
        given = {
            "purpose": "Who may leave.",
            "owner": "max",
            "deputy": "cora",
            "risk_class": "high",
        }
        answer = client.patch(self.url, given, format="json")

        self.assertEqual(answer.status_code, 200, answer.content)
        told = answer.json()
        self.assertEqual({key: told[key] for key in given}, given)
        entry = Entry.objects.get(verb="models.profile_edited")
        self.assertEqual(entry.data["owner_id"], [None, self.max.pk])
        client.patch(self.url, {"owner": None, "licence": "MIT"}, format="json")
        self.model.refresh_from_db()
        self.assertEqual((self.model.owner, self.model.licence), (None, "MIT"))
        self.assertEqual(self.model.purpose, "Who may leave.")
        client.patch(self.url, {"licence": "MIT"}, format="json")
        self.assertEqual(Entry.objects.filter(verb="models.profile_edited").count(), 2)

    def test_the_second_of_two_editors_is_told(self) -> None:
        client = self.api(self.max)
        tag = client.get(self.url)["ETag"]
        first = client.patch(self.url, {"licence": "MIT"}, format="json", HTTP_IF_MATCH=tag)
        second = client.patch(self.url, {"licence": "BSD"}, format="json", HTTP_IF_MATCH=tag)

        self.assertEqual((first.status_code, second.status_code), (200, 412))
        again = client.patch(
            self.url, {"licence": "BSD"}, format="json", HTTP_IF_MATCH=first["ETag"]
        )
        self.assertEqual(again.status_code, 200)

    def test_what_cannot_be_used_names_its_field(self) -> None:
        client = self.api(self.max)
        for field, value in (
            ("owner", "nobody"),
            ("owner", "bob"),
            ("owner", 3.5),
            ("risk_class", "huge"),
            ("purpose", "x" * 2001),
            ("licence", None),
            ("purpose", "\x00"),
        ):
            answer = client.patch(self.url, {field: value}, format="json")
            self.assertEqual(answer.status_code, 400, (field, value))
            self.assertIn(field, answer.json()["detail"])
        both = client.patch(self.url, {"owner": "max", "deputy": "max"}, format="json")
        self.assertIn("deputy", both.json()["detail"])

    def test_who_may(self) -> None:
        for user, status in ((self.cora, 403), (self.carol, 403), (self.bob, 404)):
            answer = self.api(user).patch(self.url, {"licence": "MIT"}, format="json")
            self.assertEqual(answer.status_code, status, user)

    def test_the_page_edits_it_too(self) -> None:
        self.client.force_login(self.max)
        url = f"/models/{self.model.pk}/profile/"
        self.assertContains(self.client.get(url), "Risk class")
        bad = self.client.post(url, {"owner": "bob"})
        self.assertContains(bad, "holds a role in the project", status_code=422)
        self.client.post(
            url, {"purpose": "Who may leave.", "owner": "ada", "risk_class": "limited"}
        )
        page = self.client.get(self.model.get_absolute_url())
        for words in ("Who may leave.", "ada", "Limited"):
            self.assertContains(page, words)
        self.client.force_login(self.cora)
        self.assertEqual(self.client.get(url).status_code, 403)
