from __future__ import annotations

from apps.accounts.models import Team, TeamMember
from apps.accounts.services import add_member, create_provider, create_team
from apps.accounts.services.providers import ProviderSettings
from apps.core.access import Role
from apps.projects.models import Grant
from tests.accounts.base import AccountsTestCase


class TeamTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.team = create_team(name="Data people", by=self.sam)
        self.client.force_login(self.sam)
        self.page = "/settings/team/data-people/"

    def test_members_come_and_go_and_their_rights_with_them(self) -> None:
        Grant.objects.create(project=self.fraud, team=self.team, role=Role.VIEWER)
        api = self.api(self.bob)
        self.assertEqual(api.get("/api/v1/projects/fraud/").status_code, 404)

        self.client.post(self.page, {"user": self.bob.pk})
        self.assertEqual(api.get("/api/v1/projects/fraud/").status_code, 200)

        self.client.post(f"{self.page}members/{self.bob.pk}/remove/")
        self.assertEqual(api.get("/api/v1/projects/fraud/").status_code, 404)
        self.assertEqual(
            self.verbs(subject_kind="accounts.team"),
            ["accounts.team_created", "accounts.member_added", "accounts.member_removed"],
        )

    def test_it_keeps_its_slug_under_another_name(self) -> None:
        self.client.post(f"{self.page}rename/", {"name": "Modellers"})
        self.assertContains(self.client.get(self.page), "Modellers")

    def test_a_name_is_taken_once(self) -> None:
        response = self.client.post("/settings/teams/new/", {"name": "Data people"})
        self.assertContains(response, "Data people already", status_code=422)
        create_team(name="Second", by=self.sam)
        response = self.client.post("/settings/team/second/rename/", {"name": "Data people"})
        self.assertEqual(response.status_code, 422)
        self.assertTrue(Team.objects.filter(name="Second").exists())

    def test_what_a_provider_keeps_in_step_is_not_removed_by_hand(self) -> None:
        wanted = ProviderSettings(name="Corp", issuer="https://i.example", client_id="c")
        corp = create_provider(slug="corp", wanted=wanted, client_secret="s", by=self.sam)
        add_member(team=self.team, user=self.bob, by=None, provider=corp)
        response = self.client.post(f"{self.page}members/{self.bob.pk}/remove/")
        self.assertContains(response, "keeps this membership", status_code=409)

    def test_its_members_see_it_and_nobody_else(self) -> None:
        add_member(team=self.team, user=self.bob, by=self.sam)
        for user, expected in ((self.bob, 200), (self.carol, 404)):
            self.client.force_login(user)
            self.assertEqual(self.client.get(self.page).status_code, expected)
            self.assertEqual(self.api(user).get("/api/v1/teams/data-people/").status_code, expected)

    def test_its_members_do_not_change_it(self) -> None:
        add_member(team=self.team, user=self.bob, by=self.sam)
        self.client.force_login(self.bob)
        self.client.post(self.page, {"user": self.carol.pk})
        for path in ("rename/", "delete/", f"members/{self.bob.pk}/remove/"):
            self.assertEqual(self.client.post(f"{self.page}{path}").status_code, 403)
        self.assertEqual(list(TeamMember.objects.values_list("user_id", flat=True)), [self.bob.pk])

    def test_it_goes_for_good(self) -> None:
        self.client.post(f"{self.page}delete/")
        self.assertFalse(Team.objects.exists())
        self.assertIn("accounts.team_deleted", self.verbs())


class TeamApiTests(AccountsTestCase):
    def test_a_site_admin_does_it_all(self) -> None:
        api = self.api(self.sam)
        made = api.post("/api/v1/teams/", {"name": "Data people"})
        self.assertEqual((made.status_code, made.json()["slug"]), (201, "data-people"))
        members = "/api/v1/teams/data-people/members/"
        self.assertEqual(api.post(members, {"user": "bob"}).status_code, 201)
        self.assertEqual(api.post(members, {"user": "nobody"}).status_code, 404)
        listed = api.get(members).json()["results"]
        self.assertEqual([row["username"] for row in listed], ["bob"])
        renamed = api.patch("/api/v1/teams/data-people/", {"name": "Modellers"})
        self.assertEqual((renamed.json()["name"], renamed.json()["size"]), ("Modellers", 1))
        self.assertEqual(api.delete(f"{members}{self.bob.pk}/").status_code, 204)
        self.assertEqual(api.delete("/api/v1/teams/data-people/").status_code, 204)

    def test_an_old_tag_is_refused(self) -> None:
        api = self.api(self.sam)
        api.post("/api/v1/teams/", {"name": "Data people"})
        tag = api.get("/api/v1/teams/data-people/")["ETag"]
        api.patch("/api/v1/teams/data-people/", {"name": "One"})
        late = api.patch("/api/v1/teams/data-people/", {"name": "Two"}, HTTP_IF_MATCH=tag)
        self.assertEqual(late.status_code, 412)

    def test_others_change_nothing(self) -> None:
        create_team(name="Data people", by=self.sam)
        for user in (self.ada, self.carol):
            api = self.api(user)
            self.assertEqual(api.post("/api/v1/teams/", {"name": "x"}).status_code, 403)
            self.assertEqual(api.delete("/api/v1/teams/data-people/").status_code, 403)

    def test_a_narrow_token_of_a_site_admin_is_no_site_admin(self) -> None:
        api = self.api(self.sam, role=Role.MAINTAINER)
        self.assertEqual(api.post("/api/v1/teams/", {"name": "x"}).status_code, 403)
