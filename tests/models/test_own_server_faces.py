"""Choosing a project's MLflow server by page, REST and connection: who may, and what is said."""

from __future__ import annotations

from apps.core.errors import PortalError
from apps.integrations import services as integrations
from apps.integrations.opening import connector
from apps.models.models import (
    Home,
)
from tests.models import registered
from tests.models.own_servers import TOKEN, OwnServers

URL = "/api/v1/projects/fraud/mlflow/"


class FaceTests(OwnServers):
    def test_owners_choose_and_members_read_by_rest(self) -> None:
        made = self.connect(self.fraud, self.urls[1], TOKEN)
        body = {"connection": made.pk}
        for user, status in ((self.bob, 404), (self.carol, 403), (self.max, 403), (self.ada, 200)):
            answer = self.api(user).post(URL, body, format="json")
            self.assertEqual(answer.status_code, status, answer.content)
        told = self.api(self.carol).get(URL)
        self.assertEqual((told.json()["connection"], told.json()["workspaces"]), (made.pk, False))
        self.assertNotIn(TOKEN, told.content.decode())
        self.assertEqual(self.api(self.bob).get(URL).status_code, 404)

    def test_a_connection_of_another_project_does_not_exist(self) -> None:
        theirs = self.connect(self.other, self.urls[2])
        whole_site = self.connect(None, self.urls[2])
        hub = integrations.create_connection(
            project=self.fraud,
            slug="huggingface",
            name="hub",
            values={"endpoint": self.urls[2]},
            by=self.sam,
        ).connection
        for row in (theirs, whole_site, hub):
            answer = self.api(self.ada).post(URL, {"connection": row.pk}, format="json")
            self.assertEqual((answer.status_code, answer.json()["code"]), (400, "invalid"))
            self.client.force_login(self.ada)
            page = self.client.post("/models/servers/fraud/", {"connection": row.pk})
            self.assertEqual(page.status_code, 422)
        self.assertFalse(Home.objects.exists())

    def test_a_site_admin_may_choose_a_site_wide_one(self) -> None:
        made = self.connect(None, self.urls[2])
        answer = self.api(self.sam).post(URL, {"connection": made.pk}, format="json")
        self.assertEqual(answer.status_code, 200)
        told = self.api(self.carol).get(URL).json()
        self.assertEqual(told["server"], "a site-wide connection")

    def test_the_page_shows_choices_refusals_and_no_secret(self) -> None:
        registered.version(self.fraud, "churn", 1)
        made = self.connect(self.fraud, self.urls[1], TOKEN)
        self.client.force_login(self.ada)
        self.assertContains(self.client.get("/models/servers/fraud/"), made.name)
        refused = self.client.post("/models/servers/fraud/", {"connection": made.pk})
        self.assertContains(refused, "1 models of the present server", status_code=422)
        wish = {"connection": made.pk, "mirror": "rebuild"}
        self.assertRedirects(self.client.post("/models/servers/fraud/", wish), "/models/servers/")
        self.client.force_login(self.carol)
        page = self.client.get("/models/servers/")
        self.assertContains(page, made.name)
        self.assertNotContains(page, TOKEN)
        self.assertEqual(self.client.get("/models/servers/fraud/").status_code, 403)

    def test_bad_input_names_the_field(self) -> None:
        for body, field in (({}, "connection"), ({"connection": None, "mirror": "x"}, "mirror")):
            answer = self.api(self.ada).post(URL, body, format="json")
            self.assertEqual(answer.status_code, 400)
            self.assertIn(field, answer.content.decode())


class ConnectorTests(OwnServers):
    def test_it_says_what_it_found(self) -> None:
        mine = connector(self.connect(self.fraud, self.urls[1], TOKEN))
        self.assertIn("one project", mine.check())
        self.assertIn("several projects", connector(self.connect(None, self.urls[2])).check())

    def test_it_says_what_is_wrong(self) -> None:
        with self.assertRaisesMessage(PortalError, "does not accept the credentials"):
            connector(self.connect(self.fraud, self.urls[1], "wrong")).check()

    def test_settings_that_cannot_be_meant_are_refused(self) -> None:
        for values, token, field in (
            ({"url": "https://ada:pw@mlflow.example.org"}, "", "url"),
            ({"url": "https://mlflow.example.org/?a=b"}, "", "url"),
            ({"url": "https://mlflow.example.org", "user": "ada"}, "", "user"),
            ({"url": "https://mlflow.example.org", "user": "ada"}, "t", "token"),
            ({"url": "https://mlflow.example.org"}, "line\nbreak", "token"),
        ):
            with self.assertRaises(PortalError) as raised:
                self.connect(self.fraud, token=token, **values)  # type: ignore[arg-type]
            self.assertIn(field, raised.exception.data["fields"])
