from __future__ import annotations

from apps.accounts.models import User
from apps.core.access import Role
from tests.accounts.base import AccountsTestCase

USERS = "/api/v1/users/"


class UsersApiTests(AccountsTestCase):
    def names(self, user: User, query: str = "", **limits: object) -> set[str]:
        rows = self.api(user, **limits).get(f"{USERS}{query}").json()["results"]
        return {row["username"] for row in rows}

    def test_one_sees_who_shares_a_project(self) -> None:
        self.assertEqual(self.names(self.carol), {"ada", "max", "cora", "rita", "carol"})
        self.assertEqual(self.names(self.bob), {"bob"})
        self.assertIn("bob", self.names(self.sam))

    def test_a_narrow_token_sees_who_shares_its_projects(self) -> None:
        self.assertEqual(self.names(self.sam, project_ids=[self.other.pk]), {"sam", "bob"})

    def test_others_do_not_exist(self) -> None:
        api = self.api(self.carol)
        self.assertEqual(api.get(f"{USERS}{self.bob.pk}/").status_code, 404)
        for pk in ("0", "9" * 18, "9" * 40, "abc"):
            self.assertEqual(api.get(f"{USERS}{pk}/").status_code, 404)

    def test_addresses_are_for_site_admins(self) -> None:
        minimal = self.api(self.carol).get(f"{USERS}{self.ada.pk}/").json()
        self.assertEqual(set(minimal), {"id", "username", "name", "kind", "is_active"})
        self.assertEqual(
            self.api(self.sam).get(f"{USERS}{self.ada.pk}/").json()["email"], "ada@example.org"
        )

    def test_filters(self) -> None:
        self.assertEqual(self.names(self.carol, "?q=ad"), {"ada"})
        self.assertEqual(self.names(self.carol, "?q=ada@example"), set())
        self.assertEqual(self.names(self.carol, "?kind=service"), set())
        self.assertEqual(self.api(self.carol).get(f"{USERS}?kind=king").status_code, 400)

    def test_a_site_admin_lets_people_in_and_out(self) -> None:
        api = self.api(self.sam)
        made = api.post(USERS, {"username": "nora", "email": "nora@example.org"})
        self.assertEqual(made.status_code, 201)
        nora = f"{USERS}{made.json()['id']}/"
        self.assertIn(
            "/accounts/password/reset/key/", api.post(f"{nora}password-link/").json()["link"]
        )
        edited = api.patch(nora, {"full_name": "Nora Nilsen"}).json()
        self.assertEqual((edited["name"], edited["email"]), ("Nora Nilsen", "nora@example.org"))
        self.assertFalse(api.post(f"{nora}deactivate/").json()["is_active"])
        self.assertTrue(api.post(f"{nora}reactivate/").json()["is_active"])
        taken = api.post(USERS, {"username": "Nora"})
        self.assertEqual((taken.status_code, taken.json()["code"]), (409, "username_taken"))

    def test_others_let_nobody_in(self) -> None:
        api = self.api(self.ada)
        self.assertEqual(api.post(USERS, {"username": "eve"}).status_code, 403)
        self.assertEqual(api.post(f"{USERS}{self.carol.pk}/deactivate/").status_code, 403)

    def test_service_accounts_are_made_by_site_admins(self) -> None:
        path = "/api/v1/service-accounts/"
        self.assertEqual(self.api(self.ada).post(path, {"username": "robot"}).status_code, 403)
        made = self.api(self.sam).post(path, {"username": "robot", "description": "CI"})
        self.assertEqual((made.status_code, made.json()["kind"]), (201, "service"))
        self.assertEqual(self.api(self.carol).get(path).json()["results"], [])

    def test_the_list_costs_the_same_for_many(self) -> None:
        api = self.api(self.sam)
        api.get(USERS)
        for number in range(30):
            User.objects.create_user(f"user{number}")
        with self.assertNumQueries(2):  # the token, the rows
            api.get(USERS)

    def test_bad_bodies_are_named(self) -> None:
        api = self.api(self.sam)
        for body in (
            {},
            {"username": "a b"},
            {"username": "n", "email": "x"},
        ):
            with self.subTest(body=body):
                response = api.post(USERS, body)
                self.assertEqual(response.status_code, 400)

    def test_an_explanation_names_every_grant(self) -> None:
        self.client.force_login(self.ada)
        page = self.client.get(f"/settings/explain/?person={self.carol.pk}&project={self.fraud.pk}")
        self.assertContains(page, "<strong>viewer</strong>")
        self.assertContains(page, "a grant of their own")

    def test_an_explanation_says_what_a_token_leaves(self) -> None:
        self.api(self.ada, role=Role.VIEWER)
        self.client.force_login(self.ada)
        page = self.client.get(f"/settings/explain/?person={self.ada.pk}&project={self.fraud.pk}")
        self.assertContains(page, "<strong>owner</strong>")
        self.assertContains(page, "viewer at most")

    def test_an_explanation_of_others_is_for_owners(self) -> None:
        self.client.force_login(self.max)
        asked = f"/settings/explain/?person={self.carol.pk}&project={self.fraud.pk}"
        self.assertEqual(self.client.get(asked).status_code, 403)
        for query in ("person=0&project=0", "person=x&project=y", f"person={'9' * 30}&project=1"):
            self.assertEqual(self.client.get(f"/settings/explain/?{query}").status_code, 200)

    def test_the_palette_finds_only_whom_one_sees(self) -> None:
        self.client.force_login(self.carol)
        groups = {
            (hit["group"], hit["title"])
            for words in ("ada", "bob", "tokens")
            for hit in self.client.get(f"/palette/?q={words}").json()["results"]
        }
        self.assertIn(("People", "ada"), groups)
        self.assertIn(("Settings", "API tokens"), groups)
        self.assertNotIn(("People", "bob"), groups)
