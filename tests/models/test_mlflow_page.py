"""MLflow's own page: for whom a session opens it, from where, and what it may ask."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.core.access import Role
from apps.models.proxy import page, queries, routes
from apps.models.proxy.admission import admit
from apps.models.proxy.ask import Ask
from apps.models.proxy.caller import caller
from apps.models.proxy.change import Change
from apps.models.proxy.refusals import Elsewhere, Refusal
from apps.projects.models import Grant
from tests.base import PortalTestCase

API = "/api/2.0/mlflow/experiments/search"
OWN = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}


def ask(method: str, path: str, cookie: str = "", **headers: str) -> Ask:
    given = {"host": "testserver", "cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    path, _, query = path.partition("?")
    scope = {"method": method, "path": path, "query_string": query.encode(), "headers": raw}
    return Ask.of({**scope, "raw_path": f"/mlflow{path}".encode()})


def cookie_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def session(user: User) -> str:
    client = Client()
    client.force_login(user)
    return cookie_of(client)


class Sessions(PortalTestCase):
    def refused(self, *given: str, **headers: str) -> int:
        with self.assertRaises(Refusal) as raised:
            caller(ask(*given, **headers))
        return raised.exception.status

    def test_a_session_is_as_good_as_its_persons_token(self) -> None:
        self.assertEqual(caller(ask("GET", API, session(self.cora))), self.cora)

    def test_a_session_that_ended_is_none(self) -> None:
        client = Client()
        client.force_login(self.cora)
        cookie = cookie_of(client)
        client.post("/accounts/logout/")
        self.assertEqual(self.refused("GET", API, cookie), 401)
        self.assertEqual(self.refused("GET", API, "made-up"), 401)
        self.assertEqual(self.refused("GET", API), 401)

    def test_a_person_who_was_locked_out_is_out_here_too(self) -> None:
        cookie = session(self.cora)
        User.objects.filter(pk=self.cora.pk).update(is_active=False)
        self.assertEqual(self.refused("GET", API, cookie), 401)

    def test_a_new_password_ends_the_session(self) -> None:
        cookie = session(self.cora)
        self.cora.set_password("another-long-passphrase")
        self.cora.save(update_fields=["password"])
        self.assertEqual(self.refused("GET", API, cookie), 401)

    def test_a_password_without_the_second_factor_opens_nothing(self) -> None:
        self.cora.set_password("a-long-passphrase")
        self.cora.save(update_fields=["password"])
        TOTP.activate(self.cora, generate_totp_secret())
        client = Client()
        answer = client.post("/accounts/login/", {"login": "cora", "password": "a-long-passphrase"})
        self.assertIn("/accounts/2fa/", answer["location"])
        self.assertEqual(self.refused("GET", API, cookie_of(client)), 401)
        self.assertTrue(Authenticator.objects.filter(user=self.cora).exists())

    def test_a_token_that_is_no_good_is_refused_whatever_session_comes_along(self) -> None:
        for value in ("Bearer sbx_x", "Basic eDp5", "Bearer", "Digest x"):
            cookie = session(self.cora)
            self.assertEqual(self.refused("GET", API, cookie, authorization=value), 401)

    def test_a_write_needs_the_portals_own_page(self) -> None:
        cookie = session(self.cora)
        for headers in (
            {},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://testserver.evil.example"},
            {"origin": "http://testserver:81"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "none"},
            {"origin": "http://testserver", "sec-fetch-site": "same-site"},
            {"origin": "http://evil.example", "host": "evil.example"},
        ):
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                self.assertEqual(self.refused(method, API, cookie, **headers), 403, headers)
        for headers in (OWN, {"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}):
            self.assertEqual(caller(ask("POST", API, cookie, **headers)), self.cora)

    def test_another_page_does_not_even_read(self) -> None:
        cookie = session(self.cora)
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://evil.example"},
        ):
            self.assertEqual(self.refused("GET", API, cookie, **headers), 403, headers)
            self.assertEqual(self.refused("GET", "/get-artifact", cookie, **headers), 403, headers)

    def test_a_link_from_elsewhere_opens_the_page(self) -> None:
        cookie = session(self.cora)
        opened = ask("GET", "/", cookie, accept="text/html", **{"sec-fetch-site": "cross-site"})
        self.assertEqual(caller(opened), self.cora)

    def test_whoever_is_not_signed_in_is_led_to_do_so_and_back(self) -> None:
        with self.assertRaises(Elsewhere) as led:
            caller(ask("GET", "/", accept="text/html,*/*"))
        self.assertEqual(led.exception.location, "/accounts/login/?next=/mlflow/")

    def test_rights_are_those_of_the_table(self) -> None:
        create = ("POST", "/api/2.0/mlflow/experiments/create")
        for user, names in ((self.carol, {}), (self.bob, {"x-mlflow-workspace": "fraud"})):
            with self.assertRaises(Exception) as refused:
                admit(ask(*create, session(user), **OWN, **names))
            self.assertIn(type(refused.exception).__name__, {"RoleNeeded", "NotFound"})
        shown = admit(ask("GET", "/", session(self.bob)))
        self.assertIsNone(shown.project)

    def test_the_page_hears_what_the_portal_passes_on(self) -> None:
        path = "/ajax-api/3.0/mlflow/server-info"
        told = admit(ask("GET", path, session(self.cora))).answer
        assert told is not None
        self.assertEqual(told["workspaces_enabled"], False)
        self.assertEqual(told["features_enabled"], {"gateway": False})
        Grant.objects.create(project=self.other, user=self.cora, role=Role.VIEWER)
        told = admit(ask("GET", path, session(self.cora))).answer
        assert told is not None
        self.assertEqual(told["workspaces_enabled"], True)

    def test_a_client_hears_it_from_mlflow(self) -> None:
        _, token = create_token(user=self.cora, name="test", by=self.cora)
        admitted = admit(ask("GET", "/api/3.0/mlflow/server-info", authorization=f"Bearer {token}"))
        self.assertIsNone(admitted.answer)


class Visits(PortalTestCase):
    def test_the_page_lives_at_its_slash(self) -> None:
        self.assertEqual(page.elsewhere(ask("GET", "")), "/mlflow/")
        self.assertEqual(page.elsewhere(ask("GET", "/")), "")
        self.assertEqual(page.elsewhere(ask("POST", "")), "")

    def test_a_project_in_the_address_is_the_pages_workspace(self) -> None:
        led = page.elsewhere(ask("GET", "/?workspace=fraud"))
        self.assertEqual(led, "/mlflow/#/experiments?workspace=fraud")
        odd = page.elsewhere(ask("GET", "/?workspace=a%0d%0aSet-Cookie:x%26b"))
        self.assertEqual(odd, "/mlflow/#/experiments?workspace=a%0D%0ASet-Cookie%3Ax%26b")


class Policies(PortalTestCase):
    def test_only_the_page_and_its_scripts_run(self) -> None:
        shown = {route.pattern for route in routes.TABLE if route.shown is not None}
        self.assertEqual(shown, {"", "static-files/{*}"})

    def test_the_pages_policy_lets_nothing_in_from_elsewhere(self) -> None:
        self.assertIn("script-src 'self';", page.POLICY)
        self.assertNotIn("unsafe-eval", page.POLICY)
        self.assertNotIn("http", page.POLICY)
        for rule in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"):
            self.assertIn(rule, page.POLICY)


class Queries(PortalTestCase):
    def check_query(self, query: object) -> None:
        queries.only_known(Change(self.carol, self.fraud, "POST", {"query": query}))

    def test_what_the_page_asks_passes(self) -> None:
        self.check_query(
            'query GetRun($data: MlflowGetRunInput!) @component(name: "x") '
            "{ mlflowGetRun(input: $data) { apiError { code } run { ...F } } } "
            "fragment F on MlflowRunExtension { info { runName } }"
        )
        self.check_query(
            "query A($d: MlflowSearchRunsInput!) { mlflowSearchRuns(input: $d) { a } }"
        )

    def test_nothing_else_does(self) -> None:
        for query in (
            'mutation { testMutation(inputString: "a") { output } }',
            "mutation { mlflowSearchRuns(input: {}) { runs { info { runId } } } }",
            "subscription { mlflowGetRun { run { info { runId } } } }",
            "{ __schema { types { name } } }",
            '{ test(inputString: "a") { output } }',
            "{ mlflowGetRun: __schema { types { name } } }",
            "{ ...F } fragment F on Query { __schema { types { name } } }",
            "{ ... on Query { __schema { types { name } } } }",
            "query A { mlflowGetRun { a } } query B { __schema { a } }",
            "type Query { a: Int }",
            "{ mlflowGetRun { a } } extend type Query { a: Int }",
            "{ mlflowGetRun" + "(" * 3000,
            "{ mlflowGetRun { " + "a " * 3000 + "} }",
            "{" * 100_000,
            "",
            None,
            ["{ mlflowGetRun { a } }"],
        ):
            with self.assertRaises(Refusal, msg=str(query)[:80]) as refused:
                self.check_query(query)
            self.assertIn(refused.exception.status, {400, 403})

    def test_its_route_reads_and_is_judged(self) -> None:
        found = routes.match("POST", "/graphql")
        assert found is not None
        self.assertEqual((found.needs, found.guards), (Role.VIEWER, (queries.only_known,)))
