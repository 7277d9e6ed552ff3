"""`manage.py gateway` over the portal's own database: from a token to a logged prediction and a tally."""

from __future__ import annotations

import contextlib
import signal
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from apps.accounts.services import create_token
from apps.deployments import services, tallies
from apps.deployments.models import Deployment, Release, Replica, Tally
from apps.predictions import selectors as predictions
from apps.predictions.models import Shipment
from tests import forks
from tests.base import PortalTransactionTestCase
from tests.deployments.gateway.house import Replica as ModelServer
from tests.deployments.test_pages import model_with_versions
from tests.portal.polling import free_ports, until
from tests.server import database_url

BODY = b'{"instances": [[1], [2]]}'


@contextlib.contextmanager
def gateway(port: int) -> Iterator[forks.Process]:
    command = ("manage.py", "gateway", "--port", str(port))
    with tempfile.TemporaryDirectory(prefix="sbg-") as folder:
        log = Path(folder, "log")
        process = forks.fork(*command, log=log, DATABASE_URL=database_url(), DATA_DIR=folder)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
            print(log.read_text())
            left = [path.name for path in Path(folder, "journal").glob("*-*")]
            assert not left, left


@pytest.mark.slow
class GatewayCommandTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = ModelServer(1)
        self.addCleanup(self.server.stop)
        version, _ = model_with_versions(self.fraud)
        self.place: Deployment = services.create_deployment(
            environment=self.staging, model=version.model, slug="churn-live", by=self.ada
        )
        release = services.request_release(deployment=self.place, version=version, by=self.ada)
        replica = services.start_replicas(release)
        services.note_replica(replica.pk, state=Replica.State.READY, port=self.server.port, pid=1)
        services.go_live(release.pk)
        self.release = Release.objects.get(pk=release.pk)
        self.port = free_ports()

    def predict(self, token: str) -> int:
        url = f"http://127.0.0.1:{self.port}/serve/churn-live/invocations"
        request = urllib.request.Request(url, BODY, {"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except OSError:
            return 0

    def test_a_prediction_is_answered_logged_and_counted(self) -> None:
        _, ours = create_token(user=self.carol, name="ours", by=self.carol)
        _, theirs = create_token(user=self.bob, name="theirs", by=self.bob)
        raw = b'HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n{"predictions":[5,6]}'
        self.server.tell(f"raw {raw.hex()}")
        with gateway(self.port) as process:
            until(lambda: self.predict(ours) == 200, seconds=300, what="the gateway answers")
            self.assertEqual(self.predict(theirs), 404)
            until(lambda: predictions.count(self.place.pk) >= 2, seconds=180, what="it is logged")
            for _ in range(5):
                self.assertEqual(self.predict(ours), 200)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(180), 0)

        rows = predictions.newest(self.place.pk, 100)
        self.assertEqual(len(rows), 2 * 6)
        self.assertEqual({row.outputs["prediction"] for row in rows}, {5, 6})
        self.assertEqual(len({row.key for row in rows}), 12)
        self.assertGreater(Shipment.objects.count(), 0)
        first, last = Tally.objects.earliest("at").at, Tally.objects.latest("at").at
        found = tallies.summary([self.release.pk], first, last.replace(year=last.year + 1))
        self.assertEqual(found[self.release.pk].requests, 6)
