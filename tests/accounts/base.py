from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, override_settings

from apps.accounts.models import User
from apps.accounts.services import create_person
from apps.ledger.models import Entry
from tests.base import PortalTestCase

PASSWORD = "correct horse battery staple"
QUICK = "django.contrib.auth.hashers.MD5PasswordHasher"  # the tests try hundreds of passwords
CACHE = settings.CACHES["default"]


class AccountsTestCase(PortalTestCase):
    """A test with counters of its own, so that no other test's tries count here."""

    def setUp(self) -> None:
        super().setUp()
        own = {"default": {**CACHE, "KEY_PREFIX": f"test-{uuid4().hex}"}}
        # Looking for static files on demand saves listing them anew for every browser of a test.
        quick = {"PASSWORD_HASHERS": [QUICK], "WHITENOISE_AUTOREFRESH": True}
        self.enterContext(override_settings(CACHES=own, **quick))
        self.addCleanup(cache.delete_pattern, "*")  # of this process alone

    def person(self, username: str = "nora", **values: Any) -> User:
        """Somebody with the password that these tests know."""
        email = f"{username}@example.org"
        return create_person(
            username=username, by=None, **{"email": email, "password": PASSWORD, **values}
        )

    def sign_in(
        self,
        login: str,
        password: str = PASSWORD,
        client: Client | None = None,
        next: str = "",
        **where: str,
    ) -> HttpResponse:
        """Fill in the sign-in page; `where` is what the web server says of the request."""
        browser = client or self.client
        form = {"login": login, "password": password, "next": next}
        return browser.post("/accounts/login/", form, **where)

    def signed_in_as(self, client: Client | None = None) -> int | None:
        """The id of who is signed in, as the next page sees it."""
        found = (client or self.client).get("/settings/")
        return found.wsgi_request.user.pk if found.status_code == 200 else None

    def verbs(self, **about: Any) -> list[str]:
        """What the ledger says, oldest first."""
        rows = Entry.objects.filter(verb__startswith="accounts.", **about).order_by("pk")
        return list(rows.values_list("verb", flat=True))


def copied(response: HttpResponse) -> str:
    """What a page shows once, to be copied."""
    found = re.search(r'data-copy="([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    return found[1].replace("&amp;", "&")
