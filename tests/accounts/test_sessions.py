from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.services import forget_ended_sessions
from tests.accounts.base import PASSWORD, AccountsTestCase


class SessionTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nora = self.person()
        self.sign_in("nora")
        self.laptop = Client(HTTP_USER_AGENT="The laptop")
        self.sign_in("nora", client=self.laptop)

    def test_one_sees_where_one_is_signed_in_and_ends_the_others(self) -> None:
        self.assertContains(self.client.get("/accounts/sessions/"), "The laptop")

        self.client.post("/accounts/sessions/")

        self.assertIsNone(self.signed_in_as(self.laptop))
        self.assertEqual(self.signed_in_as(), self.nora.pk)
        self.assertIn("accounts.session_ended", self.verbs(subject_id=str(self.nora.pk)))

    def test_a_new_password_ends_the_others(self) -> None:
        new = "another horse altogether"
        self.client.post(
            "/accounts/password/change/",
            {"oldpassword": PASSWORD, "password1": new, "password2": new},
        )
        self.assertEqual(self.signed_in_as(), self.nora.pk)
        self.assertIsNone(self.signed_in_as(self.laptop))
        self.assertIn("accounts.password_changed", self.verbs(subject_id=str(self.nora.pk)))

    def test_signing_out_ends_the_session_itself(self) -> None:
        key = self.client.cookies["signalbox_session"].value
        self.client.post("/accounts/logout/")
        thief = Client()
        thief.cookies["signalbox_session"] = key
        self.assertIsNone(self.signed_in_as(thief))

    def test_activity_is_noted_once_a_minute(self) -> None:
        self.client.get("/settings/")
        with CaptureQueriesContext(connection) as queries:
            self.client.get("/settings/")
        self.assertGreater(len(queries), 0)
        self.assertFalse([query for query in queries if "usersession" in query["sql"]])

    def test_what_is_over_is_forgotten(self) -> None:
        Session.objects.filter(session_key=self.laptop.cookies["signalbox_session"].value).update(
            expire_date=timezone.now()
        )
        forget_ended_sessions()
        self.assertEqual(Session.objects.count(), 1)
        self.assertEqual(UserSession.objects.count(), 1)
