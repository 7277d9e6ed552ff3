"""Summaries: parts add up, memory is bounded, and files that are wrong say so."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.core.errors import Invalid
from apps.monitoring.profiling import engines, files, of_table
from apps.monitoring.profiling.profiles import Profile, Type
from apps.monitoring.profiling.summaries import MOST_SAMPLED, of_sample, summarise


def rows(count: int, seed: int = 0) -> pa.Table:
    draw = np.random.default_rng(seed)
    return pa.table(
        {
            "x": pa.array(draw.normal(size=count), mask=draw.random(count) < 0.1),
            "n": draw.integers(0, 9, count),
            "c": pa.array(np.array(["a", "b", "c"])[draw.integers(0, 3, count)]),
        }
    )


def test_parts_add_up_to_the_whole() -> None:
    table = rows(30_000)
    whole = of_table(table)
    parts = [of_table(table.slice(at, 7000), seed=at) for at in range(0, 30_000, 7000)]
    for order in (parts, parts[::-1]):
        merged = engines.merged(map(engines.packed, order))
        assert merged.rows == 30_000
        assert len(merged.priorities) == MOST_SAMPLED == merged.sample.num_rows
        for name, tally in whole.tallies.items():
            other = merged.tallies[name]
            assert (tally.missing, tally.counts) == (other.missing, other.counts)
            assert tally.moments.mean == pytest.approx(other.moments.mean)
            assert tally.moments.squares == pytest.approx(other.moments.squares)


def test_the_sample_is_a_fair_one() -> None:
    table = pa.table({"at": np.arange(40_000.0)})
    batches = table.to_batches(max_chunksize=1000)
    found = summarise(batches, table.schema, seed=7).sample["at"].to_numpy()
    assert len(np.unique(found)) == MOST_SAMPLED
    assert abs(found.mean() - 20_000) < 5 * 40_000 / 12**0.5 / MOST_SAMPLED**0.5


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(batches: int) -> int:
        before = pa.total_allocated_bytes()
        tracemalloc.start()
        held = summarise((batch for _ in range(batches) for batch in part), part[0].schema)
        used = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before
        tracemalloc.stop()
        assert held.rows == batches * 20_000
        return used

    part = rows(20_000).to_batches()
    peak(2)
    assert peak(40) < 1.5 * peak(10)


def test_a_profile_survives_being_kept() -> None:
    summary = of_table(rows(8000))
    profiles = [Profile.of(each.packed()) for each in summary.profiles()]
    kept = of_sample(summary.packed_sample(), profiles, summary.rows)
    assert kept.tallies["c"].counts == summary.tallies["c"].counts
    assert kept.sample.equals(summary.sample)
    assert sum(profiles[0].heights) == len(kept.sample["x"].drop_null())
    old = {"name": "a", "type": "numeric", "rows": 2, "missing": 0, "points": [1.0, 2.0]}
    assert Profile.of({**old, "counts": {}}).type == Type.NUMERIC


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.parquet", None, "no such file"),
        ("a.parquet", b"PAR1 and no more", "cannot be read"),
        ("a.csv", b"", "cannot be read"),
        ("a.json", b"{}", "name a .parquet"),
        ("a.csv", b"x,y\n1,2,3\n", "cannot be read"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Invalid, match=said):
        files.summary(tmp_path / name)


def test_parquet_and_csv_read_alike(tmp_path: Path) -> None:
    table = rows(3000)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=500)
    import pyarrow.csv

    pyarrow.csv.write_csv(table, tmp_path / "a.csv")
    one, other = files.summary(tmp_path / "a.parquet"), files.summary(tmp_path / "a.csv")
    assert one.tallies["c"].counts == other.tallies["c"].counts
    assert one.tallies["x"].missing == other.tallies["x"].missing
    assert one.tallies["x"].moments.mean == pytest.approx(other.tallies["x"].moments.mean)
    with pytest.raises(Invalid, match="no column z"):
        files.summary(tmp_path / "a.csv", ["z"])


def test_spark_sums_up_the_same() -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    session = sql.SparkSession.builder.master("local[2]").getOrCreate()
    frame = session.createDataFrame(
        [(float(n), str(n % 3)) for n in range(1000)], "x double, c string"
    )
    assert engines.of_spark(frame).tallies["c"].counts == {"0": 334, "1": 333, "2": 333}


def test_spark_s_function_takes_batches_and_gives_parts() -> None:
    table = rows(2500)
    parts = [row["part"] for b in engines.in_arrow(table.to_batches(1000)) for row in b.to_pylist()]
    assert engines.merged(parts).rows == 2500
    assert list(engines.in_arrow([])) == []


def test_beam_sums_up_the_same() -> None:
    combine = engines.Combine()
    held = [combine.add_input(combine.create_accumulator(), rows(500, n)) for n in range(3)]
    found = combine.extract_output(combine.merge_accumulators(held))
    assert found is not None
    assert found.rows == 1500
    assert combine.extract_output(combine.merge_accumulators([None])) is None


def test_beam_runs_it() -> None:
    beam = pytest.importorskip("apache_beam", reason="apache-beam is not installed")
    with beam.Pipeline() as pipeline:
        found = pipeline | beam.Create([rows(10)]) | beam.CombineGlobally(engines.beam_fn())
        found | beam.Map(lambda summary: summary.rows)
