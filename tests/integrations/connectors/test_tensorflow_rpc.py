"""TensorFlow Serving's gRPC, against a server that is built on the protocol's own definitions where they are at hand.

`TF_SERVING_STUBS` names a Python whose packages hold `tensorflow_serving` and `tensorflow.core` (the protobuf
modules alone); its program speaks the real messages. Without it the stand-in speaks ours.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.core.errors import Invalid
from apps.core.http import Absent, BadAnswer, Busy, Denied, Refused, Unreachable
from apps.integrations.connectors.tensorflow_serving import TensorflowServing
from apps.integrations.connectors.tensorflow_serving_config import TensorflowServingConfig
from apps.integrations.tensorflow import tensors
from apps.integrations.tensorflow.calls import Calls
from apps.integrations.tensorflow.messages import message
from tests.core.loopback import loopback
from tests.integrations.connectors.test_kubernetes import WORKLOAD
from tests.integrations.connectors.test_tensorflow_serving import Serving

PROGRAM = Path(__file__).with_name("tensorflow_server.py")


class Server:
    """The stand-in as a process; what it was told is read from its output."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen(
            [python, PROGRAM], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.definitions, port = self.process.stdout.readline().split()
        self.port = int(port)

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module", params=["ours", "the protocol's own"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    stubs = os.environ.get("TF_SERVING_STUBS", "")
    if request.param != "ours" and not stubs:
        pytest.skip("the protocol's definitions are not at hand (TF_SERVING_STUBS)")
    running = Server(sys.executable if request.param == "ours" else stubs)
    assert running.definitions == ("ours" if request.param == "ours" else "own")
    yield running
    running.stop()


@pytest.fixture
def calls(server: Server, settings: Any) -> Calls:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    return Calls("127.0.0.1", server.port)


def managed(server: Server, model: str, **values: Any) -> TensorflowServingConfig:
    given = {"address": f"http://127.0.0.1:{server.port}", "base_path": "/models/churn"}
    return TensorflowServingConfig(given | {"model": model} | values)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        ("float32", [[1.5, 2.0], [3.0, -4.0]]),
        ("float64", [1e300]),
        ("int32", [[-7]]),
        ("int64", [2**62, -1]),
        ("uint8", [255, 0]),
        ("bool", [True, False]),
        ("bytes", ["blue", "grün"]),
        ("float32", []),
    ],
)
def test_every_type_goes_there_and_back(calls: Calls, dtype: str, values: list[Any]) -> None:
    told = calls.predict("echo", {"x": tensors.packed(values, dtype)})
    assert told == {"x": values}


def test_values_outside_of_the_content_are_read_too(calls: Calls) -> None:
    assert calls.predict("fields", {}) == {"many": [1.0, 2.0], "one": [[7, 7], [7, 7]]}


def test_version_and_label_are_asked_for(calls: Calls) -> None:
    x = {"x": tensors.packed([1.0], "float32")}
    assert calls.predict("spec", x, version=3)["asked"] == ["version 3"]
    assert calls.predict("spec", x, label="stable")["asked"] == ["label stable"]
    assert calls.predict("spec", x)["asked"] == ["newest"]


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("code-5", Absent),
        ("code-3", Refused),
        ("code-8", Busy),
        ("code-16", Denied),
        ("code-7", Denied),
        ("code-13", BadAnswer),
        ("code-14", Unreachable),
    ],
)
def test_what_it_refuses_is_said(calls: Calls, model: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="said by the server"):
        calls.predict(model, {})


def test_a_server_that_is_not_there_cannot_be_reached(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # and listens not, so nobody else can either
        with pytest.raises(Unreachable):
            Calls("127.0.0.1", free.getsockname()[1]).versions("churn")


def test_the_guard_stands_before_the_channel(server: Server, settings: Any) -> None:
    settings.HTTP_ALLOW = []
    with pytest.raises(Exception, match="HTTP_ALLOW"):
        Calls("127.0.0.1", server.port).versions("churn")


def test_a_tensor_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="instances"):
        tensors.packed([[1.0], [2.0, 3.0]], "float32")
    with pytest.raises(Invalid, match="each must be an object of a, b"):
        tensors.of_rows([[1]], {"a": "DT_FLOAT", "b": "DT_FLOAT"})
    strange = message("TensorProto")(dtype=20)
    with pytest.raises(BadAnswer, match="type 20"):
        tensors.unpacked(strange, "TensorFlow Serving")


def test_a_release_is_served_beside_the_old_one_and_the_label_follows(
    server: Server, settings: Any
) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    connector = managed(server, "life", label="stable")
    two, three = replace(WORKLOAD, version="2"), replace(WORKLOAD, version="3")
    for workload in (two, three):
        with pytest.raises(Busy, match="is being loaded"):
            connector.apply(workload)  # it loads until the next question
        connector.apply(workload)
        found = connector.observe(workload)
        assert found is not None
        assert (found.version, found.servers[0].ready) == (workload.version, True)
        label = connector.calls.versions("life", "stable")
        assert [each.number for each in label] == [int(workload.version)]
    assert connector.check() == "It serves life: version 2 (available), 3 (available)."
    connector.remove(two)
    assert connector.observe(two) is None
    connector.remove(two)
    assert connector.check() == "It serves life: version 3 (available)."


def test_a_config_that_the_server_refuses_is_told(server: Server, settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with pytest.raises(Refused, match="no folder /nowhere"):
        managed(server, "life", base_path="/nowhere").apply(replace(WORKLOAD, version="2"))
    with pytest.raises(Invalid, match="numbers"):
        managed(server, "life").apply(replace(WORKLOAD, version="two"))


def test_the_watching_connector_scores_over_rpc(server: Server, settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(Serving()) as rest:
        values = {"address": rest.url, "grpc": f"http://127.0.0.1:{server.port}", "model": "churn"}
        connector = TensorflowServing(values)
        assert connector.score("churn", [[1.0, 2.0], [3.0, 4.0]]) == [[1.0, 2.0], [3.0, 4.0]]
