"""What a comparison establishes, how often it cries wolf, and what it says of odd columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from apps.monitoring.levels import Level
from apps.monitoring.verdicts.compare import Options, compare
from apps.monitoring.verdicts.findings import Column, Report
from tests.monitoring.drift.worlds import summary, table


def against(change: dict[str, object], rows: int = 1000, **options: object) -> Report:
    """A reference compared with a later window in which some columns are others."""
    now = {**table(rows, 2), **change}
    return compare(summary(table(rows, 1)), summary(now), Options(**options))


def column(report: Report, name: str) -> Column:
    return next(each for each in report.columns if each.name == name)


def test_the_rate_of_false_alarms_is_held() -> None:
    found = [
        compare(
            summary(table(300, 2 * seed)), summary(table(150, 2 * seed + 1)), Options(alpha=0.05)
        )
        for seed in range(60)
    ]
    # 5 % of 60 are 3; more than 9 would come once in a thousand.
    assert sum(report.drift for report in found) <= 9


def moved(name: str, by: float) -> np.ndarray:
    return table(1000, 2)[name] + by


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("income", moved("income", 0.5)),
        ("tail", table(1000, 2)["tail"] * 2),
        ("age", moved("age", 0.37)),  # off its grid
        ("age", np.where(np.arange(1000) % 15 == 0, -1, table(1000, 2)["age"])),  # a sentinel
        ("age", np.where(np.arange(1000) % 15 == 0, np.nan, table(1000, 2)["age"])),
        ("age", np.where(np.arange(1000) % 15 == 0, np.inf, table(1000, 2)["age"])),
        ("city", np.where(np.arange(1000) % 15 == 0, "rom", table(1000, 2)["city"])),
    ],
)
def test_a_changed_column_is_named_alone(name: str, values: np.ndarray) -> None:
    missing = pa.array(values, from_pandas=True)
    report = against({name: missing})
    assert report.drift
    assert {each.name for each in report.columns if each.level != Level.IGNORE} <= {name, "spent"}
    assert column(report, name).level in {Level.ACT, Level.WATCH}


def test_a_broken_relation_is_seen_though_no_column_moved() -> None:
    now = table(1000, 2)
    report = against({"spent": np.random.default_rng(3).permutation(now["spent"])})
    assert report.drift
    assert report.joint.level == Level.ACT
    assert {"income", "spent"} <= set(report.joint.columns)
    assert all(each.level == Level.IGNORE for each in report.columns)


def test_a_changed_relation_to_the_target_is_concept_drift() -> None:
    now = table(1000, 2)
    report = against({"y": 1 - now["y"]})
    assert report.concept is not None
    assert report.concept.level == Level.ACT
    renamed = {("goal" if name == "y" else name): values for name, values in now.items()}
    assert compare(summary(renamed), summary(renamed), Options()).concept is None
    assert compare(summary(renamed), summary(renamed), Options(target="goal")).concept is not None


def test_a_small_change_of_many_rows_is_watched_not_acted_on() -> None:
    report = against({"income": table(20_000, 2)["income"] + 0.1}, rows=20_000)
    assert report.drift
    assert column(report, "income").level == Level.WATCH


def test_what_the_model_hardly_uses_must_move_further() -> None:
    change = {"income": moved("income", 0.5)}
    assert column(against(change), "income").level == Level.ACT
    little = {"income": 0.01, "spent": 1.0, "tail": 1.0}
    assert column(against(change, importance=little), "income").level == Level.WATCH


def test_too_few_rows_say_so() -> None:
    report = against({}, rows=19)
    assert not report.drift
    assert report.level == Level.TOO_FEW
    assert report.as_json()["columns"][0]["verdict"] == "ignore"
    assert report.as_json()["columns"][0]["too_few"]


ODD = {
    "constant": ([1.0] * 400, "constant"),
    "empty": (pa.nulls(400), "missing"),
    "lost": ([None] * 400, "missing"),
    "single": (["a"] * 400, "one category"),
    "infinite": ([float("inf"), 1.0] * 200, "infinite"),
    "times": (pa.array(range(400), pa.timestamp("s")), "times"),
    "nested": ([{"a": 1}] * 400, "not compared"),
    "mixed": ([str(n) for n in range(399)] + ["unknown"], "mixed"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_column_has_a_reason_and_no_alarm(name: str) -> None:
    values, reason = ODD[name]
    report = compare(summary({name: values}), summary({name: values}))
    assert not report.drift
    assert reason in report.columns[0].reason


def test_a_type_that_changes_is_drift() -> None:
    words = ["none"] * 30 + [str(n) for n in range(370)]
    report = compare(summary({"a": np.arange(400)}), summary({"a": words}))
    assert report.drift
    assert report.columns[0].reason == "numbers and words are mixed"


def test_many_categories_do_not_alarm_and_new_ones_do() -> None:
    draw = np.random.default_rng(1)
    then, now, new = (
        [f"id{n}" for n in draw.integers(low, low + 900, 900)] for low in (0, 0, 5000)
    )
    assert not compare(summary({"id": then}), summary({"id": now})).drift
    assert compare(summary({"id": then}), summary({"id": new})).drift


def test_texts_are_compared_by_length_and_words() -> None:
    draw = np.random.default_rng(1)
    words = np.array([f"word{n}" for n in range(60)])
    then, now = ([" ".join(draw.choice(words, 8)) for _ in range(400)] for _ in range(2))
    assert compare(summary({"t": then}), summary({"t": now})).columns[0].type == "text"
    assert not compare(summary({"t": then}), summary({"t": now})).drift
    refund = [f"{each} refund" for each in now[:100]] + now[100:]
    assert compare(summary({"t": then}), summary({"t": refund})).drift


def test_embeddings_are_compared() -> None:
    draw = np.random.default_rng(1)
    then, now = (draw.normal(size=(400, 32)) for _ in range(2))
    assert not compare(summary({"e": list(then)}), summary({"e": list(now)})).drift
    report = compare(summary({"e": list(then)}), summary({"e": list(now + 0.3)}))
    assert report.drift
    assert report.columns[0].type == "vector"


def test_columns_of_one_window_alone_are_told() -> None:
    report = compare(
        summary({"a": range(50), "b": range(50)}), summary({"a": range(50), "c": [1] * 50})
    )
    assert report.lost == ("b", "c")


def test_the_same_rows_give_the_same_report() -> None:
    assert against({}).as_json() == against({}).as_json()
