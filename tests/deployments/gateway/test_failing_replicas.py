"""While one model server fails, another one answers: real processes, real sockets, no failed request."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.deployments.gateway import house as houses
from tests.deployments.gateway.house import House, Replica, post
from tests.deployments.gateway.load import Load
from tests.portal.polling import until

CLOSE = b"connection: close\r\n"


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """Two replicas; the gateway asks the other one as soon as one is slow."""
    with houses.house(replicas=2, patience=0.5) as built:
        yield built


@pytest.fixture(autouse=True)
def _well_again(house: House) -> Iterator[None]:
    yield
    for replica in house.replicas:
        if replica.process.poll() is None:
            replica.tell("ok")
        else:
            replica.start()
        replica.number += 100  # a new one to the gateway, of which it knows nothing bad
    house.say([house.target(replica) for replica in house.replicas])
    until(lambda: _both_answer(house), what="both replicas are asked again")


def _both_answer(house: House) -> bool:
    before = [replica.requests for replica in house.replicas]
    for _ in range(8):
        house.ask(post(more=CLOSE))
    after = [replica.requests for replica in house.replicas]
    return all(now > then for now, then in zip(after, before, strict=True))


@pytest.mark.parametrize("mode", ["500", "503", "close", "hang", "slow 2"])
def test_one_misbehaves(house: House, mode: str) -> None:
    bad = house.replicas[0]
    with Load(house) as load:
        bad.tell(mode)
        load.more(60)
        # It is left out: what it is still asked are trials, one for each pause.
        before = bad.requests
        load.more(400)
        assert bad.requests - before < 60
        bad.tell("ok")
        load.more(20)
    load.check()


def test_one_is_killed_and_comes_back(house: House) -> None:
    bad = house.replicas[0]
    with Load(house) as load:
        bad.kill()
        load.more(60)
        bad.start()
        load.more(10, lambda: bad.requests > 0)
    load.check()


def test_one_is_frozen(house: House) -> None:
    """Its sockets still take what is sent; only time tells."""
    bad = house.replicas[0]
    with Load(house) as load:
        os.kill(bad.process.pid, signal.SIGSTOP)
        try:
            load.more(60)
        finally:
            os.kill(bad.process.pid, signal.SIGCONT)
        load.more(10)
    load.check()


def test_routes_change_under_load(house: House) -> None:
    new = house.replica()
    old = house.said["routes"][0]["targets"]
    with Load(house) as load:
        moved = [{**target, "weight": 0.5} for target in old]
        house.say([*moved, house.target(new, "2", weight=9.0)])
        load.more(20, lambda: "2" in load.versions)
        house.say([house.target(new, "2")])
        until(lambda: _quiet(house.replicas[:2]), what="the old ones are left alone")
        load.more(20)
        house.say(old)
        load.more(20, lambda: load.versions[-1] == "1")
    load.check()
    house.replicas.remove(new)
    new.stop()


def _quiet(replicas: list[Replica]) -> bool:
    before = [replica.requests for replica in replicas]
    return before == [replica.requests for replica in replicas]


def test_where_all_fail_the_client_hears_it(house: House) -> None:
    for replica in house.replicas:
        replica.tell("500")
    answer = house.ask(post(more=CLOSE))
    assert answer.startswith(b"HTTP/1.1 500 "), answer
    for replica in house.replicas:
        replica.kill()
    answer = house.ask(post(more=CLOSE))
    assert answer.startswith(b"HTTP/1.1 502 "), answer
    assert b"retry-after" in answer


def test_a_refusal_of_the_model_is_passed_on_and_not_logged() -> None:
    with houses.house(replicas=2) as house:
        for replica in house.replicas:
            replica.tell("400")
        answer = house.ask(post(more=CLOSE))
        assert answer.startswith(b"HTTP/1.1 400 "), answer
        assert b"x-served-version: 1" in answer
        assert house.logged() == []
        assert sum(replica.requests for replica in house.replicas) == 1


def test_a_restart_refuses_nobody(house: House) -> None:
    with Load(house) as load:
        house.restart()
        load.more(20)
    load.check()


def test_what_was_answered_survives_a_kill(house: House) -> None:
    with Load(house) as load:
        assert house.process
        house.process.kill()
        house.process.wait(180)
        load.stopping.set()
        house.start()
    logged = [each["id"] for each in house.logged()]
    mine = [each for each in logged if each.startswith(f"{load.name}-")]
    assert len(mine) == len(set(mine))
    assert set(load.answered) <= set(mine)
