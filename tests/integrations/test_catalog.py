"""What every connector promises, checked for each line of the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from apps.integrations.base import fields, is_secret, merged
from apps.integrations.catalog import CATALOG, Entry
from apps.integrations.checks import catalog_matches_files, connectors_are_documented
from apps.integrations.forms import ConnectionForm

each = pytest.mark.parametrize("entry", CATALOG.values(), ids=CATALOG)


def test_the_catalog_and_the_files_agree() -> None:
    assert catalog_matches_files(None) == []
    assert connectors_are_documented(None) == []


@each
def test_it_provides_what_it_claims(entry: Entry) -> None:
    connector = entry.load()
    for port in entry.provides:
        missing = {name for name in vars(port) if not name.startswith("_")} - set(dir(connector))
        assert not missing, f"{entry.label} lacks {missing}"


@each
def test_it_marks_its_secrets(entry: Entry) -> None:
    for path, info in fields(entry.load().config_class):
        if any(word in path for word in ("token", "password", "secret_id", "key")):
            assert is_secret(info), f"{entry.label}.{path} would be shown"


@each
def test_it_describes_its_settings(entry: Entry) -> None:
    form = ConnectionForm(entry.load().config_class)
    for name, field in form.fields.items():
        assert field.label or name == "name"
        assert name in form.as_div()


@each
def test_it_knows_no_django(entry: Entry) -> None:
    source = Path(f"apps/integrations/connectors/{entry.slug}.py").read_text()
    assert "django" not in source.lower()


def test_secrets_are_put_in_their_places() -> None:
    whole = merged({"a": 1, "role": {"id": "x"}}, {"token": "t", "role.secret": "s"})
    assert whole == {"a": 1, "token": "t", "role": {"id": "x", "secret": "s"}}
    assert merged({"role": None}, {"role.secret": "s"}) == {"role": {"secret": "s"}}


def test_a_secret_is_never_printed() -> None:
    config = CATALOG["webhook_out"].load().config_class
    made = config.model_validate({"url": "https://example.org", "secret": "abcdef1234567890"})
    assert "abcdef" not in f"{made!r} {made.model_dump_json()}"
    assert isinstance(made.secret, SecretStr)  # type: ignore[attr-defined]
