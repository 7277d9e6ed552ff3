"""Racing, repeated, reordered and replayed hints and edits; dying workers; a tracker that fails after it has acted.

However it goes: no ticket doubled, none lost, no comment doubled or lost, both sides equal in the end, and then
everything rests. `TICKET_EVENTS` sets how many events the two races share.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import close_old_connections, connection, transaction
from django.test import override_settings

from apps.core.errors import PortalError
from apps.incidents import services, tickets
from apps.incidents.models import Incident, Note, Ticket, TicketComment, TicketConflict
from apps.incidents.tickets import ours, posts
from apps.integrations import services as integrations
from apps.integrations.errors import NotGenuine
from apps.integrations.ports import Incoming, Phase
from tests.base import PortalTransactionTestCase
from tests.incidents.tickets.base import PEOPLE, WithTracker
from tests.incidents.tickets.remote import Killed, Remote

EVENTS = int(os.environ.get("TICKET_EVENTS", "300"))
SECRET = "a-webhook-secret"
INCIDENTS, WORKERS, MOST_ROUNDS = 6, 3, 200


class Race:
    """One tracker, some incidents, and everybody who acts on them."""

    def __init__(self, test: NeitherLostNorDoubledTests, seed: int) -> None:
        self.test = test
        self.seed = seed
        self.there: Remote = test.remote(
            seed, failing=0.2, killing=0.03, lag=0.3, settles_seconds=1.0
        )
        self.hooks: list[tuple[bytes, str]] = []
        self.said: list[str] = []
        self.kills = self.failures = self.refused = 0
        self.numbers = count(1)
        self.wrong: list[BaseException] = []

    def act(self, chance: random.Random) -> None:
        """One event: of a person on either side, a webhook on its way, or a worker's look."""
        deeds: list[tuple[int, Callable[[random.Random], None]]] = [
            (2, self.edit_here), (3, self.edit_there), (3, self.deliver), (5, self.look),
            (1, self.note_here), (1, self.say_there), (1, self.forge), (1, self.settle),
        ]  # fmt: skip
        deed = chance.choices([each for _, each in deeds], [weight for weight, _ in deeds])[0]
        deed(chance)

    def edit_here(self, chance: random.Random) -> None:
        row = chance.choice(Incident.objects.all())
        person = chance.choice([self.test.rita, self.test.cora])
        try:
            match chance.randrange(3):
                case 0:
                    services.acknowledge(incident=row, by=person)
                case 1:
                    services.resolve(incident=row, by=person, reason="Mended.")
                case _:
                    self.grade(row, chance.choice(list(self.there.priorities)))
        except PortalError:
            self.refused += 1  # somebody was first

    def grade(self, row: Incident, severity: str) -> None:
        with transaction.atomic():
            locked = Incident.objects.select_for_update().get(pk=row.pk)
            ours.take(locked, "priority", severity, key="")

    def note_here(self, chance: random.Random) -> None:
        row = chance.choice(Incident.objects.all())
        services.add_note(incident=row, text=f"Here {next(self.numbers)}", by=self.test.rita)

    def edit_there(self, chance: random.Random) -> None:
        key = self.some_key(chance)
        if key is None:
            return
        match chance.randrange(3):
            case 0:
                phase = chance.choice(list(Phase))
                self.there.edit(key, phase=phase, status=phase.value)
            case 1:
                self.there.edit(key, priority=chance.choice(list(self.there.priorities.values())))
            case _:
                self.there.edit(key, assignee=chance.choice(["", *PEOPLE.values()]))
        self.hook(key)

    def say_there(self, chance: random.Random) -> None:
        if (key := self.some_key(chance)) is not None:
            text = f"There {next(self.numbers)}"
            self.said.append(text)
            self.there.say(key, text)
            self.hook(key)

    def hook(self, key: str) -> None:
        """The tracker writes a webhook; whether, when and how often it arrives is another matter."""
        body = json.dumps({"issue": {"key": key}, "n": next(self.numbers)}).encode()
        code = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.hooks.append((body, f"sha256={code}"))

    def deliver(self, chance: random.Random) -> None:
        """Any webhook there ever was: out of order, again, or for the first time."""
        if self.hooks:
            body, signature = chance.choice(self.hooks)
            delivery, _ = integrations.receive(
                connection=self.test.jira, incoming=_incoming(body, signature)
            )
            integrations.handle(delivery_id=delivery.pk)

    def forge(self, chance: random.Random) -> None:
        incoming = _incoming(b'{"issue": {"key": "T-1"}}', "sha256=" + "0" * 64)
        try:
            integrations.receive(connection=self.test.jira, incoming=incoming)
        except NotGenuine:
            return
        raise AssertionError("a forged webhook was taken")

    def look(self, chance: random.Random) -> None:
        """A worker looks at a ticket, and may die at it."""
        ticket = chance.choice(Ticket.objects.select_related("incident"))
        try:
            error = self.test.look(ticket, self.there)
        except Killed:
            self.kills += 1
            return
        self.failures += error is not None
        self.rested()

    def settle(self, chance: random.Random) -> None:
        for row in TicketConflict.objects.filter(settled_at=None)[:1]:
            self.decide(row, chance)

    def decide(self, row: TicketConflict, chance: random.Random) -> None:
        try:
            tickets.settle(conflict=row, keep=chance.choice(["ours", "theirs"]), by=self.test.max)
        except PortalError:
            self.refused += 1

    def some_key(self, chance: random.Random) -> str | None:
        keys = list(self.there.tickets)
        return chance.choice(keys) if keys else None

    def rested(self) -> None:
        """The pauses pass, and hours with them."""
        Ticket.objects.update(next_try_at=None, dead_at=None, writes=0, failures=0)

    def run(self, events: int) -> None:
        """Workers act at once, each in its own thread and connection, until all events happened."""
        share = events // WORKERS
        threads = [
            threading.Thread(target=self.work, args=[share, self.seed * 100 + n])
            for n in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.wrong:
            raise self.wrong[0]

    def work(self, events: int, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  a test's own luck
        try:
            for _ in range(events):
                self.act(chance)
        except BaseException as error:  # noqa: BLE001  told by the main thread
            self.wrong.append(error)
        finally:
            close_old_connections()
            connection.close()

    def come_to_rest(self) -> int:
        """Nobody edits any more; people settle what waits for them. Answers how many rounds it took."""
        self.there.failing = self.there.killing = 0.0
        chance = random.Random(self.seed)  # noqa: S311  a test's own luck
        for round_ in range(MOST_ROUNDS):
            self.rested()
            for ticket in Ticket.objects.select_related("incident"):
                posts.send_again(ticket.pk)
                self.test.look(ticket, self.there)
            waiting = list(TicketConflict.objects.filter(settled_at=None))
            for row in waiting:
                self.decide(row, chance)
            if not waiting and self.level():
                return round_
        raise AssertionError("the two sides never came together")

    def level(self) -> bool:
        return not any(_differences(ticket, self.there) for ticket in Ticket.objects.all())


class NeitherLostNorDoubledTests(WithTracker, PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.jira = integrations.create_connection(
            project=self.fraud,
            slug="jira",
            name="Jira",
            values={"site": "https://acme.atlassian.net", "email": "b@acme.org", "project": "ML"},
            secrets={"api_token": "t0ken", "secret": SECRET},
            by=self.sam,
        ).connection
        self.map_people(self.jira)

    @override_settings(LOGGING_CONFIG=None)
    def test_a_race_ends_level(self) -> None:
        race = Race(self, seed=EVENTS)
        for n in range(INCIDENTS):
            self.linked(self.incident(title=f"Incident {n}"), self.jira)
        race.run(EVENTS)
        rounds = race.come_to_rest()
        self.check(race)
        print(
            f"{EVENTS} events: {race.kills} workers killed, {race.failures} failures, "
            f"{TicketConflict.objects.count()} conflicts, {race.there.calls} calls, level after {rounds + 1} rounds"
        )

    def check(self, race: Race) -> None:
        there = race.there
        self.assertEqual(max(Counter(there.opened).values()), 1, "a ticket was opened twice")
        self.assertEqual(len(there.opened), INCIDENTS, "a ticket was lost")
        for ticket in Ticket.objects.all():
            self.assertEqual(_differences(ticket, there), [])
        told = Counter(
            comment.text for row in there.tickets.values() for comment in row.comments
            if comment.author == "robot"
        )  # fmt: skip
        self.assertEqual(max(told.values(), default=1), 1, "a comment was told twice")
        notes = [text for text in told if "[note " in text]
        self.assertEqual(len(notes), Note.objects.count(), "a comment was lost")
        taken = sorted(TicketComment.objects.values_list("text", flat=True))
        self.assertEqual(taken, sorted(race.said))
        calls, before = there.calls, dict(there.tickets)
        for ticket in Ticket.objects.select_related("incident"):
            self.look(ticket, there)
        self.assertEqual(there.calls - calls, INCIDENTS, "it does not rest")
        self.assertEqual(there.tickets, before)


def _incoming(body: bytes, signature: str) -> Incoming:
    return Incoming({"x-hub-signature": signature}, body, datetime.now(UTC))


def _differences(ticket: Ticket, there: Remote) -> list[str]:
    """What is not the same on both sides, in the tracker's words."""
    if ticket.key not in there.tickets:
        return ["the ticket is not there"]
    row, incident = there.tickets[ticket.key], Incident.objects.get(pk=ticket.incident_id)
    here: dict[str, Any] = ours.values(incident)
    pairs = [
        (here["phase"], str(row.phase)),
        (there.priorities[here["priority"]], row.priority),
        (PEOPLE.get(here["assignee"], ""), row.assignee),
    ]
    return [f"{mine} here, {theirs} there" for mine, theirs in pairs if mine != theirs]
