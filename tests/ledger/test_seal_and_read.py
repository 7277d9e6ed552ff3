"""seal and read: they …"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Event as ProcessEvent
from random import Random

from django.db import connection, connections, transaction

from apps.ledger import chain, cursors, services, verification
from apps.ledger.cursors import Sealed
from apps.ledger.models import Cursor, Entry, Seal, Unsealed
from apps.ledger.tasks import seal as seal_task
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.ledger.base import note
from tests.portal.polling import until

PROCESSES, EACH = 8, 1250
fork = multiprocessing.get_context("fork")


class Undo(Exception):
    pass


class OtherConnection(threading.Thread):
    """Records an entry on a connection of its own and keeps the transaction open until told."""

    def __init__(self, number: int) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.recorded, self.may_commit = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                self.entry = note(self.number)
                self.recorded.set()
                assert self.may_commit.wait(120)
        finally:
            connection.close()

    def __enter__(self) -> OtherConnection:
        self.start()
        assert self.recorded.wait(120)
        return self

    def __exit__(self, *_: object) -> None:
        self.commit()

    def commit(self) -> None:
        self.may_commit.set()
        self.join(120)


class ManyConnectionsTests(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        services.seal()

    def test_an_entry_that_commits_late_is_sealed_and_read_after_those_that_overtook_it(
        self,
    ) -> None:
        read: list[int] = []
        cursors.begin("test", at_head=True)

        def handle(entries: Sequence[Sealed]) -> None:
            read.extend(sealed.entry.data["n"] for sealed in entries)

        with OtherConnection(1) as late:
            early = note(2)
            self.assertLess(late.entry.pk, early.pk)
            services.seal()
            cursors.drain("test", handle=handle)
            self.assertEqual(read, [2])

            late.commit()
            services.seal()
            cursors.drain("test", handle=handle)

        self.assertEqual(read, [2, 1])
        self.assertTrue(verification.verify().ok)

    def test_two_sealers_do_not_wait_for_each_other(self) -> None:
        note(1)
        answers: list[int] = []

        def other() -> None:
            answers.append(services.seal(wait=False))
            connection.close()

        with transaction.atomic():
            chain.lock(chain.SEALING)
            thread = threading.Thread(target=other)
            thread.start()
            thread.join(120)

        self.assertEqual(answers, [0])
        self.assertEqual(services.seal(), 1)

    def test_a_second_reader_of_the_same_name_leaves_at_once(self) -> None:
        cursors.begin("test", at_head=True)
        note(1)
        services.seal()

        def meanwhile(entries: Sequence[Sealed]) -> None:
            self.assertEqual(
                self.elsewhere(lambda: cursors.read("test", handle=lambda entries: None)), 0
            )

        self.assertEqual(cursors.read("test", handle=meanwhile), 1)

    def elsewhere(self, act: Callable[[], int]) -> int:
        """Do it on another connection."""
        answers: list[int] = []

        def run() -> None:
            answers.append(act())
            connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(120)
        return answers[0]

    def test_ten_thousand_records_of_eight_processes_make_one_chain(self) -> None:
        known = Entry.objects.count()
        connections.close_all()
        stop = fork.Event()
        sealer = fork.Process(target=_seal_until, args=(stop,))
        writers = [fork.Process(target=_write, args=(number,)) for number in range(PROCESSES)]
        for process in (sealer, *writers):
            process.start()
        for process in writers:
            process.join(600)
        # One that was held up all the while begins now.
        until(lambda: Seal.objects.count() > known, what="it seals")
        stop.set()
        sealer.join(240)

        self.assertEqual([process.exitcode for process in (sealer, *writers)], [0] * 9)
        by_sealer = Seal.objects.count() - known
        found = verification.verify()
        self.assertEqual((found.sentence, found.rows), ("", known + PROCESSES * EACH))
        self.assertGreater(by_sealer, 0)
        self.assertEqual(Unsealed.objects.count(), 0)
        self.assertFalse(Entry.objects.filter(data__has_key="undone").exists())


class SealTests(PortalTestCase):
    def setUp(self) -> None:
        services.seal()

    def test_positions_have_no_gaps_and_follow_the_commits(self) -> None:
        first = note(1)
        services.seal()
        second = note(2)
        seal_task()

        places = {seal.entry_id: seal.position for seal in Seal.objects.all()}
        self.assertEqual(places[second.pk], places[first.pk] + 1)
        self.assertEqual(sorted(places.values()), list(range(1, len(places) + 1)))

    def test_an_idle_turn_costs_one_query(self) -> None:
        with self.assertNumQueries(1):
            seal_task()


class ReadTests(PortalTestCase):
    def setUp(self) -> None:
        services.seal()
        cursors.begin("test", at_head=True)
        for number in range(5):
            note(number)
        services.seal()
        self.seen: list[int] = []

    def see(self, entries: Sequence[Sealed]) -> None:
        self.seen.extend(sealed.entry.data["n"] for sealed in entries)

    def test_a_reader_sees_each_entry_once_and_in_order(self) -> None:
        self.assertEqual(cursors.lags(), {"test": 5})

        counts = [cursors.read("test", handle=self.see, batch=2) for _ in range(4)]

        self.assertEqual(counts, [2, 2, 1, 0])
        self.assertEqual(self.seen, [0, 1, 2, 3, 4])
        self.assertEqual(cursors.lags(), {"test": 0})

    def test_an_error_moves_nothing_and_undoes_what_the_handler_wrote(self) -> None:
        def fail(entries: Sequence[Sealed]) -> None:
            Cursor.objects.create(name="written by the handler")
            raise Undo

        with self.assertRaises(Undo):
            cursors.read("test", handle=fail)

        self.assertFalse(Cursor.objects.filter(name="written by the handler").exists())
        cursors.drain("test", handle=self.see)
        self.assertEqual(self.seen, [0, 1, 2, 3, 4])

    def test_a_new_reader_begins_at_the_beginning(self) -> None:
        everything = Seal.objects.count()
        self.assertEqual(cursors.drain("new", handle=self.see_positions, batch=3), everything)
        self.assertEqual(self.seen, list(range(1, everything + 1)))

    def see_positions(self, entries: Sequence[Sealed]) -> None:
        self.seen.extend(sealed.position for sealed in entries)


def _write(number: int) -> None:
    """Record in transactions of one to nine entries; some are undone."""
    dice = Random(number)
    left = EACH
    while left:
        size = min(left, dice.randint(1, 9))
        with transaction.atomic():
            for offset in range(size):
                note(left - offset)
        left -= size
        if dice.random() < 0.1:
            _undone(number)


def _undone(number: int) -> None:
    try:
        with transaction.atomic():
            note(number, undone=True)
            raise Undo
    except Undo:
        pass


def _seal_until(stop: ProcessEvent) -> None:
    while not stop.wait(0.05):
        services.seal(wait=False)
