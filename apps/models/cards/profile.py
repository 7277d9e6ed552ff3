"""What a model is for and who answers for it, whether the model's profile says so or its tags do."""

from __future__ import annotations

from dataclasses import dataclass

from apps.models.models import ModelVersion, RegisteredModel

LICENCE = ("licence", "license")


@dataclass(frozen=True, slots=True)
class Profile:
    """Each is empty where nobody has said it."""

    purpose: str
    owner: str
    deputy: str
    risk_class: str
    licence: str


def read(model: RegisteredModel, version: ModelVersion | None = None) -> Profile:
    """The profile of a model; a version's own licence comes before its model's."""
    return Profile(
        purpose=_said(model, "purpose") or model.description,
        owner=_said(model, "owner"),
        deputy=_said(model, "deputy"),
        risk_class=_said(model, "risk_class"),
        licence=_licence(version) or _said(model, "licence"),
    )


def _said(model: RegisteredModel, name: str) -> str:
    """A field of the profile in words, else the tag of that name."""
    labelled = getattr(model, f"get_{name}_display", None)
    value = labelled() if labelled else getattr(model, name, None)
    return str(value or model.tags.get(name, "")).strip()


def _licence(version: ModelVersion | None) -> str:
    if version is None:
        return ""
    stated = str(getattr(version, "licence", "") or "")
    return stated or next((version.tags[name] for name in LICENCE if version.tags.get(name)), "")
