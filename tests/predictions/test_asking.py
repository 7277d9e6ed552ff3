"""A question in SQL: what it answers, and what it may not do."""

from __future__ import annotations

import pytest

from apps.predictions import asking, columns
from apps.predictions.asking import Found, answer
from apps.predictions.errors import BadQuestion
from apps.predictions.rows import Row

TABLE = columns.of_rows(
    [
        Row(str(n), 1_700_000_000.0 + n, {"amount": n * 1.5, "City": "Bern"}, {"score": n / 10})
        for n in range(10)
    ]
)


def test_it_counts_groups_and_compares_times() -> None:
    told = answer(TABLE, """SELECT count(*) AS n, max("outputs.score") AS worst FROM predictions""")
    assert told == Found(["n", "worst"], [(10, 0.9)], True)
    found = answer(
        TABLE,
        """SELECT "inputs.City" AS city, avg("inputs.amount") FROM predictions
        WHERE time >= '2023-11-14 22:13:25' GROUP BY 1 ORDER BY 1""",
    )
    assert found.rows == [("Bern", 10.5)]
    assert len(answer(TABLE, "SELECT * FROM predictions").columns) == len(TABLE.column_names)
    assert answer(columns.of_rows([]), "SELECT count(*) FROM predictions").rows == [(0,)]


def test_names_that_differ_in_capitals_alone_and_odd_ones_do_no_harm() -> None:
    table = columns.of_rows([Row("a", 1.0, {"x": 1, "X": 2, 'y"); DROP TABLE z; --': 2**70})])
    assert answer(table, """SELECT "inputs.x" FROM predictions""").rows == [(1,)]
    assert answer(table, "SELECT count(*) FROM predictions").rows == [(1,)]
    assert len(answer(table, "SELECT * FROM predictions").rows) == 1


def test_long_answers_are_cut_and_say_so() -> None:
    table = columns.of_rows([Row(str(n), float(n)) for n in range(asking.MOST_ANSWERED + 1)])
    found = answer(table, "SELECT id FROM predictions")
    assert (len(found.rows), found.whole) == (asking.MOST_ANSWERED, False)


@pytest.mark.parametrize(
    "question",
    [
        "DELETE FROM predictions",
        "INSERT INTO predictions (id) VALUES (1)",
        "CREATE TABLE other (x)",
        "ATTACH '/tmp/other.db' AS other",
        "PRAGMA database_list",
        "SELECT * FROM pragma_database_list",
        "VACUUM INTO '/tmp/other.db'",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "SELECT load_extension('x')",
        "SELECT nothing FROM predictions",
        "SELECT ? FROM predictions",
        "SELECT zeroblob(1000000000)",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
        "SELECT " + "1," * 3000,
        "no SQL at all",
    ],
)
def test_it_only_reads(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 1)  # one of them has no end
    with pytest.raises(BadQuestion):
        answer(TABLE, question)


def test_it_is_stopped_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 1)
    many = columns.of_rows([Row(str(n), float(n)) for n in range(5_000)])
    cross = "SELECT count(*) FROM predictions a, predictions b, predictions c WHERE a.id < c.id"
    with pytest.raises(BadQuestion, match="longer than 1 s"):
        answer(many, cross)
    alone = ", ".join(f"(SELECT 1 UNION ALL SELECT 2) t{n}" for n in range(40))
    with pytest.raises(BadQuestion, match="longer than 1 s"):
        answer(TABLE, f"SELECT count(*) FROM {alone}")
