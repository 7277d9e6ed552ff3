"""Which release answers, who may ask, how often, and what is counted."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.deployments.gateway import house as houses
from tests.deployments.gateway.house import STRANGER, TOKEN, House, post
from tests.portal.polling import until

CLOSE = b"connection: close\r\n"


@pytest.fixture(scope="module")
def split() -> Iterator[House]:
    """Version 1 with three quarters of the traffic, 2 with a quarter, 3 as a shadow."""
    with houses.house(replicas=3) as built:
        one, two, three = built.replicas
        targets = [built.target(one, "1", weight=75.0), built.target(two, "2", weight=25.0)]
        built.say(targets, shadows=[built.target(three, "3")])
        until(lambda: version(built, b"x-serve-version: 2\r\n") == b"2")
        yield built


def version(house: House, more: bytes = b"") -> bytes:
    found = re.search(rb"x-served-version: (\S+)", house.ask(post(more=CLOSE + more)))
    return found[1] if found else b""


def test_weights_split_the_traffic(split: House) -> None:
    answer = split.ask(post() * 199 + post(more=CLOSE))
    seen = Counter(re.findall(rb"x-served-version: (\S+)", answer))
    assert set(seen) == {b"1", b"2"}
    # Seven standard deviations of 200 throws: wrong once in 10^11 runs.
    assert 107 <= seen[b"1"] <= 193, seen


def test_a_header_pins_the_version(split: House) -> None:
    assert {version(split, b"x-serve-version: 2\r\n") for _ in range(10)} == {b"2"}
    answer = split.ask(post(more=CLOSE + b"x-serve-version: 9\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"X-Serve-Version: 9 is not served; 1, 2 is." in answer
    path = b"/serve/churn/v2/models/churn/versions/2/infer"
    assert b"x-served-version: 2" in split.ask(post(path=path, more=CLOSE))


def test_shadows_get_copies_that_are_logged_as_such(split: House) -> None:
    name = b"copied-1"
    split.ask(post(more=CLOSE + b"x-prediction-id: %b\r\n" % name))
    until(lambda: len(logged(split, name)) == 2, what="the copy is logged")
    real, copy = sorted(logged(split, name), key=lambda each: each.get("shadow", False))
    assert (real["version"] in {"1", "2"}, "shadow" in real) == (True, False)
    assert (copy["version"], copy["shadow"], copy["release"]) == ("3", True, 3)
    assert copy["asked"] == real["asked"]


def logged(house: House, name: bytes) -> list[dict[str, object]]:
    return [each for each in house.logged() if each["id"] == name.decode()]


def test_a_shadow_that_hangs_holds_nobody_up(split: House) -> None:
    split.replicas[2].tell("hang")
    answer = split.ask(post() * 59 + post(more=CLOSE))
    assert answer.count(b"HTTP/1.1 200 ") == 60
    split.replicas[2].tell("ok")


def test_strangers_find_nothing(split: House) -> None:
    def says(path: bytes, token: str) -> bytes:
        answer = split.ask(post(path=path, token=token, more=CLOSE + b"x-request-id: same\r\n"))
        return re.sub(rb"/serve/\w+", b"", answer)

    theirs = says(b"/serve/churn/invocations", STRANGER)
    unknown = says(b"/serve/churn/invocations", "sbx_unknown")
    absent = says(b"/serve/nothing/invocations", TOKEN)
    assert theirs == unknown == absent
    assert theirs.startswith(b"HTTP/1.1 404 ")
    answer = split.ask(post(more=CLOSE).replace(b"Bearer", b"Basic"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: Bearer" in answer


def test_an_id_is_kept_where_it_is_safe(split: House) -> None:
    answer = split.ask(post(more=CLOSE + b"x-request-id: r-1\r\nx-prediction-id: p-1\r\n"))
    assert b"x-request-id: r-1\r\n" in answer
    assert b"x-prediction-id: p-1\r\n" in answer
    answer = split.ask(post(more=CLOSE + b"x-prediction-id: a b\r\n"))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"X-Prediction-Id: at most 80" in answer
    answer = split.ask(post(more=CLOSE + b"x-request-id: <script>\r\n"))
    assert b"script" not in answer


def test_a_revoked_token_dies(split: House) -> None:
    """Although it is used all the time. That it takes five seconds at most stands in test_callers."""
    split.said["tokens"]["sbx_short"] = [1]
    split.write()
    until(lambda: split.ask(post(token="sbx_short", more=CLOSE)).startswith(b"HTTP/1.1 200 "))
    del split.said["tokens"]["sbx_short"]
    split.write()
    until(lambda: split.ask(post(token="sbx_short", more=CLOSE)).startswith(b"HTTP/1.1 404 "))


def test_counts_arrive_as_tallies(split: House) -> None:
    def told() -> Counter[tuple[int, bool]]:
        path = split.folder / "tallies"
        rows = map(json.loads, path.read_text().splitlines()) if path.exists() else ()
        total: Counter[tuple[int, bool]] = Counter()
        for release, shadow, requests, _, _ in rows:
            total[release, shadow] += requests
        return total

    pinned = b"x-serve-version: 2\r\n"
    until(lambda: told()[2, False] > 0)
    before = told()[2, False]
    split.ask(post(more=pinned) * 29 + post(more=CLOSE + pinned))
    until(lambda: told()[2, False] >= before + 30)
    assert told()[3, True] > 0
    assert (3, False) not in told()


def test_a_caller_has_a_rate(split: House) -> None:
    split.said["routes"].append(
        {**split.said["routes"][0], "slug": "slow", "requests_per_second": 0.01, "deployment_id": 8}
    )
    split.said["tokens"]["sbx_other"] = [1]
    split.write()
    path = b"/serve/slow/invocations"
    until(lambda: split.ask(post(path=path, more=CLOSE)).startswith(b"HTTP/1.1 200 "))
    answer = split.ask(post(path=path, more=CLOSE))
    assert answer.startswith(b"HTTP/1.1 429 ")
    found = re.search(rb"retry-after: (\d+)", answer)
    assert found
    assert 1 <= int(found[1]) <= 100
    assert version(split)  # another deployment is not held up, nor another caller
    answer = split.ask(post(path=path, token="sbx_other", more=CLOSE))
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_it_goes_on_while_the_portal_is_away(split: House) -> None:
    assert version(split)
    split.said["away"] = True
    split.write()
    answer = split.ask(post(token="sbx_new", more=CLOSE))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"portal_away" in answer
    assert version(split)
    del split.said["away"]
    split.write()
