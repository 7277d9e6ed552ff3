"""Done when: timers are right to the second across killed workers, set clocks and racing workers."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test import override_settings

from apps.incidents import services
from apps.incidents.models import Call, Escalation, Incident, Page
from apps.incidents.oncall import contacts, paging
from portal.mail import Mail
from tests.base import PortalTestCase, PortalTransactionTestCase
from tests.incidents.oncall.base import VirtualClock, incident_of, policy_of, virtual

LIVES = int(os.environ.get("LIVES", "30"))  # LIVES=80 is a longer run
MINUTES = 24


class Killed(BaseException):
    """A worker that is no more."""


class KilledAt:
    """Kills whoever passes one of the engine's steps at a given moment."""

    STEPS: tuple[tuple[Any, str], ...] = (
        (paging, "follow_the_clock"), (paging, "_send"), (paging, "_record"), (contacts, "call"),
        (contacts, "_write"), 
    )  # fmt: skip

    def __init__(self, chance: random.Random, often: float) -> None:
        self.chance, self.often = chance, often
        self.kills = 0

    def patched(self) -> ExitStack:
        stack = ExitStack()
        for module, name in self.STEPS:
            real = getattr(module, name)
            stack.enter_context(mock.patch.object(module, name, self._around(real)))
        return stack

    def _around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def passed(*args: Any, **kwargs: Any) -> Any:
            self._perhaps()
            result = real(*args, **kwargs)
            self._perhaps()
            return result

        return passed

    def _perhaps(self) -> None:
        if self.chance.random() < self.often:
            self.kills += 1
            raise Killed


@override_settings(MAIL=Mail(host="mail.example.org"))
class KillTests(PortalTestCase):
    """Each life of an incident: workers die at random steps, and somebody sets the clock."""

    @pytest.mark.slow
    def test_thousands_of_kills_and_set_clocks(self) -> None:
        policy_of(
            self.fraud,
            (0, [self.rita]),
            (5, [self.cora, self.max]),
            (4, [self.ada]),
            by=self.ada,
            repeats=1,
        )
        kills = jumps = 0
        for seed in range(LIVES):
            found = self.one_life(random.Random(seed))
            kills, jumps = kills + found[0], jumps + found[1]
        print(f"\n{LIVES} lives, {kills} kills, {jumps} set clocks")
        self.assertGreater(kills, LIVES)
        self.assertGreater(jumps, LIVES)

    def one_life(self, chance: random.Random) -> tuple[int, int]:
        """One incident from its opening to its last page; how often workers died and clocks were set."""
        killer = KilledAt(chance, chance.choice((0.02, 0.08, 0.2)))
        jumps = 0
        with virtual() as hands:
            savepoint = transaction.savepoint()
            incident = incident_of(self.fraud, by=self.carol)
            opened = hands.uptime
            wanted = {
                (page.round, page.step, page.place): (page.due_at - hands.now).total_seconds()
                for page in incident.pages.all()
            }
            sent: dict[tuple[int, int, int], float] = {}
            # Only the seconds around something due are looked at, and a few others.
            moments = sorted(
                {*wanted.values(), *(float(chance.randrange(MINUTES * 60)) for _ in range(4))}
            )
            for moment in moments:
                for second in range(int(moment), int(moment) + 2):
                    if (left := opened + second - hands.uptime) > 0:
                        hands.wait(left)
                    jumps += self.perhaps_set(hands, chance)
                    self.beat_until_it_lives(killer)
                    for page in incident.pages.filter(state="sent"):
                        sent.setdefault((page.round, page.step, page.place), hands.uptime - opened)
            self.hold(incident, wanted, sent)
            transaction.savepoint_rollback(savepoint)
        return killer.kills, jumps

    def perhaps_set(self, hands: VirtualClock, chance: random.Random) -> int:
        if chance.random() > 0.25:
            return 0
        hands.turn(timedelta(seconds=chance.choice((-86_400, -3600, -61, -2, 2, 61, 3600, 86_400))))
        return 1

    def beat_until_it_lives(self, killer: KilledAt) -> None:
        """A killed worker's transaction is gone; the next worker begins within the same second."""
        while True:
            try:
                with killer.patched():
                    paging.page_due()
            except Killed:
                continue
            return

    def hold(
        self,
        incident: Incident,
        wanted: dict[tuple[int, int, int], float],
        sent: dict[tuple[int, int, int], float],
    ) -> None:
        self.assertEqual(set(sent), set(wanted), "a page was skipped")
        for key, at in sent.items():
            self.assertLessEqual(
                abs(at - wanted[key]), 1.0, f"{key} came at {at}, not {wanted[key]}"
            )
        calls = Counter(
            Call.objects.filter(page__incident=incident).values_list("page", "user", "way")
        )
        self.assertEqual(set(calls.values()), {1}, "a message was doubled")
        self.assertEqual(
            len(calls), 2 * len(wanted), "a page has no message"
        )  # by mail and in the portal


@override_settings(MAIL=Mail(host="mail.example.org"))
class RaceTests(PortalTransactionTestCase):
    """Real transactions: workers beside each other, and beside whoever acknowledges."""

    def at_once(self, *acts: Callable[[], object]) -> None:
        failed: list[BaseException] = []
        together = threading.Barrier(len(acts))

        def run(act: Callable[[], object]) -> None:
            try:
                together.wait(120)
                act()
            except BaseException as error:  # noqa: BLE001  told by the test's own thread
                failed.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assertEqual(failed, [])

    def test_many_workers_send_each_page_once(self) -> None:
        policy_of(self.fraud, (0, [self.rita, self.cora, self.max]), by=self.ada)
        for _ in range(8):
            incident_of(self.fraud, by=self.carol)
        self.at_once(*[paging.page_due] * 4)
        paging.page_due()  # what a worker passed over because another held it
        self.assertEqual(Page.objects.filter(state="sent").count(), 24)
        self.assertEqual(Call.objects.count(), 48)  # by mail and in the portal

    def test_an_acknowledgement_beside_the_engine_leaves_nothing_waiting(self) -> None:
        policy_of(self.fraud, (0, [self.rita, self.cora]), (5, [self.max]), by=self.ada)
        for _ in range(12):
            incident = incident_of(self.fraud, by=self.carol)
            self.at_once(
                paging.page_due,
                lambda one=incident: services.acknowledge(incident=one, by=self.rita),  # type: ignore[misc]
                paging.page_due,
            )
            self.assertFalse(Page.objects.filter(incident=incident, state="waiting").exists())
            waiting = Call.objects.filter(page__incident=incident, state="waiting")
            self.assertFalse(waiting.exists(), "a message of a stopped page still waits")
            self.assertEqual(Escalation.objects.get(incident=incident).state, "stopped")
