"""How senders prove who they are: each scheme with its vendor's own example where there is one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from apps.integrations.errors import NotGenuine
from apps.integrations.ports import Genuine, Incoming
from apps.integrations.signatures import SCHEMES, Proof, sign, verify

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
SECRET = "correct-horse-battery"
BODY = b'{"type": "done", "id": "d-1", "event": {"id": "e-1", "event_type": "incident.triggered"}}'


def hexed(signed: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def based(signed: bytes, key: bytes = SECRET.encode()) -> str:
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def request(body: bytes = BODY, at: datetime = NOW, **headers: str) -> Incoming:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Incoming(named, body, at)


GENUINE: dict[str, Incoming] = {
    "standard": request(
        webhook_id="msg_1",
        webhook_timestamp=STAMP,
        webhook_signature="v1," + based(b"msg_1." + STAMP.encode() + b"." + BODY),
    ),
    "alertmanager": request(authorization=f"Bearer {SECRET}"),
    "basic": request(authorization="basic " + base64.b64encode(f"ada:{SECRET}".encode()).decode()),
    "bearer": request(authorization=f"bearer  {SECRET}"),
    "header": request(x_webhook_token=SECRET),
    "hmac_hex": request(x_signature_256="sha256=" + hexed(BODY).upper().replace("SHA", "sha")),
    "circleci": request(circleci_signature=f"v0=abc,v1={hexed(BODY)}", circleci_event_type="done"),
    "github": request(
        x_hub_signature_256=f"sha256={hexed(BODY)}", x_github_delivery="g-1", x_github_event="push"
    ),
    "gitlab": request(x_gitlab_token=SECRET, idempotency_key="l-1", x_gitlab_event="Push Hook"),
    "grafana": request(x_grafana_alerting_signature=hexed(BODY)),
    "grafana_timed": request(
        x_grafana_alerting_signature=hexed(STAMP.encode() + b":" + BODY),
        x_grafana_alerting_timestamp=STAMP,
    ),
    "huggingface": request(x_webhook_secret=SECRET),
    "jira": request(x_hub_signature=f"sha256={hexed(BODY)}", x_atlassian_webhook_identifier="j-1"),
    "mlflow": request(
        # Recorded from MLflow 3.17.
        x_mlflow_signature="v1,s3rSpWim/3kkUZypPxLsO7uzWierhp3M/yWPJubBMWg=",
        x_mlflow_timestamp=STAMP,
        x_mlflow_delivery_id="m-1",
    ),
    "pagerduty": request(x_pagerduty_signature=f"v1={'0' * 64}, v1={hexed(BODY)}"),
    "zendesk": request(
        x_zendesk_webhook_signature=based(NOW.isoformat().encode() + BODY),
        x_zendesk_webhook_signature_timestamp=NOW.isoformat(),
        x_zendesk_webhook_invocation_id="z-1",
    ),
}
IDS = {
    "standard": "msg_1",
    "circleci": "d-1",
    "github": "g-1",
    "gitlab": "l-1",
    "jira": "j-1",
    "mlflow": "m-1",
    "pagerduty": "e-1",
    "zendesk": "z-1",
}

each = pytest.mark.parametrize("name", SCHEMES)
signed = pytest.mark.parametrize(
    "name", [name for name, s in SCHEMES.items() if s.proof in {Proof.HEX, Proof.BASE64}]
)
timed = pytest.mark.parametrize("name", [n for n, s in SCHEMES.items() if s.timestamp_header])


def check(name: str, incoming: Incoming, *secrets: str) -> Genuine:
    return verify(SCHEMES[name], incoming, secrets=secrets or [SECRET], username="ada")


@each
def test_it_knows_a_genuine_request(name: str) -> None:
    found = check(name, GENUINE[name])
    assert found.delivery_id == IDS.get(name, found.delivery_id)
    assert 0 < len(found.delivery_id) <= 100


@each
def test_it_knows_it_under_either_of_two_secrets(name: str) -> None:
    check(name, GENUINE[name], "the-new-one", SECRET)


@each
@pytest.mark.parametrize("secrets", [["another-secret"], [""], []])
def test_it_refuses_another_secret(name: str, secrets: list[str]) -> None:
    with pytest.raises(NotGenuine, match="does not match the secret"):
        verify(SCHEMES[name], GENUINE[name], secrets=secrets, username="ada")


@each
def test_it_refuses_a_request_without_proof(name: str) -> None:
    bare = {k: v for k, v in GENUINE[name].headers.items() if k != SCHEMES[name].header}
    with pytest.raises(NotGenuine, match="missing"):
        check(name, replace(GENUINE[name], headers=bare))


@each
@pytest.mark.parametrize("proof", ["", " ", "sha256=", "v1=", "v1,", "Bearer ", "x" * 100_000, "é"])
def test_it_refuses_an_empty_or_odd_proof(name: str, proof: str) -> None:
    headers = {**GENUINE[name].headers, SCHEMES[name].header: proof}
    with pytest.raises(NotGenuine):
        check(name, replace(GENUINE[name], headers=headers))


@signed
def test_it_refuses_a_changed_body(name: str) -> None:
    with pytest.raises(NotGenuine):
        check(name, replace(GENUINE[name], body=BODY + b" "))


@timed
@pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_it_refuses_a_stale_request(name: str, off: timedelta) -> None:
    with pytest.raises(NotGenuine, match="five minutes off"):
        check(name, replace(GENUINE[name], received_at=NOW + off))


@timed
@pytest.mark.parametrize("text", ["", "soon", "9" * 40, "-1"])
def test_it_refuses_a_time_that_is_none(name: str, text: str) -> None:
    headers = {**GENUINE[name].headers, SCHEMES[name].timestamp_header: text}
    with pytest.raises(NotGenuine):
        check(name, replace(GENUINE[name], headers=headers))


@timed
def test_it_refuses_another_time(name: str) -> None:
    later = NOW + timedelta(minutes=1)
    text = later.isoformat() if name == "zendesk" else str(int(later.timestamp()))
    headers = {**GENUINE[name].headers, SCHEMES[name].timestamp_header: text}
    with pytest.raises(NotGenuine, match="does not match"):
        check(name, replace(GENUINE[name], headers=headers))


@pytest.mark.parametrize("name", ["standard", "mlflow"])
@pytest.mark.parametrize("other", ["", "msg_2", "a.b"])
def test_it_refuses_another_id_where_that_is_signed(name: str, other: str) -> None:
    headers = {**GENUINE[name].headers, SCHEMES[name].id_header: other}
    with pytest.raises(NotGenuine):
        check(name, replace(GENUINE[name], headers=headers))


@pytest.mark.parametrize("name", ["github", "jira", "zendesk"])
def test_it_knows_a_replay_under_another_id(name: str) -> None:
    headers = {**GENUINE[name].headers, SCHEMES[name].id_header: "other"}
    again = check(name, replace(GENUINE[name], headers=headers))

    first = check(name, GENUINE[name])
    assert again.delivery_id != first.delivery_id
    assert again.fingerprint == first.fingerprint
    assert first.fingerprint is not None


@pytest.mark.parametrize("name", ["alertmanager", "bearer", "header", "grafana", "huggingface"])
def test_it_gives_an_id_to_what_has_none(name: str) -> None:
    soon = replace(GENUINE[name], received_at=NOW + timedelta(seconds=30))
    later = replace(GENUINE[name], received_at=NOW + timedelta(hours=1))

    first = check(name, GENUINE[name]).delivery_id
    assert check(name, soon).delivery_id == first
    assert check(name, later).delivery_id != first


def test_it_shortens_an_id_that_is_too_long() -> None:
    headers = {**GENUINE["github"].headers, "x-github-delivery": "g" * 5000}
    found = check("github", replace(GENUINE["github"], headers=headers))
    assert len(found.delivery_id) == 64


def test_it_reads_what_happened() -> None:
    kinds = {name: check(name, GENUINE[name]).kind for name in ("github", "pagerduty", "standard")}
    assert kinds == {"github": "push", "pagerduty": "incident.triggered", "standard": "done"}


@pytest.mark.parametrize("body", [b"", b"[1]", b"not json", b'{"event": 1}', b"\xff", b"[" * 99999])
def test_it_stays_calm_whatever_a_genuine_body_holds(body: bytes) -> None:
    found = check("pagerduty", request(body, x_pagerduty_signature=f"v1={hexed(body)}"))
    assert found.kind == ""


def test_it_agrees_with_githubs_example() -> None:
    signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    incoming = request(b"Hello, World!", x_hub_signature_256=f"sha256={signature}")
    check("github", incoming, "It's a Secret to Everybody")


def test_it_agrees_with_circlecis_examples() -> None:
    for secret, body, signature in (
        (
            "another-secret",
            b"lalala",
            "daa220016c8f29a8b214fbfc3671aeec2145cfb1e6790184ffb38b6d0425fa00",
        ),
        (
            "hunter123",
            b"an-important-request-payload",
            "9be2242094a9a8c00c64306f382a7f9d691de910b4a266f67bd314ef18ac49fa",
        ),
    ):
        check("circleci", request(body, circleci_signature=f"v1={signature}"), secret)


def test_it_agrees_with_the_standards_example() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    made = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body, secrets=[secret])
    assert made == signature


def test_it_signs_with_every_secret_that_counts() -> None:
    body = json.dumps({"type": "x"}).encode()
    both = sign("msg_1", STAMP, body, secrets=["whsec_" + base64.b64encode(b"a").decode(), SECRET])
    incoming = request(body, webhook_id="msg_1", webhook_timestamp=STAMP, webhook_signature=both)

    check("standard", incoming, "whsec_YQ==")
    check("standard", incoming, SECRET)
    with pytest.raises(NotGenuine):
        check("standard", incoming, "whsec_YWJj")
