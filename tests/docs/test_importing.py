"""Imports: the same path is the same document, what is gone is marked, a repository is read and answered."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import override_settings

from apps.core.errors import Invalid, PortalError
from apps.core.jobs import WORK
from apps.core.models import Job
from apps.docs import reactions, services
from apps.docs.models import Document, Passage, Source
from apps.docs.services import Place
from apps.integrations.events import DeliveryReceived
from tests.base import PortalTestCase


def packed(files: dict[str, str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return held.getvalue()


class ImportTests(PortalTestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def put(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def take(self) -> dict[str, int]:
        return services.import_folder(project=self.fraud, folder=self.folder, by=self.ada).counts()

    def test_the_same_path_stays_the_same_document(self) -> None:
        self.put("runbooks/drift.md", "# Drift\n\nSee [latency](latency.md#first).\n")
        self.put("runbooks/latency.md", "# Latency\n\n## First\n\nLook.\n")
        self.put("chart.png", "x")
        self.assertEqual(self.take()["written"], 2)
        drift = Document.objects.get(path="runbooks/drift.md")
        latency = Document.objects.get(path="runbooks/latency.md")
        self.assertEqual(self.take()["unchanged"], 2)
        self.put("runbooks/drift.md", "# Drift of inputs\n\nNew.\n")
        (self.folder / "runbooks/latency.md").unlink()
        done = self.take()
        self.assertEqual((done["revised"], done["removed"]), (1, 1))
        drift.refresh_from_db()
        latency.refresh_from_db()
        self.assertEqual((drift.title, drift.revisions.count()), ("Drift of inputs", 2))
        self.assertIsNotNone(latency.removed_at)
        self.assertFalse(Passage.objects.filter(document=latency).exists())
        self.client.force_login(self.rita)
        self.assertContains(self.client.get(latency.get_absolute_url()), "does not hold this page")
        self.client.post(f"{latency.get_absolute_url()}bring-back/")
        self.assertEqual(self.take()["removed"], 0)
        self.assertTrue(Passage.objects.filter(document=latency).exists())

    def test_a_page_that_comes_back_is_in_force_again(self) -> None:
        self.put("a.md", "# A\n\nText.\n")
        self.take()
        (self.folder / "a.md").unlink()
        self.take()
        self.put("a.md", "# A\n\nText.\n")
        self.assertEqual(self.take()["revised"], 1)
        self.assertIsNone(Document.objects.get(path="a.md").removed_at)

    def test_links_between_files_lead_to_their_pages(self) -> None:
        self.put("a.md", "# A\n\n[b](sub/b.md#x)\n")
        self.put("sub/b.md", "# B\n\n## X\n\ny\n")
        self.take()
        a, b = Document.objects.get(path="a.md"), Document.objects.get(path="sub/b.md")
        self.client.force_login(self.carol)
        self.assertContains(
            self.client.get(a.get_absolute_url()), f'href="{b.get_absolute_url()}#x"'
        )
        services.check_links()
        self.assertEqual(a.links.get().state, "ok")

    def test_an_archive_comes_by_page_and_by_rest(self) -> None:
        archive = packed({"a.md": "# A\n\nx\n", "../b.md": "# B\n"})
        self.client.force_login(self.rita)
        sent = {"project": "fraud", "kind": "upload", "name": "Handbook"}
        file = SimpleUploadedFile("x.zip", archive)
        self.client.post("/docs/sources/upload/", {**sent, "file": file})
        source = Source.objects.get()
        page = self.client.get(source.get_absolute_url())
        self.assertContains(page, "leads out of the folder")
        file = SimpleUploadedFile("x.zip", archive)
        answer = self.api(self.rita).post(
            "/api/v1/doc-imports/", {**sent, "file": file}, format="multipart"
        )
        self.assertEqual(answer.status_code, 200, answer.content)
        self.assertEqual(answer.json()["unchanged"], ["a.md"])
        file = SimpleUploadedFile("x.zip", b"no archive")
        wrong = self.client.post("/docs/sources/upload/", {**sent, "file": file})
        self.assertContains(wrong, "no zip archive", status_code=422)
        file = SimpleUploadedFile("x.zip", archive)
        refused = self.api(self.carol).post(
            "/api/v1/doc-imports/", {**sent, "file": file}, format="multipart"
        )
        self.assertEqual(refused.status_code, 403)

    def test_a_confluence_export_becomes_markdown(self) -> None:
        page = (
            "<html><head><title>Fraud : High [latency]</title><script>alert(1)</script></head><body>"
            "<div id='breadcrumb-section'>Space</div><div id='main-content'><h2>Look</h2>"
            "<p>First <strong>this</strong> &amp; <a href='https://example.org/a'>that</a>"
            "<a href='javascript:alert(1)'>bad</a></p><ul><li>one<ul><li>two</li></ul></li></ul>"
            "<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2</td></tr></table>"
            "<pre>x = 1\ny</pre></div><div id='footer'>Created by</div></body></html>"
        )
        archive = io.BytesIO(packed({"F/High-latency_12345.html": page, "F/index.html": "x"}))
        services.import_upload(
            project=self.fraud, kind="confluence", name="Space", archive=archive, by=self.ada
        )
        row = Document.objects.get()
        self.assertEqual((row.path, row.title), ("page/12345", "High \\[latency\\]"))
        for words in (
            "### Look",
            "**this**",
            "[that](https://example.org/a)",
            "| A | B |\n| --- | --- |\n| 1 | 2 |",
            "- one",
            "   - two",
            "x = 1\ny",
        ):
            self.assertIn(words, row.body)
        for words in ("alert", "Created by", "breadcrumb"):
            self.assertNotIn(words, row.body)

    def test_the_command_takes_a_folder_and_what_is_shipped(self) -> None:
        self.put("a.md", "# A\n")
        said = io.StringIO()
        call_command("docs", "import", str(self.folder), project="fraud", user="ada", stdout=said)
        self.assertIn("1 written", said.getvalue())
        call_command(
            "docs", "import", shipped=True, project="fraud", user="ada", stdout=io.StringIO()
        )
        self.assertGreater(Document.objects.filter(kind="runbook").count(), 9)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@override_settings(DOCS_GIT_PROTOCOLS=("file",))
class RepositoryTests(PortalTestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.git("init", "-q", "-b", "main")
        self.commit("docs/a.md", "# A\n\nOne.\n")
        place = Place(url=f"file://{self.folder}", name="handbook", folder="docs")
        self.source = services.add_repository(project=self.fraud, place=place, by=self.max)

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, check=True, capture_output=True
        )
        return done.stdout.decode()

    def commit(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "change")

    def test_a_repository_is_pulled_and_an_edit_goes_back_as_a_branch(self) -> None:
        self.assertEqual(services.pull(source=self.source).written, ["a.md"])
        self.commit("docs/a.md", "# A\n\nTwo.\n")
        self.assertEqual(services.pull(source=self.source).revised, ["a.md"])
        self.source.refresh_from_db()
        self.assertEqual(self.source.cursor, self.git("rev-parse", "HEAD").strip())
        row = Document.objects.get()
        branch = services.propose(document=row, body="# A\n\nThree.\n", by=self.ada)
        self.assertIn("Three.", self.git("show", f"{branch}:docs/a.md"))
        self.assertIn("Two.", self.git("show", "main:docs/a.md"))

    def test_the_page_sends_an_edit_and_stops_the_pulling(self) -> None:
        services.pull(source=self.source)
        row = Document.objects.get()
        self.client.force_login(self.rita)
        self.assertContains(self.client.get(f"/docs/{row.pk}/edit/"), "Send to the repository")
        sent = {"title": "", "body": "# A\n\nFrom the page.\n", "seen": "1", "propose": "1"}
        self.assertRedirects(
            self.client.post(f"/docs/{row.pk}/edit/", sent), row.get_absolute_url()
        )
        job = Job.objects.get(kind="docs.propose")
        told = WORK["docs.propose"].run(lambda *_: None, **job.args)
        self.assertIn("From the page.", self.git("show", f"{told['branch']}:docs/a.md"))
        row.refresh_from_db()
        self.assertIn("One.", row.body)

        stop = f"{self.source.get_absolute_url()}pulling/"
        self.assertEqual(self.client.post(stop).status_code, 403)
        self.client.force_login(self.max)
        self.client.post(stop)
        self.source.refresh_from_db()
        self.assertFalse(self.source.enabled)
        self.client.post(stop, {"resume": "1"})
        self.source.refresh_from_db()
        self.assertTrue(self.source.enabled)

    def test_the_token_is_kept_encrypted_and_not_told(self) -> None:
        place = Place(url="file:///x", name="closed", token="s3cret-token")
        row = services.add_repository(project=self.fraud, place=place, by=self.max)
        self.assertEqual(Source.objects.get(pk=row.pk).token.reveal(), "s3cret-token")
        told = self.api(self.max).get(f"/api/v1/doc-sources/{row.pk}/").content.decode()
        self.client.force_login(self.max)
        for text in (told, self.client.get(row.get_absolute_url()).content.decode()):
            self.assertNotIn("s3cret", text)

    def test_a_delivery_pulls_the_sources_that_listen(self) -> None:
        Job.objects.all().delete()
        event = DeliveryReceived(1, connection_id=7, project_id=None, slug="webhook-in", kind="x")
        reactions.pull_again(event)
        self.assertFalse(Job.objects.filter(kind="docs.pull").exists())

    def test_a_link_in_a_repository_leads_nowhere(self) -> None:
        (self.folder / "docs" / "secret.md").symlink_to("/etc/passwd")
        (self.folder / "docs" / "loop").symlink_to("..")
        self.git("add", "-A")
        self.git("commit", "-qm", "links")
        services.pull(source=self.source)
        self.assertFalse(Document.objects.filter(body__contains="root:").exists())

    def test_a_repository_that_is_away_leaves_the_last_state(self) -> None:
        services.pull(source=self.source)
        Source.objects.update(url="file:///nowhere/at/all", token=None)
        self.source.refresh_from_db()
        with self.assertRaises(PortalError):
            services.pull(source=self.source)
        self.source.refresh_from_db()
        self.assertIn("Could not read", self.source.failure)
        self.assertIsNone(Document.objects.get().removed_at)
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(self.source.get_absolute_url()), "could not be read")

    def test_no_address_leads_astray(self) -> None:
        with override_settings(DOCS_GIT_PROTOCOLS=("https",)):
            for url in ("file:///etc", "ssh://x/y", "ext::sh -c id", "--upload-pack=id",
                        "https://user:pw@example.org/x", "https://", "http://example.org/x"):  # fmt: skip
                with self.assertRaises(PortalError, msg=url):
                    services.add_repository(project=self.fraud, place=Place(url=url), by=self.max)
            for url in ("https://127.0.0.1/x.git", "https://169.254.169.254/x.git"):
                row = services.add_repository(
                    project=self.fraud, place=Place(url=url, name=url), by=self.max
                )
                with self.assertRaisesMessage(PortalError, "address"):
                    services.pull(source=row)
        with self.assertRaises(Invalid):
            services.add_repository(
                project=self.fraud,
                place=Place(url=f"file://{self.folder}", name="x", branch="--exec=id"),
                by=self.max,
            )
