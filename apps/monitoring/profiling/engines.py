"""The same summaries where rows live in Spark or Beam: parts are summed up there, merged here.

Neither library is needed by the portal; each function is handed the caller's own objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import reduce
from typing import Any

from apps.core.late import late
from apps.monitoring.profiling.profiles import Moments, Type
from apps.monitoring.profiling.summaries import Summary, of_table, summarise
from apps.monitoring.profiling.tallies import Tally

np, pa = late("numpy"), late("pyarrow")

SPARK_SCHEMA = "part binary"


def packed(summary: Summary) -> bytes:
    """A part as bytes: Arrow IPC whose schema carries the tallies."""
    told = {name: asdict(each) for name, each in summary.tallies.items()}
    meta = {b"rows": str(summary.rows).encode(), b"tallies": json.dumps(told).encode()}
    table = summary.sample.append_column("\x00priority", pa.array(summary.priorities, pa.float64()))
    sink = pa.BufferOutputStream()
    table = table.replace_schema_metadata(meta)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def unpacked(part: bytes) -> Summary:
    """The part that `packed` wrote."""
    table = pa.ipc.open_stream(part).read_all()
    meta = table.schema.metadata
    priorities = table["\x00priority"].to_numpy()
    sample = table.drop_columns(["\x00priority"]).replace_schema_metadata(None)
    told = json.loads(meta[b"tallies"])
    return Summary(int(meta[b"rows"]), {n: _tally(t) for n, t in told.items()}, sample, priorities)


def _tally(told: dict[str, Any]) -> Tally:
    return Tally(**{**told, "type": Type(told["type"]), "moments": Moments(**told["moments"])})


def merged(parts: Iterable[bytes]) -> Summary:
    """All parts together, in any order."""
    return reduce(lambda one, other: one.merged(other), map(unpacked, parts))


def in_arrow(batches: Iterable[Any]) -> Iterator[Any]:
    """For Spark's `DataFrame.mapInArrow(in_arrow, SPARK_SCHEMA)`: one part per partition."""
    held = list(_first(batches))
    if held:
        first, rest = held
        part = summarise(_chain(first, rest), first.schema, seed=None)
        yield pa.record_batch([pa.array([packed(part)], pa.binary())], names=["part"])


def _first(batches: Iterable[Any]) -> Iterator[Any]:
    iterator = iter(batches)
    for first in iterator:
        yield first
        yield iterator
        return


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def of_spark(frame: Any) -> Summary:
    """Sum up a Spark data frame on its cluster; the driver merges one part per partition."""
    return merged(bytes(row.part) for row in frame.mapInArrow(in_arrow, SPARK_SCHEMA).collect())


class Combine:
    """The four methods of Beam's `CombineFn`, over Arrow tables: `CombineGlobally(beam_fn())`."""

    def create_accumulator(self) -> bytes | None:
        """Nothing yet."""
        return None

    def add_input(self, held: bytes | None, table: Any) -> bytes:
        """One more table of rows."""
        return self.merge_accumulators([held, packed(of_table(table, seed=None))]) or b""

    def merge_accumulators(self, held: Iterable[bytes | None]) -> bytes | None:
        """Parts of several workers."""
        parts = [each for each in held if each is not None]
        return packed(merged(parts)) if parts else None

    def extract_output(self, held: bytes | None) -> Summary | None:
        """The summary; None where there were no rows."""
        return unpacked(held) if held is not None else None


def beam_fn() -> Any:
    """A Beam `CombineFn` of `Combine`; needs apache-beam where the pipeline runs."""
    return type("Summarise", (Combine, late("apache_beam").CombineFn), {})()
