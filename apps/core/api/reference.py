"""The OpenAPI document as something to read: resources, operations, shapes and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from apps.core.api import problems
from apps.core.api.document import document
from apps.core.api.schema import operations
from apps.core.errors import PortalError

PREFIX = "#/components/schemas/"
DEEPEST_EXAMPLE = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, or a field of a shape."""

    name: str
    kind: str
    shape: str
    required: bool
    text: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    parameters: list[Row]
    sends: str
    answers: list[Row]
    refusals: list[Row]
    curl: str


@dataclass(frozen=True, slots=True)
class Resource:
    """The operations under one tag."""

    name: str
    text: str
    operations: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a body looks like."""

    name: str
    text: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One code that a problem body may carry."""

    code: str
    status: int
    sentence: str


def resources(whole: dict[str, Any], *, address: str) -> list[Resource]:
    """Everything by resource; `address` is where the reader finds this portal."""
    found = {tag["name"]: Resource(tag["name"], tag["description"]) for tag in whole["tags"]}
    for path, method, operation in operations(whole):
        name = operation["tags"][0]
        found[name].operations.append(_operation(whole, path, method, operation, address))
    return list(found.values())


def shapes(whole: dict[str, Any]) -> list[Shape]:
    """The bodies by name."""
    named = sorted(whole["components"]["schemas"].items())
    return [Shape(name, schema.get("description", ""), _fields(schema)) for name, schema in named]


def refusals() -> list[Refusal]:
    """Every code of our own, by name."""
    named = {
        each.code: Refusal(each.code, each.status, each.sentence) for each in _family(PortalError)
    }
    known = {code: Refusal(code, status, text) for code, status, text in problems.GENERAL}
    return sorted({**named, **known}.values(), key=lambda refusal: refusal.code)


def _family(of: type[PortalError]) -> Iterator[type[PortalError]]:
    yield of
    for child in of.__subclasses__():
        yield from _family(child)


def _operation(
    whole: dict[str, Any], path: str, method: str, operation: dict[str, Any], address: str
) -> Operation:
    body = _schema_of(operation.get("requestBody", {}))
    answers = [_answer(code, each) for code, each in sorted(operation["responses"].items())]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation.get("summary", operation["operationId"].replace("_", " ")),
        text=operation.get("description", ""),
        parameters=[_parameter(each) for each in operation.get("parameters", [])],
        sends=_shape_name(body),
        answers=[row for row in answers if row.name < "400"],
        refusals=[row for row in answers if row.name >= "400"],
        curl=_curl(whole, address + path, method.upper(), operation),
    )


def _parameter(given: dict[str, Any]) -> Row:
    schema = given["schema"]
    return Row(
        name=given["name"],
        kind=_kind(schema),
        shape="",
        required=given.get("required", False),
        text=given.get("description", ""),
        place=given["in"],
    )


def _answer(status: str, answer: dict[str, Any]) -> Row:
    schema = _schema_of(answer)
    return Row(
        name=status,
        kind=_kind(schema) if schema else "nothing",
        shape=_shape_name(schema),
        required=False,
        text=answer.get("description", ""),
    )


def _fields(schema: dict[str, Any]) -> list[Row]:
    required = schema.get("required", [])
    return [
        Row(name, _kind(each), _shape_name(each), name in required, each.get("description", ""))
        for name, each in schema.get("properties", {}).items()
    ]


def _schema_of(part: dict[str, Any]) -> dict[str, Any]:
    """The schema of the first media type."""
    for media in part.get("content", {}).values():
        found: dict[str, Any] = media.get("schema", {})
        return found
    return {}


def _shape_name(schema: dict[str, Any]) -> str:
    """The named shape that a schema is, or is a list of."""
    for each in (schema, schema.get("items", {}), *schema.get("allOf", []), *_choices(schema)):
        if "$ref" in each:
            return str(each["$ref"]).removeprefix(PREFIX)
    return ""


def _choices(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [*schema.get("oneOf", []), *schema.get("anyOf", [])]


def _kind(schema: dict[str, Any]) -> str:
    """The type in words: `string, at most 60`, `list of Project`."""
    if name := _shape_name(schema):
        return f"list of {name}" if schema.get("type") == "array" else name
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    kind = schema.get("type", "any")
    words = [schema.get("format") or (" or ".join(kind) if isinstance(kind, list) else kind)]
    if schema.get("type") == "array":
        words = [f"list of {_kind(schema.get('items', {}))}"]
    for key, text in (("maxLength", "at most {}"), ("minimum", "from {}"), ("maximum", "to {}")):
        if key in schema:
            words.append(text.format(schema[key]))
    return ", ".join(words) + (" or null" if schema.get("nullable") else "")


def _curl(whole: dict[str, Any], url: str, method: str, operation: dict[str, Any]) -> str:
    lines = [f"curl -X {method} '{url}'", '-H "Authorization: Bearer $TOKEN"']
    if method == "GET":
        lines[0] = f"curl '{url}'"
    for media in operation.get("requestBody", {}).get("content", {}).values():
        body = _sent(whole, media)
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{json.dumps(body)}'")
        break
    return " \\\n  ".join(lines)


def _sent(whole: dict[str, Any], media: dict[str, Any]) -> Any:
    for example in media.get("examples", {}).values():
        return example["value"]
    return example_of(whole, media.get("schema", {}))


def example_of(whole: dict[str, Any], schema: dict[str, Any], depth: int = 0) -> Any:
    """A value that the schema allows, as short as it can be."""
    if name := _shape_name(schema):
        inner = whole["components"]["schemas"][name]
        value = example_of(whole, inner, depth + 1) if depth < DEEPEST_EXAMPLE else {}
        return [value] if schema.get("type") == "array" else value
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        wanted = schema.get("required") or list(schema.get("properties", {}))[:1]
        fields = schema.get("properties", {})
        return {key: example_of(whole, fields[key], depth + 1) for key in wanted if key in fields}
    if schema.get("type") == "array":
        return [example_of(whole, schema.get("items", {}), depth + 1)]
    return _PLAIN.get(schema.get("format", ""), _PLAIN.get(schema.get("type", ""), "…"))


_PLAIN: dict[str, Any] = {
    "date-time": "2030-01-31T14:05:00Z",
    "date": "2030-01-31",
    "uuid": "8c2f0f5a-3f6e-4a3c-9d57-1f6a0c2f3b11",
    "uri": "https://example.org/",
    "email": "ada@example.org",
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "string": "text",
}


@cache
def everything(address: str) -> dict[str, Any]:
    """What the page shows; made once in a process, because it changes with the code alone."""
    made = document()
    return {
        "address": address,
        "resources": resources(made, address=address),
        "shapes": shapes(made),
        "refusals": refusals(),
    }
