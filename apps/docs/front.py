"""Front matter: what the lines between two `---` say about a page, and what they may not say."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import Any

import yaml

from apps.core.errors import Invalid
from apps.docs.models import Document

LONGEST = 200_000  # characters
MOST_VALUES = 200
LONGEST_VALUE = 200
THINGS = ("models", "monitors", "alerts", "features")


class _Loader(yaml.SafeLoader):
    """Plain data without anchors: an alias can multiply a few lines into gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("anchors and aliases are not read here; write the value out")
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class Front:
    """What front matter decides. Names stand as written; who they are is looked up elsewhere."""

    title: str = ""
    kind: str = ""
    owner: str = ""
    deputy: str = ""
    review_by: datetime.date | None = None
    applies_to: dict[str, list[str]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def load(text: str) -> dict[str, Any]:
    """The values of a block of YAML; `Invalid` says what cannot be read."""
    if len(text) > LONGEST:
        raise Invalid(field="body", reason=f"the front matter is over {LONGEST} characters")
    try:
        found = yaml.load(text, _Loader) or {}  # noqa: S506  a SafeLoader with less
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        said = str(error)[:500]
        raise Invalid(field="body", reason=f"the front matter is not YAML: {said}") from error
    if not isinstance(found, dict):
        raise Invalid(field="body", reason="the front matter must be `name: value` lines")
    return found


def read(values: dict[str, Any]) -> Front:
    """The values as what they mean; `Invalid` names the line that cannot be used."""
    kind = _word(values, "kind")
    if kind and kind not in Document.Kind.values:
        raise Invalid(field="kind", reason=f"one of {', '.join(Document.Kind.values)}")
    return Front(
        title=_word(values, "title"),
        kind=kind,
        owner=_word(values, "owner"),
        deputy=_word(values, "deputy"),
        review_by=_day(values.get("review_by")),
        applies_to=_applies(values.get("applies_to")),
        tags=_words(values.get("tags"), "tags"),
    )


def _word(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if isinstance(value, dict | list):
        raise Invalid(field=name, reason="one word or sentence, not a list")
    return clean(str(value))


def clean(text: str) -> str:
    """Without the characters that no title needs: controls and what turns text around."""
    return "".join(letter for letter in text if letter.isprintable()).strip()[:LONGEST_VALUE]


def _day(value: Any) -> datetime.date | None:
    if (
        value is None
        or isinstance(value, datetime.date)
        and not isinstance(value, datetime.datetime)
    ):
        return value
    raise Invalid(field="review_by", reason="a day such as 2027-03-31")


def _words(value: Any, name: str) -> list[str]:
    given = value if isinstance(value, list) else [] if value is None else [value]
    if len(given) > MOST_VALUES or any(isinstance(each, dict | list) for each in given):
        raise Invalid(field=name, reason=f"a list of at most {MOST_VALUES} words")
    return [word for each in given if each is not None and (word := clean(str(each)))]


def _applies(value: Any) -> dict[str, list[str]]:
    """Things by kind; `model:` counts as `models:`."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid(field="applies_to", reason=f"lists under {', '.join(THINGS)}")
    found: dict[str, list[str]] = {}
    for name, given in list(value.items())[:MOST_VALUES]:
        key = str(name) if str(name) in THINGS else f"{name}s"
        if key not in THINGS:
            raise Invalid(
                field="applies_to", reason=f"{clean(str(name))}: one of {', '.join(THINGS)}"
            )
        found[key] = found.get(key, []) + _words(given, "applies_to")
    return found
