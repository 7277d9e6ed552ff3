"""Compaction, retention and erasure: each row is read once before, between and after."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.test import override_settings
from django.utils import timezone

from apps.core import jobs
from apps.core.models import Job
from apps.ledger.models import Entry
from apps.predictions import lake, selectors, services, sources, tasks
from apps.predictions.models import Batch, Erasure, LakeFile, SetAside, Shipment, TakenKey
from apps.predictions.services import compacting, files
from tests.predictions.test_taking import ARROW, START, LogTestCase, arrow, columns, record


class LakeTestCase(LogTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.lake = Path(folder.name)
        self.enterContext(override_settings(LAKE_URL=f"file://{folder.name}"))
        found = sources.known(self.deployment.pk)
        assert found is not None
        self.source = found

    def stored(self) -> list[Path]:
        return list(self.lake.rglob("*.parquet"))

    def compact(self) -> int:
        return services.compact(source=self.source)

    def seen(self) -> tuple[list[Any], Any]:
        """What readers of each kind see."""
        table = self.table()
        names = sorted(table.column_names)
        return self.rows(), [table.column(name).to_pylist() for name in names]


class CompactionTests(LakeTestCase):
    def test_readers_see_the_same_before_and_after(self) -> None:
        self.send(arrow(columns(*range(0, 9000, 45))), ARROW)
        self.post([record(n, odd=n) for n in range(9000, 9040)])
        self.post([record(9050)])
        self.post([{"id": "p45", "time": 1793492000, "truth": True}], "ground-truth")
        self.post([{"id": "p90", "time": 1793492000, "truth": {"paid": 5}}], "ground-truth")
        before = self.seen()
        received = selectors.truths_received(
            self.deployment.pk, since=timezone.now() - timedelta(hours=1), until=timezone.now()
        )
        self.assertEqual(self.compact(), 243)
        self.assertFalse(Batch.objects.exists())
        self.assertEqual(LakeFile.objects.filter(state="live").count(), len(self.stored()))
        after = self.seen()
        self.assertEqual(before[1], after[1])
        self.assertEqual([row.key for row in before[0]], [row.key for row in after[0]])
        self.assertEqual([row.truth for row in before[0]], [row.truth for row in after[0]])
        self.assertEqual(selectors.count(self.deployment.pk), 241)
        again = selectors.truths_received(
            self.deployment.pk, since=timezone.now() - timedelta(hours=1), until=timezone.now()
        )
        self.assertEqual(received, again)
        self.assertEqual(self.post([record(9050)])["duplicates"], 1)
        self.assertEqual(self.compact(), 0)

    def test_it_may_be_killed_at_each_step(self) -> None:
        self.post([record(n) for n in range(50)])
        before = self.seen()
        for step in ("write", "swap"):
            with self.subTest(step), self.assertRaises(ZeroDivisionError):
                self.killed_at(step)
            self.assertEqual(self.seen(), before)
        self.compact()
        LakeFile.objects.filter(state="writing").update(changed_at=START)
        self.assertEqual(files.sweep(), 2)
        self.assertEqual(self.seen()[1], before[1])
        self.assertEqual(len(self.stored()), 1)

    def killed_at(self, step: str) -> None:
        def stop(*_: Any, **__: Any) -> Any:
            raise ZeroDivisionError

        module = lake if step == "write" else files
        before = getattr(module, step)
        setattr(module, step, stop)
        try:
            self.compact()
        finally:
            setattr(module, step, before)

    def test_two_compactors_never_double_a_row(self) -> None:
        self.post([record(n) for n in range(50)])
        batches = list(Batch.objects.order_by("pk"))
        self.assertEqual(compacting._compact(self.source, batches), 50)
        self.assertEqual(compacting._compact(self.source, batches), 0)
        self.assertEqual(len(self.rows()), 50)
        self.assertEqual(len(self.stored()), 1)

    def test_small_files_become_one(self) -> None:
        for n in range(5):
            self.post([record(n)])
            self.compact()
        self.assertEqual(LakeFile.objects.filter(state="live").count(), 2)
        self.assertEqual(len(self.rows()), 5)
        LakeFile.objects.filter(state="retired").update(changed_at=START)
        files.sweep()
        self.assertEqual(len(self.stored()), 2)

    def test_pages_walk_batches_and_files(self) -> None:
        self.post([record(n) for n in range(40)])
        self.compact()
        self.post([record(n) for n in range(40, 75)])
        seen: list[str] = []
        before = None
        while page := selectors.page(self.deployment.pk, most=20, before=before):
            seen += [row.key for row in page]
            before = (page[-1].time, page[-1].key)
        self.assertEqual(seen, [f"p{n}" for n in reversed(range(75))])

    def test_a_lake_that_is_away_says_so(self) -> None:
        self.post([record(1)])
        (self.lake / "file").write_text("")
        with override_settings(LAKE_URL=f"file://{self.lake}/file"):
            with self.assertRaises(lake.LakeAway):
                self.compact()
            self.assertEqual(len(self.rows()), 1)


class RetentionTests(LakeTestCase):
    def test_what_is_older_goes_with_its_ids(self) -> None:
        old = timezone.now() - timedelta(days=40)
        self.post([{**record(n), "time": old.isoformat()} for n in range(40)])
        self.compact()
        self.post([{**record(50), "time": old.isoformat()}])
        self.post([{**record(60), "time": timezone.now().isoformat()}])
        retention = services.keep_for(project=self.fraud, days=30, by=self.ada)
        assert retention is not None
        self.assertEqual(services.drop_old(retention=retention), 41)
        self.assertEqual(services.drop_old(retention=retention), 0)
        self.assertEqual([row.key for row in selectors.newest(self.deployment.pk, 9)], ["p60"])
        self.assertEqual(TakenKey.objects.count(), 1)
        self.assertTrue(Entry.objects.filter(verb="predictions.retention_changed").exists())
        LakeFile.objects.filter(state="retired").update(changed_at=START)
        files.sweep()
        self.assertEqual(self.stored(), [])

    def test_segments_of_the_journal_are_not_remembered_for_ever(self) -> None:
        for name, days in (("a-1", 31), ("a-2", 29)):
            services.take_in(name, [])
            then = timezone.now() - timedelta(days=days)
            Shipment.objects.filter(name=name).update(taken_at=then)
        tasks.retain_due()
        self.assertEqual([each.name for each in Shipment.objects.all()], ["a-2"])


class ErasureTests(LakeTestCase):
    def erased(self, column: str, *values: str) -> Erasure:
        row = services.request_erasure(
            source=self.source, column=column, values=values, by=self.ada
        )
        return services.erase(erasure=row)

    def test_a_subject_goes_from_everywhere(self) -> None:
        for start in (0, 100, 200):
            self.post([record(start + n, customer=n % 10) for n in range(50)])
            if start < 200:
                self.compact()
        self.post([record(300, customer=3), record(301, customer="Ann")])
        told = [{"id": f"p{n}", "time": 1793492000, "truth": n} for n in (3, 4, 103)]
        self.post(told, "ground-truth")
        self.post([{**record(400, customer=3), "time": "never"}, {"id": "p3"}])
        done = self.erased("inputs.customer", "3")
        self.assertEqual((done.predictions, done.truths, done.set_aside), (16, 2, 2))
        self.assertEqual((done.state, done.subject), ("erased", None))
        self.assertTrue(services.is_about(done, ["3"]))
        self.assertFalse(services.is_about(done, ["4"]))
        left = {row.inputs["customer"] for row in self.rows()}
        self.assertEqual(left, {0, 1, 2, 4, 5, 6, 7, 8, 9, "Ann"})
        self.assertEqual(len(self.rows()), 136)
        self.assertEqual(len(done.parts), 5)
        self.assertTrue(all(part["before"] != part["after"] for part in done.parts))
        self.assertEqual(len(self.stored()), LakeFile.objects.filter(state="live").count())
        self.assertEqual(self.erased("inputs.customer", "Ann").predictions, 1)
        self.assertFalse(SetAside.objects.exists())

    def test_ids_and_whole_files_go(self) -> None:
        self.post([record(n) for n in range(3)])
        self.compact()
        self.assertEqual(self.erased("id", "p0", "p1", "p2", "px").predictions, 3)
        self.assertEqual((self.rows(), self.stored()), ([], []))
        self.assertEqual(self.post([record(0)])["accepted"], 1)

    def test_it_runs_as_a_job_whose_arguments_say_nothing(self) -> None:
        self.post([record(1, customer="Ann Secret")])
        row = services.request_erasure(
            source=self.source, column="inputs.customer", values=["Ann Secret"], by=self.ada
        )
        job = Job.objects.get(kind="predictions.erase")
        self.assertNotIn("Ann", str(job.args) + str(Entry.objects.values_list("data")))
        # Not by the runner: its heartbeat does not see what a test has not committed.
        jobs.WORK[job.kind].run(lambda *_: None, **job.args)
        row.refresh_from_db()
        self.assertEqual((row.state, row.predictions), ("erased", 1))
