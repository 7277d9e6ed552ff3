"""`manage.py anomalies`: a file in, JSON out, without Django."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.monitoring.anomalies import command, reading

HEAD = "timestamp,value\n"
ROWS = "".join(
    f"2026-01-01 {hour:02d}:{minute:02d}:00,{minute}\n"
    for hour in range(9)
    for minute in range(0, 60, 5)
)


def judged(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    file = tmp_path / "series.csv"
    file.write_text(text)
    assert command.main([str(file), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("text", [HEAD + ROWS, ROWS, "\ufeff" + HEAD + ROWS, "at,value\r\n" + ROWS])
def test_with_and_without_names(text: str, tmp_path: Path, capsys: Any) -> None:
    said = judged(tmp_path, text, capsys)
    assert set(said) == {"threshold", "scores", "spans"}
    assert len(said["scores"]) == 108


def test_missing_values_are_rows_too(tmp_path: Path, capsys: Any) -> None:
    text = HEAD + "2026-01-01T00:00:00Z,\n1767225700,NaN\n2026-01-01T01:00:00+00:00,3\n\n"
    assert judged(tmp_path, text, capsys)["scores"] == [0.0, 0.0, 0.0]


def test_a_span_says_its_times_as_the_file_does(tmp_path: Path, capsys: Any) -> None:
    rows = [f"{row * 300},{50 if row == 400 else row % 5}" for row in range(600)]
    said = judged(tmp_path, "\n".join(rows), capsys)
    assert said["spans"][0]["start"] == "120000"
    assert said["spans"][0]["score"] >= said["threshold"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            HEAD + "2026-01-01,1\n2026-01-02,two\n",
            "series.csv, line 3: value: 'two' is not a finite",
        ),
        (HEAD + "yesterday,1\n", "series.csv, line 2: timestamp: 'yesterday' is neither"),
        (HEAD + "2026-01-01\n", "series.csv, line 2: it needs a timestamp and a value"),
        ("2026-01-01,inf\n", "series.csv, line 1: value: 'inf'"),
        (HEAD, "series.csv: it holds no row"),
        ("", "series.csv: it holds no row"),
    ],
)
def test_what_is_wrong_names_the_line(
    text: str, sentence: str, tmp_path: Path, capsys: Any
) -> None:
    file = tmp_path / "series.csv"
    file.write_text(text)
    assert command.main([str(file)]) == 1
    assert sentence in capsys.readouterr().err


def test_no_file_and_no_text_are_said_too(tmp_path: Path, capsys: Any) -> None:
    assert command.main([str(tmp_path / "none.csv")]) == 1
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert command.main([str(tmp_path / "bad.csv")]) == 1
    assert "not CSV in UTF-8" in capsys.readouterr().err


def test_the_columns_are_found_by_name(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    file.write_text("host,value,timestamp\na,3,2026-01-01\n")
    assert reading.read(file).values == [3.0]


def test_it_starts_without_django_and_database(tmp_path: Path) -> None:
    file = tmp_path / "series.csv"
    file.write_text(HEAD + ROWS)
    script = (
        "import sys; from portal import commands; "
        f"commands.run(['manage.py', 'anomalies', {str(file)!r}]); "
        "from django.apps import apps; sys.exit(apps.ready)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "108 rows, 0 spans" in done.stdout
