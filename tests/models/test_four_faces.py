"""One verb, four faces: page, REST, MLflow's client and the assistant's tool leave the same records."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connections
from rest_framework.test import APIClient

from apps.accounts.services import create_token
from apps.core.jobs import run_job
from apps.core.models import Job
from apps.core.tools import TOOLS
from apps.ledger.models import Entry
from apps.models import services
from apps.models.models import Alias, ModelVersion, Promotion, Run
from apps.models.proxy import application
from apps.models.proxy.app import THREADS
from apps.projects.models import Environment
from tests.base import PortalTransactionTestCase
from tests.models import registered
from tests.models.fake_versions import FakeMlflow, fake_mlflow

Ask = Callable[[ModelVersion, Environment], Any]
ALIAS = "/mlflow/api/2.0/mlflow/registered-models/alias"


def close_connections() -> None:
    """Let go of the database on every thread of the proxy, so that the test's own can be dropped."""
    together = threading.Barrier(THREADS._max_workers)

    def close() -> None:
        together.wait(90)
        connections.close_all()

    for waiting in [THREADS.submit(close) for _ in range(THREADS._max_workers)]:
        waiting.result()


class FourFacesTests(PortalTransactionTestCase):
    fake: FakeMlflow

    def setUp(self) -> None:
        super().setUp()
        self.fake = self.enterContext(fake_mlflow())
        _, self.token = create_token(user=self.cora, name="client", by=self.cora)

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        close_connections()

    # The faces

    def by_page(self, version: ModelVersion, place: Environment) -> Any:
        self.client.force_login(self.cora)
        url = f"/models/versions/{version.pk}/promote/"
        return self.client.post(url, {"environment": place.pk}).status_code

    def by_rest(self, version: ModelVersion, place: Environment) -> Any:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token}")
        url = f"/api/v1/model-versions/{version.pk}/promote/"
        return client.post(url, {"environment": place.name}, format="json").status_code

    def by_client(self, version: ModelVersion, place: Environment) -> Any:
        body = {"name": version.model.name, "alias": place.name, "version": str(version.number)}
        return self.client_sends("POST", body)

    def by_tool(self, version: ModelVersion, place: Environment) -> Any:
        return TOOLS["promote_version"].run(
            user=self.cora, version_id=version.pk, environment=place.name
        )

    def client_sends(self, method: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One request of MLflow's client, through the whole proxy."""
        scope = {
            "type": "http",
            "method": method,
            "path": ALIAS,
            "raw_path": ALIAS.encode(),
            "query_string": b"",
            "headers": [
                (b"authorization", f"Bearer {self.token}".encode()),
                (b"x-mlflow-workspace", b"fraud"),
                (b"content-type", b"application/json"),
            ],
        }

        async def talk() -> tuple[int, bytes]:
            asked = ApplicationCommunicator(application, scope)
            await asked.send_input({"type": "http.request", "body": json.dumps(body).encode()})
            start = await asked.receive_output(120)
            content = b""
            more = True
            while more:
                piece = await asked.receive_output(120)
                content += piece["body"]
                more = piece.get("more_body", False)
            await asked.wait(90)
            return start["status"], content

        status, content = async_to_sync(talk)()
        return status, json.loads(content)

    def faces(self) -> dict[str, Ask]:
        return {
            "page": self.by_page,
            "rest": self.by_rest,
            "client": self.by_client,
            "tool": self.by_tool,
        }

    # What they leave

    def work(self) -> None:
        for job in Job.objects.filter(state="queued").order_by("pk"):
            run_job(job.pk)

    def candidate(self, name: str, place: Environment, accuracy: float) -> ModelVersion:
        made = registered.version(self.fraud, name, 1, {"accuracy": accuracy})
        services.declare_gate(
            model=made.model,
            environment=place,
            kind="metric_floor",
            settings={"metric": "accuracy", "floor": 0.9},
            by=self.max,
        )
        return made

    def records(self, version: ModelVersion) -> list[tuple[str, str | None, dict[str, Any]]]:
        """What the ledger says of the version's promotion and its model, without the ids that differ."""
        promotion = Promotion.objects.get(version=version)
        subjects = {
            ("models.promotion", str(promotion.pk)),
            ("models.registeredmodel", str(version.model_id)),
        }
        found = [
            entry
            for entry in Entry.objects.order_by("pk")
            if (entry.subject_kind, entry.subject_id) in subjects
        ]
        names: dict[str, dict[int, str]] = {
            "version": {version.pk: "version"},
            "model": {version.model_id: "model"},
            "promotion": {promotion.pk: "promotion"},
            "gates": {gate.pk: "gate" for gate in version.model.gates.all()},
        }

        def plain(key: str, value: Any) -> Any:
            if isinstance(value, list):
                return [plain(key, each) for each in value]
            return names.get(key, {}).get(value, value)

        return [
            (
                entry.verb,
                entry.actor_id,
                {key: plain(key, value) for key, value in entry.data.items()},
            )
            for entry in found
        ]

    def outcome(
        self, ask: Ask, name: str, place: Environment, accuracy: float
    ) -> tuple[ModelVersion, Any]:
        made = self.candidate(name, place, accuracy)
        answer = ask(made, place)
        self.work()
        return made, answer

    # The tests

    def test_where_the_gates_pass_all_four_move_the_alias_and_leave_the_same_records(self) -> None:
        left = {}
        for face, ask in self.faces().items():
            made, answer = self.outcome(ask, f"good-{face}", self.staging, 0.95)
            left[face] = self.records(made)
            self.assertEqual(self.fake.aliases[(made.model.name, "staging")], "1", face)
            held = Alias.objects.get(model=made.model, name="staging")
            self.assertEqual(held.version_id, made.pk, face)
            if face == "client":
                self.assertEqual(answer, (200, {}))

        verbs = [verb for verb, _, _ in left["page"]]
        self.assertEqual(
            verbs,
            [
                "models.registered",
                "models.promotion_requested",
                "models.alias_moved",
                "models.promoted",
            ],
        )
        for face, records in left.items():
            self.assertEqual(records, left["page"], face)

    def test_where_a_gate_refuses_none_of_them_moves_it(self) -> None:
        left = {}
        for face, ask in self.faces().items():
            made, answer = self.outcome(ask, f"bad-{face}", self.staging, 0.5)
            left[face] = self.records(made)
            self.assertNotIn((made.model.name, "staging"), self.fake.aliases, face)
            self.assertFalse(Alias.objects.filter(model=made.model).exists(), face)
            if face == "client":
                promotion = Promotion.objects.get(version=made)
                self.assertEqual(answer[0], 403)
                self.assertEqual(answer[1]["error_code"], "PERMISSION_DENIED")
                self.assertIn("metric_floor: accuracy is 0.5, below", answer[1]["message"])
                address = f"{settings.PUBLIC_URL}{promotion.get_absolute_url()}"
                self.assertIn(address, answer[1]["message"])

        self.assertEqual(
            [verb for verb, _, _ in left["page"]][-2:],
            ["models.promotion_requested", "models.promotion_refused"],
        )
        for face, records in left.items():
            self.assertEqual(records, left["page"], face)

    def test_where_a_second_person_is_needed_all_of_them_wait(self) -> None:
        left = {}
        for face, ask in self.faces().items():
            made, answer = self.outcome(ask, f"waits-{face}", self.prod, 0.95)
            promotion = Promotion.objects.get(version=made)
            self.assertEqual(promotion.state, "waiting", face)
            self.assertNotIn((made.model.name, "prod"), self.fake.aliases, face)
            if face == "client":
                self.assertEqual(answer[0], 403)
                self.assertIn("another maintainer approves", answer[1]["message"])
                again = self.by_client(made, self.prod)
                self.assertEqual(again[0], 403)
                self.assertIn("already on its way", again[1]["message"])
                self.assertIn(f"#promotion-{promotion.pk}", again[1]["message"])
            services.approve(promotion=promotion, by=self.max)
            self.work()
            self.assertEqual(self.fake.aliases[(made.model.name, "prod")], "1", face)
            left[face] = self.records(made)
        for face, records in left.items():
            self.assertEqual(records, left["page"], face)

    def test_a_former_champion_goes_through_the_gates_again(self) -> None:
        made, _ = self.outcome(self.by_client, "back", self.staging, 0.95)
        newer = registered.version(self.fraud, "back", 2, {"accuracy": 0.99})
        self.assertEqual(self.by_client(newer, self.staging)[0], 200)
        Run.objects.filter(pk=made.run_id).update(metrics={"accuracy": 0.2})
        refused = self.by_client(made, self.staging)

        self.assertEqual(refused[0], 403)
        self.assertEqual(self.fake.aliases[("back", "staging")], "2")

    def test_the_client_may_repeat_what_is_so(self) -> None:
        made, _ = self.outcome(self.by_client, "twice", self.staging, 0.95)
        self.assertEqual(self.by_client(made, self.staging), (200, {}))
        self.assertEqual(Promotion.objects.filter(version=made).count(), 1)

    def test_no_other_word_and_no_deletion_is_a_way_around(self) -> None:
        made, _ = self.outcome(self.by_client, "words", self.staging, 0.95)
        for method, alias in (("DELETE", "staging"), ("POST", "STAGING"), ("POST", "Staging")):
            body = {"name": "words", "alias": alias, "version": "1"}
            status, told = self.client_sends(method, body)
            self.assertEqual((status, told["error_code"]), (403, "PERMISSION_DENIED"), alias)
        missing = {"name": "words", "alias": "staging", "version": "9"}
        self.assertEqual(self.client_sends("POST", missing)[0], 404)
        self.assertEqual(Alias.objects.get(model=made.model).name, "staging")
