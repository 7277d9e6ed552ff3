from __future__ import annotations

from uuid import uuid4

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from requests import post

from tests.models.conformance.start import experiment, fresh, refused, run


def _trace(client: MlflowClient, home: str | None = None, **tags: str) -> Trace:
    root = client.start_trace(
        "root", inputs={"q": "ü"}, tags=tags, experiment_id=home or experiment(client)
    )
    child = client.start_span("child", root.trace_id, root.span_id, inputs={"a": 1})
    client.end_span(child.trace_id, child.span_id, outputs={"b": 2})
    client.end_trace(root.trace_id, outputs={"answer": 42})
    mlflow.flush_trace_async_logging()
    return client.get_trace(root.trace_id)


def start_trace(client: MlflowClient) -> None:
    found = _trace(client, team="fraud")
    assert (found.info.tags["team"], found.info.state) == ("fraud", "OK")
    assert {span.name for span in found.data.spans} == {"root", "child"}


def end_trace(client: MlflowClient) -> None:
    [root] = [span for span in _trace(client).data.spans if span.parent_id is None]
    assert root.outputs == {"answer": 42}


def start_span(client: MlflowClient) -> None:
    [child] = [span for span in _trace(client).data.spans if span.parent_id is not None]
    assert child.inputs == {"a": 1}


def end_span(client: MlflowClient) -> None:
    [child] = [span for span in _trace(client).data.spans if span.parent_id is not None]
    assert child.outputs == {"b": 2}


def get_trace(client: MlflowClient) -> None:
    refused("RESOURCE_DOES_NOT_EXIST", lambda: client.get_trace(f"tr-{'0' * 32}"))


def search_traces(client: MlflowClient) -> None:
    home = experiment(client)
    made = [_trace(client, home, n=str(number)).info.trace_id for number in range(3)]
    [one] = client.search_traces([home], "tags.n = '1'")
    assert one.info.trace_id == made[1]
    found, token = [], None
    while token or not found:
        page = client.search_traces(
            [home], max_results=2, order_by=["timestamp_ms ASC"], page_token=token
        )
        found, token = [*found, *page], page.token
    assert [each.info.trace_id for each in found] == made


def set_trace_tag(client: MlflowClient) -> None:
    made = _trace(client).info.trace_id
    client.set_trace_tag(made, "team", "fraud")
    assert client.get_trace(made).info.tags["team"] == "fraud"


def delete_trace_tag(client: MlflowClient) -> None:
    made = _trace(client, team="fraud").info.trace_id
    client.delete_trace_tag(made, "team")
    assert "team" not in client.get_trace(made).info.tags


def delete_traces(client: MlflowClient) -> None:
    home = experiment(client)
    made = _trace(client, home).info.trace_id
    assert client.delete_traces(home, trace_ids=[made]) == 1
    assert client.search_traces([home]) == []


def link_traces_to_run(client: MlflowClient) -> None:
    home = run(client).info
    made = _trace(client, home.experiment_id).info.trace_id
    client.link_traces_to_run([made], home.run_id)
    asked = f"attributes.run_id = '{home.run_id}'"
    assert len(client.search_traces([home.experiment_id], asked)) == 1


def feedback_on_a_trace(client: MlflowClient) -> None:
    made = _trace(client).info.trace_id
    given = mlflow.log_feedback(trace_id=made, name="good", value=True, rationale="because")
    mlflow.log_expectation(trace_id=made, name="expected", value={"a": 1})
    mlflow.update_assessment(
        made, given.assessment_id, mlflow.entities.Feedback(name="good", value=False)
    )
    found = {each.name: each for each in client.get_trace(made).info.assessments}
    assert (found["good"].feedback.value, found["expected"].expectation.value) == (False, {"a": 1})
    mlflow.delete_assessment(trace_id=made, assessment_id=given.assessment_id)
    assert {each.name for each in client.get_trace(made).info.assessments} == {"expected"}


def decorated_function(client: MlflowClient) -> None:
    mlflow.set_experiment(fresh("traced"))

    @mlflow.trace
    def answer(question: str) -> str:
        return question.upper()

    assert answer("hello") == "HELLO"
    mlflow.flush_trace_async_logging()
    found = client.get_trace(mlflow.get_last_active_trace_id())
    assert [span.outputs for span in found.data.spans] == ["HELLO"]


def spans_by_otlp(client: MlflowClient) -> None:
    home, request = experiment(client), ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = uuid4().bytes, uuid4().bytes[:8], "by-otlp"
    span.start_time_unix_nano, span.end_time_unix_nano = (
        1_900_000_000_000_000_000,
        1_900_000_001 * 10**9,
    )
    tag = span.attributes.add()
    tag.key, tag.value.string_value = "mlflow.traceTag.team", "fraud"
    answer = post(
        f"{client.tracking_uri}/v1/traces",
        data=request.SerializeToString(),
        headers={
            "Authorization": f"Bearer {mlflow.environment_variables.MLFLOW_TRACKING_TOKEN.get()}",
            "Content-Type": "application/x-protobuf",
            "X-MLflow-Experiment-Id": home,
        },
        timeout=240,
    )
    assert answer.status_code == 200, answer.text
    [found] = client.search_traces([home])
    assert [each.name for each in found.data.spans] == ["by-otlp"]
    assert found.info.tags["team"] == "fraud"
