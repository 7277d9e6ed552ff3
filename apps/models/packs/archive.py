"""The archive itself: members in a fixed order with fixed times, a manifest, a signature.

`MANIFEST.json` names each member with its size and SHA-256; `MANIFEST.sig` holds the SHA-256 of the manifest,
signed with the key of the ledger's exports.
"""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from apps.core.errors import PortalError
from apps.ledger import files, keys
from apps.ledger.chain import canonical
from apps.ledger.errors import FileRefused
from apps.ledger.files import Checked

FORM = "signalbox-evidence/1"
MANIFEST, SIGNATURE, LEDGER = "MANIFEST.json", "MANIFEST.sig", "ledger.jsonl"
LARGEST_MEMBER = 256 * 1024 * 1024
# A moment that every archive may hold: the same content is the same file.
FIXED = (1980, 1, 1, 0, 0, 0)


class PackBroken(PortalError):
    """An archive that is not what was signed; `member` is the first one that does not hold."""

    code, status, sentence = "evidence_broken", 409, "{member}: {reason}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a pack that holds says."""

    manifest: dict[str, Any]
    ledger: Checked
    signer: str


def packed(members: Mapping[str, bytes], about: dict[str, Any]) -> bytes:
    """The members as a signed archive; `about` stands in the manifest."""
    key = keys.signing_key()
    listed = [_entry(name, members[name]) for name in sorted(members)]
    public = keys.public_text(key.public_key())
    manifest = canonical({"evidence": FORM, **about, "members": listed, "public_key": public})
    digest = hashlib.sha256(manifest).digest()
    signature = base64.b64encode(key.sign(digest)).decode()
    signed = canonical({"manifest": digest.hex(), "public_key": public, "signature": signature})
    whole = {**members, MANIFEST: manifest, SIGNATURE: signed}
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        for name in sorted(whole):
            archive.writestr(_info(name), whole[name])
    return out.getvalue()


def verify(path: Path, *, public: str) -> Verified:
    """Check signature, manifest, members and chain extract; `PackBroken` names the first that fails."""
    members = _members(path)
    manifest = _manifest(members, public)
    _check_members(members, manifest)
    checked = _check_ledger(members[LEDGER], public)
    return Verified(manifest, checked, keys.fingerprint(public))


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _info(name: str) -> ZipInfo:
    info = ZipInfo(name, FIXED)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    info.create_system = 3
    return info


def _members(path: Path) -> dict[str, bytes]:
    """Every member unpacked, each at most `LARGEST_MEMBER` bytes."""
    try:
        with ZipFile(path) as archive:
            infos = archive.infolist()
            found = {info.filename: _read(archive, info) for info in infos}
    except (BadZipFile, OSError, ValueError) as error:
        raise PackBroken(member=path.name, reason=f"it is no readable archive: {error}") from error
    if len(found) != len(infos):
        raise PackBroken(member=path.name, reason="two members have the same name")
    return found


def _read(archive: ZipFile, info: ZipInfo) -> bytes:
    if info.file_size > LARGEST_MEMBER:
        raise PackBroken(member=info.filename, reason=f"it is larger than {LARGEST_MEMBER} bytes")
    try:
        with archive.open(info) as member:
            return member.read(LARGEST_MEMBER + 1)
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise PackBroken(member=info.filename, reason=f"it cannot be read: {error}") from error


def _manifest(members: dict[str, bytes], public: str) -> dict[str, Any]:
    """The manifest, provided that the holder of the key signed this very one."""
    signed = _json(members, SIGNATURE)
    if signed.get("public_key") != public:
        reason = "another key signed this pack; name its public key with --key"
        raise PackBroken(member=SIGNATURE, reason=reason)
    digest = _hex(signed.get("manifest"))
    if set(signed) != {"manifest", "public_key", "signature"} or not keys.signed_by(
        public, digest, str(signed.get("signature"))
    ):
        raise PackBroken(member=SIGNATURE, reason="the signature does not fit")
    if canonical(signed) != members[SIGNATURE]:
        raise PackBroken(member=SIGNATURE, reason="it was written anew")
    if MANIFEST not in members:
        raise PackBroken(member=MANIFEST, reason="it is missing")
    if hashlib.sha256(members[MANIFEST]).digest() != digest:
        raise PackBroken(member=MANIFEST, reason="it was changed after it was signed")
    manifest = _json(members, MANIFEST)
    if manifest.get("evidence") != FORM:
        raise PackBroken(member=MANIFEST, reason=f"this is no pack of the form {FORM}")
    return manifest


def _check_members(members: dict[str, bytes], manifest: dict[str, Any]) -> None:
    listed = {each["name"]: each for each in manifest["members"]}
    for name, each in listed.items():
        if name not in members:
            raise PackBroken(member=name, reason="it is missing")
        if _entry(name, members[name]) != each:
            raise PackBroken(member=name, reason="it was changed after the pack was signed")
    for name in sorted(set(members) - set(listed) - {MANIFEST, SIGNATURE}):
        raise PackBroken(member=name, reason="it was added after the pack was signed")
    if LEDGER not in members:
        raise PackBroken(member=LEDGER, reason="it is missing")


def _check_ledger(content: bytes, public: str) -> Checked:
    """The extract by the rules of the ledger's own exports: every row's hash, and its signature."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / LEDGER
        path.write_bytes(content)
        try:
            return files.check(path, public=public)
        except FileRefused as error:
            raise PackBroken(member=LEDGER, reason=str(error.data["reason"])) from error


def _json(members: dict[str, bytes], name: str) -> dict[str, Any]:
    if name not in members:
        raise PackBroken(member=name, reason="it is missing")
    try:
        found = json.loads(members[name])
    except (ValueError, RecursionError) as error:
        raise PackBroken(member=name, reason="it is no JSON") from error
    if not isinstance(found, dict):
        raise PackBroken(member=name, reason="it is no JSON object")
    return found


def _hex(value: object) -> bytes:
    try:
        return bytes.fromhex(str(value))
    except ValueError:
        return b""
