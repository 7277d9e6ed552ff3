from __future__ import annotations

import stat
import tempfile
import threading
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from apps.accounts.models import ApiToken, User
from apps.accounts.services import ensure_admin
from apps.core.access import Role
from tests.accounts.base import AccountsTestCase
from tests.accounts.test_tokens import bearer
from tests.base import PortalTransactionTestCase


def run(*words: str, **options: Any) -> list[str]:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue().splitlines()


class TokenCommandTests(AccountsTestCase):
    def test_the_token_stands_alone_on_the_last_line_and_works(self) -> None:
        text = run("token", "ada")[-1]
        self.assertEqual(bearer(text).get("/api/v1/projects/fraud/").json()["your_role"], "owner")

    def test_it_is_as_narrow_as_asked(self) -> None:
        run("token", "ada@example.org", "--role", "viewer", "--days", "3", "--project", "fraud")
        token = ApiToken.objects.get(user=self.ada)
        self.assertEqual((token.role, token.project_ids), (Role.VIEWER, [self.fraud.pk]))
        self.assertEqual((token.expires_at - token.created_at).days, 2)

    def test_it_says_what_is_wrong(self) -> None:
        for words in (
            ("nobody",),
            ("ada", "--days", "0"),
            ("ada", "--days", "9999"),
            ("ada", "--project", "weather"),
            ("n\x00",),
        ):
            with self.subTest(words), self.assertRaises(CommandError):
                run("token", *words)


class BootstrapTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        User.objects.filter(is_superuser=True).update(is_superuser=False)
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(override_settings(DATA_DIR=self.home, ADMIN_PASSWORD=None))
        self.file = self.home / "secrets" / "admin_password"

    def test_it_makes_an_admin_who_can_sign_in_and_says_how_once(self) -> None:
        first, second = run("bootstrap"), run("bootstrap")

        password = self.file.read_text().strip()
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        self.assertIn(password, "\n".join(first))
        self.assertNotIn(password, "\n".join(second))
        self.assertIn(str(self.file), "\n".join(second))
        self.sign_in("admin", password)
        self.assertEqual(self.signed_in_as(), User.objects.get(is_superuser=True).pk)

    def test_it_takes_up_a_start_that_did_not_end(self) -> None:
        self.file.parent.mkdir()
        self.file.write_text("kept from before\n")
        run("bootstrap")
        self.sign_in("admin", "kept from before")
        self.assertIsNotNone(self.signed_in_as())

    def test_a_given_password_is_written_nowhere(self) -> None:
        start = ensure_admin(given="given by the operator", keep_in=self.file)
        self.assertEqual((start.created, start.password), (True, None))
        self.assertFalse(self.file.exists())
        self.sign_in("admin", "given by the operator")
        self.assertIsNotNone(self.signed_in_as())

    def test_it_hands_the_portal_to_nobody_who_took_the_name(self) -> None:
        squatter = self.person("Admin", email="")
        run("bootstrap")
        squatter.refresh_from_db()
        self.assertFalse(squatter.is_superuser)
        run("site_admin", "admin")
        squatter.refresh_from_db()
        self.assertTrue(squatter.is_superuser)


class TwoStartsTests(PortalTransactionTestCase):
    def test_two_at_once_make_one_admin(self) -> None:
        User.objects.filter(is_superuser=True).update(is_superuser=False)
        with tempfile.TemporaryDirectory() as home:
            file = Path(home) / "secrets" / "admin_password"
            starts: list[bool] = []

            def start() -> None:
                try:
                    starts.append(ensure_admin(given=None, keep_in=file).created)
                finally:
                    connection.close()

            threads = [threading.Thread(target=start) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            self.assertEqual(sorted(starts), [False, False, False, True])
            admin = User.objects.get(is_superuser=True)
            self.assertTrue(admin.check_password(file.read_text().strip()))
