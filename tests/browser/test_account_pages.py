"""Signing in, the second factor and the sessions, in a browser."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser
OUTSIDE = ["/accounts/login/", "/accounts/password/reset/", "/no/such/page/"]
INSIDE = [
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/sessions/",
    "/accounts/logout/",
    "/accounts/3rdparty/",
]


def test_pages_before_signing_in_are_accessible(ada, assert_fit):
    assert_fit(OUTSIDE)


def test_pages_of_ones_own_account_are_accessible(ada, assert_fit):
    assert_fit(INSIDE, ada)


def test_a_person_signs_in_and_out_by_keyboard(page, ada):
    shown = page().open("/accounts/login/")
    shown.get_by_label("Username or email").focus()
    shown.keyboard.type("ada")
    shown.keyboard.press("Tab")
    shown.keyboard.type("a-long-passphrase")
    shown.keyboard.press("Enter")
    shown.wait_for_url(shown.base + "/")

    shown.open("/accounts/logout/")
    shown.get_by_role("main").get_by_role("button", name="Sign out").click()
    shown.wait_for_url("**/accounts/**")


def test_a_wrong_password_is_said(page, ada):
    shown = page().open("/accounts/login/")
    shown.get_by_label("Username or email").fill("ada")
    shown.get_by_label("Password").fill("wrong")
    shown.get_by_role("button", name="Sign in", exact=True).click()

    shown.get_by_role("alert").filter(visible=True).wait_for()


def test_a_passkey_is_added_and_signs_in(page, sign_in, ada, settings):
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    shown = page()
    devtools = shown.context.new_cdp_session(shown.page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
            }
        },
    )
    shown.open("/accounts/login/")
    shown.get_by_label("Username or email").fill("ada")
    shown.get_by_label("Password").fill("a-long-passphrase")
    shown.get_by_role("button", name="Sign in", exact=True).click()
    shown.wait_for_url(shown.base + "/")
    shown.open("/accounts/2fa/webauthn/add/")
    if "/reauthenticate/" in shown.url:
        shown.get_by_label("Password").fill("a-long-passphrase")
        shown.get_by_role("button", name="Confirm").click()
    shown.get_by_label("Passwordless").check()
    shown.get_by_role("button", name="Add the key").click()
    shown.wait_for_url("**/accounts/2fa/recovery-codes/")

    shown.context.clear_cookies()
    shown.open("/accounts/login/")
    shown.get_by_role("button", name="Sign in with a passkey").click()
    shown.wait_for_url(shown.base + "/")
    shown.get_by_role("button", name="Your account").wait_for()
