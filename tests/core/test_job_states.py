"""Jobs from enqueue to their end, in one process: who wins, what is stored, what is freed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from apps.core import jobs
from apps.core.errors import Conflict, Retryable
from apps.core.jobs import ends, runner, values
from apps.core.jobs.work import WORK, Work
from apps.core.models import Job, JobLine
from apps.core.tasks import forget_jobs, sweep_jobs
from apps.ledger.models import Entry
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.jobs_fixture.processes import publish_to

State = Job.State
LONG_AGO = timedelta(days=400)


@contextmanager
def declared(run: Any = None, on_failure: Any = None) -> Iterator[None]:
    """The work `test.work` for the length of a test."""
    WORK["test.work"] = Work(
        run or (lambda progress, **_: None), on_failure, "default", timedelta(hours=1)
    )
    try:
        yield
    finally:
        del WORK["test.work"]


class WithWork(PortalTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.freed: list[dict[str, Any]] = []
        self.on_failure: Any = lambda **args: self.freed.append(args)
        self.run_work: Any = lambda progress, **_: None
        work = declared(lambda *a, **k: self.run_work(*a, **k), lambda **k: self.on_failure(**k))
        self.enterContext(work)

    def enqueue(self, **given: Any) -> Job:
        return jobs.enqueue("test.work", **{"owner": self.ada, **given})

    def ran(self, **given: Any) -> Job:
        job = self.enqueue(**given)
        jobs.run_job(job.pk)
        job.refresh_from_db()
        return job

    def lines(self, job: Job) -> str:
        return "\n".join(JobLine.objects.filter(job=job).values_list("text", flat=True))

    def move(self, job: Job, **fields: Any) -> None:
        Job.objects.filter(pk=job.pk).update(**fields)


class EnqueueTests(WithWork):
    def test_an_unknown_kind_fails_at_the_call(self) -> None:
        with self.assertRaises(KeyError):
            jobs.enqueue("test.nobody_knows", owner=self.ada)

    def test_a_second_job_with_an_active_key_is_the_first(self) -> None:
        first = self.enqueue(key="a")

        with self.assertNumQueries(1):  # looked up: the database has no insert to refuse
            self.assertEqual(self.enqueue(key="a").pk, first.pk)
        self.assertNotEqual(self.enqueue(key="b").pk, first.pk)
        self.assertNotEqual(self.enqueue().pk, self.enqueue().pk)

    def test_a_key_is_free_again_after_the_end(self) -> None:
        first = self.ran(key="a")
        self.assertNotEqual(self.enqueue(key="a").pk, first.pk)

    def test_huge_args_are_refused_with_the_limit(self) -> None:
        with self.assertRaisesMessage(values.JobTooLarge, "262144 bytes"):
            self.enqueue(text="x" * 300_000)

    def test_characters_that_the_database_refuses_are_replaced(self) -> None:
        job = self.enqueue(text="a\x00b\ud800", number=float("nan"))
        job.refresh_from_db()
        self.assertEqual(job.args, {"text": "a\ufffdb?", "number": None})

    def test_args_that_are_no_json_are_the_callers_mistake(self) -> None:
        with self.assertRaises(TypeError):
            self.enqueue(thing=object())

    def test_a_broker_that_is_away_leaves_the_job_to_the_sweep(self) -> None:
        with without_broker(), self.captureOnCommitCallbacks(execute=True):
            job = self.enqueue()

        job.refresh_from_db()
        self.assertEqual((job.state, job.sent_at), (State.QUEUED, None))


class RunTests(WithWork):
    def test_a_result_is_kept(self) -> None:
        self.run_work = lambda progress, number: {"twice": number * 2}
        job = self.ran(number=4)
        self.assertEqual((job.state, job.percent, job.result), (State.DONE, 100, {"twice": 8}))

    def test_a_result_that_is_no_json_is_kept_as_text(self) -> None:
        self.run_work = lambda progress: {"at": timedelta(seconds=1), "rate": float("inf")}
        self.assertEqual(self.ran().result, {"at": "0:00:01", "rate": None})

    def test_a_huge_result_is_left_out_and_the_job_is_done(self) -> None:
        self.run_work = lambda progress: "x" * 300_000
        job = self.ran()
        self.assertEqual(job.state, State.DONE)
        self.assertIn("300002 bytes", job.result["left_out"])

    def test_a_refusal_is_the_note_and_frees_once(self) -> None:
        def refuse(progress: Any, number: int) -> None:
            raise Conflict(reason="It is taken.")

        self.run_work = refuse
        job = self.ran(number=3)
        self.assertEqual((job.state, job.note), (State.FAILED, "It is taken."))
        self.assertEqual(self.freed, [{"number": 3}])
        self.assertIsNotNone(job.freed_at)

    def test_a_bug_shows_nothing_of_itself(self) -> None:
        def crash(progress: Any) -> None:
            raise RuntimeError("password=hunter2")

        self.run_work = crash
        with self.assertLogs("apps.core.jobs", "ERROR"):
            job = self.ran()
        self.assertEqual(job.state, State.FAILED)
        self.assertNotIn("hunter2", job.note + self.lines(job))

    def test_args_of_another_version_end_the_job(self) -> None:
        self.run_work = lambda progress, other: None
        with self.assertLogs("apps.core.jobs", "ERROR"):
            self.assertEqual(self.ran(number=1).state, State.FAILED)

    def test_a_kind_that_this_worker_does_not_know_is_left_for_another(self) -> None:
        job = self.enqueue()
        self.move(job, kind="test.newer")
        jobs.run_job(job.pk)
        job.refresh_from_db()
        self.assertEqual((job.state, job.tries), (State.QUEUED, 0))

    def test_secrets_in_the_log_are_masked(self) -> None:
        def leak(progress: Any) -> None:
            progress(5, "token=abc123secret")
            progress.log("Authorization: Bearer sbx_abc_def\x00")

        self.run_work = leak
        job = self.ran()
        self.assertNotIn("abc123secret", self.lines(job))
        self.assertNotIn("sbx_abc_def", self.lines(job))

    def test_percent_stays_within_its_bounds(self) -> None:
        seen: list[int] = []

        def report(progress: Any) -> None:
            for percent in (-5, 250):
                progress(percent, "x" * 1000)
                seen.append(Job.objects.get(pk=progress.job.pk).percent)

        self.run_work = report
        self.assertEqual(self.ran().state, State.DONE)
        self.assertEqual(seen, [0, 100])


class RetryTests(WithWork):
    def setUp(self) -> None:
        super().setUp()

        def away(progress: Any) -> None:
            raise Retryable(service="Jira")

        self.run_work = away

    def test_it_waits_longer_each_time_and_gives_up_once(self) -> None:
        job = self.enqueue()
        for expected in (2, 4, 8, 16):
            before = timezone.now()
            jobs.run_job(job.pk)
            after = timezone.now()
            job.refresh_from_db()
            self.assertEqual((job.state, self.freed), (State.QUEUED, []))
            self.assertGreater(job.not_before, before + timedelta(seconds=0.7 * expected))
            self.assertLess(job.not_before, after + timedelta(seconds=1.3 * expected))
            self.move(job, not_before=job.not_before + timedelta(hours=1))
            jobs.run_job(job.pk)  # before its time: nobody takes it
            self.move(job, not_before=None)
        jobs.run_job(job.pk)

        job.refresh_from_db()
        self.assertEqual((job.state, job.tries), (State.FAILED, ends.MOST_TRIES))
        self.assertIn("Jira is not answering. Gave up after 5 tries.", job.note)
        self.assertEqual(self.freed, [{}])

    def test_a_cancel_wins_over_another_try(self) -> None:
        def cancelled_meanwhile(progress: Any) -> None:
            jobs.request_cancel(progress.job, by=self.ada)
            raise Retryable(service="Jira")

        self.run_work = cancelled_meanwhile
        self.assertEqual(self.ran().state, State.CANCELLED)
        self.assertEqual(len(self.freed), 1)


class FreeTests(WithWork):
    def setUp(self) -> None:
        super().setUp()

        def refuse(progress: Any) -> None:
            raise Conflict(reason="no")

        self.run_work = refuse
        self.broken = True

        def free() -> None:
            if self.broken:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT nothing FROM nowhere")
            self.freed.append({})

        self.on_failure = free

    def test_a_clean_up_that_fails_does_not_keep_the_job_open(self) -> None:
        with self.assertLogs("apps.core.jobs", "ERROR"):
            job = self.ran()
        self.assertEqual((job.state, job.freed_at, job.free_tries), (State.FAILED, None, 1))
        self.assertIn("could not be freed yet", self.lines(job))

    def test_the_sweep_frees_what_is_still_held(self) -> None:
        with self.assertLogs("apps.core.jobs", "ERROR"):
            job = self.ran()
        sweep_jobs()
        self.assertEqual(self.freed, [])  # too early
        self.broken = False
        self.move(job, ended_at=timezone.now() - timedelta(minutes=1))
        sweep_jobs()
        sweep_jobs()

        job.refresh_from_db()
        self.assertIsNotNone(job.freed_at)
        self.assertEqual(self.freed, [{}])

    def test_it_cannot_be_retried_while_it_still_holds(self) -> None:
        with self.assertLogs("apps.core.jobs", "ERROR"):
            job = self.ran()
        with self.assertRaisesMessage(Conflict, "not freed yet"):
            jobs.try_again(job, by=self.ada)


class SweepTests(WithWork):
    def running(self, **fields: Any) -> Job:
        job = self.enqueue()
        assert runner.claim(job.pk)
        self.move(job, **{"lease_until": timezone.now() - timedelta(seconds=1), **fields})
        return job

    def test_it_takes_up_what_lost_its_worker(self) -> None:
        job = self.running()
        sweep_jobs()
        job.refresh_from_db()
        self.assertEqual((job.state, job.claim), (State.QUEUED, None))
        self.assertIn("stopped answering", self.lines(job))

    def test_it_leaves_alone_who_renewed_the_lease(self) -> None:
        job = self.running(lease_until=timezone.now() + timedelta(hours=1))
        sweep_jobs()
        job.refresh_from_db()
        self.assertEqual(job.state, State.RUNNING)

    def test_it_gives_up_after_too_many_deaths(self) -> None:
        job = self.running(tries=ends.MOST_TRIES)
        sweep_jobs()
        job.refresh_from_db()
        self.assertEqual(job.state, State.FAILED)
        self.assertEqual(len(self.freed), 1)

    def test_an_orphan_that_was_to_be_cancelled_is_cancelled(self) -> None:
        job = self.running(cancel_requested_at=timezone.now())
        sweep_jobs()
        job.refresh_from_db()
        self.assertEqual(job.state, State.CANCELLED)

    def test_an_orphan_of_an_unknown_kind_stops_nobody(self) -> None:
        stranger, job = self.running(kind="test.newer"), self.running()
        sweep_jobs()
        for each in (stranger, job):
            each.refresh_from_db()
            self.assertEqual(each.state, State.QUEUED)

    def test_a_kind_that_nobody_learns_ends(self) -> None:
        job = self.enqueue()
        self.move(job, kind="test.gone", created_at=timezone.now() - timedelta(hours=2))
        sweep_jobs()
        job.refresh_from_db()
        self.assertEqual(job.state, State.FAILED)
        self.assertIn("no longer knows", job.note)

    def test_it_forgets_what_ended_long_ago(self) -> None:
        old, new, running = self.ran(), self.ran(), self.enqueue()
        self.move(old, ended_at=timezone.now() - LONG_AGO)
        self.move(running, created_at=timezone.now() - LONG_AGO)
        forget_jobs()
        self.assertEqual(set(Job.objects.values_list("pk", flat=True)), {new.pk, running.pk})


class AskTests(WithWork):
    def test_a_queued_job_is_cancelled_at_once(self) -> None:
        job = jobs.request_cancel(self.enqueue(project_id=self.fraud.pk), by=self.ada)
        self.assertEqual((job.state, self.freed), (State.CANCELLED, [{}]))
        verbs = set(Entry.objects.filter(subject_kind="core.job").values_list("verb", flat=True))
        self.assertEqual(verbs, {"core.job_cancel_requested", "core.job_cancelled"})

    def test_what_has_ended_cannot_be_cancelled(self) -> None:
        job = self.ran()
        with self.assertRaisesMessage(Conflict, "already ended: it is done"):
            jobs.request_cancel(job, by=self.ada)

    def test_a_retry_is_a_new_job_with_the_same_args(self) -> None:
        job = jobs.request_cancel(self.enqueue(number=5), by=self.ada)
        again = jobs.try_again(job, by=self.max)
        again.refresh_from_db()
        self.assertEqual((again.args, again.owner, again.retry_of), ({"number": 5}, self.max, job))

    def test_only_what_ended_badly_is_retried(self) -> None:
        with self.assertRaisesMessage(Conflict, "it is done"):
            jobs.try_again(self.ran(), by=self.ada)


class RaceTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.enterContext(declared())

    def at_once(self, act: Any, times: int = 20) -> list[Any]:
        """The answers of as many threads, let go together."""
        gate = threading.Barrier(times, timeout=240)

        def one(_: int) -> Any:
            try:
                gate.wait()
                return act()
            finally:
                connection.close()

        with ThreadPoolExecutor(times) as pool:
            return list(pool.map(one, range(times)))

    def test_twenty_enqueues_with_one_key_are_one_job(self) -> None:
        found = self.at_once(lambda: jobs.enqueue("test.work", owner=None, key="k").pk)
        self.assertEqual(len(set(found)), 1)
        self.assertEqual(Job.objects.count(), 1)

    def test_one_of_many_claims_wins(self) -> None:
        job = jobs.enqueue("test.work", owner=None)
        claims = [found for found in self.at_once(lambda: runner.claim(job.pk)) if found]
        self.assertEqual(len(claims), 1)

    def test_many_sweeps_take_a_job_up_once(self) -> None:
        job = jobs.enqueue("test.work", owner=None)
        assert runner.claim(job.pk)
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=9))
        self.at_once(sweep_jobs, times=8)
        job.refresh_from_db()
        self.assertEqual((job.state, job.lines.count()), (State.QUEUED, 1))

    def test_a_cancel_among_claims_always_ends_the_job(self) -> None:
        job = jobs.enqueue("test.work", owner=None)
        moves = [lambda: jobs.request_cancel(job, by=self.ada), lambda: jobs.run_job(job.pk)]
        turns = iter(moves * 2)
        lock = threading.Lock()

        def act() -> None:
            with lock:
                move = next(turns)
            with suppress(Conflict):  # it was done before the cancel
                move()

        self.at_once(act, times=4)
        job.refresh_from_db()
        self.assertIn(job.state, {State.DONE, State.CANCELLED})


@contextmanager
def without_broker() -> Iterator[None]:
    """A Celery app whose broker refuses every connection."""
    before = publish_to("redis://127.0.0.1:1/0")
    try:
        yield
    finally:
        publish_to(before)
