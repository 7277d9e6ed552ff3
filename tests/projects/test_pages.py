"""The pages under /projects/, as people use them."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts import explain, orphans, places
from apps.accounts.models import Team, TeamMember, User
from apps.core import home, palette
from apps.core.access import Role
from apps.ledger import subjects
from apps.projects import overview
from apps.projects.models import FreezeWindow, Grant, Project
from apps.projects.services import archive_project, create_project, plan_freeze
from tests.base import PortalTestCase


class ListTests(PortalTestCase):
    def test_a_newcomer_reads_what_projects_are_for_and_how_to_begin(self) -> None:
        zoe = User.objects.create_user("zoe")
        self.client.force_login(zoe)
        page = self.client.get("/projects/")
        self.assertContains(page, "No projects yet")
        self.assertContains(page, 'href="/projects/new/"')
        self.assertNotContains(page, "Fraud")

    def test_it_shows_ones_projects_with_ones_role(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get("/projects/")
        self.assertContains(page, "Fraud")
        self.assertContains(page, "viewer")
        self.assertNotContains(page, "Weather")

    def test_it_searches_sorts_and_shows_archived_ones_on_request(self) -> None:
        archive_project(project=self.other, by=self.bob)
        self.client.force_login(self.sam)
        self.assertNotContains(self.client.get("/projects/"), "/projects/weather/")
        self.assertContains(self.client.get("/projects/?state=archived"), "/projects/weather/")
        self.assertContains(self.client.get("/projects/?q=nothing"), "No project matches")
        for query in ("sort=-created", "sort=criticality", "sort=bogus", "after=bogus", "q=%00"):
            self.assertEqual(self.client.get(f"/projects/?{query}").status_code, 200, query)

    def test_a_long_list_pages(self) -> None:
        for number in range(55):
            create_project(name=f"P{number:02}", slug=f"p{number}", by=self.bob)
        self.client.force_login(self.bob)
        self.client.get("/projects/")  # the first request of a session writes it down
        with CaptureQueriesContext(connection) as asked:
            first = self.client.get("/projects/")
        self.assertLessEqual(len(asked), 8)
        self.assertContains(first, 'rel="next"')
        self.assertContains(first, "P49")
        self.assertNotContains(first, ">P54<")


class NewTests(PortalTestCase):
    def test_it_opens_a_project_and_lands_on_it(self) -> None:
        self.client.force_login(self.bob)
        made = self.client.post("/projects/new/", {"name": "Churn", "criticality": "high"})
        self.assertRedirects(made, "/projects/churn/")
        self.assertEqual(Project.objects.get(slug="churn").owner, self.bob)

    def test_a_taken_slug_stands_beside_its_field(self) -> None:
        self.client.force_login(self.bob)
        body = {"name": "Mine", "slug": "fraud", "criticality": "low"}
        page = self.client.post("/projects/new/", body)
        self.assertEqual(page.status_code, 422)
        self.assertFormError(
            page.context["form"],
            "slug",
            "Fraud is taken by another project. Choose another one.",
        )


class ProjectPageTests(PortalTestCase):
    def test_everybody_inside_reads_every_page(self) -> None:
        self.client.force_login(self.carol)
        for path in ("", "members/", "environments/"):
            page = self.client.get(f"/projects/fraud/{path}")
            self.assertEqual(page.status_code, 200)
            self.assertNotContains(page, 'method="post" action="/projects')
        self.assertEqual(self.client.get("/projects/fraud/settings/").status_code, 403)

    def test_a_stranger_finds_no_page(self) -> None:
        self.client.force_login(self.bob)
        for path in ("", "members/", "environments/", "settings/"):
            page = self.client.get(f"/projects/fraud/{path}")
            self.assertEqual(page.status_code, 404)
            self.assertNotContains(page, "Fraud", status_code=404)

    def test_the_current_project_stays_current_on_other_pages(self) -> None:
        self.client.force_login(self.carol)
        self.client.get("/projects/fraud/")
        page = self.client.get("/projects/")
        self.assertEqual(page.context["switcher_current"].slug, "fraud")
        self.client.cookies["project"] = "weather"
        self.assertFalse(self.client.get("/projects/").context["switcher_current"])

    def test_rooms_put_their_panels_on_it(self) -> None:
        @overview.panel
        def health(user: object, project: Project) -> overview.Panel:
            return overview.Panel("Health of models", "projects/_home_panel.html", 1)

        try:
            self.client.force_login(self.carol)
            self.assertContains(self.client.get("/projects/fraud/"), "Health of models")
        finally:
            overview._sources.remove(health)


class ChangePageTests(PortalTestCase):
    def setUp(self) -> None:
        self.client.force_login(self.ada)

    def test_settings_are_saved_and_mistakes_named(self) -> None:
        url = "/projects/fraud/settings/"
        saved = self.client.post(url, {"name": "Theft", "purpose": "x", "criticality": "critical"})
        self.assertRedirects(saved, url)
        self.assertEqual(Project.objects.get(slug="fraud").name, "Theft")
        wrong = self.client.post(url, {"name": "", "criticality": "critical"})
        self.assertEqual(wrong.status_code, 422)
        self.assertContains(wrong, "This field is required", status_code=422)

    def test_members_come_change_and_go(self) -> None:
        url = "/projects/fraud/members/"
        wrong = self.client.post(url, {"kind": "user", "holder": "zoe", "role": 10})
        self.assertContains(wrong, "Nobody has this user name", status_code=422)
        added = self.client.post(url, {"kind": "user", "holder": "bob", "role": 10})
        self.assertRedirects(added, url)
        grant = Grant.objects.get(project=self.fraud, user=self.bob)
        self.client.post(f"{url}{grant.pk}/role/", {"role": 30})
        grant.refresh_from_db()
        self.assertEqual(grant.role, Role.CONTRIBUTOR)
        self.client.post(f"{url}{grant.pk}/remove/")
        self.assertFalse(Grant.objects.filter(pk=grant.pk).exists())

    def test_the_owner_cannot_be_removed(self) -> None:
        own = self.fraud.grants.get(user=self.ada)
        page = self.client.post(f"/projects/fraud/members/{own.pk}/remove/")
        self.assertContains(page, "Hand the project over first", status_code=409)

    def test_it_is_handed_over_given_a_deputy_archived_and_brought_back(self) -> None:
        self.client.post("/projects/fraud/deputy/", {"deputy": "max"})
        self.client.post("/projects/fraud/hand-over/", {"owner": "cora"})
        self.fraud.refresh_from_db()
        self.assertEqual((self.fraud.owner, self.fraud.deputy), (self.cora, self.max))
        self.assertRedirects(self.client.post("/projects/fraud/archive/"), "/projects/")
        page = self.client.get("/projects/fraud/settings/")
        self.assertContains(page, "Bring the project back")
        self.assertRedirects(self.client.post("/projects/fraud/unarchive/"), "/projects/fraud/")

    def test_a_refused_hand_over_says_why_on_the_page(self) -> None:
        for path, body in (("hand-over", {"owner": "zoe"}), ("deputy", {"deputy": "carol"})):
            page = self.client.post(f"/projects/fraud/{path}/", body)
            self.assertEqual(page.status_code, 422, path)

    def test_an_environment_is_added_frozen_freed_edited_and_removed(self) -> None:
        url = "/projects/fraud/environments/"
        self.assertRedirects(self.client.post(url, {"name": "eu", "kind": "prod"}), url)
        eu = self.fraud.environments.get(name="eu")
        twice = self.client.post(url, {"name": "eu", "kind": "prod"})
        self.assertContains(twice, "already has an environment", status_code=422)

        place = f"/projects/environments/{eu.pk}/"
        now = timezone.now()
        body = {
            "starts_at": (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
            "ends_at": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
            "reason": "Quarter end",
        }
        self.client.post(f"{place}freezes/", body)
        self.assertContains(self.client.get("/projects/fraud/"), "Quarter end")
        window = FreezeWindow.objects.get()
        self.assertEqual(self.client.get(f"/projects/freezes/{window.pk}/").status_code, 200)
        self.client.post(f"/projects/freezes/{window.pk}/end/")
        self.assertNotContains(self.client.get("/projects/fraud/"), "Quarter end")

        self.client.post(place, {"name": "eu-west", "kind": "prod", "protected": "on"})
        eu.refresh_from_db()
        self.assertEqual((eu.name, eu.protected), ("eu-west", True))
        self.assertRedirects(self.client.post(f"{place}remove/"), url)
        self.assertFalse(self.fraud.environments.filter(pk=eu.pk).exists())

    def test_every_change_is_guarded_against_forgery(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(self.ada)
        self.assertEqual(client.post("/projects/fraud/archive/").status_code, 403)
        self.fraud.refresh_from_db()
        self.assertFalse(self.fraud.is_archived)


class NeighbourTests(PortalTestCase):
    """What projects offer to the rest of the portal."""

    def test_the_palette_finds_only_what_one_may_see(self) -> None:
        self.assertEqual(self.found(self.carol), ["Fraud"])
        self.assertEqual(self.found(self.bob), [])

    def found(self, person: User) -> list[str]:
        """The records; the way to the whole search is there for everybody."""
        return [hit.title for hit in palette.search(person, "frau") if hit.group != "Search"]

    def test_the_home_page_has_a_panel(self) -> None:
        panel = next(each for each in home.panels(self.carol) if each.title == "Your projects")
        self.assertEqual([row.slug for row in panel.context["projects"]], ["fraud"])

    def test_it_explains_why_somebody_sees_a_project(self) -> None:
        team = Team.objects.create(name="Crew", slug="crew")
        TeamMember.objects.create(team=team, user=self.carol)
        Grant.objects.create(project=self.fraud, team=team, role=Role.MAINTAINER)
        texts = [reason.text for reason in explain.reasons(self.carol, self.fraud.pk)]
        self.assertEqual(
            texts, ["maintainer through the team Crew", "viewer through a grant of their own"]
        )

    def test_it_names_projects_whose_owner_has_left(self) -> None:
        User.objects.filter(pk=self.ada.pk).update(is_active=False)
        found = orphans.visible_to(self.sam)
        self.assertIn(("project", "Fraud"), [(each.kind, each.title) for each in found])
        self.assertEqual(orphans.visible_to(self.bob), [])

    def test_places_and_colleagues_are_those_one_may_see(self) -> None:
        self.assertEqual([place.slug for place in places.visible_to(self.carol)], ["fraud"])
        self.assertNotIn(self.bob.pk, places.colleague_ids(self.carol))
        self.assertIn(self.ada.pk, places.colleague_ids(self.carol))

    def test_the_ledger_names_its_subjects_to_those_who_may_see_them(self) -> None:
        window = plan_freeze(
            environment=self.prod,
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=1),
            reason="Audit",
            by=self.ada,
        )
        wanted = [
            ("projects.project", str(self.fraud.pk)),
            ("projects.environment", str(self.prod.pk)),
            ("projects.grant", str(self.fraud.grants.get(user=self.max).pk)),
            ("projects.freezewindow", str(window.pk)),
        ]
        labels = [subjects.links(self.carol, wanted)[each].label for each in wanted]
        self.assertEqual(labels, ["Fraud", "Fraud / prod", "max in Fraud", "Audit"])
        self.assertEqual(subjects.links(self.bob, wanted), {})
