"""What is accepted, what is a duplicate, what is set aside and why, in every format."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from apps.deployments.models import Deployment
from apps.models.models import VersionFacts
from apps.predictions import selectors
from apps.predictions.models import Batch, SetAside
from tests.base import PortalTestCase
from tests.deployments.test_pages import model_with_versions, served

START = datetime(2026, 11, 1, tzinfo=UTC)
ARROW, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
NDJSON = "application/x-ndjson"


def record(number: int, **inputs: Any) -> dict[str, Any]:
    at = START + timedelta(seconds=number)
    given = inputs or {"income": float(number), "city": "Bern"}
    return {"id": f"p{number}", "time": at.isoformat(), "inputs": given, "outputs": {"score": 0.5}}


def arrow(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def columns(*numbers: int, **more: Any) -> pa.Table:
    return pa.table({
        "id": [f"p{number}" for number in numbers],
        "time": [START + timedelta(seconds=number) for number in numbers],
        "inputs.income": [float(number) for number in numbers],
        "inputs.city": ["Bern"] * len(numbers),
        "outputs.score": [0.5] * len(numbers),
        **more,
    })  # fmt: skip


class LogTestCase(PortalTestCase):
    deployment: Deployment

    def setUp(self) -> None:
        (self.version,) = model_with_versions(self.fraud, 1)
        self.deployment = served(self.version, self.staging, self.ada)
        self.client = self.api(self.cora)

    def expects(self, *columns: dict[str, Any]) -> None:
        VersionFacts.objects.update_or_create(
            version=self.version, defaults={"signature": {"inputs": list(columns)}}
        )

    def post(self, records: list[Any], what: str = "predictions") -> dict[str, Any]:
        body = orjson.dumps({"deployment": "churn-live", "records": records})
        return self.send(body, "application/json", what)

    def send(
        self, body: bytes, kind: str, what: str = "predictions", status: int = 200
    ) -> dict[str, Any]:
        address = f"/api/v1/{what}/" + (
            "" if "json" in kind[-5:] and kind != NDJSON else "?deployment=churn-live"
        )
        answer = self.client.post(address, body, content_type=kind)
        self.assertEqual(answer.status_code, status, answer.content[:500])
        return dict(orjson.loads(answer.content))

    def rows(self) -> list[Any]:
        return selectors.rows(self.deployment.pk, since=START, until=START + timedelta(days=1))

    def table(self, *names: str) -> pa.Table:
        return selectors.table(
            self.deployment.pk, START, START + timedelta(days=1), list(names) or None
        )


class TakingTests(LogTestCase):
    def test_every_format_says_the_same(self) -> None:
        sink = io.BytesIO()
        pq.write_table(columns(*range(80, 120)), sink)
        lines = b"\n".join(orjson.dumps(record(n)) for n in range(120, 160))
        for given, answer in (
            (range(40), self.post([record(n) for n in range(40)])),
            (range(40, 80), self.send(arrow(columns(*range(40, 80))), ARROW)),
            (range(80, 120), self.send(sink.getvalue(), PARQUET)),
            (range(120, 160), self.send(lines, NDJSON)),
        ):
            self.assertEqual(answer, {"accepted": len(given), "duplicates": 0, "set_aside": []})
        self.assertEqual([row.key for row in self.rows()], [f"p{n}" for n in range(160)])
        table = self.table()
        self.assertEqual(table.column("inputs.income").to_pylist(), [float(n) for n in range(160)])
        self.assertEqual(
            table.column_names[:3] + table.column_names[-1:], ["id", "time", "version", "truth"]
        )
        self.assertEqual(Batch.objects.count(), 4)

    def test_an_id_is_taken_once_whatever_the_format(self) -> None:
        self.post([record(n) for n in range(50)])
        twice = self.send(arrow(columns(*range(40, 60), *range(58, 60))), ARROW)
        self.assertEqual((twice["accepted"], twice["duplicates"]), (10, 12))
        again = self.post([record(5), record(70), record(70)])
        self.assertEqual((again["accepted"], again["duplicates"]), (1, 2))
        self.assertEqual(len(self.rows()), 61)

    def test_a_bad_row_never_refuses_the_batch(self) -> None:
        bad = [
            {**record(1), "id": 7}, {**record(2), "id": "x" * 81}, {**record(3), "time": "soon"},
            {**record(4), "inputs": {"a": [1]}}, {**record(5), "outputs": None}, "text", None,
            {**record(6), "time": "1600-01-01T00:00:00Z"}, {**record(8), "id": "a\u0000"},
        ]  # fmt: skip
        lines = b"\n".join([*map(orjson.dumps, bad), b"{not json", orjson.dumps(record(9))])
        answer = self.send(lines, NDJSON)
        self.assertEqual((answer["accepted"], len(answer["set_aside"])), (1, 10))
        self.assertIn("inputs.a", str(answer["set_aside"]))
        self.assertEqual(SetAside.objects.count(), 10)

    def test_bad_rows_of_a_table_are_set_aside(self) -> None:
        table = columns(*range(5)).set_column(0, "id", pa.array(["a", None, "b", "x" * 81, "c"]))
        times = pa.array([1.0e9, 1e9, float("nan"), 1e9, 1e99])
        answer = self.send(arrow(table.set_column(1, "time", times)), ARROW)
        self.assertEqual((answer["accepted"], len(answer["set_aside"])), (1, 4))

    def test_what_is_no_table_is_refused_with_the_remedy(self) -> None:
        for body, kind, word in (
            (b"nonsense", ARROW, "body"),
            (b"", ARROW, "body"),
            (b"PAR1", PARQUET, "body"),
            (arrow(pa.table({"id": ["a"]})), ARROW, "time"),
            (arrow(columns(1).drop_columns(["id"])), ARROW, "id"),
            (arrow(columns(1, **{"inputs.l": [[1]]})), ARROW, "inputs.l"),
        ):
            refused = self.send(body, kind, status=400)
            self.assertIn(word, refused["detail"])
        self.send(b"a,b", "text/csv", status=415)
        self.assertFalse(Batch.objects.exists())

    def test_the_signature_decides(self) -> None:
        self.expects(
            {"name": "income", "type": "double"},
            {"name": "age", "type": "long"},
            {"name": "city", "type": "string", "optional": True},
        )
        good = {"income": 1, "age": 2.0}
        rows = [
            (1, good), (2, {"income": 1}), (3, good | {"income": "1"}), (4, good | {"age": 2.5}),
            (5, good | {"city": 3}), (6, good | {"age": None}),
        ]  # fmt: skip
        answer = self.post([record(n, **inputs) for n, inputs in rows])
        self.assertEqual(answer["accepted"], 2)
        self.assertEqual([each["id"] for each in answer["set_aside"]], ["p2", "p3", "p4", "p5"])
        self.assertIn("age: it is missing", answer["set_aside"][0]["reason"])
        many = [(n, {"income": n, "age": n + 0.5 * (n == 150)}) for n in range(100, 200)]
        answer = self.post([record(n, **inputs) for n, inputs in many])
        self.assertEqual([each["id"] for each in answer["set_aside"]], ["p150"])
        answer = self.send(arrow(columns(300, 301)), ARROW)
        self.assertEqual((answer["accepted"], len(answer["set_aside"])), (0, 2))
        named = [{**record(400, odd=1), "version": "99"}]
        self.assertEqual(self.post(named)["accepted"], 1)  # nothing is known of that version

    def test_truth_is_late_corrected_and_partial(self) -> None:
        self.post([record(1), record(2)])
        told = [
            {"id": "p1", "time": 1793491300, "truth": 0},
            {"id": "p2", "time": 1793491300, "truth": {"paid": False, "amount": 5}},
        ]
        self.assertEqual(self.post(told, "ground-truth")["accepted"], 2)
        self.assertEqual(self.post(told, "ground-truth")["duplicates"], 2)
        later = [
            {"id": "p1", "time": 1793499999, "truth": 1},
            {"id": "p1", "time": 1793491200, "truth": 7},
            {"id": "p2", "time": 1793499999, "truth": {"paid": True}},
        ]
        self.assertEqual(self.post(later, "ground-truth")["accepted"], 3)
        self.assertEqual([row.truth for row in self.rows()], [1, {"paid": True, "amount": 5}])
        table = self.table("id", "truth", "truth.paid")
        self.assertEqual(table.column("truth").to_pylist(), [1, None])
        self.assertEqual(table.column("truth.paid").to_pylist(), [None, True])
        history = selectors.truth_history(self.deployment.pk, "p1")
        self.assertEqual([row.truth for row in history], [7, 0, 1])
        truths = pa.table({"id": ["p1"], "time": [1.8e9], "truth": [9]})
        self.assertEqual(self.send(arrow(truths), ARROW, "ground-truth")["accepted"], 1)
        self.assertEqual(self.rows()[0].truth, 9)

    def test_an_outsider_learns_nothing(self) -> None:
        for user, status in ((self.bob, 404), (self.carol, 403), (None, 401)):
            self.client = self.api(user)
            self.send(arrow(columns(1)), ARROW, status=status)

    def test_counts_by_step(self) -> None:
        self.post([record(n) for n in (0, 1, 61, 200)])
        found = selectors.counts(
            self.deployment.pk, START, START + timedelta(minutes=4), timedelta(minutes=1)
        )
        self.assertEqual([number for _, number in found], [2, 1, 0, 1])
