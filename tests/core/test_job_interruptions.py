"""Work that is stopped in the middle of a query."""

from __future__ import annotations

import threading

from django.db import ProgrammingError, connection

from apps.core import jobs
from apps.core.jobs.watch import Reason, Watch
from apps.core.models import Job
from tests.base import PortalTransactionTestCase
from tests.core.test_job_states import declared

State = Job.State


class InterruptedTests(PortalTransactionTestCase):
    def test_an_interruption_in_a_transaction_ends_its_job_and_costs_the_next_one_nothing(
        self,
    ) -> None:
        """The driver makes another error of it, and Django's connection never leaves its transaction."""
        doing = iter((interrupted, lambda: None))
        with declared(lambda progress, **_: next(doing)()):
            first, second = (jobs.enqueue("test.work", owner=self.ada) for _ in range(2))
            jobs.run_job(first.pk)
            jobs.run_job(second.pk)
        first.refresh_from_db()
        second.refresh_from_db()
        self.assertEqual((first.state, second.state), (State.CANCELLED, State.DONE))


def interrupted() -> None:
    """What is left where the watch's signal came between a query and its answer."""
    [watch] = [each for each in threading.enumerate() if isinstance(each, Watch)]
    watch.reason = Reason.CANCELLED
    connection.in_atomic_block = True
    connection.savepoint_ids.append("s1")
    assert connection.connection is not None
    connection.connection.close()
    raise ProgrammingError("can't change 'autocommit' now: connection in transaction status ACTIVE")
