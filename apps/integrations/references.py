"""A secret may be named, not stored: `env:NAME`, `file:PATH`, `vault:<id>/<path>#<field>`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.integrations.errors import BadReference

# Only what was put there for connections: the portal's own secrets are in neither place.
ENV_PREFIX = "SIGNALBOX_SECRET_"
MOUNTED = Path("/run/secrets")
LARGEST_FILE = 64 * 1024
_ENV = re.compile(rf"env:({ENV_PREFIX}\w+)")
_FILE = re.compile(r"file:(/[^\0]+)")
_VAULT = re.compile(r"vault:(\d{1,18})/([\w./-]+)#([\w.-]+)")
_ANY = re.compile(r"(?:env|file|vault):")


@dataclass(frozen=True, slots=True)
class InVault:
    """A field of a secret in the store behind another connection."""

    text: str
    connection_id: int
    path: str
    field: str


@dataclass(frozen=True, slots=True)
class OnHost:
    """A variable or a file of the machine that the portal runs on."""

    text: str

    def read(self) -> str:
        """The secret itself, without the line break at its end."""
        found = _ENV.fullmatch(self.text)
        value = _variable(found[1]) if found else _file(self.text)
        if not value:
            raise BadReference(reference=self.text, reason="it is not set or empty here.")
        return value


def parse(text: str) -> InVault | OnHost | None:
    """What a stored secret refers to; `None` where it is the secret itself."""
    if not _ANY.match(text):
        return None
    if found := _VAULT.fullmatch(text):
        return InVault(text, int(found[1]), found[2], found[3])
    if _ENV.fullmatch(text) or (_FILE.fullmatch(text) and _allowed(text)):
        return OnHost(text)
    raise BadReference(
        reference=text[:80],
        reason=f"write env:{ENV_PREFIX}NAME, file: with a path in {MOUNTED} or {_own_folder()}, "
        "or vault:<id of the connection>/<path>#<field>.",
    )


def _own_folder() -> Path:
    return Path(settings.DATA_DIR) / "secrets" / "connections"


def _allowed(text: str) -> bool:
    path = Path(text.removeprefix("file:")).resolve()
    return any(path.is_relative_to(root.resolve()) for root in (MOUNTED, _own_folder()))


def _variable(name: str) -> str:
    return os.environ.get(name, "")  # noqa: TID251  somebody's secret, not a setting


def _file(text: str) -> str:
    try:
        with Path(text.removeprefix("file:")).open("rb") as file:
            return file.read(LARGEST_FILE).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadReference(reference=text, reason="the file cannot be read here.") from error
