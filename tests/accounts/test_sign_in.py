from __future__ import annotations

import time
from io import StringIO
from itertools import count
from unittest.mock import patch

from allauth.core.internal import ratelimit
from django.core import mail
from django.core.management import call_command
from django.test import Client, override_settings

from apps.accounts.models import User
from apps.accounts.services import create_service_account
from apps.ledger.models import Entry
from tests.accounts.base import PASSWORD, AccountsTestCase


class SignInTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nora = self.person()

    def test_it_takes_the_user_name_in_any_case(self) -> None:
        self.assertRedirects(self.sign_in("NORA"), "/", fetch_redirect_response=False)
        self.assertEqual(self.signed_in_as(), self.nora.pk)

    def test_it_takes_the_address(self) -> None:
        self.sign_in("Nora@Example.org")
        self.assertEqual(self.signed_in_as(), self.nora.pk)

    def test_it_is_in_the_ledger_by_id_alone(self) -> None:
        self.sign_in("nora", "wrong")
        self.sign_in("nora")

        rows = Entry.objects.filter(verb__startswith="accounts.sign", subject_id=str(self.nora.pk))
        self.assertEqual(
            list(rows.order_by("pk").values_list("verb", "actor_id")),
            [("accounts.sign_in_failed", None), ("accounts.signed_in", self.nora.pk)],
        )
        self.assertEqual(rows.latest("pk").data, {"methods": ["password"]})

    def test_it_gives_the_session_a_new_key(self) -> None:
        self.client.get("/accounts/login/")
        session = self.client.session
        session["planted"] = "1"
        session.save()
        planted = session.session_key
        self.client.cookies["signalbox_session"] = planted

        self.sign_in("nora")

        self.assertNotEqual(self.client.cookies["signalbox_session"].value, planted)
        with_planted = Client()
        with_planted.cookies["signalbox_session"] = planted
        self.assertIsNone(self.signed_in_as(with_planted))

    def test_its_cookie_is_out_of_reach_for_scripts_and_other_sites(self) -> None:
        cookie = self.sign_in("nora").cookies["signalbox_session"]
        self.assertTrue(cookie["httponly"])
        self.assertEqual(cookie["samesite"], "Lax")

    def test_it_leads_to_no_other_site(self) -> None:
        for target in (
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "javascript:1",
        ):
            with self.subTest(target):
                response = self.sign_in("nora", next=target)
                self.assertEqual(response["Location"], "/")
                self.client.logout()

    def test_it_leads_back_to_the_page_that_was_wanted(self) -> None:
        response = self.sign_in("nora", next="/settings/tokens/?a=1")
        self.assertEqual(response["Location"], "/settings/tokens/?a=1")

    def test_it_needs_the_token_of_its_own_form(self) -> None:
        strict = Client(enforce_csrf_checks=True)
        self.assertEqual(self.sign_in("nora", client=strict).status_code, 403)

    def test_it_does_not_say_whether_a_name_exists(self) -> None:
        known, unknown = (self.sign_in(login, "wrong") for login in ("nora", "nobody"))
        self.assertEqual(
            known.context["form"].non_field_errors(), unknown.context["form"].non_field_errors()
        )
        self.assertEqual(known.status_code, unknown.status_code)

    def test_it_refuses_odd_input_politely(self) -> None:
        for login in ("\x00", "nora\x00", "x" * 100_000, "\ud7ff" * 10, "' OR 1=1 --"):
            with self.subTest(login[:10]):
                self.assertEqual(self.sign_in(login, "x").status_code, 200)

    def test_nobody_signs_up(self) -> None:
        before = User.objects.count()
        form = {"username": "eve", "password1": PASSWORD, "email": "eve@example.org"}
        self.client.post("/accounts/signup/", form)
        self.assertEqual(User.objects.count(), before)

    def test_nobody_changes_their_own_address(self) -> None:
        self.sign_in("nora")
        form = {"email": "sam@example.org", "action_add": ""}
        self.assertRedirects(self.client.post("/accounts/email/", form), "/settings/")
        self.nora.refresh_from_db()
        self.assertEqual(self.nora.email, "nora@example.org")


class FailedSignInTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nora = self.person()
        # All tries of a test fall into one minute, however long they take.
        moments = count(time.time(), 0.001)
        self.enterContext(patch.object(ratelimit.time, "time", moments.__next__))

    def test_it_stops_after_five_however_the_person_is_named_and_wherever_from(self) -> None:
        for number, login in enumerate(["nora", "NORA", "nora@example.org", "Nora", "nora"]):
            self.sign_in(login, "wrong", REMOTE_ADDR=f"198.51.100.{number}")

        self.sign_in("nora")
        self.assertIsNone(self.signed_in_as())

    def test_an_operator_lets_them_try_again(self) -> None:
        for number in range(5):
            self.sign_in("nora", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
        call_command("unlock", "nora", stdout=StringIO())

        self.sign_in("nora")
        self.assertEqual(self.signed_in_as(), self.nora.pk)

    def test_a_made_up_forwarded_address_gives_no_more_tries(self) -> None:
        for number in range(10):
            self._try(f"user{number}", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")

        self.assertContains(self._try("other"), "Too many failed")
        self.assertContains(
            self._try("other", HTTP_X_FORWARDED_FOR="203.0.113.99"), "Too many failed"
        )
        elsewhere = self._try("other", REMOTE_ADDR="198.51.100.7")
        self.assertNotContains(elsewhere, "Too many failed")

    @override_settings(TRUSTED_PROXIES=("10.0.0.0/8",))
    def test_behind_a_trusted_proxy_the_client_counts_and_not_what_it_claims(self) -> None:
        for number in range(10):
            self._try(
                f"user{number}",
                REMOTE_ADDR="10.0.0.1",
                HTTP_X_FORWARDED_FOR=f"203.0.113.{number}, 198.51.100.7, 10.0.0.2",
            )

        hops = "203.0.113.200, 198.51.100.7, 10.0.0.2"
        same = self._try("other", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=hops)
        self.assertContains(same, "Too many failed")
        other = self._try("other", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="198.51.100.8")
        self.assertNotContains(other, "Too many failed")

    def _try(self, login: str, **where: str):  # noqa: ANN202
        return self.sign_in(login, "wrong", **where)


class ServiceAccountTests(AccountsTestCase):
    def test_it_cannot_sign_in_even_with_a_password_set_by_force(self) -> None:
        robot = create_service_account(username="robot", by=self.sam)
        robot.set_password(PASSWORD)
        robot.save()

        self.sign_in("robot")

        self.assertIsNone(self.signed_in_as())

    def test_it_has_no_session_even_by_force(self) -> None:
        robot = create_service_account(username="robot", by=self.sam)
        self.client.force_login(robot)
        self.assertIsNone(self.signed_in_as())


class ForgottenPasswordTests(AccountsTestCase):
    def test_without_mail_it_says_whom_to_ask_and_writes_no_link_anywhere(self) -> None:
        self.person()
        self.assertContains(self.client.get("/accounts/password/reset/"), "Ask a site admin")
        response = self.client.post("/accounts/password/reset/", {"email": "nora@example.org"})
        self.assertContains(response, "Ask a site admin")
        self.assertEqual(mail.outbox, [])
