from __future__ import annotations

import http.client
import re
import time
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.http import HttpResponse
from django.test import Client, override_settings

from apps.accounts.models import IdentityProvider, TeamMember, User
from apps.accounts.oidc import callback_url
from apps.accounts.services import create_provider, create_team
from apps.accounts.services.providers import ProviderSettings
from tests.accounts.base import PASSWORD, AccountsTestCase
from tests.accounts.issuer import CLIENT_ID, CLIENT_SECRET, Issuer

NORA = {
    "sub": "subject-of-nora",
    "email": "Nora@example.org",
    "email_verified": True,
    "name": "Nora Nilsen",
    "preferred_username": "nora",
    "groups": ["ml", "everybody"],
}


@override_settings(HTTP_ALLOW=("127.0.0.1",))
class ProviderTestCase(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.issuer = self.enterContext(Issuer(callback_url("corp")))
        self.issuer.claims = dict(NORA)
        self.team = create_team(name="Modellers", by=self.sam)
        self.corp = self.provider()

    def provider(self, **values: Any) -> IdentityProvider:
        settings = ProviderSettings(
            **{
                "name": "Corp",
                "issuer": self.issuer.url,
                "client_id": CLIENT_ID,
                "group_teams": {"ml": "modellers"},
                "admin_group": "portal-admins",
                **values,
            }
        )
        return create_provider(
            slug="corp", wanted=settings, client_secret=CLIENT_SECRET, by=self.sam
        )

    def come_in(self, client: Client | None = None, query: str = "") -> HttpResponse:
        """What a browser does: press the button, follow it there and back."""
        browser = client or self.client
        going = browser.post(f"/accounts/oidc/corp/login/{query}")
        self.assertEqual(going.status_code, 200, going.content)
        return browser.get(self.there(going))

    def there(self, going: HttpResponse) -> str:
        """The path of ours to which the issuer sends the browser back."""
        found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', going.content.decode())
        assert found
        parts = urlsplit(unescape(found[1]))
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 302, answer.read())
        back = urlsplit(answer.headers["Location"])
        connection.close()
        return f"{back.path}?{back.query}"


class NewcomerTests(ProviderTestCase):
    def test_they_get_an_account_and_a_session(self) -> None:
        self.assertRedirects(self.come_in(), "/", fetch_redirect_response=False)

        nora = User.objects.get(username="nora")
        self.assertEqual(self.signed_in_as(), nora.pk)
        self.assertEqual((nora.email, nora.get_full_name()), ("nora@example.org", "Nora Nilsen"))
        self.assertFalse(nora.has_usable_password())
        self.assertEqual(self.issuer.problems, [])
        self.assertIn("accounts.person_created", self.verbs(subject_id=str(nora.pk)))

    def test_they_come_back_as_the_same_person_under_another_address(self) -> None:
        self.come_in()
        self.issuer.claims["email"] = "nora.married@example.org"

        back = Client()
        self.come_in(back)

        self.assertEqual(self.signed_in_as(back), User.objects.get(username="nora").pk)

    def test_they_return_to_the_page_they_wanted(self) -> None:
        response = self.come_in(query="?next=/settings/tokens/")
        self.assertEqual(response["Location"], "/settings/tokens/")

    def test_they_are_led_to_no_other_site(self) -> None:
        response = self.come_in(query="?next=https://evil.example/")
        self.assertEqual(response["Location"], "/")

    def test_they_stay_out_where_the_provider_brings_nobody_new(self) -> None:
        IdentityProvider.objects.update(creates_users=False)
        self.come_in()
        self.assertFalse(User.objects.filter(username="nora").exists())
        self.assertIsNone(self.signed_in_as())

    def test_an_address_nobody_vouches_for_is_not_kept(self) -> None:
        self.issuer.claims["email_verified"] = False
        self.come_in()
        self.assertEqual(User.objects.get(username="nora").email, "")

    def test_a_taken_user_name_makes_way(self) -> None:
        taken = self.person("nora", email="other@example.org")
        self.come_in()
        self.assertNotIn(self.signed_in_as(), {taken.pk, None})

    def test_odd_claims_are_refused_or_mended(self) -> None:
        self.issuer.claims |= {"name": "N\x00ora", "groups": {"a": 1}, "given_name": 7}
        self.come_in()
        self.assertIsNotNone(self.signed_in_as())

    def test_a_provider_that_is_off_is_not_there(self) -> None:
        IdentityProvider.objects.update(enabled=False)
        self.assertEqual(self.client.post("/accounts/oidc/corp/login/").status_code, 404)
        self.assertNotContains(self.client.get("/accounts/login/"), "Corp")

    def test_the_button_is_on_the_sign_in_page_and_a_link_alone_sends_nobody_away(self) -> None:
        self.assertContains(self.client.get("/accounts/login/"), "/accounts/oidc/corp/login/")
        going = self.client.get("/accounts/oidc/corp/login/")
        self.assertNotContains(going, "http-equiv")


class KnownAddressTests(ProviderTestCase):
    def test_a_verified_one_opens_an_ordinary_account_and_keeps_its_password(self) -> None:
        nora = self.person("n.nilsen", email="nora@example.org")

        self.come_in()

        self.assertEqual(self.signed_in_as(), nora.pk)
        elsewhere = Client()
        self.sign_in("n.nilsen", PASSWORD, client=elsewhere)
        self.assertEqual(self.signed_in_as(elsewhere), nora.pk)
        self.assertIn("accounts.provider_linked", self.verbs(subject_id=str(nora.pk)))

    def test_an_unverified_one_opens_nothing(self) -> None:
        nora = self.person("n.nilsen", email="nora@example.org")
        self.issuer.claims["email_verified"] = False
        self.come_in()
        self.assertNotEqual(self.signed_in_as(), nora.pk)

    def test_it_never_opens_a_site_admins_account(self) -> None:
        self.issuer.claims["email"] = "sam@example.org"
        response = self.come_in()
        self.assertContains(response, "exists already", status_code=409)
        self.assertIsNone(self.signed_in_as())

    def test_it_opens_no_deactivated_account(self) -> None:
        nora = self.person("n.nilsen", email="nora@example.org")
        User.objects.filter(pk=nora.pk).update(is_active=False)
        self.come_in()
        self.assertIsNone(self.signed_in_as())

    def test_a_site_admin_connects_it_by_hand(self) -> None:
        self.sam.set_password(PASSWORD)
        self.sam.save()
        self.sign_in("sam")
        self.issuer.claims |= {"email": "sam@example.org", "sub": "subject-of-sam"}

        asked = self.come_in(query="?process=connect")
        self.assertIn("/accounts/reauthenticate/", asked["Location"])
        self.assertFalse(SocialAccount.objects.exists())
        self.client.post(asked["Location"], {"password": PASSWORD}, follow=True)

        elsewhere = Client()
        self.come_in(elsewhere)
        self.assertEqual(self.signed_in_as(elsewhere), self.sam.pk)

    def test_a_leaver_who_had_come_this_way_stays_out(self) -> None:
        self.come_in()
        User.objects.filter(username="nora").update(is_active=False)
        elsewhere = Client()
        self.come_in(elsewhere)
        self.assertIsNone(self.signed_in_as(elsewhere))
        self.assertIsNone(self.signed_in_as())


class GroupTests(ProviderTestCase):
    def test_membership_comes_and_goes_with_the_group(self) -> None:
        self.come_in()
        nora = User.objects.get(username="nora")
        self.assertEqual(list(nora.teams.all()), [self.team])

        self.issuer.claims["groups"] = ["everybody"]
        self.come_in(Client())

        self.assertEqual(list(nora.teams.all()), [])
        seen = self.verbs(subject_kind="accounts.team", subject_id=str(self.team.pk))
        self.assertEqual(seen[-2:], ["accounts.member_added", "accounts.member_removed"])

    def test_membership_by_hand_stays(self) -> None:
        self.come_in()
        TeamMember.objects.update(provider=None)
        self.issuer.claims["groups"] = []
        self.come_in(Client())
        self.assertEqual(self.team.members.count(), 1)

    def test_groups_may_lie_inside_an_object(self) -> None:
        IdentityProvider.objects.update(groups_claim="realm_access.roles")
        self.issuer.claims["realm_access"] = {"roles": ["ml"]}
        self.come_in()
        self.assertEqual(self.team.members.count(), 1)

    def test_the_admin_group_makes_and_unmakes_a_site_admin(self) -> None:
        self.issuer.claims["groups"] = ["portal-admins"]
        self.come_in()
        nora = User.objects.get(username="nora")
        self.assertTrue(nora.is_superuser)

        self.issuer.claims["groups"] = []
        self.come_in(Client())
        nora.refresh_from_db()
        self.assertFalse(nora.is_superuser)

    def test_a_site_admin_by_hand_needs_no_group(self) -> None:
        self.come_in()
        User.objects.filter(username="nora").update(is_superuser=True)
        self.come_in(Client())
        self.assertTrue(User.objects.get(username="nora").is_superuser)

    def test_the_last_site_admin_stays_one(self) -> None:
        self.issuer.claims["groups"] = ["portal-admins"]
        self.come_in()
        User.objects.filter(pk=self.sam.pk).update(is_superuser=False)
        self.issuer.claims["groups"] = []
        self.come_in(Client())
        self.assertTrue(User.objects.get(username="nora").is_superuser)

    def test_a_provider_that_goes_takes_what_it_gave(self) -> None:
        self.issuer.claims["groups"] = ["ml", "portal-admins"]
        self.come_in()
        self.client.force_login(self.sam)

        self.client.post("/settings/provider/corp/delete/")

        nora = User.objects.get(username="nora")
        self.assertEqual((nora.is_superuser, nora.teams.count()), (False, 0))
        self.assertFalse(SocialAccount.objects.exists())


class ForgeryTests(ProviderTestCase):
    def assert_refused(self) -> None:
        response = self.come_in()
        self.assertLess(response.status_code, 500)
        self.assertIsNone(self.signed_in_as())
        self.assertFalse(User.objects.filter(username="nora").exists())

    def test_a_foreign_signature(self) -> None:
        self.issuer.sign_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.assert_refused()

    def test_another_issuer(self) -> None:
        self.issuer.mend = lambda claims: {**claims, "iss": "https://evil.example"}
        self.assert_refused()

    def test_another_audience(self) -> None:
        self.issuer.mend = lambda claims: {**claims, "aud": "another-portal"}
        self.assert_refused()

    def test_an_expired_token(self) -> None:
        past = int(time.time()) - 3600
        self.issuer.mend = lambda claims: {**claims, "iat": past, "exp": past + 60}
        self.assert_refused()

    def test_no_subject(self) -> None:
        self.issuer.mend = lambda claims: {**claims, "sub": ""}
        self.issuer.userinfo_subject = ""
        self.issuer.claims["sub"] = ""
        self.assert_refused()

    def test_userinfo_about_somebody_else(self) -> None:
        self.issuer.userinfo_subject = "subject-of-eve"
        self.assert_refused()

    def test_an_answer_that_another_browser_asked_for(self) -> None:
        back = self.there(Client().post("/accounts/oidc/corp/login/"))
        self.client.get(back)
        self.assertIsNone(self.signed_in_as())

    def test_an_answer_used_twice(self) -> None:
        back = self.there(self.client.post("/accounts/oidc/corp/login/"))
        self.client.get(back)
        self.client.logout()
        self.client.get(back)
        self.assertIsNone(self.signed_in_as())

    def test_an_issuer_that_is_away_is_said_to_be(self) -> None:
        IdentityProvider.objects.update(issuer="http://127.0.0.1:1")
        response = self.client.post("/accounts/oidc/corp/login/")
        self.assertContains(response, "cannot be reached", status_code=503)

    @override_settings(HTTP_ALLOW=())
    def test_the_guard_of_addresses_holds_for_issuers_too(self) -> None:
        response = self.client.post("/accounts/oidc/corp/login/")
        self.assertContains(response, "HTTP_ALLOW", status_code=400)


class ProviderPageTests(ProviderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client.force_login(self.sam)

    def test_adding_one_tests_it_and_shows_what_to_register(self) -> None:
        form = self._form(slug="second", client_secret="x")
        response = self.client.post("/settings/sign-in/new/", form, follow=True)

        self.assertContains(response, "answers as signing in needs it")
        self.assertContains(response, callback_url("second"))

    def test_the_secret_is_never_shown_and_an_empty_one_keeps_it(self) -> None:
        response = self.client.post(
            "/settings/provider/corp/", self._form(name="Renamed", client_secret=""), follow=True
        )
        self.assertNotContains(response, CLIENT_SECRET)
        self.corp.refresh_from_db()
        self.assertEqual(
            (self.corp.name, self.corp.client_secret.reveal()), ("Renamed", CLIENT_SECRET)
        )

    def test_another_issuer_knows_nobody(self) -> None:
        self.come_in(Client())
        self.client.post("/settings/provider/corp/", self._form(issuer="http://127.0.0.1:1"))
        self.assertFalse(SocialAccount.objects.exists())

    def test_a_team_that_does_not_exist_is_named(self) -> None:
        response = self.client.post(
            "/settings/provider/corp/", self._form(group_teams="ml = nowhere")
        )
        self.assertContains(response, "There is no team nowhere", status_code=422)

    def test_only_site_admins_come_here(self) -> None:
        self.client.force_login(self.ada)
        for path in ("sign-in/", "sign-in/new/", "provider/corp/"):
            self.assertEqual(self.client.get(f"/settings/{path}").status_code, 403)

    def _form(self, **changes: str) -> dict[str, str]:
        return {
            "name": "Corp",
            "issuer": self.issuer.url,
            "client_id": CLIENT_ID,
            "client_secret": "",
            "scopes": "openid email",
            "groups_claim": "groups",
            "group_teams": "ml = modellers",
            "enabled": "on",
            **changes,
        }
