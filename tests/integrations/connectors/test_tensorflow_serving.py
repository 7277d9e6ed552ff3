"""TensorFlow Serving: its REST in the shapes of its own documentation."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.core.http import Absent, BadAnswer, Busy, Denied, Refused, Retry, Unreachable
from apps.integrations.connectors.tensorflow_serving import TensorflowServing
from tests.core.loopback import Asked, Loopback, answer, loopback, rudely
from tests.integrations.connectors.cluster import said
from tests.integrations.connectors.test_kubernetes import WORKLOAD


def version(number: str, state: str = "AVAILABLE", error: str = "") -> dict[str, Any]:
    status = {"error_code": "OK" if not error else "NOT_FOUND", "error_message": error}
    return {"version": number, "state": state, "status": status}


class Serving:
    """One model, as its configuration has it: versions, and labels that point at them."""

    def __init__(self) -> None:
        self.versions = [version("3"), version("2")]
        self.labels = {"stable": "2"}

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        path = urlsplit(asked.target).path
        if not path.startswith("/v1/models/churn"):
            name = path.removeprefix("/v1/models/")
            return said(404, {"error": f"Could not find any versions of model {name}"})
        rest = path.removeprefix("/v1/models/churn")
        if rest == "/metadata":
            signature = {"serving_default": {"inputs": {"x": {"dtype": "DT_FLOAT"}}}}
            return said(200, {"metadata": {"signature_def": {"signature_def": signature}}})
        if rest.endswith(":predict"):
            return self.predict(rest.removesuffix(":predict"), json.loads(asked.body))
        if rest.startswith("/labels/"):
            return self.labelled(rest.removeprefix("/labels/"))
        return said(200, {"model_version_status": self.versions})

    def labelled(self, label: str) -> bytes:
        number = self.labels.get(label)
        if number is None:
            return said(404, {"error": f"Unrecognized servable version label: {label}"})
        found = [each for each in self.versions if each["version"] == number]
        return said(200, {"model_version_status": found})

    def predict(self, where: str, body: dict[str, Any]) -> bytes:
        if not all(isinstance(row, list) for row in body["instances"]):
            return said(400, {"error": "JSON Value: is not of type float"})
        factor = {"": 3, "/versions/2": 2, "/labels/stable": 2}[where]
        return said(200, {"predictions": [factor * sum(row) for row in body["instances"]]})


@pytest.fixture
def serving() -> Serving:
    return Serving()


@pytest.fixture
def server(serving: Serving, settings: Any) -> Iterator[Loopback]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(serving) as running:
        yield running


def tensorflow(server: Loopback, **values: Any) -> TensorflowServing:
    made = TensorflowServing({"address": server.url} | values)
    made.http.retry = Retry(times=0)
    return made


def test_the_newest_version_that_is_available_serves(server: Loopback, serving: Serving) -> None:
    found = tensorflow(server).observe(WORKLOAD)
    assert found is not None
    assert found.version == "3"
    serving.versions = [version("4", "LOADING"), version("10"), version("9")]
    found = tensorflow(server).observe(WORKLOAD)
    assert found is not None
    assert found.version == "10"
    assert all(not each.host for each in found.servers)


def test_a_label_says_which_version_is_meant(server: Loopback, serving: Serving) -> None:
    connector = tensorflow(server, label="stable")
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert found.version == "2"
    serving.labels["stable"] = "3"
    found = connector.observe(WORKLOAD)
    assert found is not None
    assert found.version == "3"
    assert tensorflow(server, label="canary").observe(WORKLOAD) is None


def test_a_version_that_failed_says_why(server: Loopback, serving: Serving) -> None:
    serving.versions = [version("3", "END", "no such file")]
    found = tensorflow(server).observe(WORKLOAD)
    assert found is not None
    assert found.version == "none"
    assert found.servers[0].note == "end: no such file"
    assert not found.servers[0].ready


def test_a_model_that_it_does_not_know_is_not_there(server: Loopback) -> None:
    assert tensorflow(server, model="other").observe(WORKLOAD) is None
    with pytest.raises(Absent):
        tensorflow(server, model="other").check()


def test_it_scores_by_version_or_label(server: Loopback) -> None:
    assert tensorflow(server).score("churn", [[1, 2], [3, 4]]) == [9, 21]
    assert tensorflow(server).score("churn", [[1, 2]], version="2") == [6]
    assert tensorflow(server, label="stable").score("churn", [[1, 2]]) == [6]
    with pytest.raises(Refused, match="not of type float"):
        tensorflow(server).score("churn", ["x"])


def test_its_signature_is_read(server: Loopback) -> None:
    assert tensorflow(server).signature("churn")["serving_default"]["inputs"]["x"] == {
        "dtype": "DT_FLOAT"
    }


def test_check_says_what_it_serves(server: Loopback) -> None:
    assert tensorflow(server).check().startswith("It answers")
    told = tensorflow(server, model="churn").check()
    assert told == "It serves churn: version 3 (available), 2 (available)."


@pytest.mark.parametrize(
    ("rude", "error"),
    [
        (said(401, {}), Denied),
        (said(403, {}), Denied),
        (said(409, {"error": "no"}), Refused),
        (said(429, {}, retry_after="3600"), Busy),
        (said(500, {}), Busy),
        (answer(200, b"<html>"), BadAnswer),
        (answer(200, b"[]"), BadAnswer),
        (answer(404, b"{}"), None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", Unreachable),
        (b"\x00\x01\r\n\r\n", Unreachable),
    ],
)
def test_rude_answers_are_errors_with_a_name(settings: Any, rude: bytes, error: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]

    with loopback(rudely(rude, cut=error is Unreachable)) as server:
        with pytest.raises(error or BadAnswer):
            tensorflow(server).check()
        if error is None:
            assert tensorflow(server).observe(WORKLOAD) is None
            return
        with pytest.raises(error):
            tensorflow(server).observe(WORKLOAD)
        with pytest.raises(error):
            tensorflow(server).score("churn", [[1]])


def test_fewer_predictions_than_rows_are_no_answer(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    told = pytest.raises(BadAnswer, match="one prediction for each row")
    with loopback(lambda *_: said(200, {"predictions": [1]})) as server, told:
        tensorflow(server).score("churn", [[1], [2]])
