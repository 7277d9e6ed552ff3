"""How senders prove who they are: data for each, checked on raw bytes in constant time."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from apps.integrations.errors import NotGenuine
from apps.integrations.ports import Genuine, Incoming

WINDOW = timedelta(minutes=5)
# A sender without ids that repeats itself this soon repeats one delivery.
SAME_DELIVERY = timedelta(minutes=10)


class Proof(StrEnum):
    """What the header holds."""

    HEX = "hex HMAC-SHA256"
    BASE64 = "base64 HMAC-SHA256"
    SECRET = "the secret itself"  # noqa: S105  a description
    BEARER = "Bearer and the secret"
    BASIC = "Basic: name and secret"


@dataclass(frozen=True, slots=True)
class Scheme:
    """One sender's way.

    `signed` is what the signature covers, with `{id}`, `{timestamp}` and `{body}` in their places.
    `listed` separates several signatures, any of which may match. `id_path` and `kind_path` look
    into the body.
    """

    label: str
    header: str
    proof: Proof
    prefix: str = ""
    signed: str = "{body}"
    listed: str = ""
    timestamp_header: str = ""
    id_header: str = ""
    id_path: str = ""
    kind_header: str = ""
    kind_path: str = ""
    encoded_secret: bool = False
    bodies_differ: bool = False


SCHEMES: dict[str, Scheme] = {
    "standard": Scheme(
        "Standard Webhooks",
        header="webhook-signature",
        proof=Proof.BASE64,
        prefix="v1,",
        listed=" ",
        signed="{id}.{timestamp}.{body}",
        timestamp_header="webhook-timestamp",
        id_header="webhook-id",
        kind_path="type",
        encoded_secret=True,
    ),
    "alertmanager": Scheme(
        "Alertmanager (bearer token)", "authorization", Proof.BEARER, kind_path="status"
    ),
    "basic": Scheme("Any sender: user name and password", "authorization", Proof.BASIC),
    "bearer": Scheme("Any sender: bearer token", "authorization", Proof.BEARER),
    "header": Scheme("Any sender: secret in a header", "x-webhook-token", Proof.SECRET),
    "hmac_hex": Scheme(
        "Any sender: sha256= and hex HMAC", "x-signature-256", Proof.HEX, prefix="sha256="
    ),
    "circleci": Scheme(
        "CircleCI",
        header="circleci-signature",
        proof=Proof.HEX,
        prefix="v1=",
        listed=",",
        id_path="id",
        kind_header="circleci-event-type",
    ),
    "github": Scheme(
        "GitHub",
        header="x-hub-signature-256",
        proof=Proof.HEX,
        prefix="sha256=",
        id_header="x-github-delivery",
        kind_header="x-github-event",
        bodies_differ=True,
    ),
    "gitlab": Scheme(
        "GitLab",
        header="x-gitlab-token",
        proof=Proof.SECRET,
        id_header="idempotency-key",
        kind_header="x-gitlab-event",
    ),
    "grafana": Scheme("Grafana", "x-grafana-alerting-signature", Proof.HEX, kind_path="status"),
    "grafana_timed": Scheme(
        "Grafana with a timestamp header",
        header="x-grafana-alerting-signature",
        proof=Proof.HEX,
        signed="{timestamp}:{body}",
        timestamp_header="x-grafana-alerting-timestamp",
        kind_path="status",
    ),
    "huggingface": Scheme(
        "Hugging Face", "x-webhook-secret", Proof.SECRET, kind_path="event.action"
    ),
    "jira": Scheme(
        "Jira",
        header="x-hub-signature",
        proof=Proof.HEX,
        prefix="sha256=",
        id_header="x-atlassian-webhook-identifier",
        kind_path="webhookEvent",
        bodies_differ=True,
    ),
    "mlflow": Scheme(
        "MLflow",
        header="x-mlflow-signature",
        proof=Proof.BASE64,
        prefix="v1,",
        signed="{id}.{timestamp}.{body}",
        timestamp_header="x-mlflow-timestamp",
        id_header="x-mlflow-delivery-id",
        kind_path="entity",
    ),
    "pagerduty": Scheme(
        "PagerDuty",
        header="x-pagerduty-signature",
        proof=Proof.HEX,
        prefix="v1=",
        listed=",",
        id_path="event.id",
        kind_path="event.event_type",
    ),
    "zendesk": Scheme(
        "Zendesk",
        header="x-zendesk-webhook-signature",
        proof=Proof.BASE64,
        signed="{timestamp}{body}",
        timestamp_header="x-zendesk-webhook-signature-timestamp",
        id_header="x-zendesk-webhook-invocation-id",
        kind_path="type",
        bodies_differ=True,
    ),
}


def verify(
    scheme: Scheme, incoming: Incoming, *, secrets: Iterable[str], username: str = ""
) -> Genuine:
    """Say what the request is, or raise `NotGenuine`; nothing is parsed before the proof holds."""
    given = incoming.headers.get(scheme.header, "")
    if not given:
        raise NotGenuine(reason=f"The header {scheme.header} is missing.")
    timestamp = _timestamp(scheme, incoming)
    claimed = _claimed_id(scheme, incoming)
    signed = _signed(scheme, claimed, timestamp, incoming.body)
    if not _proven(scheme, given, [_expected(scheme, s, signed, username) for s in secrets if s]):
        raise NotGenuine(reason=f"The header {scheme.header} does not match the secret.")
    return _identity(scheme, incoming, claimed, signed)


def sign(message_id: str, timestamp: str, body: bytes, *, secrets: Iterable[str]) -> str:
    """A `webhook-signature` for each secret, as the Standard Webhooks ask for it."""
    scheme = SCHEMES["standard"]
    signed = _signed(scheme, message_id, timestamp, body)
    return " ".join(_expected(scheme, secret, signed, "") for secret in secrets)


def _signed(scheme: Scheme, delivery_id: str, timestamp: str, body: bytes) -> bytes:
    before, _, after = scheme.signed.partition("{body}")
    put = before.format(id=delivery_id, timestamp=timestamp)
    return put.encode() + body + after.encode()


def _expected(scheme: Scheme, secret: str, signed: bytes, username: str) -> str:
    match scheme.proof:
        case Proof.SECRET:
            return secret
        case Proof.BEARER:
            return f"Bearer {secret}"
        case Proof.BASIC:
            return "Basic " + base64.b64encode(f"{username}:{secret}".encode()).decode()
    key = _decoded(secret) if scheme.encoded_secret else secret.encode()
    code = hmac.new(key, signed, hashlib.sha256).digest()
    text = code.hex() if scheme.proof == Proof.HEX else base64.b64encode(code).decode()
    return scheme.prefix + text


def _proven(scheme: Scheme, given: str, expected: list[str]) -> bool:
    """Whether anything given matches anything expected, in a time that tells nothing of either."""
    offers = given.split(scheme.listed) if scheme.listed else [given]
    found = False
    for offer in offers[:10]:
        for wanted in expected:
            found |= hmac.compare_digest(_even(scheme, offer).encode(), wanted.encode())
    return found


def _even(scheme: Scheme, offer: str) -> str:
    """The offer with what may be written in either case brought to one."""
    text = offer.strip()
    if scheme.proof == Proof.HEX:
        return text.lower()
    kind, _, rest = text.partition(" ")
    authorization = scheme.proof in {Proof.BEARER, Proof.BASIC}
    return f"{kind.capitalize()} {rest.strip()}" if authorization else text


def _claimed_id(scheme: Scheme, incoming: Incoming) -> str:
    found = incoming.headers.get(scheme.id_header, "") if scheme.id_header else ""
    # A dot inside a signed id would let its parts change places with the time.
    if "{id}" in scheme.signed and (not found or "." in found):
        raise NotGenuine(reason=f"The header {scheme.id_header} holds no usable id.")
    return found


def _timestamp(scheme: Scheme, incoming: Incoming) -> str:
    if not scheme.timestamp_header:
        return ""
    text = incoming.headers.get(scheme.timestamp_header, "")
    moment = _moment(text)
    if moment is None:
        raise NotGenuine(reason=f"The header {scheme.timestamp_header} holds no time.")
    if abs(incoming.received_at - moment) > WINDOW:
        raise NotGenuine(
            reason=f"The time in {scheme.timestamp_header} is more than five minutes off. "
            "Check the sender's clock."
        )
    return text


def _moment(text: str) -> datetime | None:
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _identity(scheme: Scheme, incoming: Incoming, claimed: str, signed: bytes) -> Genuine:
    body = _parsed(incoming.body) if scheme.id_path or scheme.kind_path else None
    kind = incoming.headers.get(scheme.kind_header, "") or _at(body, scheme.kind_path)
    digest = hashlib.sha256(signed).hexdigest()
    found = claimed or _at(body, scheme.id_path) or _nameless(scheme, digest, incoming.received_at)
    return Genuine(
        delivery_id=found if len(found) <= 100 else hashlib.sha256(found.encode()).hexdigest(),
        kind=kind[:80],
        fingerprint=digest if scheme.bodies_differ else None,
    )


def _nameless(scheme: Scheme, digest: str, moment: datetime) -> str:
    """An id for what has none: its digest, and when it came unless the time is signed."""
    if scheme.timestamp_header:
        return digest
    return f"{digest[:48]}-{int(moment.timestamp() // SAME_DELIVERY.total_seconds())}"


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _at(body: Any, path: str) -> str:
    """The text or number at a dotted path of a parsed body; empty where there is none."""
    for name in path.split(".") if path else ():
        body = body.get(name) if isinstance(body, dict) else None
    return str(body) if path and isinstance(body, str | int) else ""


def _decoded(secret: str) -> bytes:
    text = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return secret.encode()
