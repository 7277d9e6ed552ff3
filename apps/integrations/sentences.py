"""What pydantic finds, in words that name the field and the remedy."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from apps.integrations.base import fields

_SENTENCES = {
    "missing": "fill this in",
    "extra_forbidden": "there is no such setting",
    "string_type": "write text",
    "string_too_short": "write at least {min_length} characters",
    "string_too_long": "write at most {max_length} characters",
    "too_short": "write at least {min_length} characters",
    "too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "some of these characters cannot stand here",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "float_parsing": "write a number",
    "bool_parsing": "choose yes or no",
    "enum": "choose one of {expected}",
    "literal_error": "choose one of {expected}",
    "greater_than_equal": "write {ge} or more",
    "less_than_equal": "write {le} or less",
    "greater_than": "write more than {gt}",
    "less_than": "write less than {lt}",
    "url_parsing": "write a whole address, for example https://example.org",
    "url_scheme": "start the address with https:// or http://",
    "url_type": "write a whole address, for example https://example.org",
}


def by_field(error: ValidationError, config: type[BaseModel]) -> dict[str, str]:
    """A sentence for each setting that cannot be used, by its dotted path; "" is the whole."""
    paths = [path for path, _ in fields(config)]
    found: dict[str, str] = {}
    for line in error.errors(include_input=False, include_url=False):
        path, sentence = _place(line, paths)
        found.setdefault(path, sentence)
    return found


def summary(found: dict[str, str]) -> str:
    """All of it in one line."""
    return "; ".join(f"{path}: {text}" if path else text for path, text in found.items()) + "."


def _place(line: Any, paths: list[str]) -> tuple[str, str]:
    names = [str(name) for name in line["loc"] if not isinstance(name, int)]
    path = ".".join(names)
    text = _sentence(line)
    # A validator of the whole model names its field at the start of its sentence.
    named, _, rest = text.partition(": ")
    inner = f"{path}.{named}".lstrip(".")
    return (inner, rest) if rest and inner in paths else (path, text)


def _sentence(line: Any) -> str:
    context = line.get("ctx", {})
    if line["type"] == "value_error":
        return str(context["error"])
    if line["type"] in _SENTENCES:
        return _SENTENCES[line["type"]].format(**context)
    return str(line["msg"])
