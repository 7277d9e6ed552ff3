"""Jobs among processes that die, stall and forget: real workers, a real broker, a real database."""

from __future__ import annotations

import os
import signal
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import psutil
import pytest
import redis
from django.db import connection, transaction
from django.utils import timezone

from apps.core import jobs
from apps.core.jobs.sending import messages_waiting
from apps.core.models import Job, JobLine
from tests.base import PortalTransactionTestCase
from tests.jobs_fixture import tasks
from tests.jobs_fixture.processes import House

DONE, FAILED, CANCELLED = Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED
assert tasks.WAYS


@pytest.mark.slow
class JobProcessTests(PortalTransactionTestCase):
    house: ClassVar[House]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.house = House()
        cls.addClassCleanup(cls.house.stop)
        cls.house.start()
        cls.house.begin("system", "-B", "-Q", "system", "-P", "threads", "-c", "2")
        cls.house.work("default", "-Q", "default", "-c", "2")
        cls.house.ready("system")

    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def enqueue(self, kind: str) -> Job:
        return jobs.enqueue(
            f"fixture.{kind}", owner=self.ada, project_id=self.fraud.pk, folder=folder_of(self)
        )

    def count(self, name: str) -> int:
        path = self.folder / name
        return len(path.read_text().splitlines()) if path.exists() else 0

    def started(self, times: int = 1) -> None:
        self.house.until(lambda: self.count("started") >= times, what=f"started {times} times")

    def open(self) -> None:
        (self.folder / "open").touch()

    def ends(self, job: Job, state: str) -> Job:
        def ended() -> Job | None:
            job.refresh_from_db()
            return None if job.is_active else job

        self.house.until(ended, what=f"{job} ends")
        lines = list(JobLine.objects.filter(job=job).values_list("text", flat=True))
        self.assertEqual(job.state, state, lines)
        return job

    def test_it_works_and_keeps_the_result(self) -> None:
        job = self.ends(self.enqueue("steps"), DONE)

        self.assertEqual((job.percent, job.result, job.tries), (100, {"steps": 3}, 1))
        self.assertEqual(self.count("freed"), 0)

    def test_quiet_work_keeps_its_lease(self) -> None:
        job = self.enqueue("gate")
        self.started()
        job.refresh_from_db()
        first = job.lease_until

        def renewed() -> bool:
            job.refresh_from_db()
            return first is not None and job.lease_until is not None and job.lease_until > first

        self.house.until(renewed, what="the lease is renewed")
        self.open()
        self.assertEqual(self.ends(job, DONE).tries, 1)

    def test_a_killed_pool_process_costs_one_try_and_not_a_lease(self) -> None:
        job = self.enqueue("gate")
        self.started()
        job.refresh_from_db()
        os.kill(pid_of(job), signal.SIGKILL)
        self.started(2)
        self.open()

        job = self.ends(job, DONE)
        self.assertEqual((job.tries, self.count("effect"), self.count("freed")), (2, 1, 0))

    def test_a_killed_worker_leaves_its_job_to_the_next_one(self) -> None:
        job = self.enqueue("gate")
        self.started()
        job.refresh_from_db()
        self.house.kill("default")
        self.lease_runs_out(job)
        self.house.work("default", "-Q", "default", "-c", "2")
        self.started(2)
        self.open()

        job = self.ends(job, DONE)
        self.assertEqual((job.tries, self.count("effect")), (2, 1))

    def lease_runs_out(self, job: Job) -> None:
        """Of the worker that had it; another one's is left alone."""
        Job.objects.filter(pk=job.pk, claim=job.claim).update(lease_until=timezone.now())

    def keep_both_processes_busy(self) -> list[Job]:
        busy = [self.enqueue("gate"), self.enqueue("gate")]
        self.started(2)
        return busy

    def test_the_queue_survives_the_death_of_the_broker(self) -> None:
        wanted = self.keep_both_processes_busy() + [self.enqueue("steps") for _ in range(3)]
        os.kill(self.house.redis.pid() or 0, signal.SIGKILL)
        self.house.redis.start(end_with_parent=True)
        self.assertEqual(messages_waiting("default"), 3)
        self.open()

        for job in wanted:
            self.assertEqual(self.ends(job, DONE).tries, 1)
        self.assertEqual((self.count("done"), self.count("effect")), (3, 2))

    def test_what_the_broker_forgot_is_sent_again(self) -> None:
        wanted = [*self.keep_both_processes_busy(), self.enqueue("steps")]
        with redis.Redis(unix_socket_path=str(self.house.redis.socket)) as client:
            client.flushall()
        Job.objects.filter(state="queued").update(sent_at=timezone.now() - timedelta(hours=1))
        self.open()

        for job in wanted:
            self.ends(job, DONE)
        self.assertEqual((self.count("done"), self.count("effect")), (1, 2))

    def test_a_cancel_reaches_work_at_its_next_step(self) -> None:
        job = self.enqueue("polite")
        self.started()
        jobs.request_cancel(job, by=self.ada)

        self.ends(job, CANCELLED)
        self.assertEqual(self.count("freed"), 1)

    def test_a_cancel_interrupts_work_that_never_looks_up(self) -> None:
        job = self.enqueue("blocked")
        self.started()
        jobs.request_cancel(job, by=self.ada)

        self.ends(job, CANCELLED)
        self.assertEqual(self.count("freed"), 1)

    def test_work_beyond_its_time_is_stopped(self) -> None:
        job = self.ends(self.enqueue("slow"), FAILED)

        self.assertIn("longer than it may", job.note)
        self.assertEqual(self.count("freed"), 1)

    def test_work_deaf_to_signals_loses_its_process(self) -> None:
        job = self.ends(self.enqueue("deaf"), FAILED)

        self.assertEqual(self.count("freed"), 1)
        self.house.until(lambda: not psutil.pid_exists(pid_of(job)), what="its process is gone")
        self.ends(self.enqueue("steps"), DONE)

    def test_a_stalled_worker_that_wakes_up_too_late_has_no_effect(self) -> None:
        job = self.enqueue("gate")
        self.started()
        job.refresh_from_db()
        stalled = pid_of(job)
        self.addCleanup(wake, stalled)
        with transaction.atomic():
            # Its heartbeat leaves a locked row alone: it cannot be stopped in the middle of one.
            Job.objects.select_for_update().get(pk=job.pk)
            os.kill(stalled, signal.SIGSTOP)
            self.house.until(lambda: is_stopped(stalled), what="it stands still")
            self.lease_runs_out(job)
        self.started(2)
        self.open()
        job = self.ends(job, DONE)
        wake(stalled)

        # Its interruption may meet a query, of which the database's library makes an error of its own.
        ends = ("goes on elsewhere", f"{job} crashed")
        self.house.until(
            lambda: any(end in self.house.log("default") for end in ends), what="the late one stops"
        )
        job.refresh_from_db()
        self.assertEqual((job.state, job.tries), (DONE, 2))
        self.assertEqual((self.count("effect"), self.count("freed")), (1, 0))

    def test_work_that_loses_the_database_is_tried_again(self) -> None:
        job = self.enqueue("reporting")
        self.started()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        self.started(2)
        self.open()

        job = self.ends(job, DONE)
        self.assertEqual((job.tries, self.count("done"), self.count("freed")), (2, 1, 0))


def folder_of(test: JobProcessTests) -> str:
    return str(test.folder)


def pid_of(job: Job) -> int:
    return int(job.worker.rpartition(":")[2])


def is_stopped(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


def wake(pid: int) -> None:
    if psutil.pid_exists(pid):
        os.kill(pid, signal.SIGCONT)
