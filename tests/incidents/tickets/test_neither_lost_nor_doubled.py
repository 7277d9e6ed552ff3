"""Racing, repeated, reordered, lost and forged hints; edits on both sides; workers that die; a tracker that fails late.

However it goes: no ticket doubled, none lost, no comment doubled or lost, both sides equal in the end, and then
everything rests. Where nobody looks by chance any more, only what the beat finds is looked at. `TICKET_EVENTS` sets
how many events there are.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from django.db import close_old_connections, connection
from django.db.models import F
from django.utils import timezone

from apps.core.errors import PortalError
from apps.incidents import selectors, services, tickets
from apps.incidents.models import Incident, Note, Ticket, TicketComment, TicketConflict
from apps.incidents.tickets import ours
from apps.incidents.tickets.failing import note_lost_job
from apps.integrations import services as integrations
from apps.integrations.errors import NotGenuine
from apps.integrations.ports import Incoming, Phase
from apps.ledger.models import Entry
from tests.base import PortalTransactionTestCase
from tests.incidents.tickets.base import PEOPLE, WithTracker
from tests.incidents.tickets.remote import Killed, Remote

EVENTS = int(os.environ.get("TICKET_EVENTS", "300"))
SECRET = "a-webhook-secret"
AT_ONCE, WORKERS, MOST_ROUNDS = 6, 3, 500
# How often a statement of a look is the last thing that its process does; a webhook is lost, a call fails, or kills.
DIES, LOST, FAILS, KILLS = 0.001, 0.1, 0.2, 0.03
SLOW = 0.005  # seconds of a call, so that others act meanwhile
LAG = 0.3  # seconds for which a search does not find what was just opened


class Race:
    """One tracker, some incidents, and everybody who acts on them."""

    def __init__(self, test: NeitherLostNorDoubledTests, seed: int) -> None:
        self.test = test
        self.seed = seed
        self.there: Remote = test.remote(
            seed, failing=FAILS, killing=KILLS, slow=SLOW, lag=LAG, settles_seconds=3600
        )
        self.hooks: list[tuple[bytes, str]] = []
        self.unheard: set[str] = set()  # tickets of which a webhook was lost
        self.said: list[str] = []
        self.seen: Counter[str] = Counter()
        self.numbers = count(1)
        self.wrong: list[BaseException] = []
        self.lock = threading.Lock()

    def act(self, chance: random.Random) -> None:
        """One event: of a person on either side, a webhook on its way, or a worker's look."""
        deeds: list[tuple[float, Callable[[random.Random], None]]] = [
            (2, self.edit_here), (3, self.edit_there), (3, self.deliver), (5, self.look),
            (1, self.note_here), (1, self.say_there), (1, self.forge), (1, self.settle),
            (0.3, self.open_here), (0.3, self.link_again),
        ]  # fmt: skip
        deed = chance.choices([each for _, each in deeds], [weight for weight, _ in deeds])[0]
        deed(chance)
        self.note(deed.__name__)

    def note(self, what: str) -> None:
        with self.lock:
            self.seen[what] += 1

    # Here

    def open_here(self, chance: random.Random) -> None:
        made = self.test.incident(title=f"Incident {next(self.numbers)}")
        self.test.linked(made, self.test.jira)

    def link_again(self, chance: random.Random) -> None:
        """A second click."""
        self.test.linked(self.some_incident(chance), self.test.jira)

    def edit_here(self, chance: random.Random) -> None:
        row = self.some_incident(chance)
        person = chance.choice([self.test.rita, self.test.cora])
        try:
            match chance.randrange(4):
                case 0:
                    services.acknowledge(incident=row, by=person)
                case 1:
                    services.resolve(incident=row, by=person, reason="Mended.")
                case 2:
                    services.reopen(incident=row, by=person, reason="Not mended.")
                case _:
                    severity = chance.choice(list(self.there.priorities))
                    services.set_severity(incident=row, severity=severity, by=person)
        except PortalError:
            self.note("refused")  # somebody was first

    def note_here(self, chance: random.Random) -> None:
        row = self.some_incident(chance)
        services.add_note(incident=row, text=f"Here {next(self.numbers)}", by=self.test.rita)

    def settle(self, chance: random.Random) -> None:
        for row in TicketConflict.objects.filter(settled_at=None)[:1]:
            self.decide(row, chance)

    def decide(self, row: TicketConflict, chance: random.Random) -> None:
        try:
            tickets.settle(conflict=row, keep=chance.choice(["ours", "theirs"]), by=self.test.max)
        except PortalError:
            self.note("refused")

    def some_incident(self, chance: random.Random) -> Incident:
        """One of the newest, mostly: so that they meet."""
        found = Incident.objects.order_by("-pk")
        return chance.choice(found if chance.random() < 0.1 else found[:AT_ONCE])

    # There

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
        self.hook(key, chance)

    def say_there(self, chance: random.Random) -> None:
        if (key := self.some_key(chance)) is not None:
            text = f"There {next(self.numbers)}"
            self.said.append(text)
            self.there.say(key, text)
            self.hook(key, chance)

    def some_key(self, chance: random.Random) -> str | None:
        keys = list(self.there.tickets)
        few = keys if chance.random() < 0.1 else keys[-AT_ONCE:]
        return chance.choice(few) if few else None

    # Between

    def hook(self, key: str, chance: random.Random) -> None:
        """The tracker writes a webhook; whether, when and how often it arrives is another matter."""
        if chance.random() < LOST:
            self.unheard.add(key)
            return
        body = json.dumps({"issue": {"key": key}, "n": next(self.numbers)}).encode()
        code = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.hooks.append((body, f"sha256={code}"))

    def deliver(self, chance: random.Random) -> None:
        """Any webhook there ever was: out of order, again, or for the first time."""
        if self.hooks:
            self.arrive(*chance.choice(self.hooks))

    def arrive(self, body: bytes, signature: str) -> None:
        delivery, new = integrations.receive(
            connection=self.test.jira, incoming=_incoming(body, signature)
        )
        if not new:
            self.note("replayed")
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
        found = Ticket.objects.select_related("incident").order_by("-pk")
        ticket = chance.choice(found if chance.random() < 0.2 else found[:AT_ONCE])
        try:
            with mortal(chance):
                error = self.test.look(ticket, self.there)
        except Killed:
            self.note("killed")
            note_lost_job(ticket_id=ticket.pk)  # as the sweep of dead workers' jobs does
        else:
            if error is not None:
                self.note(f"{error.code}")
        self.rest(Ticket.objects.filter(pk=ticket.pk))

    def rest(self, rows: Any) -> None:
        """The pauses pass, and hours with them."""
        rows.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
        rows.update(writes=0, failures=0)

    # All of it

    def run(self, events: int) -> None:
        """Workers act at once, each in its own thread and connection, until all events happened."""
        shares = [len(range(n, events, WORKERS)) for n in range(WORKERS)]
        threads = [
            threading.Thread(target=self.work, args=[share, self.seed * 100 + n])
            for n, share in enumerate(shares)
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

    def come_to_rest(self) -> None:
        """Nobody edits any more; what is on its way arrives, and people settle what waits for them."""
        self.there.failing = self.there.killing = 0.0
        # An hour passes: what no search finds now was never opened.
        time.sleep(LAG)
        hour = timedelta(hours=1)
        Ticket.objects.exclude(opening_at=None).update(opening_at=F("opening_at") - hour)
        chance = random.Random(self.seed)  # noqa: S311  a test's own luck
        chance.shuffle(self.hooks)
        for body, signature in self.hooks:
            self.arrive(body, signature)
        self.beat(chance)
        unlike = {row.key for row in Ticket.objects.all() if _differences(row, self.there)}
        if unlike - self.unheard:
            raise AssertionError(f"{unlike - self.unheard} differ, though their webhooks arrived")
        # What nobody told of is found by and by.
        Ticket.objects.update(seen_at=F("seen_at") - timedelta(hours=1))
        self.beat(chance)

    def beat(self, chance: random.Random) -> None:
        """The beat and people, until neither has anything to do."""
        for _ in range(MOST_ROUNDS):
            self.rest(Ticket.objects.all())
            behind = selectors.unsettled()
            for ticket in behind:
                self.test.look(ticket, self.there)
            waiting = list(TicketConflict.objects.filter(settled_at=None))
            for row in waiting:
                self.decide(row, chance)
            if not behind and not waiting:
                return
        raise AssertionError("it does not come to rest")


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

    def test_a_race_ends_level(self) -> None:
        race = Race(self, seed=EVENTS)
        for _ in range(AT_ONCE):
            race.open_here(random.Random())  # noqa: S311  not asked
        race.run(EVENTS)
        race.come_to_rest()
        told = ", ".join(f"{number} {what}" for what, number in race.seen.most_common())
        print(f"{EVENTS} events: {told}; {race.there.calls} calls, {race.there.changes} changes")
        self.check_tickets(race.there)
        self.check_comments(race)
        self.check_peace(race)
        for what in ("killed", "timed_out", "replayed", "forge", "edit_here", "edit_there"):
            self.assertTrue(race.seen[what], f"{what} never happened")

    def check_tickets(self, there: Remote) -> None:
        self.assertEqual(max(Counter(there.opened).values()), 1, "a ticket was opened twice")
        self.assertEqual(len(there.opened), Incident.objects.count(), "a ticket was lost")
        self.assertEqual(Ticket.objects.filter(dead_at=None).count(), len(there.opened))
        for ticket in Ticket.objects.all():
            self.assertEqual(_differences(ticket, there), [])
        opened = Entry.objects.filter(verb="incidents.ticket_opened")
        keys = Counter(entry.data["key"] for entry in opened)
        self.assertEqual(keys, Counter(there.tickets.keys()), "each is on record once")

    def check_comments(self, race: Race) -> None:
        told = Counter(
            comment.text for row in race.there.tickets.values() for comment in row.comments
            if comment.author == "robot"
        )  # fmt: skip
        self.assertEqual(max(told.values(), default=1), 1, "a comment was told twice")
        notes = [text for text in told if "[note " in text]
        self.assertEqual(len(notes), Note.objects.count(), "a comment was lost")
        taken = sorted(TicketComment.objects.values_list("text", flat=True))
        self.assertEqual(taken, sorted(race.said))

    def check_peace(self, race: Race) -> None:
        """Nothing circles: no more was written there than somebody wanted, and a level ticket is only read."""
        there, settled = race.there, TicketConflict.objects.count()
        wanted = race.seen["edit_here"] + race.seen["edit_there"] + settled + len(there.opened)
        self.assertLessEqual(there.changes, wanted, "it circles")
        calls, before = there.calls, dict(there.tickets)
        for ticket in Ticket.objects.select_related("incident"):
            self.look(ticket, there)
        self.assertEqual(there.calls - calls, len(before), "it does not rest")
        self.assertEqual(there.tickets, before)
        self.assertEqual(selectors.unsettled(), [])


@contextmanager
def mortal(chance: random.Random) -> Iterator[None]:
    """Any statement may be the last; a process that dies takes its connection along, and with it its locks."""

    def strike(execute: Any, *args: Any) -> Any:
        if chance.random() < DIES:
            raise Killed
        return execute(*args)

    try:
        with connection.execute_wrapper(strike):
            yield
    except Killed:
        connection.close()
        raise


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
