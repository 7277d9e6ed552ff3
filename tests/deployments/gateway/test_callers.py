"""Who may call is remembered for seconds, on a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from apps.deployments.gateway import callers
from apps.deployments.gateway.callers import Callers


class Portal:
    """Answers as it is told, and counts."""

    def __init__(self) -> None:
        self.answer, self.asked, self.away, self.now = True, 0, False, 100.0

    def may(self, token: str, project_id: int) -> bool:
        self.asked += 1
        if self.away:
            raise OSError("away")
        return self.answer and token == "ours"  # noqa: S105

    def callers(self) -> Callers:
        return Callers(self.may, (OSError,), lambda: self.now)


async def told(of: Callers, token: bytes = b"ours") -> bool | None:
    answer: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()
    of.ask(token, 1, answer.set_result)
    return await answer


def run(check: Callable[[Portal, Callers], object]) -> None:
    async def running() -> None:
        portal = Portal()
        await check(portal, portal.callers())  # type: ignore[misc]

    asyncio.run(running())


def test_it_asks_once_for_many() -> None:
    async def check(portal: Portal, known: Callers) -> None:
        assert known.allowed(b"ours", 1) is None
        assert await asyncio.gather(*(told(known) for _ in range(50))) == [True] * 50
        assert known.allowed(b"ours", 1) is True
        assert known.allowed(b"ours", 2) is None
        assert portal.asked == 1

    run(check)


def test_a_revoked_token_dies_within_five_seconds() -> None:
    async def check(portal: Portal, known: Callers) -> None:
        assert callers.REMEMBER_SECONDS < 5
        await told(known)
        portal.answer = False
        portal.now += callers.REMEMBER_SECONDS - 0.01
        assert known.allowed(b"ours", 1) is True  # and asks in the background
        await asyncio.gather(*known.tasks)
        assert known.allowed(b"ours", 1) is False
        portal.now += callers.REMEMBER_SECONDS
        assert known.allowed(b"ours", 1) is None

    run(check)


def test_who_was_allowed_stays_so_while_the_portal_is_away() -> None:
    async def check(portal: Portal, known: Callers) -> None:
        await told(known)
        portal.away = True
        for _ in range(20):
            portal.now += 10
            assert known.allowed(b"ours", 1) is None
            assert await told(known) is True
        assert await told(known, b"new") is None
        portal.now += callers.WITHOUT_DATABASE_SECONDS
        assert await told(known) is None

    run(check)


def test_who_was_refused_is_not_let_in_by_trouble() -> None:
    async def check(portal: Portal, known: Callers) -> None:
        assert await told(known, b"theirs") is False
        portal.away = True
        portal.now += 10
        assert await told(known, b"theirs") is None

    run(check)


def test_no_text_is_no_token() -> None:
    async def check(portal: Portal, known: Callers) -> None:
        assert await told(known, b"\xff\xfe") is False

    run(check)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MOST_REMEMBERED", 3)
    monkeypatch.setattr(callers, "MOST_ASKED", 2)

    async def check(portal: Portal, known: Callers) -> None:
        for number in range(6):
            await told(known, b"%d" % number)
        assert len(known.known) == 3
        many = await asyncio.gather(*(told(known, b"x%d" % number) for number in range(5)))
        assert many.count(None) == 3

    run(check)
