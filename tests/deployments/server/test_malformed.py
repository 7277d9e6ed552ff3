"""Whatever is sent to it, the model server answers 4xx with a sentence, and then answers a good request."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from apps.deployments.server.scoring import Model
from tests.deployments.server.running import JSON, Running
from tests.deployments.server.test_equal_to_mlflow import theirs

ARROW = "application/vnd.apache.arrow.stream"
COLUMNS = ["age", "income", "debt"]
GOOD = {"dataframe_split": {"columns": COLUMNS, "data": [[1.0, 2.0, 3.0]]}}
INFER = "/v2/models/boost/infer"

Case = tuple[str, bytes, str, str]  # path, body, content type, what the answer names

ODD_VALUES: list[Any] = [
    "x",
    "",
    "1,5",
    True,
    False,
    [],
    [1.0],
    {},
    {"a": 1},
    "\u0000",
    "NaN",
    "ü" * 50,
]
HALF_A_CHARACTER = [
    b'{"dataframe_split": {"\\ud800": 1, "data": [[1]]}}',
    b'{"dataframe_split": {"columns": ["\\ud800"], "data": [[1]]}}',
    b'{"dataframe_split": {"columns": ["age", "income", "debt"], "data": [["\\udfff", 1, 2]]}}',
]
ODD_JSON = [
    b"", b" ", b"\n", b"{", b"}", b"[", b"]", b"null", b"true", b"1", b'"x"', b"[]", b"[1, 2]", b"{}", b"nul",
    b"{'a': 1}", b'{"dataframe_split"', b'{"dataframe_split": }', b'{"dataframe_split": {', b"\xff\xfe",
    b"\x00", b"\xef\xbb\xbf{}", '{"dataframe_split": 1}'.encode("utf-16"), b'{"a": "\xe9"}', b"[" * 100_000,
    b'{"a":' * 50_000, b'{"inputs": ' + b"[" * 5000 + b"]" * 5000 + b"}", b"9" * 10_000, b"{}{}",
    b'{"unknown": [1]}', b'{"params": {}}', b'{"instances": [1], "inputs": [1]}', b'{"dataframe_split": {}} x',
    b'{"inputs": ' + b"9" * 5000 + b"}", b'{"dataframe_records": [{"age": 1e}]}', b"<xml/>", b"age,income\n1,2\n",
]  # fmt: skip
ODD_SPLITS: list[Any] = [
    None, 1, "x", [], [1], {}, {"data": 1}, {"data": []}, {"columns": COLUMNS}, {"columns": 1, "data": [[1, 2, 3]]},
    {"columns": COLUMNS, "data": {}}, {"columns": COLUMNS, "data": []}, {"columns": COLUMNS, "data": [1, 2, 3]},
    {"columns": COLUMNS, "data": [[1, 2]]}, {"columns": COLUMNS, "data": [[1, 2, 3, 4]]},
    {"columns": COLUMNS, "data": [[1, 2, 3], [1, 2]]}, {"columns": COLUMNS[:2], "data": [[1, 2]]},
    {"columns": ["Age", "income", "debt"], "data": [[1, 2, 3]]}, {"columns": ["age"] * 3, "data": [[1, 2, 3]]},
    {"columns": COLUMNS, "index": [1, 2], "data": [[1, 2, 3]]}, {"columns": COLUMNS, "index": 3, "data": [[1, 2, 3]]},
    {"columns": COLUMNS, "data": [[1, 2, 3]], "rows": 1}, {"columns": [None, 1, 2], "data": [[1, 2, 3]]},
    {"columns": [], "data": [[]]}, {"data": [[1, 2, 3]]}, {"columns": COLUMNS, "data": "age"},
]  # fmt: skip
ODD_RECORDS: list[Any] = [
    None, 1, "x", {}, [], [1], [[1, 2, 3]], [{}], [{"age": 1}], [{"age": 1, "income": 2}], [None],
    [{"age": 1, "income": 2, "debt": 3}, 1],
]  # fmt: skip
ODD_INPUTS: list[Any] = [
    None, 1, "x", {}, [], [1], [[1, 2, 3]], {"age": [1]}, {"age": [1], "income": [1, 2], "debt": [1]},
    {"age": [], "income": [], "debt": []}, [[[1]]], ["x"], [None], {"age": 1, "income": [2], "debt": [3]}, [{}],
    {"age": [[1]], "income": [[2]], "debt": [[3]]}, {"age": None, "income": None, "debt": None},
]  # fmt: skip


def tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "age", "shape": [1], "datatype": "FP64", "data": [1.0], **changes}


def _infer(*inputs: Any, **more: Any) -> bytes:
    return json.dumps({"inputs": list(inputs), **more}).encode()


OTHERS = (tensor(name="income"), tensor(name="debt"))
ODD_TENSORS = [
    {"name": 1}, {"name": ""}, {"name": None}, {"name": "Age"}, {"shape": None}, {"shape": []}, {"shape": [0]},
    {"shape": [-1]}, {"shape": [2]}, {"shape": ["1"]}, {"shape": [1.0]}, {"shape": [1, 2]}, {"shape": 1},
    {"shape": [2**40]}, {"shape": [1] * 20}, {"shape": [True]}, {"datatype": None}, {"datatype": "FP65"},
    {"datatype": "fp64"}, {"datatype": ["FP64"]}, {"datatype": "BYTES"}, {"datatype": "BYTES", "data": ["x"]},
    {"datatype": "BOOL", "data": [True]}, {"datatype": "INT64", "data": [1.5]}, {"datatype": "INT8", "data": [300]},
    {"datatype": "UINT8", "data": [-1]}, {"datatype": "INT64", "data": [2**63]}, {"data": None}, {"data": 1.0},
    {"data": []}, {"data": [1.0, 2.0]}, {"data": ["x"]}, {"data": [None]}, {"data": [True]}, {"data": [[1.0], [2.0]]},
    {"data": [[[[1.0]]]]}, {"data": {}}, {"datatype": "FP32", "data": [1e300]}, {"datatype": "FP16", "data": [70000.0]},
    {"shape": [2], "data": [1.0, 2.0]}, {"data": "x"}, {"datatype": "UINT64", "data": [1]},
]  # fmt: skip


def _arrow(columns: dict[str, Any]) -> bytes:
    table = pa.table(columns)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def json_cases() -> Iterator[Case]:
    for body in ODD_JSON:
        yield "/invocations", body, JSON, "body"
    for body in HALF_A_CHARACTER:
        yield "/invocations", body, JSON, "dataframe_split"
    for form, odd in (
        ("dataframe_split", ODD_SPLITS),
        ("dataframe_records", ODD_RECORDS),
        ("inputs", ODD_INPUTS),
        ("instances", ODD_INPUTS),
    ):
        for value in odd:
            yield "/invocations", json.dumps({form: value}).encode(), JSON, form
    for place, name in enumerate(COLUMNS):
        for value in ODD_VALUES:
            row: list[Any] = [1.0, 2.0, 3.0]
            row[place] = value
            record = dict(zip(COLUMNS, row, strict=True))
            split = {"columns": COLUMNS, "data": [row]}
            yield "/invocations", json.dumps({"dataframe_split": split}).encode(), JSON, name
            yield "/invocations", json.dumps({"dataframe_records": [record]}).encode(), JSON, name
    whole = json.dumps(GOOD).encode()
    for size in range(1, len(whole), 7):
        yield "/invocations", whole[:size], JSON, "body"


def other_cases() -> Iterator[Case]:
    whole = json.dumps(GOOD).encode()
    for kind in (
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "x",
        "text/html",
        "application/octet-stream",
    ):
        yield "/invocations", whole, kind, "content-type"
    for more in ("charset=latin-1", "charset=utf-16", "charset=x"):
        yield "/invocations", whole, f"{JSON}; {more}", "content-type"
    for body in (b"", b"x", b"age\n", b"age,income,debt\n", b"age,income,debt\n1,2\n", b"age,income,debt\nx,y,z\n",
                 b'age,income,debt\n"1,2,3\n', b"\xff\xfe\x00", b"a,b,c\n1,2,3\n", b"age,income,debt\n1,2,3,4,5\n1,2\n",
                 b'"age","income","debt\n1,2,3', b"\n\n\n", b"age;income;debt\n1;2;3\n"):  # fmt: skip
        yield "/invocations", body, "text/csv", "body"
    for body in (b"x", b"PAR1", b"PAR1PAR1", b"\x00" * 100):
        yield "/invocations", body, "application/vnd.apache.parquet", "body"
    good = _arrow({name: [1.0] for name in COLUMNS})
    for size in (1, 4, 8, 20, 60, len(good) // 2):
        yield "/invocations", good[:size], ARROW, "body"
    for body in (b"", b"x" * 300, b"\xff" * 300, b"ARROW1\x00\x00" + b"\x00" * 40, good[8:]):
        yield "/invocations", body, ARROW, "body"
    yield "/invocations", _arrow({"age": [1.0]}), ARROW, "income"
    yield "/invocations", _arrow({name: ["x"] for name in COLUMNS}), ARROW, "age"
    yield "/invocations", _arrow({name: np.array([], float) for name in COLUMNS}), ARROW, "body"


def infer_cases() -> Iterator[Case]:
    for body in ODD_JSON:
        yield INFER, body, JSON, ""
    for change in ODD_TENSORS:
        named = "inputs" if change.get("name", "age") != "Age" else "age"
        yield INFER, _infer(tensor(**change), *OTHERS), JSON, named
    for value in (None, 1, "x", [], {}, [1], [[]], [None]):
        yield INFER, json.dumps({"inputs": value}).encode(), JSON, "inputs"
    yield INFER, _infer(tensor()), JSON, "income"
    yield INFER, _infer(tensor(), tensor(), *OTHERS), JSON, "age"
    yield INFER, _infer(tensor(), *OTHERS, id=1), JSON, "id"
    yield INFER, _infer(tensor(), *OTHERS, outputs=1), JSON, "outputs"
    yield INFER, _infer(tensor(), *OTHERS, outputs=[{"name": "other"}]), JSON, "other"
    yield INFER, _infer(tensor(), *OTHERS, outputs=[1]), JSON, "outputs"
    yield INFER, _infer(tensor(), *OTHERS, parameters=1), JSON, "parameters"
    yield INFER, _infer(tensor(), *OTHERS), "text/csv", "content-type"
    matrix = tensor(name="rows", shape=[1, 3], data=[1.0, 2.0])
    yield INFER, _infer(matrix), JSON, "rows"


def test_each_malformed_body_is_a_sentence_that_names_the_field(
    boost: Running, loaded: Callable[[str], Model]
) -> None:
    refused = 0
    for path, body, kind, named in (*json_cases(), *other_cases(), *infer_cases()):
        status, said = boost.call("POST", path, body, kind)
        assert boost.post(GOOD)[0] == 200, (path, body[:200], kind)
        if status == 200:  # only what MLflow takes too, for example a short row filled up with NaN
            assert path == "/invocations", (body[:200], said)
            assert theirs(loaded("boost"), body, kind) == json.loads(said)
            continue
        sentence = json.loads(said).get("message") or json.loads(said).get("error")
        assert 400 <= status < 500, (path, body[:200], kind, status, said)
        assert named in sentence, (path, body[:200], kind, sentence)
        assert len(sentence) < 2100
        refused += 1

    assert refused > 300


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "9" * 40, "-0.0", "1E5"]
)
def test_odd_numbers_are_answered_or_refused_but_never_fail(number: str, boost: Running) -> None:
    body = json.dumps(GOOD).replace("1.0", number)
    status, said = boost.call("POST", "/invocations", body.encode())

    assert status in {200, 400}, said
    assert boost.post(GOOD)[0] == 200


RAW = [
    b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"x" * 5000 + b"\r\n\r\n",
    b"POST /invocations HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
    b"POST /invocations HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    b"POST /invocations HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
    b"POST /invocations HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /invocations HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"x: " + b"y" * 40_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("sent", RAW)
def test_what_is_not_http_ends_the_connection_and_nothing_else(sent: bytes, boost: Running) -> None:
    with socket.create_connection(("127.0.0.1", boost.port), timeout=240) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        said = b"".join(iter(lambda: client.recv(65536), b""))

    assert said == b"" or said.startswith((b"HTTP/1.1 4", b"HTTP/1.1 404")), said
    assert boost.post(GOOD)[0] == 200


def test_a_body_beyond_the_limit_is_refused_before_it_is_read_whole(boost: Running) -> None:
    head = b"POST /invocations HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", boost.port), timeout=240) as client:
        client.sendall(head)
        try:
            for _ in range(70):
                client.sendall(chunk)
        except OSError:
            pass  # it has closed its side already
        try:
            said = client.recv(4096)
        except OSError:
            said = b""

    assert said == b"" or said.startswith(b"HTTP/1.1 413")
    assert boost.post(GOOD)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/invocations", 405), ("POST", "/ping", 405), ("DELETE", "/invocations", 405),
        ("GET", "/v2/models/other", 404), ("GET", "/v2/models/boost/versions/4", 404), ("GET", "/v2/x", 404),
        ("POST", "/v2/models/other/infer", 404), ("GET", "/v2/models/boost/infer", 405), ("PUT", "/v2", 405),
        ("POST", "/v2/models/boost/versions/9/infer", 404), ("GET", "/%00", 404), ("GET", "/v2/models//infer", 404),
    ],
)  # fmt: skip
def test_unknown_paths_and_methods_are_told(
    method: str, path: str, status: int, boost: Running
) -> None:
    found, said = boost.call(method, path)

    assert found == status
    assert json.loads(said)
