"""The journal: what was acknowledged is there, once, whatever happens to disk and process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from apps.deployments.gateway.shipping import Shipper
from apps.predictions import journal
from apps.predictions.journal import Journal


def written(folder: Path) -> list[bytes]:
    paths = [*folder.glob("*.sealed"), *folder.glob("*.open")]
    return [frame for path in sorted(paths) for frame in journal.frames(path)]


async def appended(to: Journal, *frames: bytes) -> list[OSError | None]:
    """Append together, and wait for what becomes of each."""
    loop = asyncio.get_running_loop()
    waiting = []
    for frame in frames:
        future: asyncio.Future[OSError | None] = loop.create_future()
        to.append(frame, future.set_result)
        waiting.append(future)
    return list(await asyncio.gather(*waiting))


def with_journal(folder: Path, check: Callable[[Journal], object]) -> None:
    async def running() -> None:
        made = Journal(folder)
        try:
            await check(made)  # type: ignore[misc]
        finally:
            made.close()

    asyncio.run(running())


def test_what_is_acknowledged_is_on_disk(tmp_path: Path) -> None:
    async def check(made: Journal) -> None:
        for number in range(20):
            frames = [b"%d-%d" % (number, each) for each in range(number)]
            assert await appended(made, *frames) == [None] * number
            assert set(frames) <= set(written(tmp_path))

    with_journal(tmp_path, check)
    assert len(written(tmp_path)) == sum(range(20))
    assert not list(tmp_path.glob("*.open"))


def test_who_comes_together_shares_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda number: (syncs.append(number), real(number)))

    async def check(made: Journal) -> None:
        await appended(made, *[b"x"] * 200)

    with_journal(tmp_path, check)
    assert len(syncs) == 1


def test_a_disk_that_fails_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a frame may have been written; what comes after it must still be found."""

    async def check(made: Journal) -> None:
        await appended(made, b"before")
        with monkeypatch.context() as patch:
            patch.setattr(journal, "_write_whole", half)
            [error] = await appended(made, b"refused" * 100)
        assert isinstance(error, OSError)
        assert await appended(made, b"after") == [None]

    def half(descriptor: int, block: bytes) -> None:
        os.write(descriptor, block[: len(block) // 2])
        raise OSError(28, "No space left on device")

    with_journal(tmp_path, check)
    assert written(tmp_path) == [b"before", b"after"]


def test_a_full_segment_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SEGMENT_BYTES", 1000)

    async def check(made: Journal) -> None:
        for _ in range(10):
            await appended(made, b"x" * 600)
        assert len(journal.sealed(tmp_path)) == 5

    with_journal(tmp_path, check)


@pytest.mark.parametrize("damage", ["cut", "flipped", "zeros"])
def test_a_torn_end_is_left_out(tmp_path: Path, damage: str) -> None:
    frames = [b"one", b"two", b"three"]
    whole = b"".join(journal.head(frame) + frame for frame in frames)
    torn = {"cut": whole[:-1], "flipped": whole[:-1] + b"E", "zeros": whole[:-13] + bytes(64)}
    path = tmp_path / "1.open"
    path.write_bytes(torn[damage])

    journal.recover(tmp_path)
    [sealed] = journal.sealed(tmp_path)
    assert list(journal.frames(sealed)) == [b"one", b"two"]


class Portal:
    def __init__(self) -> None:
        self.taken: dict[str, list[bytes]] = {}
        self.away = False

    def take_in(self, name: str, frames: object) -> None:
        if self.away:
            raise OSError("away")
        self.taken.setdefault(name, list(frames))  # type: ignore[call-overload]


def test_it_is_shipped_in_order_and_what_is_not_taken_stays(tmp_path: Path) -> None:
    for number in range(3):
        frame = b"%d" % number
        (tmp_path / f"{number}.sealed").write_bytes(journal.head(frame) + frame)
    (tmp_path / "9.open").write_bytes(b"")
    portal = Portal()
    shipper = Shipper(tmp_path, portal.take_in, (OSError,))

    portal.away = True
    assert not shipper.ship()
    assert len(journal.sealed(tmp_path)) == 3

    portal.away = False
    assert shipper.ship()
    assert list(portal.taken.items()) == [("0", [b"0"]), ("1", [b"1"]), ("2", [b"2"])]
    assert [path.name for path in tmp_path.iterdir()] == ["9.open"]
