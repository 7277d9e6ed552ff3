from __future__ import annotations

import re
from io import StringIO

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, override_settings

from apps.accounts.models import IdentityProvider, User
from apps.accounts.services import create_person, create_provider
from apps.accounts.services.providers import ProviderSettings
from tests.accounts.base import PASSWORD, AccountsTestCase

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CLIENT_SECRET = "planted-client-secret"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


class SecretsTestCase(AccountsTestCase):
    nora: User
    corp: IdentityProvider

    def plant(self) -> list[str]:
        """Put one secret of every kind into the database; returns their texts."""
        self.nora = create_person(username="nora", by=None, password=PASSWORD)
        wanted = ProviderSettings(name="Corp", issuer="https://i.example", client_id="c")
        self.corp = create_provider(
            slug="corp", wanted=wanted, client_secret=CLIENT_SECRET, by=self.sam
        )
        api = self.api(self.sam)
        made = api.post("/api/v1/tokens/", {"name": "t"}, HTTP_IDEMPOTENCY_KEY="planted-key")
        link = api.post(
            f"/api/v1/users/{self.nora.pk}/password-link/", HTTP_IDEMPOTENCY_KEY="planted-link"
        )
        self.sign_in("nora")
        TOTP.activate(self.nora, TOTP_SECRET)
        codes = RecoveryCodes.activate(self.nora).generate_codes()
        token = made.json()["token"]
        key = link.json()["link"].rstrip("/").rpartition("-")[2]
        return [TOTP_SECRET, CLIENT_SECRET, token, token.split("_", 2)[2], key, PASSWORD, *codes]


class AtRestTests(SecretsTestCase):
    @override_settings(PASSWORD_HASHERS=settings.PASSWORD_HASHERS)
    def test_no_table_holds_a_secret_in_clear(self) -> None:
        planted = self.plant()
        everything = dump()
        self.assertIn("nora", everything)
        for secret in planted:
            with self.subTest(secret):
                self.assertNotIn(secret, everything)

    def test_passwords_are_hashed_with_argon2(self) -> None:
        self.assertTrue(settings.PASSWORD_HASHERS[0].endswith("MD5PasswordHasher"))  # ours here
        with override_settings():
            del settings.PASSWORD_HASHERS
        from portal import settings as portal

        self.assertTrue(portal.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher"))


class RotationTests(SecretsTestCase):
    def test_the_old_key_can_go_afterwards(self) -> None:
        with override_settings(FIELD_ENCRYPTION_KEYS=(OLD,)):
            self.plant()
        with override_settings(FIELD_ENCRYPTION_KEYS=(NEW, OLD)):
            said = self.rotate()
        self.assertRegex(said, r"^\d+ secrets are now encrypted")

        with override_settings(FIELD_ENCRYPTION_KEYS=(NEW,)):
            self.corp.refresh_from_db()
            self.assertEqual(self.corp.client_secret.reveal(), CLIENT_SECRET)
            kinds = {row.type: row.wrap() for row in Authenticator.objects.all()}
            self.assertEqual(len(kinds["recovery_codes"].generate_codes()), 10)
            self.assertEqual(self.signed_in_as(), self.nora.pk)
            repeated = self.api(self.sam)
            again = repeated.post(
                "/api/v1/tokens/", {"name": "t"}, HTTP_IDEMPOTENCY_KEY="planted-key"
            )
            self.assertEqual(again.headers.get("Idempotency-Replayed"), "true")
        self.assertNotIn_old(dump())

    def test_it_names_what_no_key_opens_and_goes_on(self) -> None:
        with override_settings(FIELD_ENCRYPTION_KEYS=(OLD,)):
            self.plant()
        with override_settings(FIELD_ENCRYPTION_KEYS=(NEW,)):
            out = StringIO()
            with self.assertRaises(CommandError):
                call_command("secrets", "rotate", stdout=out)
        self.assertIn(f"accounts.identityprovider {self.corp.pk}", out.getvalue())
        self.assertNotIn(self.client.cookies["signalbox_session"].value, out.getvalue())

    def test_a_session_that_no_key_opens_is_over(self) -> None:
        with override_settings(FIELD_ENCRYPTION_KEYS=(OLD,)):
            self.person()
            self.sign_in("nora")
        with override_settings(FIELD_ENCRYPTION_KEYS=(NEW,)):
            self.assertIsNone(self.signed_in_as())

    def test_a_lost_key_breaks_no_sign_in_by_password(self) -> None:
        with override_settings(FIELD_ENCRYPTION_KEYS=(OLD,)):
            self.plant()
            self.person("olga")
        with override_settings(FIELD_ENCRYPTION_KEYS=(NEW,)):
            browser = Client()
            self.assertContains(browser.get("/accounts/login/"), "Corp")
            self.sign_in("olga", client=browser)
            self.assertIsNotNone(self.signed_in_as(browser))

    def rotate(self) -> str:
        out = StringIO()
        call_command("secrets", "rotate", stdout=out)
        return out.getvalue()

    def assertNotIn_old(self, everything: str) -> None:  # noqa: N802
        """Every token in the database opens with the new key alone."""
        new = Fernet(NEW)
        found = re.findall(r"gAAAA[\w-]{60,}={0,2}", everything)
        self.assertGreater(len(found), 4)
        for token in found:
            new.decrypt(token.encode())


def dump() -> str:
    """Every column of every row of every table as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        parts = []
        for table in tables:
            cursor.execute(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
            parts.append(cursor.fetchone()[0] or "")
    return "\n".join(parts)
