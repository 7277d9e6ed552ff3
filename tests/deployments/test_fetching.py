"""A model server of a project on a connected MLflow server gets its files from the portal."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from apps.core.errors import PortalError
from apps.deployments import services
from apps.deployments.models import Replica
from apps.deployments.runner import servers
from apps.deployments.runner.fetching import bring
from apps.deployments.runner.loop import FETCHING, MOST_STARTS, Runner
from apps.models.models import ModelVersion
from apps.models.tasks import heal_mirror
from tests.models.own_servers import TOKEN, OwnServers


class AtOnce:
    """Threads that are done before anybody asks: they share the test's own transaction."""

    def submit(self, _: Callable[..., None], version: ModelVersion, folder: Path) -> Future[None]:
        work: Future[None] = Future()
        try:
            bring(version, folder)
        except PortalError as error:
            work.set_exception(error)
        else:
            work.set_result(None)
        return work


class FetchingTests(OwnServers):
    def setUp(self) -> None:
        super().setUp()
        data = TemporaryDirectory()
        self.addCleanup(data.cleanup)
        self.data = Path(data.name)
        self.enterContext(self.settings(DATA_DIR=self.data))
        self.mine.register("churn", versions=1)
        self.mine.files = {"churn/1/MLmodel": b"flavors: {}"}
        self.fraud_moves()
        heal_mirror()
        self.version = ModelVersion.objects.get(project=self.fraud)
        place = services.create_deployment(
            environment=self.staging, model=self.version.model, slug="churn-live", by=self.ada
        )
        release = services.request_release(deployment=place, version=self.version, by=self.ada)
        self.replica = services.start_replicas(release)
        self.runner = Runner({"PATH": "/bin"})
        self.runner.fetcher._threads = AtOnce()  # type: ignore[assignment]

    def look(self) -> list[servers.Wanted]:
        """One round of the runner; answers what it has started."""
        with patch.object(servers, "start", return_value=2**22 - 1) as started:
            self.runner.look()
        self.replica.refresh_from_db()
        return [call.args[0] for call in started.call_args_list]

    def test_the_files_are_there_before_it_starts_and_the_token_is_not(self) -> None:
        [wanted] = self.look()
        self.assertEqual((wanted.folder / "MLmodel").read_bytes(), b"flavors: {}")
        self.assertNotIn(TOKEN, repr(wanted))
        self.assertEqual(self.replica.state, Replica.State.STARTING)

    def test_a_server_that_is_away_is_asked_a_few_times(self) -> None:
        self.mine.down = True
        self.assertEqual(self.look(), [])
        self.assertEqual(self.replica.note, FETCHING)
        for _ in range(2 * MOST_STARTS + 1):
            self.assertEqual(self.look(), [])
        self.assertEqual(self.replica.state, Replica.State.FAILED)
        self.assertIn("not answering", self.replica.note)

    def test_back_in_time_it_starts(self) -> None:
        self.mine.down = True
        self.look()
        self.look()
        self.mine.down = False
        self.assertEqual(len(self.look()), 1)
