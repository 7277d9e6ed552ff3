"""Importing from a hub: pinned, resumed, compared, and never twice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from django.test import override_settings

from apps.core import http
from apps.core.errors import Invalid, Retryable
from apps.core.http import Allow, bridge
from apps.core.jobs import run_job
from apps.core.models import Job
from apps.integrations import services as integrations
from apps.integrations.connectors import huggingface
from apps.integrations.connectors.huggingface import SERVICE, HuggingFace
from apps.ledger.models import Entry
from apps.models import services
from apps.models.choices import ImportSource
from apps.models.hub import carry, place, store
from apps.models.models import ModelImport, ModelVersion
from tests.base import PortalTestCase
from tests.core.loopback import Loopback, always, loopback
from tests.models.fake_hub import COMMIT, OLDER, TOKEN, FakeHub
from tests.models.fake_mlflow import FakeMlflow, scripted

WEIGHTS = os.urandom(300_000)
FILES = {
    "config.json": b'{"hidden": 4}',
    "README.md": b"---\nlicense: apache-2.0\n---\n# tiny\n",
    "onnx/model.onnx": b"o" * 500,
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"\x80\x02pickle",
}


class HubCase(PortalTestCase):
    """A hub with one repository, a scripted MLflow, and a connection of the fraud project."""

    def setUp(self) -> None:
        self.hub = FakeHub(dict(FILES), lfs={"model.safetensors"})
        self.mlflow = FakeMlflow()
        data = TemporaryDirectory()
        self.addCleanup(data.cleanup)
        self.data = Path(data.name)

    @contextmanager
    def outside(self, token: str | None = None) -> Iterator[Loopback]:
        settings = override_settings(
            HTTP_ALLOW=("127.0.0.1", "localhost"), DATA_DIR=self.data, JOB_HEARTBEAT_SECONDS=300.0
        )
        with loopback(self.hub) as server, scripted(self.mlflow), settings:
            self.connect(server.url, token)
            try:
                yield server
            finally:
                hang_up()

    def connect(self, url: str, token: str | None) -> None:
        integrations.create_connection(
            project=self.fraud,
            slug="huggingface",
            name="hub",
            values={"endpoint": url},
            secrets={"token": token} if token else {},
            by=self.max,
        )

    def ask(self, **given: Any) -> ModelImport:
        wish = {"source": ImportSource.HUB, "repo": "acme/tiny", **given}
        return services.request_import(project=self.fraud, by=self.cora, **wish)

    def work(self, row: ModelImport) -> Job:
        run_job(row.job_id or 0)
        row.refresh_from_db()
        return Job.objects.get(pk=row.job_id)

    def done(self, **given: Any) -> ModelImport:
        row = self.ask(**given)
        job = self.work(row)
        self.assertEqual((job.state, row.state), ("done", "done"), job.note)
        return row

    def failed(self, **given: Any) -> str:
        """The note of a job that must fail, with nothing registered."""
        job = self.work(self.ask(**given))
        self.assertEqual(job.state, "failed", job.note)
        self.assertEqual((ModelVersion.objects.count(), self.mlflow.versions), (0, []))
        return job.note


class ImportTests(HubCase):
    def test_it_becomes_a_version_that_says_where_it_is_from(self) -> None:
        with self.outside():
            row = self.done(revision="v1")

        version = row.version
        assert version is not None
        self.assertEqual((str(version), version.registered_by), ("tiny v1", self.cora))
        facts = {"source.repo": "acme/tiny", "source.revision": "v1", "source.commit": COMMIT}
        self.assertEqual(version.tags, {**version.tags, **facts, "licence": "apache-2.0"})
        assert version.run is not None
        self.assertEqual((version.run.status, version.run.experiment.name), ("FINISHED", "imports"))
        stored = {name.partition("/model/")[2]: body for name, body in self.mlflow.files.items()}
        self.assertEqual(stored, {n: c for n, c in FILES.items() if n != "pytorch_model.bin"})
        self.assertEqual(Entry.objects.get(verb="models.imported").data["version"], version.pk)
        self.assertEqual(list((self.data / "imports").iterdir()), [])

    def test_the_same_commit_never_becomes_two_versions(self) -> None:
        with self.outside():
            first = self.done()
            again = self.done(revision=COMMIT, name="other")
        self.assertEqual((again.version_id, again.same_as_id), (first.version_id, first.pk))
        self.assertEqual((len(self.mlflow.versions), ModelVersion.objects.count()), (1, 1))

    def test_another_commit_is_another_version(self) -> None:
        with self.outside():
            self.done()
            self.hub.commit = OLDER
            second = self.done(revision=OLDER)
        self.assertEqual(second.version and second.version.number, 2)

    def test_a_version_that_was_deleted_may_come_again(self) -> None:
        with self.outside():
            first = self.done()
            self.mlflow.versions.clear()
            ModelVersion.objects.update(deleted_at=first.ended_at)
            again = self.done()
        self.assertIsNone(again.same_as)
        self.assertIsNotNone(again.version)

    def test_two_wishes_that_are_open_are_one(self) -> None:
        with self.outside():
            self.assertEqual(self.ask().pk, self.ask().pk)
            self.assertNotEqual(self.ask().pk, self.ask(name="other").pk)

    def test_patterns_choose_the_files(self) -> None:
        with self.outside():
            self.done(options={"allow": ["*.json", "*.safetensors"], "deny": ["config*"]})
        self.assertEqual([n.rpartition("/")[2] for n in self.mlflow.files], ["model.safetensors"])

    def test_without_a_connection_nothing_starts(self) -> None:
        with self.assertRaisesRegex(Exception, "no connection"):
            self.ask()
        self.assertFalse(ModelImport.objects.exists())


class FaultTests(HubCase):
    def test_a_cut_line_is_taken_up_where_it_broke(self) -> None:
        self.hub.cuts = {"model.safetensors": 100_000}
        with self.outside(), patch("huggingface_hub.file_download.time.sleep"):
            huggingface._prepare()
            with patch.object(huggingface.constants, "DOWNLOAD_CHUNK_SIZE", 10_000):
                self.done()
        self.assertIn("bytes=100000-", self.hub.fetched("model.safetensors"))
        self.assertEqual(self.stored("model.safetensors"), WEIGHTS)

    def test_a_killed_worker_is_resumed_and_no_second_run_is_made(self) -> None:
        with self.outside():
            row = self.ask()
            with patch.object(store, "version_of", side_effect=Killed), self.assertRaises(Killed):
                run_job(row.job_id or 0)
            Job.objects.update(state="queued", claim=None)
            self.mlflow.asked.clear()
            self.hub.asked.clear()
            self.work(row)
        self.assertEqual(row.state, "done")
        self.assertEqual((len(self.mlflow.runs), len(self.mlflow.versions)), (1, 1))
        self.assertEqual(self.hub.fetched("model.safetensors"), [])
        self.assertFalse([each for each in self.mlflow.asked if each.startswith("PUT")])

    def test_a_worker_killed_after_the_version_was_made_finds_it(self) -> None:
        with self.outside():
            row = self.ask()
            with patch.object(store.refresh, "run", side_effect=Killed), self.assertRaises(Killed):
                run_job(row.job_id or 0)
            self.assertEqual(len(self.mlflow.versions), 1)
            Job.objects.update(state="queued", claim=None)
            self.work(row)
        self.assertEqual((row.state, len(self.mlflow.versions)), ("done", 1))

    def test_a_worker_killed_in_the_middle_of_a_file_goes_on_there(self) -> None:
        self.hub.cuts = {"model.safetensors": 100_000}
        with self.outside():
            row = self.ask()
            huggingface._prepare()
            small = patch.object(huggingface.constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
            kill = patch("huggingface_hub.file_download.time.sleep", side_effect=Killed)
            with small, kill, self.assertRaises(Killed):
                run_job(row.job_id or 0)
            Job.objects.update(state="queued", claim=None)
            self.hub.asked.clear()
            self.work(row)
        self.assertEqual(self.hub.fetched("config.json"), [])
        self.assertIn("bytes=100000-", self.hub.fetched("model.safetensors"))
        self.assertEqual(self.stored("model.safetensors"), WEIGHTS)

    def test_a_worker_killed_after_the_last_step_does_nothing_more(self) -> None:
        with self.outside():
            row = self.done()
            Job.objects.update(state="queued", claim=None)
            self.hub.asked.clear()
            self.work(row)
        self.assertEqual((self.hub.asked, len(self.mlflow.versions)), ([], 1))

    def test_a_damaged_part_is_thrown_away_and_fetched_anew(self) -> None:
        with self.outside():
            row = self.ask()
            services.pin(row=row, commit=COMMIT, licence="", size=1)
            row.refresh_from_db()
            part = place.folder(row) / carry.PARTS / "model.safetensors"
            part.parent.mkdir()
            part.write_bytes(b"x" * 1000)
            self.work(row)
        self.assertEqual(row.state, "done")
        self.assertEqual(self.stored("model.safetensors"), WEIGHTS)

    def test_a_wrong_digest_registers_nothing(self) -> None:
        with self.outside():
            self.hub.lies = {"config.json": b'{"hidden": 5}'}
            self.assertIn("config.json did not arrive", self.failed())
            self.hub.lies = {"model.safetensors": bytes([WEIGHTS[0] ^ 1]) + WEIGHTS[1:]}
            self.assertIn("digest differs", self.failed())

    def test_more_bytes_than_announced_are_not_kept(self) -> None:
        self.hub.lies = {"config.json": b"z" * 5000}
        with self.outside():
            self.assertIn("sent more than", self.failed())

    def test_missing_gated_and_private_models_are_told_apart(self) -> None:
        with self.outside():
            self.assertIn("no such model", self.failed(repo="acme/none"))
            self.assertIn("no such revision", self.failed(revision="v9"))
            self.hub.gated = True
            self.assertIn("gated", self.failed())
            self.hub.gated, self.hub.private = False, True
            self.assertIn("the token may not see", self.failed())
            self.assertIn("owner/name", self.failed(repo="a/b/c"))

    def test_a_token_opens_what_is_gated_and_stays_with_the_hub(self) -> None:
        self.hub.gated = self.hub.private = True
        with self.outside(TOKEN) as server:
            self.hub.redirect_to = server.url.replace("127.0.0.1", "localhost")
            self.done()
        sent = {
            asked.target.startswith("/cdn/"): asked.headers.get("authorization")
            for asked in self.hub.asked
        }
        self.assertEqual(sent, {True: None, False: f"Bearer {TOKEN}"})
        self.assertNotIn(TOKEN, str(list(Job.objects.values())))

    def test_a_busy_hub_is_asked_again_later(self) -> None:
        self.hub.broken = 99
        with self.outside():
            row = self.ask()
            self.assertEqual(self.work(row).state, "queued")

    def test_a_model_that_is_too_large_is_not_begun(self) -> None:
        with self.outside(), override_settings(IMPORT_LIMIT_BYTES=1000):
            self.assertIn("IMPORT_LIMIT_GB", self.failed())
        self.assertEqual(self.hub.fetched("model.safetensors"), [])

    def test_a_disk_without_room_is_said_before_the_first_byte(self) -> None:
        usage = type("Usage", (), {"free": 5})
        with self.outside(), patch("apps.models.hub.place.shutil.disk_usage", return_value=usage):
            self.assertIn("5 are there", self.failed())
        self.assertEqual(self.hub.fetched("config.json"), [])

    def test_a_disk_that_fills_up_meanwhile_is_said(self) -> None:
        full = OSError(28, "No space left on device")
        with self.outside(), patch.object(HuggingFace, "fetch", side_effect=full):
            self.assertIn("Make room in DATA_DIR", self.failed())

    def test_pickles_come_only_where_they_are_asked_for(self) -> None:
        del self.hub.files["model.safetensors"]
        with self.outside():
            self.assertIn("is a pickle", self.failed())
            self.done(options={"pickles": True})
        self.assertEqual(self.stored("pytorch_model.bin"), b"\x80\x02pickle")

    def test_a_pickle_under_another_name_is_refused(self) -> None:
        self.hub.files["weights.dat"] = b"\x80\x04\x95rest"
        with self.outside():
            self.assertIn("weights.dat is a pickle", self.failed())

    def test_names_that_climb_out_are_refused(self) -> None:
        with self.outside():
            for name in ("../evil", "/etc/passwd", "a/../../b", "a\\..\\b", "a\nb"):
                self.hub.files = {name: b"x"}
                self.assertIn("a file is called", self.failed())

    def stored(self, name: str) -> bytes:
        (found,) = [body for path, body in self.mlflow.files.items() if path.endswith(f"/{name}")]
        return found


class GuardTests(HubCase):
    def test_an_address_in_a_private_network_is_refused(self) -> None:
        with self.outside(), override_settings(HTTP_ALLOW=()):
            self.assertIn("HTTP_ALLOW", self.failed())
        self.assertEqual(self.hub.asked, [])

    def test_a_redirect_into_a_private_network_is_refused(self) -> None:
        self.hub.redirect_to = "http://169.254.169.254"
        with self.outside():
            self.assertIn("link-local", self.failed())

    def test_an_unreachable_hub_may_be_tried_again(self) -> None:
        with self.outside() as server:
            address = server.url
        with override_settings(HTTP_ALLOW=("127.0.0.1",)), self.assertRaises(Retryable):
            HuggingFace({"endpoint": address}).describe("acme/tiny", "main")

    @override_settings(HTTP_ALLOW=("127.0.0.1",))
    def test_an_answer_that_is_no_hubs_is_said(self) -> None:
        for body in (b"<html>", b"[]", b"{}", b'{"id": "x"}', b'{"id": "x", "sha": ""}'):
            with loopback(always(200, body)) as server, self.assertRaises(http.BadAnswer):
                HuggingFace({"endpoint": server.url}).describe("acme/tiny", "main")
            hang_up()

    def test_its_check_says_whose_token_it_is(self) -> None:
        with self.outside() as server:
            self.assertIn("only public", HuggingFace({"endpoint": server.url}).check())
            signed = HuggingFace({"endpoint": server.url, "token": TOKEN})
            self.assertEqual(signed.check(), "Signed in as ada.")
            with self.assertRaises(http.Denied):
                HuggingFace({"endpoint": server.url, "token": "hf_wrong"}).check()

    def test_a_licence_may_stand_in_the_tags_alone(self) -> None:
        self.hub.licence = None
        with self.outside() as server:
            found = HuggingFace({"endpoint": server.url}).describe("acme/tiny", "")
        self.assertEqual((found.licence, found.commit), ("tagged", COMMIT))

    def test_a_name_that_mlflow_refuses_is_refused_at_once(self) -> None:
        with self.outside(), self.assertRaisesRegex(Invalid, "name: "):
            self.ask(name="a/b")


class Killed(BaseException):
    """What kill -9 looks like from inside: nothing after it runs."""


def hang_up() -> None:
    """Close what the hub's library left open."""
    bridge._transport(SERVICE, Allow.from_settings(), os.getpid()).close()
