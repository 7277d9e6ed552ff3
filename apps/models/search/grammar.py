"""Reads MLflow's filter strings and orders.

filter     = [ clause { AND clause } ]
clause     = field ( sign value | [NOT] LIKE… | [NOT] IN "(" text { "," text } ")" | IS [NOT] NULL )
field      = [ place "." ] key
order      = field [ ASC | DESC ]
"""

from __future__ import annotations

import math

from apps.models.search.tree import (
    ATTRIBUTES,
    DATASET_KEYS,
    KINDS,
    Comparison,
    Field,
    Kind,
    Op,
    Term,
    Value,
)
from apps.models.search.words import Word, Words

SIGNS = {
    "=": Op.EQUAL,
    "!=": Op.UNEQUAL,
    "<>": Op.UNEQUAL,
    "<": Op.LESS,
    "<=": Op.AT_MOST,
    ">": Op.MORE,
    ">=": Op.AT_LEAST,
}
SPELLED: tuple[tuple[tuple[str, ...], Op], ...] = (
    (("LIKE",), Op.LIKE),
    (("ILIKE",), Op.ILIKE),
    (("NOT", "IN"), Op.NOT_IN),
    (("IN",), Op.IN),
    (("IS", "NOT", "NULL"), Op.PRESENT),
    (("IS", "NULL"), Op.MISSING),
)
FOR_TEXT = {Op.EQUAL, Op.UNEQUAL, Op.LIKE, Op.ILIKE, Op.IN, Op.NOT_IN}
FOR_NUMBERS = set(SIGNS.values())
LOOSE = {Kind.PARAM, Kind.TAG}  # what a run may lack, and is asked for as such
MOST_TERMS = 5


def read_filter(text: str) -> tuple[Comparison, ...]:
    """The clauses of a filter string; `BadFilter` names the place of what cannot be read."""
    words = Words(text, "filter")
    clauses: list[Comparison] = []
    while not words.done:
        if clauses and not words.takes("AND"):
            raise words.wrong("AND between two conditions")
        clauses.append(_clause(words))
    return tuple(clauses)


def read_order(texts: list[str]) -> tuple[Term, ...]:
    """What to sort by, the most important first."""
    terms = [term for text in texts for term in _terms(Words(text, "order_by"))]
    if len(terms) > MOST_TERMS:
        raise Words("", "order_by").wrong(f"at most {MOST_TERMS} fields")
    if len({term.field for term in terms}) < len(terms):
        raise Words("", "order_by").wrong("each field once")
    return tuple(terms)


def read_field(text: str) -> Field | None:
    """`metrics.f1` as a column's name says it; `None` where it names nothing a list can show."""
    place, _, key = text.partition(".")
    kind = KINDS.get(place)
    if kind is None or not key or len(key) > 250 or "\x00" in key or kind is Kind.DATASET:
        return None
    if kind is Kind.ATTRIBUTE:
        return Field(kind, ATTRIBUTES[key]) if key in ATTRIBUTES else None
    return Field(kind, key)


def _terms(words: Words) -> list[Term]:
    terms: list[Term] = []
    while not words.done:
        if terms and not words.takes(","):
            raise words.wrong("a comma, or the end")
        field = _field(words)
        if field.kind is Kind.DATASET:
            raise words.wrong("a metric, param, tag or attribute: runs have several data sets")
        descending = words.takes("DESC")
        if not descending:
            words.takes("ASC")
        terms.append(Term(field, descending))
    return terms


def _clause(words: Words) -> Comparison:
    field = _field(words)
    word = words.next
    op = _op(words)
    allowed = FOR_NUMBERS if field.numeric else FOR_TEXT
    if field.kind in LOOSE:
        allowed = allowed | {Op.MISSING, Op.PRESENT}
    if op not in allowed:
        shown = ", ".join(each for each in Op if each in allowed)
        raise words.wrong(f"one of {shown} after {field.kind}.{field.key}", word)
    return Comparison(field, op, _value(words, field, op))


def _op(words: Words) -> Op:
    for keywords, op in SPELLED:
        if words.takes(*keywords):
            return op
    if words.next.text in SIGNS and words.next.kind == "sign":
        return SIGNS[words.take().text]
    raise words.wrong("a comparison such as =, >= or LIKE")


def _field(words: Words) -> Field:
    first = words.take()
    if first.kind not in {"name", "text", "tick", "number"}:
        raise words.wrong("a field such as metrics.accuracy", first)
    if words.next.text != "." or words.next.kind != "mark":
        return _attribute(words, first, first.bare)
    words.take()
    if first.bare not in KINDS:
        raise words.wrong("metrics, params, tags, attributes or datasets", first)
    kind, word = KINDS[first.bare], words.next
    key = _key(words)
    if kind is Kind.ATTRIBUTE:
        return _attribute(words, word, key)
    if kind is Kind.DATASET and key not in DATASET_KEYS:
        raise words.wrong(f"one of {', '.join(DATASET_KEYS)}", word)
    return Field(kind, key)


def _key(words: Words) -> str:
    """A key in quotes, or bare with dots inside."""
    word = words.take()
    if word.kind in {"text", "tick"}:
        return word.bare
    if word.kind not in {"name", "number"}:
        raise words.wrong("a key, in quotes where it has blanks or signs in it", word)
    key, end = word.text, word.at + len(word.text)
    while _follows(words.next, end):
        piece = words.take()
        key, end = key + piece.text, end + len(piece.text)
    return key


def _follows(word: Word, end: int) -> bool:
    return word.at == end and (word.kind in {"name", "number"} or word.text == ".")


def _attribute(words: Words, word: Word, key: str) -> Field:
    if key not in ATTRIBUTES:
        names = sorted(set(ATTRIBUTES.values()))
        raise words.wrong(f"an attribute ({', '.join(names)}) or metrics., params., tags.", word)
    return Field(Kind.ATTRIBUTE, ATTRIBUTES[key])


def _value(words: Words, field: Field, op: Op) -> Value:
    if op in {Op.MISSING, Op.PRESENT}:
        return None
    if op in {Op.IN, Op.NOT_IN}:
        return tuple(_list(words))
    if field.numeric:
        return _number(words)
    return _text(words, pattern=op in {Op.LIKE, Op.ILIKE})


def _number(words: Words) -> float:
    word = words.take()
    if word.kind != "number" or math.isnan(float(word.text)):
        raise words.wrong("a number", word)
    return float(word.text)


def _text(words: Words, pattern: bool = False) -> str:
    word = words.take()
    if word.kind != "text":
        raise words.wrong("a text in single or double quotes", word)
    ending = word.bare[len(word.bare.rstrip("\\")) :]
    if pattern and len(ending) % 2:
        raise words.wrong("a pattern that does not end with a lone backslash", word)
    return word.bare


def _list(words: Words) -> list[str]:
    if not words.takes("("):
        raise words.wrong("a list such as ('a', 'b')")
    found = [_text(words)]
    while words.takes(","):
        found.append(_text(words))
    if not words.takes(")"):
        raise words.wrong("a comma or the closing bracket of the list")
    return found
