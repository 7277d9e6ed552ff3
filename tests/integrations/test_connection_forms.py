"""Forms drawn from settings of every shape, and what they say when something is wrong."""

from __future__ import annotations

from enum import Enum
from typing import Any, Literal

import pytest
from django import forms
from pydantic import Field, HttpUrl, SecretStr

from apps.integrations import opening
from apps.integrations.base import GENERATED, LONG, PREVIOUS, Config
from apps.integrations.errors import ConfigInvalid
from apps.integrations.forms import ConnectionForm


class Colour(Enum):
    DARK_RED = "red"
    BLUE = "blue"


class SignIn(Config):
    user: str = Field(default="", description="The one with few rights.")
    password: SecretStr | None = None


class Everything(Config):
    site: HttpUrl = Field(description="For example https://acme.example.org")
    text: str = Field(max_length=5, title="A text")
    number: int = Field(default=3, ge=1, le=9)
    share: float = 0.5
    on: bool = False
    colour: Colour = Colour.BLUE
    size: Literal["small", "large"] = "small"
    words: tuple[str, ...] = ("a", "b")
    notes: str = Field(default="", json_schema_extra=LONG)
    sign_in: SignIn = Field(default=SignIn(), title="Sign-in", description="Instead of a token.")
    token: SecretStr = Field(description="From the account's settings.")
    made: SecretStr = Field(json_schema_extra=GENERATED)
    previous: SecretStr | None = Field(default=None, json_schema_extra=PREVIOUS)


GOOD: dict[str, Any] = {
    "name": "Mine",
    "site": "https://acme.example.org",
    "text": "abc",
    "number": "4",
    "share": "0.25",
    "colour": "red",
    "size": "large",
    "words": "x\n\n y \n",
    "notes": "",
    "sign_in.user": "ada",
    "sign_in.password": "",
    "token": "t0ken",
    "made": "",
}


def filled(**changes: str) -> ConnectionForm:
    form = ConnectionForm(Everything, {**GOOD, **changes})
    assert form.is_valid(), form.errors
    return form


def test_it_has_a_field_for_each_setting() -> None:
    form = ConnectionForm(Everything)
    kinds = {name: type(field) for name, field in form.fields.items()}
    assert kinds["number"] is forms.IntegerField
    assert kinds["share"] is forms.FloatField
    assert kinds["on"] is forms.BooleanField
    assert kinds["colour"] is kinds["size"] is forms.ChoiceField
    assert isinstance(form.fields["site"].widget, forms.URLInput)
    assert isinstance(form.fields["notes"].widget, forms.Textarea)
    assert isinstance(form.fields["token"].widget, forms.PasswordInput)
    assert "previous" not in kinds


def test_it_says_what_is_needed_and_what_it_is_for() -> None:
    form = ConnectionForm(Everything)
    needed = {name for name, field in form.fields.items() if field.required}
    assert needed == {"name", "site", "text", "token"}
    assert form.fields["sign_in.user"].label == "Sign-in: user"
    assert form.fields["sign_in.user"].help_text == "The one with few rights."
    assert form.fields["sign_in.password"].help_text == "Instead of a token."
    assert form.fields["text"].label == "A text"


def test_it_gives_back_what_the_connector_nests() -> None:
    form = filled()
    assert form.values == {
        "site": "https://acme.example.org",
        "text": "abc",
        "number": 4,
        "share": 0.25,
        "on": False,
        "colour": "red",
        "size": "large",
        "words": ["x", "y"],
        "sign_in": {"user": "ada"},
    }
    assert form.secrets == {"token": "t0ken"}
    opening.validated(Everything, form.values, {"token": "t0ken", "made": "m"})


def test_it_shows_a_secret_only_as_set() -> None:
    stored = {"token", "sign_in.password"}
    form = ConnectionForm(
        Everything,
        name="Mine",
        values={"text": "abc", "words": ["x", "y"], "sign_in": {"user": "ada"}},
        secrets_set=sorted(stored),
    )
    page = form.as_div()
    assert "Set. Leave empty to keep it." in page
    assert 'value="abc"' in page
    assert 'value="ada"' in page
    assert "x\ny" in page
    assert not form.fields["token"].required


def test_a_secret_can_be_kept_changed_or_taken_out() -> None:
    stored = ["sign_in.password", "token"]
    data = {**GOOD, "token": "", "remove:sign_in.password": "on"}
    form = ConnectionForm(Everything, data, secrets_set=stored)
    assert form.is_valid(), form.errors
    assert form.secrets == {"sign_in.password": None}
    assert "remove:token" not in form.fields


def test_it_never_shows_again_what_was_typed_into_a_secret() -> None:
    form = ConnectionForm(Everything, {**GOOD, "site": "", "token": "t0ken"})
    assert not form.is_valid()
    assert "t0ken" not in form.as_div()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("site", "acme", "Write a whole address, for example https://example.org"),
        ("site", "ftp://acme.example.org", "Start the address with https:// or http://"),
        ("text", "abcdef", "Write at most 5 characters"),
        ("number", "10", "Write 9 or less"),
        ("number", "0", "Write 1 or more"),
    ],
)
def test_it_says_what_is_wrong_beside_the_field(field: str, value: str, sentence: str) -> None:
    form = filled(**{field: value})
    with pytest.raises(ConfigInvalid) as refused:
        opening.validated(Everything, form.values, {"token": "t", "made": "m"})
    form.refuse(refused.value)

    assert form.errors[field] == [sentence]
    assert str(refused.value).startswith(f"{field}: ")


def test_it_names_nested_and_unknown_fields() -> None:
    with pytest.raises(ConfigInvalid) as refused:
        opening.validated(Everything, {"sign_in": {"user": 1}, "speed": 3}, {})

    found = refused.value.data["fields"]
    assert found["sign_in.user"] == "write text"
    assert found["speed"] == "there is no such setting"
    assert found["token"] == "fill this in"
    assert "input_value" not in str(refused.value)
