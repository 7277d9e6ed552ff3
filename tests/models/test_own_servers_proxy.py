"""MLflow's client against a project that lives on a connected server."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.db import connections

from apps.accounts.models import User
from apps.accounts.services import create_token
from apps.integrations import services as integrations
from apps.integrations.models import Connection
from apps.models import services
from apps.models.models import Experiment
from apps.models.proxy import app, application
from apps.models.proxy.app import ELSEWHERE, THREADS
from tests.base import PortalTransactionTestCase
from tests.models.fake_servers import OwnServer, listening

TOKEN = "s3cr3tBearerOfFraud"
SEARCH = "/mlflow/api/2.0/mlflow/experiments/search"
CREATE = "/mlflow/api/2.0/mlflow/experiments/create"


def close_connections(threads: ThreadPoolExecutor) -> None:
    """Let go of the database on every thread of the proxy, so that the test's own can be dropped."""
    together = threading.Barrier(threads._max_workers)

    def close() -> None:
        together.wait(90)
        connections.close_all()

    for waiting in [threads.submit(close) for _ in range(threads._max_workers)]:
        waiting.result()


class ThroughTheProxyTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.site = OwnServer(keeps_workspaces=True)
        self.mine = OwnServer(token=TOKEN)
        self.servers = self.enterContext(listening(self.site, self.mine))
        self.made: Connection = integrations.create_connection(
            project=self.fraud,
            slug="mlflow",
            name="ours",
            values={"url": self.servers[1].url},
            secrets={"token": TOKEN},
            by=self.ada,
        ).connection
        services.choose_home(project=self.fraud, connection=self.made, by=self.ada)
        self.mine.experiments["9"] = {"experiment_id": "9", "name": "mine"}
        self.site.experiments["8"] = {"experiment_id": "8", "name": "site"}

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        for threads in (THREADS, ELSEWHERE):
            close_connections(threads)

    def ask(
        self, who: User, workspace: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        _, token = create_token(user=who, name="client", by=who)
        scope = {
            "type": "http",
            "method": "GET" if body is None else "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [
                (b"authorization", f"Bearer {token}".encode()),
                (b"x-mlflow-workspace", workspace.encode()),
                (b"content-type", b"application/json"),
            ],
        }
        content = json.dumps(body).encode() if body is not None else b""

        app._forward.cache_clear()  # each question here has an event loop of its own

        async def talk() -> tuple[int, bytes]:
            asked = ApplicationCommunicator(application, scope)
            await asked.send_input({"type": "http.request", "body": content})
            start = await asked.receive_output(120)
            told, more = b"", True
            while more:
                piece = await asked.receive_output(120)
                told += piece["body"]
                more = piece.get("more_body", False)
            await asked.wait(90)
            return start["status"], told

        status, told = async_to_sync(talk)()
        self.assertNotIn(TOKEN.encode(), told)
        return status, json.loads(told)

    def test_each_project_reads_its_own_server(self) -> None:
        status, told = self.ask(self.carol, "fraud", SEARCH)
        self.assertEqual((status, told), (200, {"experiments": [self.mine.experiments["9"]]}))
        status, told = self.ask(self.bob, "weather", SEARCH)
        self.assertEqual((status, told), (200, {"experiments": [self.site.experiments["8"]]}))
        self.assertEqual((self.mine.named, self.site.named), (set(), {"weather"}))
        self.assertEqual(self.ask(self.bob, "fraud", SEARCH)[0], 404)

    def test_the_portal_signs_in_with_its_own_credentials_alone(self) -> None:
        self.ask(self.carol, "fraud", SEARCH)
        sent = [each.headers.get("authorization") for each in self.servers[1].asked]
        self.assertLessEqual(set(sent), {f"Bearer {TOKEN}"})
        self.ask(self.bob, "weather", SEARCH)
        sent = [each.headers.get("authorization") for each in self.servers[0].asked]
        self.assertEqual(set(sent), {None})

    def test_a_write_is_made_there_and_mirrored(self) -> None:
        status, told = self.ask(self.cora, "fraud", CREATE, {"name": "new"})
        self.assertEqual(status, 200, told)
        row = Experiment.objects.get(name="new")
        self.assertEqual((row.project, row.mlflow_id), (self.fraud, told["experiment_id"]))
        self.assertEqual([each["name"] for each in self.site.experiments.values()], ["site"])

    def test_an_experiment_names_no_folder_of_the_servers_machine(self) -> None:
        body = {"name": "new", "artifact_location": "file:///etc"}
        status, told = self.ask(self.cora, "fraud", CREATE, body)
        self.assertEqual((status, told["error_code"]), (403, "PERMISSION_DENIED"))
        self.assertNotIn("1", self.mine.experiments)

    def test_a_refusal_of_the_portals_credentials_is_not_the_clients(self) -> None:
        self.mine.token = "changed there"
        for body in (None, {"name": "new"}):
            status, told = self.ask(self.cora, "fraud", CREATE if body else SEARCH, body)
            self.assertEqual((status, told["error_code"]), (503, "TEMPORARILY_UNAVAILABLE"))
            self.assertIn("credentials", told["message"])

    def test_an_address_behind_the_guard_is_not_reached(self) -> None:
        before = len(self.servers[1].asked)
        with self.settings(HTTP_ALLOW=()):
            status, told = self.ask(self.carol, "fraud", SEARCH)
        self.assertEqual(status, 503, told)
        self.assertIn("HTTP_ALLOW", told["message"])
        self.assertEqual(len(self.servers[1].asked), before)

    def test_without_its_connection_the_project_goes_nowhere(self) -> None:
        integrations.delete_connection(connection=self.made, by=self.ada)
        status, told = self.ask(self.carol, "fraud", SEARCH)
        self.assertEqual(status, 503)
        self.assertIn("was removed", told["message"])
        self.assertEqual(self.site.named, set())

    def test_a_server_that_is_away_keeps_no_other_project_waiting(self) -> None:
        self.mine.down = True
        self.assertEqual(self.ask(self.carol, "fraud", SEARCH)[0], 503)
        self.assertEqual(self.ask(self.bob, "weather", SEARCH)[0], 200)
