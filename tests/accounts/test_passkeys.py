from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.test import Client

from tests.accounts.authenticator import SecurityKey
from tests.accounts.base import PASSWORD, AccountsTestCase

LOGIN, ADD = "/accounts/2fa/webauthn/login/", "/accounts/2fa/webauthn/add/"
JSON = {"HTTP_ACCEPT": "application/json"}


class PasskeyTests(AccountsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.nora = self.person()
        self.sign_in("nora")
        self.client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        self.key = SecurityKey("http://localhost:8000", "localhost")

    def test_it_signs_in_without_a_password(self) -> None:
        self.add()
        elsewhere = Client()
        self.use(elsewhere)
        self.assertEqual(self.signed_in_as(elsewhere), self.nora.pk)

    def test_it_is_a_second_factor_after_a_password(self) -> None:
        self.add()
        elsewhere = Client()
        self.sign_in("nora", client=elsewhere)
        self.assertIsNone(self.signed_in_as(elsewhere))

    def test_another_sites_page_cannot_use_it(self) -> None:
        self.add()
        self.key.origin = "https://evil.example"
        elsewhere = Client()
        self.use(elsewhere)
        self.assertIsNone(self.signed_in_as(elsewhere))

    def test_another_key_with_its_name_does_not_sign_in(self) -> None:
        self.add()
        forged = SecurityKey(self.key.origin, self.key.rp_id)
        forged.id, forged.user_handle = self.key.id, self.key.user_handle
        self.key = forged
        elsewhere = Client()
        self.use(elsewhere)
        self.assertIsNone(self.signed_in_as(elsewhere))

    def test_an_answer_works_once(self) -> None:
        self.add()
        elsewhere = Client()
        answer = self.use(elsewhere)
        elsewhere.post("/accounts/logout/")
        elsewhere.get(LOGIN, **JSON)
        elsewhere.post(LOGIN, {"credential": answer})
        self.assertIsNone(self.signed_in_as(elsewhere))

    def test_nonsense_is_refused_politely(self) -> None:
        self.client.get(ADD)
        half = '{"id": "a", "rawId": "a", "type": "public-key", "response": {}}'
        for credential in ("", "{}", "[]", "null", '{"id": 1}', "x", half):
            with self.subTest(credential):
                for path in (LOGIN, ADD):
                    response = self.client.post(path, {"credential": credential})
                    self.assertLess(response.status_code, 500)
        self.assertFalse(Authenticator.objects.exists())

    def add(self) -> None:
        page = self.client.get(ADD)
        options = page.context["js_data"]["creation_options"]
        form = {"name": "Key", "credential": self.key.create(options), "passwordless": "on"}
        self.client.post(ADD, form)
        self.assertTrue(Authenticator.objects.filter(user=self.nora, type="webauthn").exists())

    def use(self, browser: Client) -> str:
        options = browser.get(LOGIN, **JSON).json()["request_options"]
        answer = self.key.get(options)
        browser.post(LOGIN, {"credential": answer})
        return answer
