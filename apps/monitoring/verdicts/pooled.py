"""Rows of both windows together: what the exact tests look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from apps.core.late import late
from apps.monitoring.profiling.profiles import Type
from apps.monitoring.profiling.summaries import is_text
from apps.monitoring.profiling.tallies import kind_of, numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Marks = NDArray[np.bool_]
else:
    np = late("numpy")
pa, pc = late("pyarrow"), late("pyarrow.compute")

NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
MOSTLY = 0.5  # of the values of a mixed column must be numbers for it to be compared as numbers
MOST_WORDS = 30
MOST_NAMES = 40  # with more distinct values, names that are numbers are compared as numbers
DIRECTIONS = 8


@dataclass(frozen=True, slots=True)
class Pooled:
    """One column of both windows, the reference's rows first.

    A numeric column has NaN where it is missing; of a categorical one `values` are codes, -1 where
    it is missing, and `names` says what they stand for. Of texts `values` are lengths, of vectors
    lengths too; `more` holds further questions. `reason` says why a column was not compared, or
    compared in another way.
    """

    name: str
    type: Type
    values: Floats
    names: tuple[str, ...] = ()
    more: tuple[tuple[str, Any], ...] = ()
    reason: str = ""

    @property
    def numeric(self) -> bool:
        """Whether `values` are figures rather than codes."""
        return self.type != Type.CATEGORICAL

    @property
    def missing(self) -> Marks:
        """Which rows have no value."""
        return np.isnan(self.values) if self.numeric else self.values < 0

    def rows(self, kept: NDArray[np.int64]) -> Pooled:
        """These rows alone."""
        return replace(self, values=self.values[kept], more=())


def pool(name: str, reference: Any, current: Any) -> Pooled:
    """Both windows' values of one column, given as Arrow arrays of the sampled rows."""
    then, now = _plain(reference), _plain(current)
    kinds = {kind_of(each.type) for each in (then, now) if each.null_count < len(each)}
    if not kinds:
        return _empty(name, len(then) + len(now), "every value is missing")
    if kinds == {Type.NUMERIC}:
        found = np.concatenate([_numbers(then), _numbers(now)])
        return Pooled(name, Type.NUMERIC, found, reason=_said_of(found))
    if kinds == {Type.VECTOR}:
        return _vectors(name, then, now)
    if kinds <= {Type.TIME}:
        return _empty(name, len(then) + len(now), "times always move; they are not compared")
    if Type.OTHER in kinds or Type.VECTOR in kinds:
        return _empty(name, len(then) + len(now), f"values of type {now.type} are not compared")
    return _strings(name, then, now, len(kinds) > 1)


def _plain(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column


def _empty(name: str, rows: int, reason: str) -> Pooled:
    return Pooled(name, Type.OTHER, np.full(rows, np.nan), reason=reason)


def _numbers(column: Any) -> Floats:
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    found: Floats = numbers(column)
    return found


def _said_of(values: Floats) -> str:
    if np.isinf(values).any():
        return "it holds infinite values"
    present = values[~np.isnan(values)]
    return "it is constant" if present.size and present.min() == present.max() else ""


def _strings(name: str, then: Any, now: Any, two_types: bool) -> Pooled:
    column = pa.concat_arrays([_text(then), _text(now)])
    numeric = pc.fill_null(pc.match_substring_regex(column, NUMBER), False)
    share = pc.sum(numeric).as_py() / max(1, len(column) - column.null_count)
    distinct = pc.count_distinct(column).as_py()
    if share >= MOSTLY and (two_types or distinct > MOST_NAMES):
        return _mixed(name, column, numeric)
    if is_text(column):
        return _texts(name, column)
    codes, names = _codes(column)
    reason = "its type differs between the windows" if two_types else ""
    reason = reason or ("it has one category" if distinct == 1 else "")
    return Pooled(name, Type.CATEGORICAL, codes, names, reason=reason)


def _text(column: Any) -> Any:
    kind = pa.large_string()
    return pa.nulls(len(column), kind) if column.null_count == len(column) else column.cast(kind)


def _floats(column: Any) -> Any:
    kind = pa.list_(pa.float64())
    return pa.nulls(len(column), kind) if column.null_count == len(column) else column.cast(kind)


def _codes(column: Any) -> tuple[Floats, tuple[str, ...]]:
    coded = column.dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    return codes.astype(np.float64), tuple(coded.dictionary.to_pylist())


def _mixed(name: str, column: Any, numeric: Any) -> Pooled:
    """Numbers with words among them: the words are questions of their own."""
    trimmed = pc.utf8_trim_whitespace(column)
    figures = pc.if_else(numeric, trimmed, pa.scalar(None, pa.large_string()))
    values = figures.cast(pa.float64()).to_numpy(zero_copy_only=False)
    words = pc.if_else(numeric, pa.scalar(None, pa.large_string()), column)
    codes, names = _codes(words)
    counts = np.bincount(codes[codes >= 0].astype(int), minlength=len(names))
    common = np.argsort(-counts, kind="stable")[:MOST_WORDS]
    more = [("share of values that are no numbers", codes >= 0)]
    more += [(f"share of {names[code]}"[:120], codes == code) for code in common]
    reason = "numbers and words are mixed" if len(names) else ""
    return Pooled(name, Type.NUMERIC, values, more=tuple(more), reason=reason)


def _texts(name: str, column: Any) -> Pooled:
    """Texts: their length, and which of the commonest words they hold."""
    lengths = pc.utf8_length(column).cast(pa.float64()).to_numpy(zero_copy_only=False)
    words = pc.fill_null(pc.utf8_lower(column), "")
    split = pc.split_pattern_regex(words, r"\W+")
    rows, flat = pc.list_parent_indices(split).to_numpy(), pc.list_flatten(split)
    codes, names = _codes(flat)
    counts = np.bincount(codes.astype(int), minlength=len(names))
    known = np.asarray([bool(each) for each in names])
    common = [at for at in np.argsort(-counts, kind="stable") if known[at]][: 2 * MOST_WORDS]
    more = [
        (f"texts with the word {names[at]}"[:120], _holds(rows, codes == at, len(column)))
        for at in common
    ]
    once = counts[codes.astype(int)] == 1
    more.append(("texts with a word seen once", _holds(rows, once, len(column))))
    return Pooled(name, Type.TEXT, lengths, more=tuple(more))


def _holds(rows: Any, chosen: Any, length: int) -> Marks:
    found = np.zeros(length, dtype=bool)
    found[rows[chosen]] = True
    return found


def _vectors(name: str, then: Any, now: Any) -> Pooled:
    """Embeddings: their length, and their place along fixed random directions."""
    column = pa.concat_arrays([_floats(then), _floats(now)])
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    size = int(np.bincount(sizes[sizes > 0]).argmax()) if (sizes > 0).any() else 0
    if not size:
        return _empty(name, len(column), "every vector is empty")
    fits = sizes == size
    whole = pc.list_flatten(column.filter(pa.array(fits))).to_numpy(zero_copy_only=False)
    whole = np.nan_to_num(whole.reshape(-1, size), nan=0.0, posinf=0.0, neginf=0.0)
    directions = np.random.default_rng(size).normal(size=(size, DIRECTIONS))
    lengths = np.full(len(column), np.nan)
    lengths[fits] = np.linalg.norm(whole, axis=1)
    places = np.full((len(column), DIRECTIONS), np.nan)
    places[fits] = whole @ directions
    more = [
        (f"random direction {at + 1}", midranks(places[:, at]) - 0.5) for at in range(DIRECTIONS)
    ]
    more.append(("share of vectors of another size", ~fits & (sizes > 0)))
    return Pooled(name, Type.VECTOR, lengths, more=tuple(more))


def midranks(values: Floats) -> Floats:
    """The rank of each value among all, from 0 to 1; ties share their mean; 0.5 where missing."""
    ranks = np.full(len(values), 0.5)
    known = ~np.isnan(values)
    present = values[known]
    if not len(present):
        return ranks
    _, codes, counts = np.unique(present, return_inverse=True, return_counts=True)
    upto = np.cumsum(counts)
    ranks[known] = ((upto - counts / 2) / len(present))[codes]
    return ranks
