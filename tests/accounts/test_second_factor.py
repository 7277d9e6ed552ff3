from __future__ import annotations

import re

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from tests.accounts.base import PASSWORD, AccountsTestCase


class SecondFactorTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nora = self.person()
        self.sign_in("nora")
        self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})

    def test_it_is_added_on_the_page_and_asked_for_from_then_on(self) -> None:
        secret = self.add()

        elsewhere = Client()
        self.sign_in("nora", client=elsewhere)
        self.assertIsNone(self.signed_in_as(elsewhere))

        elsewhere.post("/accounts/2fa/authenticate/", {"code": "000000"})
        self.assertIsNone(self.signed_in_as(elsewhere))

        elsewhere.post("/accounts/2fa/authenticate/", {"code": code_now(secret)})
        self.assertEqual(self.signed_in_as(elsewhere), self.nora.pk)
        seen = self.verbs(subject_id=str(self.nora.pk))
        self.assertIn("accounts.second_factor_added", seen)
        self.assertIn("accounts.second_factor_failed", seen)

    def test_a_code_works_once(self) -> None:
        secret = self.add()
        code = code_now(secret)
        for expected in (self.nora.pk, None):
            browser = Client()
            self.sign_in("nora", client=browser)
            browser.post("/accounts/2fa/authenticate/", {"code": code})
            self.assertEqual(self.signed_in_as(browser), expected)

    def test_its_secret_is_nowhere_in_clear_not_even_while_it_is_set_up(self) -> None:
        page = self.client.get("/accounts/2fa/totp/activate/")
        secret = secret_on(page)
        for session in Session.objects.all():
            self.assertNotIn(secret, session.session_data)
            self.assertTrue(session.session_data.startswith("gAAAA"))  # a Fernet token

        self.activate(secret)

        kept = {row.type: row.data for row in Authenticator.objects.all()}
        self.assertNotIn(secret, str(kept))
        self.assertTrue(kept["totp"]["secret"].startswith("gAAAA"))
        self.assertTrue(kept["recovery_codes"]["seed"].startswith("gAAAA"))

    def test_a_recovery_code_works_once(self) -> None:
        self.add()
        codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
        for expected in (self.nora.pk, None):
            browser = Client()
            self.sign_in("nora", client=browser)
            browser.post("/accounts/2fa/authenticate/", {"code": codes[0]})
            self.assertEqual(self.signed_in_as(browser), expected)

    def test_a_site_admin_removes_one_that_was_lost(self) -> None:
        self.add()
        admin = Client()
        admin.force_login(self.sam)
        admin.post(f"/settings/people/{self.nora.pk}/remove-factors/")

        elsewhere = Client()
        self.sign_in("nora", client=elsewhere)
        self.assertEqual(self.signed_in_as(elsewhere), self.nora.pk)

    def test_it_is_not_added_by_who_only_found_the_browser_open(self) -> None:
        elsewhere = Client()
        self.sign_in("nora", client=elsewhere)
        response = elsewhere.get("/accounts/2fa/totp/activate/")
        self.assertIn("/accounts/reauthenticate/", response["Location"])

    def add(self) -> str:
        secret = secret_on(self.client.get("/accounts/2fa/totp/activate/"))
        self.activate(secret)
        return secret

    def activate(self, secret: str) -> None:
        with self.captureOnCommitCallbacks(execute=True):
            self.client.post("/accounts/2fa/totp/activate/", {"code": code_now(secret)})
        self.assertTrue(Authenticator.objects.filter(user=self.nora, type="totp").exists())
        cache.delete_pattern("*")  # the code of this half minute may be used again by the test


def secret_on(page: HttpResponse) -> str:
    """The secret that the page shows to be typed into an app."""
    found = re.search(r"\b[A-Z2-7]{32}\b", page.content.decode())
    assert found, page.content.decode()
    return found[0]


def code_now(secret: str) -> str:
    """What an app would show at this moment."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))
