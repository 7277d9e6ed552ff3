"""Hold a request against a vendor's Swagger 2.0 document. The document is read where it lies, never copied."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

# The vendors' documents are not ours to copy; VENDOR_SPECS names a folder that holds them.
SHARED = Path(os.environ.get("VENDOR_SPECS", "../shared/specs"))
URI = "urn:vendor"
_NOT_SCHEMA = ("example", "discriminator", "xml", "externalDocs", "x-nullable")


class Swagger:
    """One vendor's operations and schemas; unknown fields of known kinds are faults."""

    def __init__(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8-sig")
        read = json.loads if path.suffix == ".json" else _yaml
        self.content: dict[str, Any] = read(text)
        self.base = self.content.get("basePath", "").rstrip("/")
        mixed = set(_mixed(self.content))
        definitions = {
            name: plain(each, closed=f"#/definitions/{name}" not in mixed)
            for name, each in self.content["definitions"].items()
        }
        contents = {"definitions": definitions}
        self.registry = Registry().with_resource(
            URI, Resource(contents=contents, specification=DRAFT202012)
        )
        self.routes = [(_pattern(route), item) for route, item in self.content["paths"].items()]
        self.routes.sort(key=lambda route: route[0].pattern.count("[^/]+"))

    def faults(self, method: str, target: str, body: bytes) -> list[str]:
        """What the vendor would refuse; nothing where the request fits."""
        where = urlsplit(target)
        path = re.sub(r"^/v1\.\d+(?=/)", "", where.path) if self.base else where.path
        operation, shared = self.operation(method, path)
        if operation is None:
            return [f"{method} {path}: the document has no such operation"]
        parameters = [self._opened(each) for each in [*shared, *operation.get("parameters", [])]]
        known = {each["name"] for each in parameters if each["in"] == "query"}
        found = [f"no parameter {name}" for name in parse_qs(where.query) if name not in known]
        schema = next((each["schema"] for each in parameters if each["in"] == "body"), None)
        if schema is not None and body:
            found += self.misfits(schema, json.loads(body))
        elif schema is None and body:
            found.append("it takes no body")
        return [f"{method} {path}: {text}" for text in found]

    def operation(self, method: str, path: str) -> tuple[dict[str, Any] | None, list[Any]]:
        """The operation of a path, and the parameters that all of the path's share."""
        for pattern, item in self.routes:
            if pattern.fullmatch(path) and method.lower() in item:
                return item[method.lower()], item.get("parameters", [])
        return None, []

    def misfits(self, schema: dict[str, Any], value: Any) -> list[str]:
        """Where a value breaks a schema of the document."""
        validator = Draft202012Validator(plain(schema), registry=self.registry)
        return [
            f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)
        ]

    def _opened(self, parameter: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in parameter:
            return parameter
        opened: Any = self.content
        for name in parameter["$ref"].removeprefix("#/").split("/"):
            opened = opened[name]
        return dict(opened)


@lru_cache(maxsize=4)
def swagger(name: str) -> Swagger:
    """The document of this name among the shared ones."""
    return Swagger(SHARED / name)


def _yaml(text: str) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", route)
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + "/?")


def plain(value: Any, *, closed: bool = True) -> Any:
    """A schema as JSON Schema says it; an object with named fields has no others."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {name: plain(item) for name, item in value.items() if name not in _NOT_SCHEMA}
    if "properties" in value:
        # A field may be called like a word of the schema, so the fields are taken by name.
        made["properties"] = {name: plain(item) for name, item in value["properties"].items()}
    if "allOf" in value:
        made["allOf"] = [plain(item, closed=False) for item in value["allOf"]]
    if value.get("format") == "int-or-string":
        made["type"] = ["integer", "string"]
    if value.get("x-nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if isinstance(made.get("$ref"), str) and made["$ref"].startswith("#"):
        made["$ref"] = URI + made["$ref"]
    if closed and ("properties" in made or "allOf" in made) and "additionalProperties" not in made:
        made["unevaluatedProperties"] = False
    return made


def _mixed(value: Any) -> Iterator[str]:
    """The definitions that others take fields from; they cannot be closed by themselves."""
    if isinstance(value, dict):
        for item in value.get("allOf", []) if isinstance(value.get("allOf"), list) else []:
            if "$ref" in item:
                yield item["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _mixed(item)
