"""What the prediction log makes of the gateway's exchanges: protocols, streams, copies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgpack
import orjson
import pytest
from django.utils import timezone

from apps.predictions import rows, selectors, services
from apps.predictions.models import SetAside
from apps.predictions.rows import Unreadable
from tests.base import PortalTestCase


def exchange(asked: Any, answered: Any, **more: Any) -> dict[str, Any]:
    body = answered if isinstance(answered, bytes) else orjson.dumps(answered)
    given = {"deployment": 7, "project": 1, "release": 3, "version": "2", "id": "a", "seconds": 0.1}
    return {
        **given,
        "at": 1000.0,
        "content_type": "application/json",
        "asked": orjson.dumps(asked),
        "answered": body,
        **more,
    }


def tensor(name: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": "FP64", "data": data}


def test_tensors_become_rows() -> None:
    asked = {"inputs": [tensor("a", [2, 1], [1.0, 2.0]), tensor("b", [2], ["x", "y"])]}
    answered = {"outputs": [tensor("score", [2, 2], [0.1, 0.9, 0.3, 0.7])]}
    found = list(rows.of_exchange(exchange(asked, answered, protocol="v2")))
    assert [row.key for row in found] == ["a:0", "a:1"]
    assert [row.inputs for row in found] == [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}]
    assert [row.outputs for row in found] == [{"score": "[0.1,0.9]"}, {"score": "[0.3,0.7]"}]


def test_nested_tensors_are_the_same() -> None:
    asked = {"inputs": [tensor("a", [2, 2], [[1, 2], [3, 4]])]}
    answered = {"outputs": [tensor("s", [2, 1], [[5], [6]])]}
    found = list(rows.of_exchange(exchange(asked, answered, protocol="v2")))
    assert [row.inputs["a"] for row in found] == ["[1,2]", "[3,4]"]
    assert [row.outputs["s"] for row in found] == [5, 6]


@pytest.mark.parametrize(
    "asked",
    [
        {"inputs": []},
        {"inputs": [{"name": "a", "shape": [1], "parameters": {"binary_data_size": 8}}]},
        {"inputs": [tensor("a", [1], [1]), tensor("b", [2], [1, 2])]},
        [],
    ],
)
def test_what_is_no_row_says_so(asked: Any) -> None:
    with pytest.raises(Unreadable):
        list(rows.of_exchange(exchange(asked, {"outputs": []}, protocol="v2")))


def test_a_stream_answers_one_row() -> None:
    one = exchange({"instances": [[1]]}, b"data: a\n\n\xff", stream=True)
    [row] = rows.of_exchange(one)
    assert row.outputs == {"stream": "data: a\n\n\ufffd"}


class CopyTests(PortalTestCase):
    def test_a_copy_is_kept_and_is_no_answered_prediction(self) -> None:
        now = timezone.now()
        asked, answered = {"instances": [[1]]}, {"predictions": [2]}
        real = exchange(asked, answered, at=now.timestamp())
        copy = {**real, "release": 9, "version": "3", "shadow": True}
        services.take_in("one", [msgpack.packb(real), msgpack.packb(copy)])

        window = {"since": now - timedelta(minutes=1), "until": now + timedelta(minutes=1)}
        self.assertEqual([row.release for row in selectors.rows(7, **window)], [3])
        both = selectors.rows(7, **window, copies=True)
        self.assertEqual([(row.release, row.shadow) for row in both], [(3, False), (9, True)])
        self.assertEqual([row.release for row in selectors.newest(7, 10)], [3])
        self.assertEqual(selectors.count(7), 1)
        self.assertFalse(SetAside.objects.exists())
