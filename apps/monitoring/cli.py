"""`manage.py drift REF CUR`: two files to a verdict, without Django, database or server."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from pathlib import Path

from apps.core.errors import Invalid, PortalError
from apps.monitoring.profiling import Summary, files
from apps.monitoring.verdicts.compare import RATE, TARGETS, Options, compare
from apps.monitoring.verdicts.findings import Column, Joint, Report
from apps.monitoring.verdicts.html import page

BAD_INPUT = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments, for its own parser and Django's alike."""
    parser.add_argument("reference", type=Path, help="a .parquet or .csv file")
    parser.add_argument("current", type=Path, help="the same columns, later")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page that stands alone")
    parser.add_argument("--target", help=f"its column; else one named {', '.join(TARGETS)}")
    parser.add_argument("--columns", help="compare these alone, separated by commas")
    parser.add_argument(
        "--alpha", type=float, default=RATE, help=f"false alarms per report, {RATE} by default"
    )


class _NoPandas(MetaPathFinder):
    """PyArrow looks for pandas, whose import takes a second, and does without it too."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)


def program(arguments: Sequence[str]) -> int:
    """As `main`, for a process of its own: it starts without pandas."""
    sys.meta_path.insert(0, _NoPandas())
    return main(arguments)


def main(arguments: Sequence[str]) -> int:
    """Answer the exit status: 0 whether or not there is drift, 2 where the input is wrong."""
    parser = argparse.ArgumentParser(prog="manage.py drift", description=__doc__)
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments))
    except PortalError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return BAD_INPUT


def run(options: argparse.Namespace) -> int:
    """Compare, write the page, print. `Invalid` says what is wrong with the input."""
    began = time.perf_counter()
    if not 0 < options.alpha < 1:
        raise Invalid(field="alpha", reason="a rate between 0 and 1, such as 0.01")
    columns = [each.strip() for each in options.columns.split(",")] if options.columns else None
    then = files.summary(options.reference, columns, seed=1)
    now = files.summary(options.current, columns, seed=2)
    _check(then, now, options.target)
    report = compare(then, now, Options(alpha=options.alpha, target=options.target))
    if options.html:
        _write(options.html, page(report, then, now))
    seconds = round(time.perf_counter() - began, 4)
    said = json.dumps({**report.as_json(), "seconds": seconds}) if options.json else _told(report)
    print(said)  # noqa: T201
    return 0


def _check(then: Summary, now: Summary, target: str | None) -> None:
    if not then.tallies.keys() & now.tallies.keys():
        raise Invalid(field="current", reason="the two files have no column in common")
    for name, each in (("reference", then), ("current", now)):
        if not each.rows:
            raise Invalid(field=name, reason="it has no rows")
    if target and not (target in then.tallies and target in now.tallies):
        raise Invalid(field="target", reason=f"both files need a column {target}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Invalid(field="html", reason=f"{path} cannot be written: {error.strerror}") from error


def _told(report: Report) -> str:
    lines = [
        f"{'drift' if report.drift else 'no drift'}: p = {report.p_value:.2g}, "
        f"{report.rows[0]:,} rows before, {report.rows[1]:,} now"
    ]
    lines += [_line(each) for each in report.columns]
    lines.append(_related("relations between columns", report.joint))
    if report.concept:
        lines.append(_related("relation to the target", report.concept))
    lines += [f"only in one file: {name}" for name in report.lost]
    return "\n".join(lines)


def _line(each: Column) -> str:
    low, high = each.interval
    note = f"  ({each.reason})" if each.reason else ""
    return (
        f"{each.level.value:<8} {each.name:<24} {each.effect:.3f} [{low:.3f}, {high:.3f}] "
        f"p = {each.p_value:.2g}  {each.method}{note}"
    )


def _related(what: str, found: Joint) -> str:
    names = f": {', '.join(found.columns)}" if found.columns else ""
    return f"{found.level.value:<8} {what}, p = {found.p_value:.2g}{names}"
