"""Hold a request against a vendor's OpenAPI 3 document. The document is read where it lies, never copied."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

URI = "urn:vendor"


class Document:
    """One vendor's paths and schemas."""

    def __init__(self, path: Path) -> None:
        self.read(json.loads(path.read_text(encoding="utf-8-sig")))

    def read(self, content: dict[str, Any]) -> None:
        """Take a parsed document."""
        self.content = content
        plain = _plain(self.content)
        self.registry = Registry().with_resource(
            URI, Resource(contents=plain, specification=DRAFT202012)
        )
        self.routes = [(_pattern(route), ops) for route, ops in plain["paths"].items()]
        # A fixed path goes before one with a placeholder.
        self.routes.sort(key=lambda route: route[0].pattern.count("[^/]+"))

    def faults(self, method: str, target: str, body: bytes) -> list[str]:
        """What the vendor would refuse; nothing where the request fits."""
        where = urlsplit(target)
        operation = self._operation(method, where.path)
        if operation is None:
            return [f"{method} {where.path}: the document has no such operation"]
        found = self._unknown_parameters(operation, where.query)
        return [f"{method} {where.path}: {text}" for text in found + self._body(operation, body)]

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for pattern, operations in self.routes:
            if pattern.fullmatch(path) and method.lower() in operations:
                found: dict[str, Any] = operations[method.lower()]
                return found
        return None

    def _unknown_parameters(self, operation: dict[str, Any], query: str) -> list[str]:
        known = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "query"}
        return [f"no parameter {name}" for name in parse_qs(query) if name not in known]

    def _body(self, operation: dict[str, Any], body: bytes) -> list[str]:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return ["it takes no body"] if body else []
        schema = content["application/json"]["schema"]
        try:
            sent = json.loads(body)
        except ValueError:
            return ["the body is not JSON"]
        return [f"{e.json_path}: {e.message}" for e in self._validator(schema).iter_errors(sent)]

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        return Draft202012Validator(_absolute(schema), registry=self.registry)


@cache
def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", route)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _plain(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _plain(item) for name, item in value.items() if name != "example"}
    if plain.pop("nullable", False) is True and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    return plain


def _absolute(value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: URI + item if name == "$ref" and str(item).startswith("#") else _absolute(item)
        for name, item in value.items()
    }
