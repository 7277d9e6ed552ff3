from __future__ import annotations

from django.test import Client

from apps.accounts.models import User
from tests.accounts.base import PASSWORD, AccountsTestCase, copied

PEOPLE = "/settings/people/"


class InviteTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.admin = Client()
        self.admin.force_login(self.sam)

    def invite(self, **values: str):  # noqa: ANN202
        form = {"username": "nora", "full_name": "Nora Nilsen", "email": "nora@example.org"}
        return self.admin.post(f"{PEOPLE}new/", {**form, **values})

    def test_the_link_sets_a_password_once(self) -> None:
        link = copied(self.invite()).replace("http://localhost:8000", "")
        self.assertIsNone(self.signed_in_as())

        form = {"password1": PASSWORD, "password2": PASSWORD}
        page = self.client.get(link, follow=True)
        self.client.post(page.wsgi_request.path, form)
        self.sign_in("nora")
        self.assertEqual(self.signed_in_as(), User.objects.get(username="nora").pk)

        again = Client()
        page = again.get(link, follow=True)
        again.post(
            page.wsgi_request.path, {"password1": "another one 1", "password2": "another one 1"}
        )
        other = Client()
        self.sign_in("nora", "another one 1", client=other)
        self.assertIsNone(self.signed_in_as(other))

    def test_a_link_made_before_somebody_left_is_dead(self) -> None:
        link = copied(self.invite()).replace("http://localhost:8000", "")
        nora = User.objects.get(username="nora")
        self.admin.post(f"{PEOPLE}{nora.pk}/deactivate/")
        self.admin.post(f"{PEOPLE}{nora.pk}/reactivate/")

        page = self.client.get(link, follow=True)
        self.client.post(page.wsgi_request.path, {"password1": PASSWORD, "password2": PASSWORD})

        self.sign_in("nora")
        self.assertIsNone(self.signed_in_as())

    def test_names_and_addresses_are_taken_in_any_case(self) -> None:
        self.invite()
        self.assertContains(self.invite(username="NORA", email=""), "Nora", status_code=422)
        taken = self.invite(username="other", email="NORA@example.org")
        self.assertContains(taken, "address", status_code=422)

    def test_odd_names_are_refused(self) -> None:
        for name in ("", "a b", "x" * 151, "n\x00", "<b>"):
            with self.subTest(name):
                self.assertEqual(self.invite(username=name).status_code, 422)

    def test_only_site_admins_invite(self) -> None:
        for user in (self.ada, self.carol):
            self.client.force_login(user)
            response = self.client.post(f"{PEOPLE}new/", {"username": "eve"})
            self.assertEqual(response.status_code, 403)
        self.assertFalse(User.objects.filter(username="eve").exists())

    def test_a_service_account_gets_no_link(self) -> None:
        robot = User.objects.create(username="robot", kind="service")
        response = self.admin.post(f"{PEOPLE}{robot.pk}/password-link/")
        self.assertEqual(response.status_code, 409)


class LeaverTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nora = self.person()
        self.sign_in("nora")
        self.admin = Client()
        self.admin.force_login(self.sam)

    def test_they_are_signed_out_at_once_and_cannot_come_back(self) -> None:
        self.assertEqual(self.signed_in_as(), self.nora.pk)

        self.admin.post(f"{PEOPLE}{self.nora.pk}/deactivate/")

        self.assertIsNone(self.signed_in_as())
        self.sign_in("nora")
        self.assertIsNone(self.signed_in_as())
        self.assertIn("accounts.person_deactivated", self.verbs(subject_id=str(self.nora.pk)))

    def test_their_old_session_does_not_come_back_with_them(self) -> None:
        self.admin.post(f"{PEOPLE}{self.nora.pk}/deactivate/")
        self.admin.post(f"{PEOPLE}{self.nora.pk}/reactivate/")
        self.assertIsNone(self.signed_in_as())

    def test_nobody_deactivates_themselves(self) -> None:
        response = self.admin.post(f"{PEOPLE}{self.sam.pk}/deactivate/")
        self.assertEqual(response.status_code, 409)

    def test_what_they_leave_behind_is_listed(self) -> None:
        self.admin.post(f"{PEOPLE}{self.ada.pk}/deactivate/")
        page = self.admin.get("/settings/orphans/")
        listed = [(orphan.title, orphan.owner) for orphan in page.context["orphans"]]
        self.assertEqual(listed, [("Fraud", self.ada)])


class SiteAdminTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.sam)

    def test_one_makes_and_unmakes_another(self) -> None:
        self.client.post(f"{PEOPLE}{self.ada.pk}/make-admin/")
        self.ada.refresh_from_db()
        self.assertTrue(self.ada.is_superuser)
        self.client.post(f"{PEOPLE}{self.ada.pk}/unmake-admin/")
        self.ada.refresh_from_db()
        self.assertFalse(self.ada.is_superuser)

    def test_the_last_one_stays(self) -> None:
        response = self.client.post(f"{PEOPLE}{self.sam.pk}/unmake-admin/")
        self.assertContains(response, "without a site admin", status_code=409)
        self.sam.refresh_from_db()
        self.assertTrue(self.sam.is_superuser)

    def test_a_service_account_is_none(self) -> None:
        robot = User.objects.create(username="robot", kind="service")
        response = self.client.post(f"{PEOPLE}{robot.pk}/make-admin/")
        self.assertEqual(response.status_code, 409)

    def test_every_act_is_closed_to_others(self) -> None:
        self.client.force_login(self.ada)
        for act in ("make-admin", "deactivate", "password-link", "remove-factors", "unlock"):
            with self.subTest(act):
                response = self.client.post(f"{PEOPLE}{self.carol.pk}/{act}/")
                self.assertEqual(response.status_code, 403)

    def test_an_unknown_act_is_not_there(self) -> None:
        self.assertEqual(self.client.post(f"{PEOPLE}{self.ada.pk}/dance/").status_code, 404)


class PeoplePageTests(AccountsTestCase):
    def test_one_sees_colleagues_without_their_addresses(self) -> None:
        self.client.force_login(self.carol)
        page = self.client.get(PEOPLE)
        self.assertContains(page, "ada")
        self.assertNotContains(page, "ada@example.org")
        self.assertNotContains(page, ">bob<")
        self.assertEqual(self.client.get(f"{PEOPLE}{self.bob.pk}/").status_code, 404)
        self.assertEqual(self.client.get(f"{PEOPLE}{self.ada.pk}/").status_code, 200)

    def test_a_search_by_address_tells_only_site_admins(self) -> None:
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(f"{PEOPLE}?q=ada@example.org"), "Nobody fits")
        self.client.force_login(self.sam)
        self.assertContains(self.client.get(f"{PEOPLE}?q=ada@example.org"), ">ada<")

    def test_the_filter_bears_anything(self) -> None:
        self.client.force_login(self.sam)
        for query in ("q=%00", "q=%F0%9F%98%80", "state=nonsense", "after=x", "sort=password"):
            with self.subTest(query):
                self.assertEqual(self.client.get(f"{PEOPLE}?{query}").status_code, 200)

    def test_a_site_admin_corrects_an_address(self) -> None:
        self.client.force_login(self.sam)
        form = {"full_name": "Ada Love", "email": "ada.love@example.org"}
        self.client.post(f"{PEOPLE}{self.ada.pk}/", form)
        self.ada.refresh_from_db()
        self.assertEqual((self.ada.email, str(self.ada)), ("ada.love@example.org", "Ada Love"))
        taken = self.client.post(f"{PEOPLE}{self.ada.pk}/", {"email": "bob@example.org"})
        self.assertEqual(taken.status_code, 422)

    def test_every_settings_page_opens_for_everybody_who_may(self) -> None:
        admin_only = {"sign-in/", "sign-in/new/", "orphans/", "people/new/", "teams/new/"}
        pages = {"", "tokens/", "people/", "teams/", "service-accounts/", "explain/"} | admin_only
        for user, closed in ((self.sam, set()), (self.carol, admin_only)):
            self.client.force_login(user)
            for page in sorted(pages):
                with self.subTest(f"{user} {page}"):
                    expected = 403 if page in closed else 200
                    self.assertEqual(self.client.get(f"/settings/{page}").status_code, expected)

    def test_nobody_comes_here_without_signing_in(self) -> None:
        for page in ("", "tokens/", "people/", "sign-in/", "explain/"):
            response = self.client.get(f"/settings/{page}")
            self.assertIn("/accounts/login/", response["Location"])


class ProfileTests(AccountsTestCase):
    def test_time_zone_and_theme_are_kept(self) -> None:
        self.client.force_login(self.ada)
        form = {"full_name": "Ada", "time_zone": "Asia/Tokyo", "theme": "dark"}
        response = self.client.post("/settings/", form)
        self.ada.refresh_from_db()
        self.assertEqual((self.ada.time_zone, self.ada.theme), ("Asia/Tokyo", "dark"))
        self.assertEqual(response.cookies["theme"].value, "dark")

    def test_an_unknown_time_zone_is_refused(self) -> None:
        self.client.force_login(self.ada)
        form = {"time_zone": "../../etc/passwd", "theme": "dark"}
        self.assertEqual(self.client.post("/settings/", form).status_code, 422)
