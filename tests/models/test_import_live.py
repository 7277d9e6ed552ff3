"""An import and its evidence against a real MLflow server."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.test import override_settings

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.models import services, upstream, workspaces
from apps.models.choices import ImportSource
from apps.models.hub import store
from apps.models.models import EvidencePack, ModelImport
from apps.models.servers import Server
from tests.base import PortalTestCase
from tests.models.mlflow_server import shared_mlflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]
WEIGHTS = os.urandom(3_000_000)


@pytest.fixture(scope="module")
def mlflow() -> Iterator[str]:
    with shared_mlflow() as address:
        yield address


@override_settings(JOB_HEARTBEAT_SECONDS=300.0)
class LiveTests(PortalTestCase):
    @pytest.fixture(autouse=True)
    def _prepare(self, mlflow: str, tmp_path: Path) -> Iterator[None]:
        folder = tmp_path / "roots" / "tiny model"
        (folder / "sub").mkdir(parents=True)
        (folder / "config é.json").write_text("{}")
        (folder / "sub" / "model.safetensors").write_bytes(WEIGHTS)
        settings = override_settings(
            MLFLOW_URL=mlflow, DATA_DIR=tmp_path, IMPORT_ROOTS=(str(tmp_path / "roots"),)
        )
        with settings:
            yield
            upstream._http(Server(mlflow), os.getpid()).close()
            upstream._http.cache_clear()
            workspaces.forget(self.fraud)

    def worked(self, job_id: int | None) -> Job:
        run_job(job_id or 0)
        job = Job.objects.get(pk=job_id)
        self.assertEqual(job.state, "done", job.note)
        return job

    def test_a_folder_becomes_one_version_and_its_evidence_holds_every_digest(self) -> None:
        row = services.request_import(
            project=self.fraud,
            source=ImportSource.FOLDER,
            repo="tiny model",
            name="tiny",
            by=self.cora,
        )
        self.worked(row.job_id)
        row = ModelImport.objects.get(pk=row.pk)
        version = row.version
        assert version is not None
        assert version.run is not None
        self.assertEqual(version.status, "READY")
        self.assertEqual(version.run.status, "FINISHED")

        # A worker that did not hear of its own success finds run, files and version again.
        run = store.run_of(row, "")
        self.assertEqual(run["info"]["run_id"], version.run.mlflow_id)
        self.assertEqual(store.version_of(row, run, "").pk, version.pk)

        job = services.request_evidence(version=version, by=self.rita)
        self.worked(job.pk)
        with ZipFile(BytesIO(bytes(EvidencePack.objects.get().content or b""))) as pack:
            files = {each["path"]: each for each in json.loads(pack.read("files.json"))}
        self.assertEqual(set(files), {"model/config é.json", "model/sub/model.safetensors"})
        digest = files["model/sub/model.safetensors"]["sha256"]
        self.assertEqual(digest, hashlib.sha256(WEIGHTS).hexdigest())
