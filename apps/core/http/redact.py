"""Mask what must not be seen in errors, logs and delivery records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

MASK = "***"

_TELLING = (
    r"authorization|cookie|passw(?:or)?d|passphrase|secret|token|signature|credential|client_?state"
    r"|(?:api|access|private|routing|integration|genie)[-_]?key|x-vo-api"
)
_SECRET_NAME = re.compile(rf"{_TELLING}|(?:^|[-_])(?:sig|auth|key|pwd|code|session)$", re.I)
_RULES = (
    # Order matters: whole structures first, single words last.
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.S), MASK),
    (re.compile(r"(?i)\b(bearer|basic|geniekey)\s+(?=\S*[\d=])[\w+/=.~:-]{6,}"), rf"\1 {MASK}"),
    (
        # A name that speaks of a secret, then its value, also inside quoted JSON.
        re.compile(
            rf"(?i)((?<![\w.-])(?=[\w.-]*?(?:{_TELLING}|\bsig|\bpwd|\bauth))[\w.-]++"
            r"\\?[\"']?\s{0,4}[:=]\s{0,4})"
            r"(\"(?:[^\"\\]|\\.)*\"|'[^']*'|(?:(?:bearer|basic|token)\s+)?[^\s,;&<>}\]]+)"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]+(?:\.[\w-]*)?"), MASK),
    (
        re.compile(
            r"\b(?:sbx_|sk-|rk_|pk_|whsec_|gh[opsur]_|github_pat_|glpat-|xox[abeprs]-|hf_|hv[sbr]\."
            r"|AKIA|ASIA|AIza|dapi|npm_|pypi-|NRAK-|glsa_|ya29\.)[\w.-]{8,}"
        ),
        MASK,
    ),
)
# Paths and queries carry keys often enough, userinfo always does: only the host stays.
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{0,20}://)([^\s/?#\"'<>]+)([^\s\"'<>]*)")
_WORD = re.compile(r"[A-Za-z0-9_+/-]{20,}={0,2}")
_HEX = re.compile(r"[0-9a-f]{32,}", re.I)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_TURN = re.compile(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z])(?=[a-z0-9])|(?<=[0-9])(?=[A-Za-z])")


def redact(text: str, *, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets and without anything that looks like one."""
    for secret in secrets:
        for form in {secret, quote(secret, safe="")} - {""}:
            text = text.replace(form, MASK)
    text = _URL.sub(_host_only, text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _WORD.sub(_mask_key, text)


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with the values of secret ones masked."""
    return {
        name: MASK if _SECRET_NAME.search(name) else redact(value)
        for name, value in headers.items()
    }


def secrets_in(named: Mapping[str, object]) -> list[str]:
    """The values under names that speak of secrets, whole, without their scheme, and behind `token=`."""
    values = [str(value) for name, value in named.items() if _SECRET_NAME.search(name)]
    parts = [
        word for value in values for word in (value, *value.split()[1:], value.rpartition("=")[2])
    ]
    return [word for word in parts if len(word) > 3]


def _host_only(url: re.Match[str]) -> str:
    scheme, host, rest = url.groups()
    return f"{scheme}{host.rpartition('@')[2]}" + (f"/{MASK}" if len(rest) > 1 else "")


def _mask_key(word: re.Match[str]) -> str:
    """Mask a long word that jumps between letters and digits as keys do and names do not."""
    text = word[0]
    random = len(_TURN.findall(text)) > len(text) / 6 or _HEX.fullmatch(text)
    return MASK if random and not _UUID.fullmatch(text) else text
