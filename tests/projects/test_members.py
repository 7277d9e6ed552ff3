"""Members: people and teams with roles, and never a project without its owner."""

from __future__ import annotations

import threading

from django.db import connection

from apps.accounts.models import Team, TeamMember
from apps.core.access import Role
from apps.ledger.models import Entry
from apps.projects.errors import OwnerStays
from apps.projects.models import Grant, Project
from apps.projects.services import hand_over, revoke_role
from tests.base import PortalTestCase, PortalTransactionTestCase

URL = "/api/v1/projects/fraud/members/"


class MemberTests(PortalTestCase):
    def test_everybody_inside_sees_who_holds_what(self) -> None:
        found = self.api(self.carol).get(URL).json()["results"]
        self.assertEqual(
            {row["user"]: row["role"] for row in found},
            {
                "ada": "owner",
                "max": "maintainer",
                "cora": "contributor",
                "rita": "responder",
                "carol": "viewer",
            },
        )
        self.assertEqual(self.api(self.bob).get(URL).status_code, 404)

    def test_a_person_and_a_team_get_a_role(self) -> None:
        team = Team.objects.create(name="Risk crew", slug="risk-crew")
        TeamMember.objects.create(team=team, user=self.bob)
        client = self.api(self.ada)
        self.assertEqual(self.api(self.bob).get("/api/v1/projects/fraud/").status_code, 404)

        answer = client.post(URL, {"team": "risk-crew", "role": "responder"})
        self.assertEqual(answer.status_code, 201, answer.content)
        self.assertEqual((answer.json()["team"], answer.json()["user"]), ("risk-crew", None))
        seen = self.api(self.bob).get("/api/v1/projects/fraud/").json()
        self.assertEqual(seen["your_role"], "responder")
        entry = Entry.objects.get(verb="projects.role_granted")
        self.assertEqual(entry.data, {"team": team.pk, "role": [None, 20]})

        stronger = client.post(URL, {"user": "bob@example.org", "role": "maintainer"})
        self.assertEqual(stronger.status_code, 201)
        seen = self.api(self.bob).get("/api/v1/projects/fraud/").json()
        self.assertEqual(seen["your_role"], "maintainer")

    def test_it_refuses_what_names_nobody_or_two(self) -> None:
        client = self.api(self.ada)
        for body, field in (
            ({"user": "zoe", "role": "viewer"}, "user"),
            ({"team": "nobody", "role": "viewer"}, "team"),
        ):
            answer = client.post(URL, body)
            self.assertEqual((answer.status_code, answer.json()["data"]["field"]), (400, field))
        for body in ({"role": "viewer"}, {"user": "bob", "team": "x", "role": "viewer"}):
            self.assertEqual(client.post(URL, body).status_code, 400)
        twice = client.post(URL, {"user": "carol", "role": "owner"})
        self.assertEqual((twice.status_code, twice.json()["code"]), (409, "already_member"))
        self.assertEqual(client.post(URL, {"user": "bob", "role": "king"}).status_code, 400)

    def test_a_change_and_a_removal_are_recorded(self) -> None:
        grant = self.fraud.grants.get(user=self.carol)
        client = self.api(self.ada)
        changed = client.patch(f"{URL}{grant.pk}/", {"role": "responder"})
        self.assertEqual((changed.status_code, changed.json()["role"]), (200, "responder"))
        self.assertEqual(client.delete(f"{URL}{grant.pk}/").status_code, 204)
        verbs = Entry.objects.filter(
            subject_kind="projects.grant", subject_id=str(grant.pk)
        ).order_by("pk")
        self.assertEqual(
            [(entry.verb, entry.data["role"]) for entry in verbs],
            [("projects.role_changed", [10, 20]), ("projects.role_revoked", [20, None])],
        )

    def test_the_owner_can_be_neither_lowered_nor_removed(self) -> None:
        owner = f"{URL}{self.fraud.grants.get(user=self.ada).pk}/"
        client = self.api(self.sam)
        for answer in (client.patch(owner, {"role": "viewer"}), client.delete(owner)):
            self.assertEqual((answer.status_code, answer.json()["code"]), (409, "owner_stays"))

    def test_only_owners_change_members(self) -> None:
        grant = self.fraud.grants.get(user=self.carol)
        client = self.api(self.max)
        for answer in (
            client.post(URL, {"user": "bob", "role": "viewer"}),
            client.patch(f"{URL}{grant.pk}/", {"role": "owner"}),
            client.delete(f"{URL}{grant.pk}/"),
        ):
            self.assertEqual(answer.status_code, 403)
        self.assertEqual(self.fraud.grants.get(user=self.carol).role, Role.VIEWER)

    def test_a_member_of_another_project_is_not_found_here(self) -> None:
        theirs = self.other.grants.get(user=self.bob)
        self.assertEqual(self.api(self.ada).delete(f"{URL}{theirs.pk}/").status_code, 404)
        self.assertEqual(self.api(self.sam).delete(f"{URL}{theirs.pk}/").status_code, 404)


class RaceTests(PortalTransactionTestCase):
    def test_an_owner_who_just_took_over_is_not_removed_at_the_same_moment(self) -> None:
        """One thread hands the project to Max, the other removes Max: one of them comes second."""
        grant = Grant.objects.get(project=self.fraud, user=self.max)
        start = threading.Barrier(2)
        refused: list[type[Exception]] = []

        def run(act: object, **what: object) -> None:
            start.wait()
            try:
                act(by=self.ada, **what)  # type: ignore[operator]
            except (OwnerStays, Grant.DoesNotExist) as error:
                refused.append(type(error))
            finally:
                connection.close()

        threads = [
            threading.Thread(
                target=run, args=(hand_over,), kwargs={"project": self.fraud, "to": self.max}
            ),
            threading.Thread(target=run, args=(revoke_role,), kwargs={"grant": grant}),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        owner = Project.objects.get(pk=self.fraud.pk).owner
        self.assertEqual(Grant.objects.get(project=self.fraud, user=owner).role, Role.OWNER)
