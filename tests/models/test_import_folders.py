"""Importing from a folder of the server: what is allowed, and nothing beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.test import override_settings

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.models import services
from apps.models.choices import ImportSource
from apps.models.errors import FolderRefused
from apps.models.hub.folder import Folder
from apps.models.models import ModelImport
from tests.base import PortalTestCase
from tests.models.fake_mlflow import FakeMlflow, scripted


class FolderCase(PortalTestCase):
    """An allowed folder with a model in it, and a secret beside it."""

    def setUp(self) -> None:
        place = TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.home = Path(place.name)
        self.root = self.home / "models"
        self.model = self.root / "acme" / "tiny"
        self.model.mkdir(parents=True)
        (self.model / "README.md").write_text("---\nlicense: mit\n---\n# tiny\n")
        (self.model / "sub").mkdir()
        (self.model / "sub" / "model.safetensors").write_bytes(b"weights")
        (self.home / "secret").mkdir()
        (self.home / "secret" / "key").write_text("secret")
        self.mlflow = FakeMlflow()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        settings = override_settings(
            IMPORT_ROOTS=(str(self.root),),
            DATA_DIR=self.home / "data",
            JOB_HEARTBEAT_SECONDS=300.0,
        )
        (self.home / "data").mkdir(exist_ok=True)
        with scripted(self.mlflow), settings:
            yield

    def brought_in(self, folder: str) -> ModelImport:
        row = services.request_import(
            project=self.fraud, source=ImportSource.FOLDER, repo=folder, by=self.cora
        )
        run_job(row.job_id or 0)
        row.refresh_from_db()
        self.assertEqual(row.state, "done", Job.objects.get(pk=row.job_id).note)
        return row

    def refused(self, folder: str) -> str:
        with self.assertRaises(FolderRefused) as caught:
            Folder(folder).describe()
        return str(caught.exception)


class FolderTests(FolderCase):
    def test_it_becomes_a_version_with_its_licence_and_a_digest(self) -> None:
        with self.allowed():
            row = self.brought_in("acme/tiny")
        version = row.version
        assert version is not None
        self.assertEqual(version.tags["licence"], "mit")
        self.assertEqual(version.tags["source.commit"], row.commit)
        self.assertEqual(len(row.commit), 64)
        stored = {name.partition("/model/")[2] for name in self.mlflow.files}
        self.assertEqual(stored, {"README.md", "sub/model.safetensors"})

    def test_the_same_content_is_the_same_version_and_another_content_another(self) -> None:
        with self.allowed():
            first = self.brought_in("acme/tiny")
            self.assertEqual(self.brought_in("acme/tiny").version, first.version)
            (self.model / "more.json").write_text("{}")
            self.assertEqual(self.brought_in("acme/tiny").version.number, 2)

    def test_the_whole_path_names_it_too(self) -> None:
        with self.allowed():
            self.assertEqual(
                Folder(str(self.model)).describe().commit, Folder("acme/tiny").describe().commit
            )

    def test_without_an_allowed_folder_nothing_is_read(self) -> None:
        with override_settings(IMPORT_ROOTS=()):
            self.assertIn("IMPORT_ROOTS", self.refused(str(self.model)))

    def test_ways_out_are_refused(self) -> None:
        with self.allowed():
            for path in (
                "../secret",
                "acme/../../secret",
                str(self.home / "secret"),
                f"{self.root}/../secret",
                f"{self.root}secret",
                "/",
                "",
                ".",
                "acme/tiny/README.md",
                "acme/none",
                "a\x00b",
                "a\nb",
            ):
                with self.subTest(path):
                    self.assertTrue(self.refused(path).startswith("folder: "))

    def test_links_are_refused_wherever_they_stand(self) -> None:
        os.symlink(self.home / "secret", self.root / "link")
        with self.allowed():
            self.assertIn("link", self.refused("link"))
            (self.root / "link").unlink()
            os.symlink(self.root / "acme", self.root / "inside")
            self.assertIn("link", self.refused("inside/tiny"))
            for name, target in (("file", "secret/key"), ("folder", "secret")):
                link = self.model / "sub" / name
                os.symlink(self.home / target, link)
                self.assertIn(f"sub/{name}", self.refused("acme/tiny"))
                link.unlink()

    def test_what_is_no_plain_file_is_refused(self) -> None:
        os.mkfifo(self.model / "pipe")
        with self.allowed():
            self.assertIn("pipe", self.refused("acme/tiny"))

    def test_a_file_swapped_for_a_link_after_the_look_is_not_followed(self) -> None:
        with self.allowed():
            folder = Folder("acme/tiny")
            found = folder.describe()
            (self.model / "README.md").unlink()
            os.symlink(self.home / "secret" / "key", self.model / "README.md")
            with self.assertRaises(FolderRefused):
                folder.fetch(found, found.files[0], self.home / "out", lambda size: None)
        self.assertFalse((self.home / "out").exists() and (self.home / "out").read_bytes())

    def test_an_empty_folder_is_refused(self) -> None:
        (self.root / "empty").mkdir()
        with self.allowed():
            self.assertIn("no files", self.refused("empty"))


class FaceTests(FolderCase):
    page, rest = "/models/import/", "/api/v1/models/import/"

    def asked(self, **more: str) -> dict[str, str]:
        return {"project": "fraud", "source": "folder", "repo": "acme/tiny", **more}

    def test_it_shows_licence_and_size_before_it_starts(self) -> None:
        self.client.force_login(self.cora)
        with self.allowed():
            response = self.client.get(self.page, self.asked(allow="*.safetensors"))
        self.assertContains(response, "mit")
        self.assertContains(response, "1 file, 7 B")
        self.assertContains(response, "left out: not asked for")
        self.assertContains(response, "Import it")
        self.assertFalse(ModelImport.objects.exists())

    def test_what_cannot_be_imported_is_said_on_the_page(self) -> None:
        self.client.force_login(self.cora)
        with self.allowed():
            for wish, words in (
                (self.asked(repo="../secret"), "without &#x27;..&#x27;"),
                (self.asked(source="hub"), "no connection"),
                (self.asked(allow="*.none"), "widen the patterns"),
            ):
                response = self.client.get(self.page, wish)
                self.assertContains(response, words)
                self.assertNotContains(response, "Import it")
        bent = self.client.get(self.page, {"repo": "x", "project": "weather", "source": "other"})
        self.assertEqual(bent.status_code, 422)

    def test_the_page_starts_a_job_that_brings_it_in(self) -> None:
        self.client.force_login(self.cora)
        with self.allowed():
            response = self.client.post(self.page, self.asked(name="small"))
            job = Job.objects.get(kind="models.import_hub")
            self.assertEqual(response.url, job.get_absolute_url())
            run_job(job.pk)
            self.assertContains(self.client.get(self.page, self.asked()), "acme/tiny")
        self.assertContains(self.client.get(self.page), "small v1")
        refused = self.client.post(self.page, self.asked(name="a/b"))
        self.assertContains(refused, "Give the model a name", status_code=422)

    def test_only_contributors_may_import(self) -> None:
        for user in (self.rita, self.carol, self.bob):
            self.client.force_login(user)
            self.assertEqual(self.client.post(self.page, self.asked()).status_code, 422)
            answer = self.api(user).post(self.rest, {"project": "fraud", "folder": "acme/tiny"})
            self.assertIn(answer.status_code, {403, 404})
        self.assertContains(self.client.get(self.page), "Nothing was imported yet")
        self.assertFalse(ModelImport.objects.exists())

    def test_rest_answers_with_the_job(self) -> None:
        api = self.api(self.cora)
        with self.allowed():
            answer = api.post(self.rest, {"project": "fraud", "folder": "acme/tiny"})
            self.assertEqual((answer.status_code, answer.json()["state"]), (202, "queued"))
            run_job(answer.json()["id"])
        result = Job.objects.get(pk=answer.json()["id"]).result
        self.assertEqual((result["licence"], result["was_here"]), ("mit", False))

    def test_rest_names_the_field_that_is_wrong(self) -> None:
        api = self.api(self.cora)
        for body, field in (
            ({"project": "fraud"}, "repo"),
            ({"project": "fraud", "repo": "a", "folder": "b"}, "repo"),
            ({"project": "fraud", "folder": "a", "name": "x:y"}, "name"),
            ({"project": "fraud", "folder": "a", "allow": "x"}, "allow"),
        ):
            answer = api.post(self.rest, body)
            self.assertEqual(answer.status_code, 400, body)
            self.assertIn(field, str(answer.json()))
        self.assertEqual(api.post(self.rest, {"project": "fraud", "repo": "a/b"}).status_code, 409)
