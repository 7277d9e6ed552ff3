"""The WebSocket behind live pages: who may knock, who may hear what, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from unittest import mock

from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.test import Client, override_settings

from apps.accounts.models import ApiToken, User
from apps.accounts.services import create_token
from apps.core import consumers, live
from apps.core.models import Job
from apps.projects.models import Grant
from portal.routing import websockets
from tests.base import PortalTransactionTestCase

OWN = b"http://localhost"
Headers = list[tuple[bytes, bytes]]


class LiveTestCase(PortalTransactionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.job = Job.objects.create(kind="fixture.x", owner=self.ada, project_id=self.fraud.pk)

    def cookie(self, user: User) -> Headers:
        client = Client()
        client.force_login(user)
        self.session = client.session
        pair = f"signalbox_session={client.cookies['signalbox_session'].value}"
        return [(b"cookie", pair.encode()), (b"origin", OWN), (b"host", b"localhost")]

    def bearer(self, user: User, **limits: Any) -> Headers:
        token, text = create_token(user=user, name="t", by=user, **limits)
        self.token = token
        return [(b"authorization", f"Bearer {text}".encode()), (b"host", b"localhost")]

    def talk(self, headers: Headers, act: Callable[[Socket], Awaitable[Any]]) -> Any:
        async def go() -> Any:
            socket = Socket(headers)
            try:
                return await act(socket)
            finally:
                await socket.end()

        return async_to_sync(go)()

    def ask(self, headers: Headers, *topics: str) -> list[dict[str, str]]:
        """What the socket says to a subscription."""

        async def act(socket: Socket) -> list[dict[str, str]]:
            assert await socket.open()
            await socket.say({"subscribe": list(topics)})
            return [await socket.hear() for _ in topics]

        found: list[dict[str, str]] = self.talk(headers, act)
        return found


class Socket:
    """One WebSocket to the portal's own routing."""

    def __init__(self, headers: Headers) -> None:
        scope = {"type": "websocket", "path": "/ws/live/", "query_string": b"", "headers": headers}
        self.inner = ApplicationCommunicator(websockets, scope)

    async def open(self) -> bool:
        await self.inner.send_input({"type": "websocket.connect"})
        answer = await self.inner.receive_output(timeout=60)
        return bool(answer["type"] == "websocket.accept")

    async def say(self, content: Any) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        await self.send(text=text)

    async def send(self, *, text: str | None = None, data: bytes | None = None) -> None:
        await self.inner.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def hear(self) -> dict[str, str]:
        message = await self.inner.receive_output(timeout=60)
        assert message["type"] == "websocket.send", message
        return dict(json.loads(message["text"]))

    async def quiet(self) -> bool:
        return bool(await self.inner.receive_nothing(timeout=1.0))

    async def closed(self) -> int:
        """The code of the close that follows."""
        while True:
            message = await self.inner.receive_output(timeout=60)
            if message["type"] == "websocket.close":
                return int(message.get("code", 1000))

    async def end(self) -> None:
        await self.inner.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.inner.wait(timeout=60)


class KnockTests(LiveTestCase):
    def test_without_a_session_it_is_closed_with_its_code(self) -> None:
        async def act(socket: Socket) -> int:
            await socket.open()
            return await socket.closed()

        self.assertEqual(self.talk([(b"origin", OWN), (b"host", b"localhost")], act), 4401)
        headers = [(b"authorization", b"Bearer sbx_nobody_nothing")]
        self.assertEqual(self.talk(headers, act), 4401)

    def test_pages_of_other_origins_are_refused(self) -> None:
        given = self.cookie(self.ada)
        for origin in (
            b"http://evil.example",
            b"http://localhost:9999",
            b"null",
            b"http://[",
            b"",
        ):
            headers = [(name, origin if name == b"origin" else value) for name, value in given]
            self.assertFalse(self.talk(headers, lambda socket: socket.open()), origin)

    def test_an_unknown_host_is_refused_even_where_the_origin_agrees(self) -> None:
        cookie = self.cookie(self.ada)[0]
        headers = [cookie, (b"origin", b"http://evil.example"), (b"host", b"evil.example")]
        self.assertFalse(self.talk(headers, lambda socket: socket.open()))

    def test_a_token_needs_no_origin(self) -> None:
        answer = self.ask(self.bearer(self.ada), f"job:{self.job.pk}")
        self.assertEqual(answer, [{"subscribed": f"job:{self.job.pk}"}])


class HearTests(LiveTestCase):
    def test_who_may_see_the_job_may_hear_of_it(self) -> None:
        topic = f"job:{self.job.pk}"
        for user, word in (
            (self.carol, "subscribed"),
            (self.sam, "subscribed"),
            (self.bob, "refused"),
        ):
            self.assertEqual(self.ask(self.cookie(user), topic), [{word: topic}], user)

    def test_what_is_hidden_looks_like_what_is_not_there(self) -> None:
        topics = [f"job:{self.job.pk}", "job:999999", f"job:{10**30}", "job:x", "job:\u0661", "x:1"]
        for topic, answer in zip(topics, self.ask(self.cookie(self.bob), *topics), strict=True):
            self.assertEqual(answer, {"refused": topic})

    def test_lists_belong_to_their_owner_and_their_project(self) -> None:
        topics = [f"jobs:{self.ada.pk}", f"project_jobs:{self.fraud.pk}"]
        words = [list(answer)[0] for answer in self.ask(self.cookie(self.carol), *topics)]
        self.assertEqual(words, ["refused", "subscribed"])
        words = [list(answer)[0] for answer in self.ask(self.cookie(self.bob), *topics)]
        self.assertEqual(words, ["refused", "refused"])

    def test_a_token_for_another_project_hears_nothing_of_this_one(self) -> None:
        Grant.objects.create(project=self.other, user=self.ada, role=10)
        headers = self.bearer(self.ada, project_ids=[self.other.pk])
        topics = [f"job:{self.job.pk}", f"jobs:{self.ada.pk}", f"project_jobs:{self.fraud.pk}"]
        self.assertEqual(self.ask(headers, *topics), [{"refused": topic} for topic in topics])

    def test_many_changes_at_once_are_told_together(self) -> None:
        topic = f"job:{self.job.pk}"

        async def act(socket: Socket) -> list[dict[str, str]]:
            await socket.open()
            await socket.say({"subscribe": [topic]})
            await socket.hear()
            await sync_to_async(live.changed_all)([topic] * 50)
            heard = [await socket.hear()]
            while not await socket.quiet():
                heard.append(await socket.hear())
            return heard

        heard = self.talk(self.cookie(self.ada), act)
        self.assertEqual(heard[0], {"changed": topic})
        self.assertLess(len(heard), 10)

    def test_after_unsubscribing_it_is_silent(self) -> None:
        topic = f"job:{self.job.pk}"

        async def act(socket: Socket) -> bool:
            await socket.open()
            await socket.say({"subscribe": [topic]})
            await socket.hear()
            await socket.say({"unsubscribe": [topic]})
            await sync_to_async(live.changed)(topic)
            return await socket.quiet()

        self.assertTrue(self.talk(self.cookie(self.ada), act))


class GarbageTests(LiveTestCase):
    def code(self, *, text: str | None = None, data: bytes | None = None, times: int = 1) -> int:
        async def act(socket: Socket) -> int:
            await socket.open()
            for _ in range(times):
                await socket.send(text=text, data=data)
            return await socket.closed()

        return int(self.talk(self.cookie(self.ada), act))

    def test_what_is_no_question_is_answered_with_how_to_ask(self) -> None:
        bad = ["", "{", "1", "null", "[]", "{}", '{"subscribe": 1}', "[" * 9000, '"\\ud800"']

        async def act(socket: Socket) -> list[dict[str, str]]:
            await socket.open()
            answers = []
            for text in bad:
                await socket.say(text)
                answers.append(await socket.hear())
            return answers

        for answer in self.talk(self.cookie(self.ada), act):
            self.assertEqual(answer, {"error": consumers.HOW})

    def test_huge_and_binary_messages_close_it(self) -> None:
        self.assertEqual(self.code(text="x" * 20_000), consumers.TOO_LARGE)
        self.assertEqual(self.code(data=b"\x00\xff"), consumers.TOO_LARGE)

    @mock.patch.object(consumers, "PER_SECONDS", 3600)
    def test_a_flood_closes_it(self) -> None:
        self.assertEqual(self.code(text="{}", times=100), consumers.TOO_MUCH)

    def test_there_is_a_limit_to_topics(self) -> None:
        jobs = Job.objects.bulk_create(
            [Job(kind="fixture.x", project_id=self.fraud.pk) for _ in range(105)]
        )

        async def act(socket: Socket) -> list[str]:
            await socket.open()
            for half in (jobs[:60], jobs[60:]):
                await socket.say({"subscribe": [f"job:{job.pk}" for job in half]})
            return [next(iter(await socket.hear())) for _ in jobs]

        words = self.talk(self.cookie(self.ada), act)
        self.assertEqual((words.count("subscribed"), words.count("refused")), (100, 5))


@override_settings(LIVE_RECHECK_SECONDS=0.1)
class EndTests(LiveTestCase):
    def ended_by(self, headers: Headers, act: Callable[[], object]) -> int:
        async def go(socket: Socket) -> int:
            await socket.open()
            await socket.say({"subscribe": [f"job:{self.job.pk}"]})
            await socket.hear()
            await sync_to_async(act)()
            return await socket.closed()

        return int(self.talk(headers, go))

    def test_the_end_of_the_session_ends_it(self) -> None:
        headers = self.cookie(self.ada)
        self.assertEqual(self.ended_by(headers, self.session.delete), 4401)

    def test_a_deactivated_person_is_out(self) -> None:
        def deactivate() -> None:
            User.objects.filter(pk=self.ada.pk).update(is_active=False)

        self.assertEqual(self.ended_by(self.cookie(self.ada), deactivate), 4401)

    def test_a_revoked_token_is_out(self) -> None:
        headers = self.bearer(self.ada)

        def revoke() -> None:
            ApiToken.objects.filter(pk=self.token.pk).update(revoked_at="2020-01-01T00:00Z")

        self.assertEqual(self.ended_by(headers, revoke), 4401)

    def test_a_role_taken_away_ends_what_it_opened_and_nothing_else(self) -> None:
        topic = f"job:{self.job.pk}"

        async def act(socket: Socket) -> dict[str, str]:
            await socket.open()
            await socket.say({"subscribe": [topic]})
            await socket.hear()
            await Grant.objects.filter(user=self.carol).adelete()
            return await socket.hear()

        self.assertEqual(self.talk(self.cookie(self.carol), act), {"refused": topic})

    @mock.patch.object(consumers, "MOST_SOCKETS", 3)
    def test_nobody_holds_more_than_a_bounded_number_of_sockets(self) -> None:
        headers = self.cookie(self.ada)

        async def go() -> tuple[int, int]:
            sockets = [Socket(headers) for _ in range(3)]
            for socket in sockets:
                assert await socket.open()
            one_more = Socket(headers)
            await one_more.open()
            code = await one_more.closed()
            await asyncio.gather(*(socket.end() for socket in [*sockets, one_more]))
            again = Socket(headers)
            await again.open()
            await again.say({})
            answered = "error" in await again.hear()
            await again.end()
            return code, answered

        self.assertEqual(async_to_sync(go)(), (consumers.TOO_MANY_SOCKETS, True))
