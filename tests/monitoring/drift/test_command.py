"""`manage.py drift`: what it prints, writes and refuses, as a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.monitoring import cli
from tests.architecture.sources import ROOT
from tests.monitoring.drift.worlds import table


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    then, now = table(600, 1), table(400, 2)
    now["income"] = now["income"] + 1
    for name, columns in (("then", then), ("now", now)):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    return str(tmp_path / "then.parquet"), str(tmp_path / "now.parquet")


def test_it_needs_neither_django_nor_a_server(files: tuple[str, str]) -> None:
    program = (
        "import sys; from apps.monitoring import cli; cli.program(sys.argv[1:]);"
        "assert not {'django', 'pandas', 'scipy'} & set(sys.modules), 'loads too much'"
    )
    run = [sys.executable, "-c", program, *files, "--json"]
    told = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    report = json.loads(told.stdout)
    assert report["drift"] is True
    assert report["rows"] == {"reference": 600, "current": 400}
    first = report["columns"][0]
    assert (first["name"], first["type"], first["verdict"]) == ("income", "numeric", "act")
    assert first["interval"][0] <= first["effect"] <= first["interval"][1]
    assert {"p_value", "method"} <= first.keys()
    assert {"joint", "seconds"} <= report.keys()


def test_manage_runs_it(files: tuple[str, str], tmp_path: Path) -> None:
    run = [sys.executable, "manage.py", "drift", *files, "--html", str(tmp_path / "a.html")]
    told = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.startswith("drift: p = ")
    page = (tmp_path / "a.html").read_text()
    assert "<svg" in page
    assert "http" not in page
    assert "src=" not in page


def test_names_are_escaped_in_the_page(tmp_path: Path) -> None:
    pq.write_table(pa.table({"<script>": range(100)}), tmp_path / "a.parquet")
    name = str(tmp_path / "a.parquet")
    assert cli.main([name, name, "--html", str(tmp_path / "a.html")]) == 0
    assert "<script>" not in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--columns", "nobody"], "no column nobody"),
        (["--target", "nobody"], "both files need a column nobody"),
        (["--alpha", "2"], "a rate between 0 and 1"),
        (["--html", "/nowhere/a.html"], "cannot be written"),
    ],
)
def test_it_refuses_with_a_sentence(
    files: tuple[str, str], more: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*files, *more]) == 2
    assert said in capsys.readouterr().err


def test_files_with_nothing_in_common_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("b\n1\n")
    (tmp_path / "c.csv").write_text("a\n")
    assert cli.main([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]) == 2
    assert "no column in common" in capsys.readouterr().err
    assert cli.main([str(tmp_path / "a.csv"), str(tmp_path / "c.csv")]) == 2
    assert "no rows" in capsys.readouterr().err
