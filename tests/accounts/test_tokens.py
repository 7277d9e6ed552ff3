from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import ApiToken
from apps.accounts.selectors import user_of_token
from apps.accounts.services import create_service_account, create_token
from apps.core.access import Role
from apps.core.errors import PortalError
from apps.ledger.models import Entry
from apps.projects.models import Grant
from tests.accounts.base import AccountsTestCase, copied

ME = "/api/v1/tokens/"


class TokenPageTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.ada)

    def test_a_new_one_is_shown_once_and_works(self) -> None:
        text = self.make(role=Role.VIEWER.value)

        self.assertRegex(text, r"^sbx_[0-9a-f]{16}_[\w-]{43}$")
        self.assertNotContains(self.client.get("/settings/tokens/"), text.split("_", 2)[2])
        self.assertEqual(bearer(text).get("/api/v1/projects/fraud/").json()["your_role"], "viewer")

    def test_a_revoked_one_is_dead_at_once(self) -> None:
        text = self.make()
        token = ApiToken.objects.get(user=self.ada)
        self.client.post(f"/settings/tokens/{token.pk}/revoke/")
        self.assertEqual(bearer(text).get(ME).status_code, 401)
        self.assertIn("accounts.token_revoked", self.verbs(subject_id=str(token.pk)))

    def test_another_persons_does_not_exist(self) -> None:
        token, text = create_token(user=self.bob, name="b", by=self.bob)
        self.assertEqual(self.client.post(f"/settings/tokens/{token.pk}/revoke/").status_code, 404)
        self.assertEqual(bearer(text).get(ME).status_code, 200)
        for pk in (0, 10**18, 9**30):
            response = self.client.post(f"/settings/tokens/{pk}/revoke/")
            self.assertEqual(response.status_code, 404)

    def test_a_foreign_project_is_no_choice(self) -> None:
        response = self.client.post(
            "/settings/tokens/", {"name": "x", "role": 10, "days": "7", "projects": [self.other.pk]}
        )
        self.assertEqual(response.status_code, 422)

    def make(self, **values: object) -> str:
        form = {"name": "laptop", "role": Role.OWNER.value, "days": "30", **values}
        return copied(self.client.post("/settings/tokens/", form))


class TokenUseTests(AccountsTestCase):
    def test_it_costs_one_query_once_its_use_is_noted(self) -> None:
        _, text = create_token(user=self.ada, name="t", by=self.ada)
        user_of_token(text)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            self.assertIsNotNone(user_of_token(text))
        self.assertEqual(len(queries), 1)

    def test_nonsense_is_nobodys(self) -> None:
        _, text = create_token(user=self.ada, name="t", by=self.ada)
        for value in ("", "sbx", "sbx__", f"{text}x", text[:-1], text.upper(), "sbx_\x00_\x00"):
            with self.subTest(value):
                self.assertIsNone(user_of_token(value))

    def test_an_expired_one_is_dead(self) -> None:
        token, text = create_token(
            user=self.ada, name="t", by=self.ada, expires_at=timezone.now() + timedelta(days=1)
        )
        self.assertEqual(bearer(text).get(ME).status_code, 200)
        ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        self.assertEqual(bearer(text).get(ME).status_code, 401)

    def test_a_leavers_is_dead_at_once_and_stays_so(self) -> None:
        _, text = create_token(user=self.ada, name="t", by=self.ada)
        self.client.force_login(self.sam)
        self.client.post(f"/settings/people/{self.ada.pk}/deactivate/")
        self.assertEqual(bearer(text).get(ME).status_code, 401)
        self.client.post(f"/settings/people/{self.ada.pk}/reactivate/")
        self.assertEqual(bearer(text).get(ME).status_code, 401)

    def test_it_loses_with_its_user(self) -> None:
        _, text = create_token(user=self.carol, name="t", by=self.carol)
        self.assertEqual(bearer(text).get("/api/v1/projects/fraud/").status_code, 200)
        Grant.objects.filter(user=self.carol).delete()
        self.assertEqual(bearer(text).get("/api/v1/projects/fraud/").status_code, 404)


class TokenApiTests(AccountsTestCase):
    def test_the_text_is_in_the_first_answer_alone(self) -> None:
        api = self.api(self.ada)
        made = api.post(ME, {"name": "ci", "role": "viewer", "projects": ["fraud"]}).json()
        self.assertEqual((made["role"], made["projects"]), ("viewer", [self.fraud.pk]))
        listed = api.get(ME).json()["results"]
        self.assertNotIn(made["token"], str(listed))
        self.assertEqual(bearer(made["token"]).get("/api/v1/projects/fraud/").status_code, 200)

    def test_a_repeated_post_answers_the_same_and_keeps_nothing_in_clear(self) -> None:
        api = self.api(self.ada)
        first, second = (
            api.post(ME, {"name": "ci"}, HTTP_IDEMPOTENCY_KEY="once-and-again") for _ in range(2)
        )
        self.assertEqual(first.json(), second.json())
        self.assertEqual(ApiToken.objects.filter(name="ci").count(), 1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT string_agg(r::text, '') FROM core_idempotencyrecord r")
            self.assertNotIn(first.json()["token"].split("_", 2)[2], cursor.fetchone()[0])

    def test_a_narrow_one_makes_none_that_may_more(self) -> None:
        soon = timezone.now() + timedelta(days=1)
        narrow = self.api(self.ada, role=Role.VIEWER, project_ids=[self.fraud.pk], expires_at=soon)
        late = (soon + timedelta(days=1)).isoformat()
        inside = {"name": "x", "role": "viewer", "projects": ["fraud"]}
        for field, body in {
            "role": {**inside, "role": "owner", "expires_at": soon.isoformat()},
            "projects": {"name": "x", "role": "viewer", "expires_at": soon.isoformat()},
            "expires_at": {**inside, "expires_at": late},
        }.items():
            with self.subTest(field):
                response = narrow.post(ME, body)
                self.assertEqual(response.status_code, 403)
                self.assertIn(field, response.json()["detail"])
        same = {**inside, "expires_at": soon.isoformat()}
        self.assertEqual(narrow.post(ME, same).status_code, 201)

    def test_a_narrow_one_neither_sees_nor_ends_its_siblings(self) -> None:
        sibling, _ = create_token(user=self.ada, name="sibling", by=self.ada)
        narrow = self.api(self.ada, role=Role.VIEWER)
        self.assertEqual([row["name"] for row in narrow.get(ME).json()["results"]], ["test"])
        self.assertEqual(narrow.delete(f"{ME}{sibling.pk}/").status_code, 404)

    def test_it_lasts_a_year_at_most(self) -> None:
        far = (timezone.now() + timedelta(days=400)).isoformat()
        response = self.api(self.ada).post(ME, {"name": "x", "expires_at": far})
        self.assertEqual(response.status_code, 400)
        self.assertIn("expires_at", response.json()["detail"])

    def test_bad_bodies_are_named(self) -> None:
        api = self.api(self.ada)
        for body in (
            {},
            {"name": "x" * 101},
            {"name": "x", "role": "king"},
            {"name": "x", "projects": []},
            {"name": "x", "projects": ["weather"]},
            {"name": "x", "expires_at": "0001-01-01T00:00:00Z"},
            {"name": "x", "expires_at": "9999-12-31T23:59:59Z"},
            {"name": {"a": 1}},
            [],
        ):
            with self.subTest(body=body):
                self.assertEqual(api.post(ME, body, format="json").status_code, 400)

    def test_nobody_makes_one_for_another_person(self) -> None:
        response = self.api(self.ada).post(ME, {"name": "x", "user": "carol"})
        self.assertEqual(response.status_code, 404)
        with self.assertRaises(PortalError):
            create_token(user=self.carol, name="x", by=self.sam)


class ServiceAccountTokenTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.robot = create_service_account(username="robot", by=self.sam)
        Grant.objects.create(project=self.fraud, user=self.robot, role=Role.CONTRIBUTOR)

    def test_an_owner_makes_one_within_their_projects_alone(self) -> None:
        api = self.api(self.ada)
        body = {"name": "ci", "user": "robot", "role": "owner"}
        made = api.post(ME, {**body, "projects": ["fraud"]})
        self.assertEqual(made.status_code, 201)
        self.assertEqual(api.post(ME, body).status_code, 403)

        project = bearer(made.json()["token"]).get("/api/v1/projects/fraud/").json()
        self.assertEqual(project["your_role"], "contributor")
        entry = Entry.objects.get(verb="accounts.token_created", subject_id=str(made.json()["id"]))
        self.assertEqual(entry.actor_id, self.ada.pk)

    def test_a_maintainer_makes_none(self) -> None:
        body = {"name": "ci", "user": "robot", "projects": ["fraud"]}
        self.assertEqual(self.api(self.max).post(ME, body).status_code, 403)

    def test_who_shares_no_project_does_not_know_it(self) -> None:
        body = {"name": "ci", "user": "robot", "projects": ["weather"]}
        self.assertEqual(self.api(self.bob).post(ME, body).status_code, 404)
        self.client.force_login(self.bob)
        page = f"/settings/service-accounts/{self.robot.pk}/"
        self.assertEqual(self.client.get(page).status_code, 404)

    def test_an_owner_revokes_what_works_in_their_project(self) -> None:
        here, text = create_token(
            user=self.robot, name="here", by=self.ada, project_ids=[self.fraud.pk]
        )
        everywhere, _ = create_token(user=self.robot, name="everywhere", by=self.sam)
        self.client.force_login(self.ada)
        page = self.client.get(f"/settings/service-accounts/{self.robot.pk}/")
        self.assertContains(page, "here")
        self.assertNotContains(page, "everywhere</")
        self.client.post(f"/settings/tokens/{here.pk}/revoke/")
        self.assertEqual(bearer(text).get(ME).status_code, 401)
        self.assertEqual(
            self.client.post(f"/settings/tokens/{everywhere.pk}/revoke/").status_code, 404
        )

    def test_a_site_admin_makes_one_that_does_not_end(self) -> None:
        self.client.force_login(self.sam)
        form = {"name": "forever", "role": Role.CONTRIBUTOR.value, "days": ""}
        text = copied(self.client.post(f"/settings/service-accounts/{self.robot.pk}/", form))
        self.assertIsNone(ApiToken.objects.get(name="forever").expires_at)
        self.assertEqual(bearer(text).get("/api/v1/projects/fraud/").status_code, 200)


def bearer(text: str) -> APIClient:
    """A client that sends this token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client
