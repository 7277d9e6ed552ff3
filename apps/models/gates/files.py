"""Gates over the version's files: signature, known risks, licence."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from apps.models import facts
from apps.models.gates.kinds import Candidate, Finding, Kind, Settings, register
from apps.models.models import ModelVersion, VersionFacts

MOST_SHOWN = 200
# Nothing that a maintainer lists lets this pass; a waiver does.
NEVER = "runs code"


class SignaturePresent(Settings):
    """MLmodel says what goes in and what comes out."""

    outputs: bool = Field(default=True, description="Outputs must be there as well as inputs.")


class SafeFiles(Settings):
    """No pickle that imports what runs code, no requirement from elsewhere or without a version."""

    allow: list[str] = Field(
        default_factory=list,
        max_length=200,
        description="Beginnings of imports or requirements that are fine: mycompany.features.",
    )
    pinned: bool = Field(default=True, description="Requirements must name one version.")


class LicenceAllowed(Settings):
    """The licence is one of a list."""

    allowed: list[str] = Field(
        min_length=1, max_length=200, description="For example Apache-2.0, MIT, BSD-3-Clause."
    )

    def said(self) -> str:
        return f"licence among {', '.join(self.allowed)}"


def signature(candidate: Candidate, settings: SignaturePresent) -> Finding:
    """Look for inputs and outputs in what MLmodel told."""
    found = facts.of(candidate.version)
    if found.trouble:
        return _unread(found)
    counts = {part: len(found.signature.get(part, [])) for part in ("inputs", "outputs", "params")}
    wanted = ["inputs", "outputs"] if settings.outputs else ["inputs"]
    lacking = [part for part in wanted if not counts[part]]
    if lacking:
        sentence = f"MLmodel names no {' and no '.join(lacking)} of the model."
        return Finding(False, sentence, counts)
    sentence = f"MLmodel names {counts['inputs']} inputs and {counts['outputs']} outputs."
    return Finding(True, sentence, counts)


def safe_files(candidate: Candidate, settings: SafeFiles) -> Finding:
    """Judge what the scan found: pickles by their opcodes, requirements by their lines."""
    found = facts.of(candidate.version)
    if found.trouble:
        return _unread(found)
    open_risks = [each for each in found.risks if not _is_fine(each, settings)]
    evidence: dict[str, Any] = {
        "digest": found.digest,
        "files": len(found.files),
        "risks": open_risks[:MOST_SHOWN],
    }
    if not open_risks:
        sentence = f"{len(found.files)} files hold no known risk (digest {found.digest[:12]})."
        return Finding(True, sentence, evidence)
    first = open_risks[0]
    more = f", and {len(open_risks) - 1} more" if len(open_risks) > 1 else ""
    sentence = f"{first['file'][:100]}: {first['what'][:150]} ({first['risk']}){more}."
    return Finding(False, sentence, evidence)


def _is_fine(risk: dict[str, str], settings: SafeFiles) -> bool:
    if risk["risk"] == NEVER:
        return False
    if risk["risk"] == "unpinned" and not settings.pinned:
        return True
    return any(allowed and risk["what"].startswith(allowed) for allowed in settings.allow)


def licence(candidate: Candidate, settings: LicenceAllowed) -> Finding:
    """Compare the licence with the list, whatever its case."""
    name, source = licence_of(candidate.version)
    evidence = {"licence": name, "said_by": source, "allowed": settings.allowed}
    if not name:
        sentence = "Nothing says its licence: a tag license, MLmodel's metadata, or the profile."
        return Finding(False, sentence, evidence)
    passed = name.casefold() in {each.casefold() for each in settings.allowed}
    word = "is" if passed else "is not"
    return Finding(passed, f"{name}, by {source}, {word} among the allowed licences.", evidence)


def licence_of(version: ModelVersion) -> tuple[str, str]:
    """The licence of a version, and who says so: its tag, its files, or the model's profile."""
    for key in ("license", "licence"):
        if value := str(version.tags.get(key, "")).strip():
            return value[:100], f"the tag {key}"
    found = VersionFacts.objects.filter(version=version).first()
    if found is not None and found.licence:
        return found.licence, "MLmodel"
    return version.model.licence, "the model's profile"


def _unread(found: VersionFacts) -> Finding:
    return Finding(False, f"The files could not be read. {found.trouble}"[:500], {})


register(
    Kind(
        "signature",
        "Signature present",
        "MLmodel says which inputs the model takes and which outputs it gives.",
        SignaturePresent,
        signature,
    )
)
register(
    Kind(
        "safe_files",
        "Safe files",
        "No pickle imports what runs code, no requirement is unpinned or from elsewhere.",
        SafeFiles,
        safe_files,
    )
)
register(
    Kind(
        "licence",
        "Licence allowed",
        "The licence of the version is among those that the team may use.",
        LicenceAllowed,
        licence,
    )
)
