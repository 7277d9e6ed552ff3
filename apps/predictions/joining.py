"""Ground truth and its predictions: the later time wins, field by field; what was told stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from apps.core.late import late
from apps.predictions import columns
from apps.predictions.columns import Table
from apps.predictions.rows import Row

pa, pc = late("pyarrow"), late("pyarrow.compute")


def latest(told: Iterable[Row]) -> dict[str, Any]:
    """The truth of each id: of plain values the latest, of records the latest of each field."""
    known: dict[str, Any] = {}
    for row in sorted(told, key=lambda row: row.time):
        before = known.get(row.key)
        if isinstance(row.truth, dict) and isinstance(before, dict):
            known[row.key] = {**before, **row.truth}
        else:
            known[row.key] = row.truth
    return known


def with_truth(found: Table, told: Sequence[Table]) -> Table:
    """The predictions with a column `truth`, and `truth.<name>` for each field of records."""
    found = found.drop_columns([name for name in found.column_names if name == "truth"])
    known = columns.joined(told, plain=True).sort_by([("time", "descending")])
    names = [name for name in known.column_names if name.split(".")[0] == "truth"]
    ids = found.column("id").combine_chunks()
    for name in names:
        # The first of several is the latest: they stand in descending order.
        has = known.filter(pc.is_valid(known.column(name)))
        at = pc.index_in(ids, value_set=has.column("id").combine_chunks())
        found = found.append_column(name, has.column(name).combine_chunks().take(at))
    if "truth" not in names:
        found = found.append_column("truth", pa.nulls(found.num_rows, pa.null()))
    return found
