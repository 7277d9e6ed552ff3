"""The evidence pack: what is in it, who may have it, and that no byte of it can be changed unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from apps.core.jobs import run_job
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.models import services
from apps.models.choices import PromotionState
from apps.models.mirror import registry, runs
from apps.models.models import Decision, EvidencePack, GateResult, ModelVersion, Promotion
from apps.models.packs import archive
from tests.base import PortalTestCase
from tests.models.fake_mlflow import FakeMlflow, scripted

MEMBERS = {
    "MANIFEST.json",
    "MANIFEST.sig",
    "README.txt",
    "approvals.json",
    "card.html",
    "card.md",
    "files.json",
    "gates.json",
    "ledger.jsonl",
    "version.json",
}


# The heartbeat's own connection does not see a job inside the test's transaction.
@override_settings(JOB_HEARTBEAT_SECONDS=300.0)
class PackCase(PortalTestCase):
    """A promoted version whose run left two files, and a scripted MLflow that has them."""

    def setUp(self) -> None:
        self.mlflow = FakeMlflow()
        self.mlflow.files = {
            "7/a/artifacts/model/MLmodel": b"flavors: {}",
            "7/a/artifacts/x.bin": b"\x00" * 9,
        }
        runs.put_experiment(self.fraud, {"experiment_id": "7", "name": "first"})
        info = {
            "run_id": "a" * 32,
            "experiment_id": "7",
            "artifact_uri": "mlflow-artifacts:/7/a/artifacts",
        }
        logged = {
            "metrics": [{"key": "accuracy", "value": 0.95, "timestamp": 1}],
            "params": [{"key": "depth", "value": "3"}],
        }
        runs.put_runs(self.fraud, [{"info": info, "data": logged}], by=self.cora)
        self.model = registry.put_model(self.fraud, {"name": "churn"}, by=self.cora)
        version = registry.put_version(
            self.model, {"version": "1", "run_id": "a" * 32}, by=self.cora
        )
        assert version is not None
        self.version: ModelVersion = version
        row = Promotion.objects.create(
            project=self.fraud,
            version=version,
            environment=self.prod,
            state=PromotionState.DONE,
            requested_by=self.cora,
        )
        GateResult.objects.create(
            promotion=row, gate_id=1, kind="metric_floor", passed=True, sentence="High."
        )
        Decision.objects.create(promotion=row, verdict="approved", by=self.max, note="yes")
        registry.put_model(self.fraud, {"name": "another"}, by=self.ada)
        self.page = f"/models/versions/{version.pk}/evidence/"
        self.rest = f"/api/v1/model-versions/{version.pk}/evidence/"

    @contextmanager
    def upstream(self) -> Iterator[None]:
        with scripted(self.mlflow):
            yield

    def packed(self) -> EvidencePack:
        with self.upstream():
            job = services.request_evidence(version=self.version, by=self.rita)
            run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual(job.state, "done", job.note)
        return EvidencePack.objects.latest("pk")

    def file(self, content: bytes) -> Path:
        path = Path(mkdtemp()) / "pack.zip"
        path.write_bytes(content)
        return path

    def verify(self, content: bytes, *options: str) -> str:
        out = StringIO()
        call_command("evidence", "verify", str(self.file(content)), *options, stdout=out)
        return out.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(content)) as found:
        return {name: found.read(name) for name in found.namelist()}


def zipped(found: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name, content in found.items():
            made.writestr(name, content)
    return out.getvalue()


class ContentTests(PackCase):
    def test_it_holds_what_an_auditor_asks_for(self) -> None:
        found = members(bytes(self.packed().content or b""))
        read: dict[str, Any] = {n: json.loads(c) for n, c in found.items() if n.endswith(".json")}

        self.assertEqual(set(found), MEMBERS)
        self.assertEqual(read["version.json"]["run"]["params"], {"depth": "3"})
        self.assertEqual(read["version.json"]["run"]["metrics"], {"accuracy": 0.95})
        self.assertEqual(read["approvals.json"][0]["decision"]["by"], "max")
        self.assertEqual(read["gates.json"]["answers"][0]["sentence"], "High.")
        self.assertIn(b"Model card: churn", found["card.html"])
        files = {each["path"]: each for each in read["files.json"]}
        self.assertEqual(files["x.bin"]["sha256"], hashlib.sha256(b"\x00" * 9).hexdigest())
        self.assertEqual(files["model/MLmodel"]["size"], 11)

    def test_the_extract_is_about_this_model_alone(self) -> None:
        found = members(bytes(self.packed().content or b""))
        lines = [json.loads(line) for line in found["ledger.jsonl"].splitlines()]
        entries = [line["entry"] for line in lines[1:-1]]

        about = {(entry["subject_kind"], entry["subject_id"]) for entry in entries}
        self.assertEqual(
            about,
            {
                ("models.registeredmodel", str(self.model.pk)),
                ("models.modelversion", str(self.version.pk)),
            },
        )
        self.assertTrue(all(line["hash"] for line in lines[1:-1]))

    def test_the_same_content_is_the_same_file(self) -> None:
        made = archive.packed({"b": b"2", "a": b"1"}, {"version": 1})
        self.assertEqual(made, archive.packed({"a": b"1", "b": b"2"}, {"version": 1}))

    def test_its_digest_is_in_the_ledger(self) -> None:
        pack = self.packed()
        entry = Entry.objects.get(verb="models.evidence_packed")
        self.assertEqual((entry.actor_id, entry.data["sha256"]), (self.rita.pk, pack.sha256))
        self.assertEqual(pack.sha256, hashlib.sha256(bytes(pack.content or b"")).hexdigest())

    def test_while_mlflow_is_away_it_waits_and_nothing_is_kept(self) -> None:
        self.mlflow.broken["mlflow-artifacts"] = (503, 99)
        with self.upstream():
            job = services.request_evidence(version=self.version, by=self.rita)
            run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual(job.state, "queued")
        self.assertFalse(EvidencePack.objects.exists())

    def test_a_file_that_cannot_be_read_is_said(self) -> None:
        self.mlflow.broken["x.bin"] = (403, 9)
        read = json.loads(members(bytes(self.packed().content or b""))["files.json"])
        (refused,) = [each for each in read if each["path"] == "x.bin"]
        self.assertIsNone(refused["sha256"])
        self.assertIn("not readable", refused["note"])


class VerifyTests(PackCase):
    def test_a_pack_that_holds_says_so(self) -> None:
        said = self.verify(bytes(self.packed().content or b""), "--compare")
        self.assertIn("OK  churn version 1", said)

    def test_one_changed_byte_of_any_member_is_named(self) -> None:
        whole = members(bytes(self.packed().content or b""))
        for name, content in whole.items():
            for place in sorted({0, len(content) // 3, len(content) // 2, len(content) - 1}):
                changed = bytearray(content)
                changed[place] ^= 1
                refusal = self.assertRaisesRegex(CommandError, f"BROKEN  {name}: ")
                with self.subTest(name, place=place), refusal:
                    self.verify(zipped({**whole, name: bytes(changed)}))

    def test_one_changed_byte_in_the_archive_itself_never_passes_as_another_content(self) -> None:
        content = bytes(self.packed().content or b"")
        with ZipFile(BytesIO(content)) as found:
            places = {
                info.filename: info.header_offset
                + 30
                + len(info.filename)
                + info.compress_size // 2
                for info in found.infolist()
            }
        for name, place in places.items():
            changed = bytearray(content)
            changed[place] ^= 0x10
            with self.subTest(name), self.assertRaisesRegex(CommandError, f"BROKEN  {name}: "):
                self.verify(bytes(changed))

    def test_members_that_are_gone_added_or_doubled_are_named(self) -> None:
        whole = members(bytes(self.packed().content or b""))
        for name in MEMBERS:
            with self.subTest(name), self.assertRaisesRegex(CommandError, f"{name}: it is missing"):
                self.verify(zipped({key: value for key, value in whole.items() if key != name}))
        with self.assertRaisesRegex(CommandError, "more.txt: it was added"):
            self.verify(zipped({**whole, "more.txt": b""}))
        with self.assertRaisesRegex(CommandError, "pack.zip: "):
            self.verify(b"no archive")

    def test_a_manifest_made_to_fit_needs_the_key(self) -> None:
        whole = members(bytes(self.packed().content or b""))
        text = whole["card.md"].replace(b"churn", b"churm")
        manifest = json.loads(whole["MANIFEST.json"])
        for each in manifest["members"]:
            if each["name"] == "card.md":
                each["sha256"] = hashlib.sha256(text).hexdigest()
        forged = {**whole, "card.md": text, "MANIFEST.json": archive.canonical(manifest)}
        with self.assertRaisesRegex(CommandError, "MANIFEST.json: it was changed"):
            self.verify(zipped(forged))

    def test_another_signer_is_refused(self) -> None:
        content = bytes(self.packed().content or b"")
        refusal = self.assertRaisesRegex(CommandError, "MANIFEST.sig: another key")
        with override_settings(DATA_DIR=Path(mkdtemp())), refusal:
            self.verify(content)


class FaceTests(PackCase):
    def test_a_responder_has_it_made_and_a_viewer_downloads_it(self) -> None:
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(self.page), "No evidence was packed yet")
        self.assertEqual(self.client.post(self.page).status_code, 403)
        self.client.force_login(self.rita)
        first = self.client.post(self.page)
        self.client.post(self.page)
        job = Job.objects.get(kind="models.pack_evidence")
        self.assertEqual(first.url, job.get_absolute_url())
        self.assertContains(self.client.get(self.page), "The evidence is being packed")
        with self.upstream():
            run_job(job.pk)

        pack = EvidencePack.objects.get()
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(self.page), pack.get_absolute_url())
        response = self.client.get(pack.get_absolute_url())
        self.assertEqual(hashlib.sha256(response.content).hexdigest(), pack.sha256)
        self.assertEqual(response["Content-Type"], "application/zip")

    def test_strangers_find_nothing(self) -> None:
        pack = self.packed()
        self.client.force_login(self.bob)
        for url in (self.page, pack.get_absolute_url()):
            self.assertEqual(self.client.get(url).status_code, 404)
        self.assertEqual(self.api(self.bob).get(self.rest).status_code, 404)
        self.assertEqual(self.api(self.bob).post(self.rest).status_code, 404)

    def test_rest_starts_the_job_and_gives_the_newest(self) -> None:
        api = self.api(self.rita)
        missing = api.get(self.rest)
        self.assertEqual(missing.status_code, 404)
        self.assertIn("POST", missing.json()["detail"])
        started = api.post(self.rest)
        self.assertEqual(
            (started.status_code, started.json()["kind"]), (202, "models.pack_evidence")
        )
        with self.upstream():
            run_job(started.json()["id"])
        self.assertEqual(api.get(self.rest).content[:2], b"PK")

    def test_old_packs_lose_their_bytes_and_stay_on_record(self) -> None:
        pack = self.packed()
        self.assertEqual(services.forget_packs(), 0)
        EvidencePack.objects.update(made_at=timezone.now() - timedelta(days=500))
        self.assertEqual((services.forget_packs(), services.forget_packs()), (1, 0))
        self.client.force_login(self.carol)
        self.assertContains(self.client.get(self.page), "no longer kept")
        self.assertEqual(self.client.get(pack.get_absolute_url()).status_code, 404)
