"""What the server draws: sparklines, shares, heat, charts, differences."""

from __future__ import annotations

import json
import re

import pytest
from django.template import Context, Template

from apps.core.ui import charts, diffs, pictures


def shown(source: str, **values: object) -> str:
    return Template("{% load ui %}" + source).render(Context(values))


def test_a_sparkline_breaks_where_nothing_is_known() -> None:
    spark = pictures.spark([1, 2, None, 4, 3])

    assert len(spark.lines) == 2
    assert spark.says == "4 values from 1 to 4, last 3"


def test_a_sparkline_of_one_value_says_so() -> None:
    assert "too few values" in shown("{% sparkline values %}", values=[1])


def test_shares_fill_the_bar() -> None:
    placed = pictures.shares([("v6", 86), ("v7", 14)])

    assert [(share.start, share.width, share.percent) for share in placed] == [
        (0.0, 86.0, "86 %"),
        (86.0, 14.0, "14 %"),
    ]


def test_nothing_known_is_not_the_same_as_zero() -> None:
    assert pictures.heat(None, 1).level == "none"
    assert pictures.heat(0, 1).level == "0"
    assert pictures.heat(9, 1).level == "5"


def chart(values: list[float | None], **more: object) -> charts.Chart:
    times = [60.0 * at for at in range(len(values))]
    return charts.Chart("Latency", times, [charts.Series("p99", values)], **more)  # type: ignore[arg-type]


def test_thinning_keeps_the_peak_and_the_gap() -> None:
    values: list[float | None] = [1.0] * 100_000
    values[51_234] = 99.0
    values[70_000] = None
    kept = charts.thin(values, 500)

    assert len(kept) <= 1_000
    assert {51_234, 70_000} <= set(kept)


def test_a_chart_has_a_table_behind_it_that_says_what_it_leaves_out() -> None:
    html = shown("{% chart chart %}", chart=chart([float(at) for at in range(1_000)]))

    assert html.count("<tr>") == 201
    assert "200 of 1000, evenly picked" in html


def test_a_chart_with_a_source_carries_a_thinned_one() -> None:
    whole = chart([float(at) for at in range(10_000)], source="/points/")
    html = shown("{% chart chart %}", chart=whole)
    data = json.loads(re.search(r'<script type="application/json">(.*?)</script>', html)[1])  # type: ignore[index]

    assert len(data["times"]) <= 1_000
    assert 'data-source="/points/"' in html


def test_the_data_of_a_chart_cannot_end_its_script() -> None:
    evil = charts.Chart("</script><b>", [0, 1], [charts.Series("<i>", [1, float("nan")])])
    html = shown("{% chart chart %}", chart=evil)

    assert "</script><b>" not in html
    assert "NaN" not in html


def test_a_chart_without_values_says_so() -> None:
    assert "No values in this window yet." in shown("{% chart chart %}", chart=chart([None, None]))


def test_a_chart_refuses_lines_that_are_too_short() -> None:
    with pytest.raises(ValueError, match="p99"):
        charts.Chart("Latency", [1, 2, 3], [charts.Series("p99", [1])])


def test_a_difference_marks_the_words_and_skips_the_rest() -> None:
    before = "\n".join([*"abcdefgh", "rate: 0.1", "end"])
    found = diffs.lines(before, before.replace("0.1", "0.05"))

    assert [line.kind for line in found][0] == "skipped"
    removed = next(line for line in found if line.kind == "removed")
    assert removed.parts == (("rate: 0.", False), ("1", True))


def test_records_are_compared_key_by_key() -> None:
    rows = diffs.rows({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})

    assert [(row.key, row.kind) for row in rows] == [
        ("a", "same"),
        ("b", "changed"),
        ("c", "added"),
    ]


def test_no_picture_has_a_style_of_its_own() -> None:
    html = shown(
        "{% sparkline v %}{% split s %}{% chart c %}{% progress 4 %}",
        v=[1, 2, 3],
        s=[("a", 1)],
        c=chart([1.0, 2.0]),
    )
    assert "style=" not in html
