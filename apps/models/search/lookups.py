"""What Django has no expression for: patterns as SQL knows them, a key's text, any input of a run."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BigAutoField,
    BooleanField,
    CharField,
    F,
    Func,
    Lookup,
    TextField,
    Value,
)

from apps.models.search.tree import Op

SQL = {
    Op.EQUAL: "=",
    Op.UNEQUAL: "<>",
    Op.LIKE: "LIKE",
    Op.ILIKE: "ILIKE",
    Op.IN: "= ANY",
    Op.NOT_IN: "<> ALL",
}


class Pattern(Lookup):
    """`%` stands for anything, `_` for one character, a backslash takes either as it is."""

    prepare_rhs = False
    word = "LIKE"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, given = self.process_lhs(compiler, connection)
        return f"{left} {self.word} %s", (*given, self.rhs)


@TextField.register_lookup
@CharField.register_lookup
class Like(Pattern):
    lookup_name = "like"


@TextField.register_lookup
@CharField.register_lookup
class ILike(Pattern):
    lookup_name = "ilike"
    word = "ILIKE"


@BigAutoField.register_lookup
class AmongIds(Lookup):
    """One of many ids, given as one array: a list of thousands takes longer to write than to look up."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, given = self.process_lhs(compiler, connection)
        return f"{left} = ANY(%s)", (*given, self.rhs)


def text_of(column: str, key: str) -> Func:
    """The text under a key of a JSON column; nothing where the key is missing."""
    return Func(F(column), Value(key), function="jsonb_extract_path_text", output_field=TextField())


class AnyInput(Func):
    """Whether one of a run's inputs has this under a key; an empty text is a missing one."""

    output_field = BooleanField()
    template = (
        "EXISTS (SELECT 1 FROM jsonb_array_elements(%(inputs)s) AS input"
        " WHERE input ->> %(key)s <> '' AND input ->> %(key)s %(op)s (%(value)s))"
    )

    def __init__(self, key: str, op: Op, value: Any) -> None:
        super().__init__(F("inputs"))
        self.key, self.op, self.value = key, op, value

    def as_sql(  # type: ignore[override]
        self, compiler: Any, connection: Any, **_: Any
    ) -> tuple[str, tuple[Any, ...]]:
        column, given = compiler.compile(self.source_expressions[0])
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        slots = {"inputs": column, "key": "%s", "op": SQL[self.op], "value": "%s"}
        return self.template % slots, (*given, self.key, self.key, value)
