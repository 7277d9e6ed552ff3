"""A report as one page that asks nothing of the network: figures and overlaid distributions."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from apps.monitoring.profiling.profiles import Profile, Type
from apps.monitoring.profiling.summaries import Summary
from apps.monitoring.verdicts.findings import Column, Joint, Report

WIDTH, HEIGHT = 260, 72
MOST_BARS = 12
STYLE = """
:root{color-scheme:light dark;--ink:#1d2125;--soft:#5b6570;--line:#d5dae0;--paper:#fff;--then:#6b7a8c;--now:#b4480f;
--act:#a3210f;--watch:#7a5200}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a7b0ba;--line:#3a424c;--paper:#15181c;--then:#8fa1b5;
--now:#f0954f;--act:#ff9384;--watch:#f2c26b}}
body{margin:0 auto;max-width:70rem;padding:1.5rem 1rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.soft{color:var(--soft)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.act{color:var(--act);font-weight:600}.watch{color:var(--watch);font-weight:600}
svg{display:block;min-width:260px}.then{fill:var(--then);opacity:.55}.now{fill:none;stroke:var(--now);stroke-width:1.6}
""".strip()


def page(report: Report, then: Summary, now: Summary) -> str:
    """The page's text."""
    first = {each.name: each for each in then.profiles()}
    edges = {name: each.edges for name, each in first.items()}
    second = {each.name: each for each in now.profiles(edges)}
    rows = "".join(_row(each, first[each.name], second[each.name]) for each in report.columns)
    title = "Drift is established" if report.drift else "No drift is established"
    relations = [("Relations between columns", report.joint)]
    relations += [("Relation to the target", report.concept)] if report.concept else []
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>"
        f"<p>{report.rows[0]:,} rows before, {report.rows[1]:,} now; p = {report.p_value:.2g} "
        "over all columns and relations together.</p>"
        '<p class="soft">Filled: before. Line: now. Effects are distances from 0 to 1 with their '
        "95 % interval.</p>"
        '<h2>Columns</h2><div class="scroll" tabindex="0" role="region" aria-label="Columns">'
        '<table><thead><tr><th>Column</th><th>Verdict</th><th class="n">Effect</th>'
        '<th class="n">p</th><th>Method</th><th>Distributions</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div><h2>Together</h2><ul>"
        f"{''.join(_relation(name, each) for name, each in relations)}</ul>"
        f"{_lost(report.lost)}</main></body></html>\n"
    )


def _row(column: Column, then: Profile, now: Profile) -> str:
    low, high = column.interval
    reason = f'<br><span class="soft">{escape(column.reason)}</span>' if column.reason else ""
    level = column.level.value.replace("_", " ")
    return (
        f"<tr><td>{escape(column.name)}{reason}</td>"
        f'<td class="{column.level.value}">{level}</td>'
        f'<td class="n">{column.effect:.3f}<br><span class="soft">{low:.3f} to {high:.3f}</span></td>'
        f'<td class="n">{column.p_value:.2g}</td><td>{escape(column.method)}</td>'
        f"<td>{_drawing(column.name, then, now)}</td></tr>"
    )


def _drawing(name: str, then: Profile, now: Profile) -> str:
    if then.type == Type.CATEGORICAL or now.type == Type.CATEGORICAL:
        names = list(dict.fromkeys([*_common(then), *_common(now)]))[:MOST_BARS]
        first, second = ([float(p.counts.get(n, 0)) for n in names] for p in (then, now))
    else:
        first, second = [float(n) for n in then.heights], [float(n) for n in now.heights]
    if not sum(first) or not sum(second) or len(first) != len(second):
        return '<span class="soft">nothing to draw</span>'
    return _svg(name, _shares(first), _shares(second))


def _common(profile: Profile) -> list[str]:
    return sorted(profile.counts, key=lambda name: -profile.counts[name])[:MOST_BARS]


def _shares(counts: Sequence[float]) -> list[float]:
    total = sum(counts)
    return [count / total for count in counts]


def _svg(name: str, then: Sequence[float], now: Sequence[float]) -> str:
    most, step = max(*then, *now), WIDTH / len(then)
    bars = "".join(
        f'<rect x="{at * step:.1f}" y="{HEIGHT - share / most * HEIGHT:.1f}" '
        f'width="{step:.1f}" height="{share / most * HEIGHT:.1f}"/>'
        for at, share in enumerate(then)
    )
    path = "".join(
        f"{'L' if at else 'M'}{at * step:.1f} {HEIGHT - share / most * HEIGHT:.1f}h{step:.1f}"
        for at, share in enumerate(now)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" '
        f'aria-label="{escape(name)}, before and now"><g class="then">{bars}</g>'
        f'<path class="now" d="{path}"/></svg>'
    )


def _relation(name: str, found: Joint) -> str:
    columns = f": {escape(', '.join(found.columns))}" if found.columns else ""
    reason = f" ({escape(found.reason)})" if found.reason else ""
    return (
        f'<li>{name}: <span class="{found.level.value}">{found.level.value.replace("_", " ")}</span>, '
        f"p = {found.p_value:.2g}{columns}{reason}</li>"
    )


def _lost(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"<h2>Only in one file</h2><p>{escape(', '.join(names))}</p>"
