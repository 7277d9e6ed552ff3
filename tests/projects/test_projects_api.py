"""The resource `projects`: open, find, edit, archive, hand over."""

from __future__ import annotations

from apps.accounts.models import User
from apps.core.access import Role
from apps.ledger.models import Entry
from apps.projects.models import Grant, Project
from apps.projects.services import archive_project
from tests.base import PortalTestCase

URL = "/api/v1/projects/"


class CreateTests(PortalTestCase):
    def test_it_answers_name_and_slug_and_opens_three_environments(self) -> None:
        answer = self.api(self.bob).post(URL, {"name": "Churn", "slug": "churn"})

        self.assertEqual(answer.status_code, 201, answer.content)
        body = answer.json()
        self.assertEqual((body["slug"], body["name"]), ("churn", "Churn"))
        self.assertEqual((body["owner"], body["your_role"]), ("bob", "owner"))
        names = Project.objects.get(slug="churn").environments.values_list("name", "protected")
        self.assertEqual(list(names), [("dev", False), ("staging", False), ("prod", True)])
        entry = Entry.objects.get(verb="projects.created", subject_id=str(body["id"]))
        self.assertEqual(entry.actor_id, self.bob.pk)

    def test_it_makes_a_slug_from_the_name_and_numbers_the_next(self) -> None:
        client = self.api(self.bob)
        slugs = [client.post(URL, {"name": "Überfall & Co"}).json()["slug"] for _ in range(3)]
        self.assertEqual(slugs, ["uberfall-co", "uberfall-co-2", "uberfall-co-3"])
        self.assertEqual(client.post(URL, {"name": "模型"}).json()["slug"], "project")
        self.assertEqual(client.post(URL, {"name": "New"}).json()["slug"], "new-2")

    def test_it_refuses_a_taken_and_a_reserved_slug(self) -> None:
        client = self.api(self.bob)
        taken = client.post(URL, {"name": "Mine", "slug": "fraud"})
        self.assertEqual((taken.status_code, taken.json()["code"]), (409, "slug_taken"))
        reserved = client.post(URL, {"name": "Mine", "slug": "new"})
        self.assertEqual((reserved.status_code, reserved.json()["code"]), (400, "slug_reserved"))

    def test_it_names_every_field_that_cannot_be_used(self) -> None:
        wrong = {"name": "x" * 101, "slug": "no spaces", "criticality": "?"}
        answer = self.api(self.bob).post(URL, wrong)
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(set(answer.json()["data"]["fields"]), set(wrong))

    def test_a_token_needs_the_contributor_role_and_no_list_of_projects(self) -> None:
        body = {"name": "Churn"}
        reader = self.api(self.ada, role=Role.RESPONDER).post(URL, body)
        narrowed = self.api(self.ada, project_ids=[self.fraud.pk]).post(URL, body)
        for answer in (reader, narrowed):
            self.assertEqual((answer.status_code, answer.json()["code"]), (403, "may_not_create"))
        writer = self.api(self.ada, role=Role.CONTRIBUTOR).post(URL, body)
        self.assertEqual((writer.status_code, writer.json()["your_role"]), (201, "contributor"))


class ReadTests(PortalTestCase):
    def test_it_lists_what_one_may_see_with_ones_role(self) -> None:
        found = self.api(self.carol).get(URL).json()["results"]
        self.assertEqual([(row["slug"], row["your_role"]) for row in found], [("fraud", "viewer")])
        everything = self.api(self.sam).get(URL).json()["results"]
        self.assertEqual({row["slug"] for row in everything}, {"fraud", "weather"})

    def test_a_token_caps_the_role_and_the_projects(self) -> None:
        Grant.objects.create(project=self.other, user=self.ada, role=Role.OWNER)
        client = self.api(self.ada, role=Role.VIEWER, project_ids=[self.fraud.pk])
        found = client.get(URL).json()["results"]
        self.assertEqual([(row["slug"], row["your_role"]) for row in found], [("fraud", "viewer")])
        self.assertEqual(client.get(f"{URL}weather/").status_code, 404)

    def test_a_stranger_finds_nothing(self) -> None:
        answer = self.api(self.bob).get(f"{URL}fraud/")
        self.assertEqual((answer.status_code, answer.json()["detail"]), (404, "No such project."))

    def test_it_searches_and_filters(self) -> None:
        client = self.api(self.sam)
        self.assertEqual(
            [row["slug"] for row in client.get(f"{URL}?q=WEATH").json()["results"]], ["weather"]
        )
        archive_project(project=self.other, by=self.bob)
        gone = client.get(f"{URL}?archived=true").json()["results"]
        self.assertEqual([row["slug"] for row in gone], ["weather"])
        self.assertEqual(client.get(f"{URL}?archived=perhaps").status_code, 400)
        self.assertEqual(client.get(f"{URL}?criticality=huge").status_code, 400)
        self.assertEqual(client.get(f"{URL}?q=%00").status_code, 400)

    def test_a_list_costs_the_same_however_long(self) -> None:
        client = self.api(self.sam)
        client.get(URL)
        with self.assertNumQueries(2):  # the token, the rows
            client.get(URL)


class EditTests(PortalTestCase):
    def test_it_stores_what_changed_and_says_so_in_the_ledger(self) -> None:
        answer = self.api(self.ada).patch(
            f"{URL}fraud/", {"criticality": "high", "name": self.fraud.name}
        )
        self.assertEqual((answer.status_code, answer.json()["criticality"]), (200, "high"))
        entry = Entry.objects.get(verb="projects.edited")
        self.assertEqual(entry.data, {"criticality": ["normal", "high"]})

    def test_an_edit_that_changes_nothing_is_not_recorded(self) -> None:
        self.api(self.ada).patch(f"{URL}fraud/", {"name": self.fraud.name})
        self.assertFalse(Entry.objects.filter(verb="projects.edited").exists())

    def test_the_slug_stays(self) -> None:
        self.api(self.ada).patch(f"{URL}fraud/", {"slug": "theft"})
        self.assertTrue(Project.objects.filter(slug="fraud").exists())

    def test_it_needs_the_owner_role(self) -> None:
        answer = self.api(self.max).patch(f"{URL}fraud/", {"name": "Theft"})
        self.assertEqual((answer.status_code, answer.json()["code"]), (403, "role_needed"))
        self.assertIn("owner", answer.json()["detail"])


class ArchiveTests(PortalTestCase):
    def test_deleting_archives_and_can_be_undone(self) -> None:
        client = self.api(self.ada)
        for _ in range(2):
            self.assertEqual(client.delete(f"{URL}fraud/").status_code, 204)
        self.assertIsNotNone(client.get(f"{URL}fraud/").json()["archived_at"])
        self.assertEqual(Entry.objects.filter(verb="projects.archived").count(), 1)

        back = client.post(f"{URL}fraud/unarchive/")
        self.assertEqual((back.status_code, back.json()["archived_at"]), (200, None))

    def test_an_archived_project_takes_no_changes(self) -> None:
        archive_project(project=self.fraud, by=self.ada)
        client = self.api(self.ada)
        prod = f"/api/v1/environments/{self.prod.pk}/"
        member = f"{URL}fraud/members/{self.fraud.grants.get(user=self.carol).pk}/"
        for answer in (
            client.patch(f"{URL}fraud/", {"name": "Theft"}),
            client.post("/api/v1/environments/", {"project": "fraud", "name": "x", "kind": "dev"}),
            client.patch(prod, {"protected": False}),
            client.delete(prod),
            client.patch(member, {"role": "owner"}),
            client.delete(member),
            client.post(f"{URL}fraud/members/", {"user": "bob", "role": "viewer"}),
            client.post(f"{URL}fraud/hand-over/", {"owner": "max"}),
        ):
            self.assertEqual((answer.status_code, answer.json()["code"]), (409, "project_archived"))


class HandOverTests(PortalTestCase):
    def test_the_new_owner_holds_the_owner_role_and_the_old_one_can_be_removed(self) -> None:
        client = self.api(self.ada)
        answer = client.post(f"{URL}fraud/hand-over/", {"owner": "carol@example.org"})
        self.assertEqual((answer.status_code, answer.json()["owner"]), (200, "carol"))
        self.assertEqual(self.fraud.grants.get(user=self.carol).role, Role.OWNER)
        entry = Entry.objects.get(verb="projects.handed_over")
        self.assertEqual(entry.data, {"owner": [self.ada.pk, self.carol.pk]})

        old = self.fraud.grants.get(user=self.ada)
        gone = self.api(self.carol).delete(f"{URL}fraud/members/{old.pk}/")
        self.assertEqual(gone.status_code, 204)
        self.assertEqual(client.get(f"{URL}fraud/").status_code, 404)

    def test_it_takes_somebody_new_in_but_nobody_unknown_or_deactivated(self) -> None:
        User.objects.filter(pk=self.max.pk).update(is_active=False)
        client = self.api(self.ada)
        unknown = client.post(f"{URL}fraud/hand-over/", {"owner": "zoe"})
        self.assertEqual((unknown.status_code, unknown.json()["data"]["field"]), (400, "owner"))
        gone = client.post(f"{URL}fraud/hand-over/", {"owner": "max"})
        self.assertEqual((gone.status_code, gone.json()["code"]), (409, "account_inactive"))
        self.assertEqual(client.post(f"{URL}fraud/hand-over/", {"owner": "bob"}).status_code, 200)
        self.assertEqual(self.fraud.grants.get(user=self.bob).role, Role.OWNER)

    def test_a_deputy_is_a_maintainer_and_not_the_owner(self) -> None:
        client = self.api(self.ada)
        url = f"{URL}fraud/deputy/"
        self.assertEqual(client.post(url, {"deputy": "max"}).json()["deputy"], "max")
        for name, code in (("carol", "deputy_needs_role"), ("ada", "deputy_is_owner")):
            self.assertEqual(client.post(url, {"deputy": name}).json()["code"], code)
        member = f"{URL}fraud/members/{self.fraud.grants.get(user=self.max).pk}/"
        self.assertEqual(client.delete(member).json()["code"], "deputy_stays")
        lower = client.patch(member, {"role": "viewer"})
        self.assertEqual(lower.json()["code"], "deputy_stays")
        self.assertIsNone(client.post(url, {"deputy": None}).json()["deputy"])
        self.assertEqual(client.delete(member).status_code, 204)

    def test_a_deputy_who_becomes_owner_is_deputy_no_more(self) -> None:
        client = self.api(self.ada)
        client.post(f"{URL}fraud/deputy/", {"deputy": "max"})
        body = client.post(f"{URL}fraud/hand-over/", {"owner": "max"}).json()
        self.assertEqual((body["owner"], body["deputy"]), ("max", None))
