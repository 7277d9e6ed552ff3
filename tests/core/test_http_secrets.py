"""Secrets: none of them reaches an error, a log line or a delivery record."""

from __future__ import annotations

import logging

import pytest

from apps.core.errors import PortalError
from apps.core.http import NEVER, Allow, Http, redact, redact_headers
from tests.core.loopback import always, loopback

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abcdef", "abcdef"),
        ("authorization: Basic YWRhOnNlY3JldA==", "YWRh"),
        ("Authorization: Token token=abcdef", "abcdef"),
        ("Authorization: GenieKey 12345-abc", "12345"),
        ('{"api_token": "abc def", "x": 1}', "abc def"),
        ('{"body": "{\\"password\\": \\"hunter2\\"}"}', "hunter2"),
        ("client_secret=abc&grant=x", "abc"),
        ("apiKey: 'abc'", "abc"),
        ("X-Vault-Token: hunter2", "hunter2"),
        ("https://ada:hunter2@example.com/x", "hunter2"),
        ("https://hooks.example.com/services/T0/B0/abc", "T0"),
        ("https://example.com/?key=hunter2", "hunter2"),
        ("postgresql://ada:hunter2@db/x", "hunter2"),
        (f"token was {JWT}", "eyJ"),
        (PEM, "MIIE"),
        (PEM[:50], "MIIE"),
        ("use ghp_16C7e42F292c6912E7 now", "16C7"),
        ("use sbx_a1b2_c3d4e5f6g7 now", "c3d4"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSF"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY99", "wJal"),
        ("0123456789abcdef0123456789abcdef", "0123"),
    ],
)
def test_it_masks(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "The field project_key is required",
        "fraud-detector-v7-production is not ready",
        "Invalid token supplied",
        "basic authentication required",
        "job 0191e5a0-5f0e-7cc3-98c4-dc0c0c07398f failed",
        "2026-11-23T10:00:00.000+0000 timed out",
        "see https://example.com",
    ],
)
def test_it_leaves_prose_alone(text: str) -> None:
    assert redact(text) == text


def test_it_masks_given_secrets_in_every_spelling() -> None:
    assert redact("a/b c and a%2Fb%20c", secrets=["a/b c", ""]) == "*** and ***"


def test_it_is_quick_on_hostile_text() -> None:
    for text in ("a" * 100_000, "token" * 20_000, '"' * 50_000, "https://" * 10_000, "x-" * 50_000):
        redact(text)


def test_it_masks_headers_by_name() -> None:
    headers = {
        "Authorization": "x",
        "X-Hub-Signature-256": "x",
        "X-Gitlab-Token": "x",
        "Cookie": "x",
        "X-Api-Key": "x",
        "Content-Type": "application/json",
    }
    shown = redact_headers(headers)
    assert {name for name, value in shown.items() if value != "***"} == {"Content-Type"}


def test_it_keeps_its_secrets_out_of_errors_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    secrets = ("pa55", "k-e-y", "quer-y", "fo-rm", "/hidden/path")
    said = " ".join(secrets) + " and Basic YWRhOnBhNTU="
    with caplog.at_level(logging.DEBUG), loopback(always(400, said.encode())) as server:
        http = Http(
            "Jira",
            server.url,
            auth=("ada", "pa55"),
            headers={"X-Api-Key": "k-e-y"},
            allow=Allow.of("127.0.0.1"),
            retry=NEVER,
        )
        with http, pytest.raises(PortalError) as raised:
            http.post("/hidden", params={"token": "quer-y"}, form={"client_secret": "fo-rm"})

    ours = [line for line in caplog.text.splitlines() if "apps.core.http" in line]
    assert "Jira: POST 127.0.0.1: refused_by_service" in ours[0]
    for text in (str(raised.value), repr(raised.value.data), *ours):
        assert "YWRh" not in text
        assert not [secret for secret in secrets[:4] if secret in text]
    assert "/hidden" not in caplog.text
