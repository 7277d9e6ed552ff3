"""Vault against a stand-in that keeps to the vendor's own document, where that is at hand."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
from pydantic import ValidationError

from apps.core.errors import NotFound
from apps.core.http import AddressRefused, BadAnswer, Busy, Denied
from apps.integrations.connectors.vault import Vault
from tests.core.loopback import Asked, Loopback, answer, loopback

# The vendors' documents are not ours to copy; VENDOR_SPECS names a folder that holds them.
SPEC = Path(os.environ.get("VENDOR_SPECS", "vendor-specs")) / "vault.json"
TOKEN = "hvs.abcdefghijklmnop"
ROLE = {"role_id": "r-1", "secret_id": "s3cret-id"}


class Stand:
    """A Vault with one secret, one token and one AppRole."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, Any]] = {"portal/jira": {"token": "t0ken", "n": 1}}
        self.sealed = False

    def __call__(self, _: socket.socket, asked: Asked) -> bytes:
        path = urlsplit(asked.target).path.removeprefix("/v1/")
        if self.sealed:
            return answered(503, {"errors": ["Vault is sealed"]})
        if path == "auth/approle/login":
            return self.log_in(json.loads(asked.body))
        if asked.headers.get("x-vault-token") != TOKEN:
            return answered(403, {"errors": ["permission denied", f"token {TOKEN}"]})
        if path == "auth/token/lookup-self":
            return answered(200, {"data": {"policies": ["default", "portal"]}})
        found = self.secrets.get(path.removeprefix("secret/data/"))
        if found is None:
            return answered(404, {"errors": []})
        return answered(200, {"data": {"data": found, "metadata": {"version": 1}}})

    def log_in(self, given: dict[str, str]) -> bytes:
        if given != ROLE:
            return answered(400, {"errors": ["invalid role or secret ID"]})
        return answered(200, {"auth": {"client_token": TOKEN}})


@pytest.fixture
def stand() -> Stand:
    return Stand()


@pytest.fixture
def server(stand: Stand, settings: Any) -> Iterator[Loopback]:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(stand) as running:
        yield running


def vault(server: Loopback, **values: Any) -> Vault:
    return Vault({"address": server.url, **(values if values else {"token": TOKEN})})


def test_it_reads_a_field_of_a_secret(server: Loopback) -> None:
    assert vault(server).read_secret("portal/jira", "token") == "t0ken"


def test_it_says_which_policies_it_has(server: Loopback) -> None:
    assert vault(server).check() == "Signed in; policies: default, portal."


def test_it_signs_in_with_an_app_role(server: Loopback) -> None:
    assert vault(server, app_role=ROLE).read_secret("portal/jira", "token") == "t0ken"


def test_it_says_that_the_app_role_is_refused(server: Loopback) -> None:
    with pytest.raises(Exception, match="invalid role or secret ID") as refused:
        vault(server, app_role={**ROLE, "secret_id": "wrong-one"}).check()
    assert "wrong-one" not in str(refused.value)


def test_it_says_that_the_token_is_refused(server: Loopback) -> None:
    with pytest.raises(Denied, match="Enter new ones") as refused:
        vault(server, token="hvs.another").check()
    assert TOKEN not in str(refused.value)


def test_it_can_be_tried_again_while_vault_is_sealed(server: Loopback, stand: Stand) -> None:
    stand.sealed = True
    connector = vault(server)
    connector.http.retry = type(connector.http.retry)(times=0)
    with pytest.raises(Busy, match="Vault is sealed"):
        connector.check()


@pytest.mark.parametrize(
    ("path", "field"), [("portal/jira", "pin"), ("portal/jira", "n"), ("portal/none", "token")]
)
def test_it_says_what_is_not_there(server: Loopback, path: str, field: str) -> None:
    with pytest.raises(NotFound, match=f"{path} in Vault"):
        vault(server).read_secret(path, field)


def test_it_sends_the_namespace(server: Loopback) -> None:
    vault(server, token=TOKEN, namespace="team/ml").check()
    assert server.asked[0].headers["x-vault-namespace"] == "team/ml"


def test_it_needs_a_way_to_sign_in() -> None:
    for values in ({}, {"app_role": {"role_id": "r-1"}}):
        with pytest.raises(ValidationError, match="enter a token"):
            Vault({"address": "https://vault.example.org", **values})


def test_it_is_guarded(server: Loopback, settings: Any) -> None:
    settings.HTTP_ALLOW = []
    with pytest.raises(AddressRefused, match="Vault: 127.0.0.1 is a loopback address"):
        vault(server).check()


def test_a_sign_in_without_a_token_is_no_sign_in(settings: Any) -> None:
    settings.HTTP_ALLOW = ["127.0.0.1"]
    with loopback(lambda *_: answered(200, {"auth": None})) as server, pytest.raises(BadAnswer):
        vault(server, app_role=ROLE).check()


@pytest.mark.skipif(not SPEC.exists(), reason="the vendor's document is not at hand")
def test_it_keeps_to_the_vendors_document(server: Loopback) -> None:
    document = json.loads(SPEC.read_text())
    vault(server, app_role=ROLE).check()
    vault(server).read_secret("portal/jira", "token")

    assert len(server.asked) == 3
    for asked in server.asked:
        operation = described(document, asked)
        if content := operation.get("requestBody", {}).get("content"):
            schema = {**content["application/json"]["schema"], "components": document["components"]}
            jsonschema.validate(json.loads(asked.body), closed(schema, document))


def described(document: dict[str, Any], asked: Asked) -> dict[str, Any]:
    """What the document says of a request; the test fails where it says nothing."""
    path = urlsplit(asked.target).path.removeprefix("/v1")
    for pattern, operations in document["paths"].items():
        expression = re.sub(r"\\\{\w+\\\}", ".+", re.escape(pattern))
        if re.fullmatch(expression, path) and asked.method.lower() in operations:
            found: dict[str, Any] = operations[asked.method.lower()]
            return found
    raise AssertionError(f"{asked.method} {path} is not in the document")


def closed(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The schema with unknown fields refused, so that a misspelt one is noticed."""
    name = schema["$ref"].rpartition("/")[2]
    return {**document["components"]["schemas"][name], "additionalProperties": False}


def answered(status: int, body: Any) -> bytes:
    return answer(status, json.dumps(body).encode(), content_type="application/json")
