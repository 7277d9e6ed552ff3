"""What goes into a pack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model

from apps.ledger import chain, export
from apps.ledger.export import Extent
from apps.ledger.services import kind_of
from apps.ledger.subjects import Subject
from apps.models.cards import page, whole
from apps.models.cards.facts import Asked, asked
from apps.models.models import (
    Card,
    Gate,
    ModelImport,
    ModelVersion,
    Promotion,
    RegisteredModel,
    SliceReport,
)
from apps.models.packs import archive, artifacts

README = """The evidence pack of one model version.

card.html, card.md   the model card, generated from records around what people wrote
version.json         where the version came from: run, params, metrics, data with digests
gates.json           the gates that are declared, and what each answered to each promotion
approvals.json       who asked for it, who decided, when and why
files.json           the version's files with sizes and SHA-256
ledger.jsonl         every ledger entry about the model, each with its place in the chain
MANIFEST.json        size and SHA-256 of each member
MANIFEST.sig         the SHA-256 of the manifest, signed (Ed25519)

Check it with `manage.py evidence verify FILE --key PUBLIC.pem`. It needs no database.
"""


def build(version: ModelVersion, *, at: datetime, say: Callable[[str], None]) -> bytes:
    """The signed archive about a version as the records stand now."""
    card = whole.card(version.model, version)
    promotions = asked(version.model, version)
    members = {
        "README.txt": README.encode(),
        "approvals.json": _json([_approval(each) for each in promotions]),
        "card.html": page.html(card, made_at=at).encode(),
        "card.md": card.markdown.encode(),
        "files.json": _json(artifacts.listed(version, say)),
        "gates.json": _json(_gates(version, promotions)),
        "ledger.jsonl": _ledger(version.model),
        "version.json": _json(_version(version)),
    }
    return archive.packed(members, _about(version, at))


def _about(version: ModelVersion, at: datetime) -> dict[str, Any]:
    start, end = chain.anchor(), chain.head()
    return {
        "portal": settings.PUBLIC_URL,
        "written_at": export.stamp(at),
        "project": version.project.slug,
        "model": version.model.name,
        "model_id": version.model_id,
        "version": version.number,
        "version_id": version.pk,
        "ledger": {
            "begins_after": start.position,
            "head": {"position": end.position, "hash": end.hash.hex()},
        },
    }


def _version(version: ModelVersion) -> dict[str, Any]:
    report = SliceReport.objects.filter(version=version).first()
    return {
        "model": version.model.name,
        "version": version.number,
        "uri": version.uri,
        "source": version.source,
        "status": version.status,
        "description": version.description,
        "tags": version.tags,
        "signature": getattr(version, "signature", None),
        "aliases": sorted(version.aliases.values_list("name", flat=True)),
        "registered_at": version.created_at,
        "registered_by": _name(version.registered_by),
        "run": _run(version),
        "slices": report.rows if report else [],
    }


def _run(version: ModelVersion) -> dict[str, Any] | None:
    run = version.run
    if run is None:
        return None
    return {
        "run_id": run.mlflow_id,
        "experiment": run.experiment.name,
        "name": run.name,
        "status": run.status,
        "logged_by": _name(run.logged_by),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "params": run.params,
        "metrics": run.metrics,
        "tags": run.tags,
        "data": run.inputs,
        "artifacts": run.artifact_uri,
    }


def _gates(version: ModelVersion, promotions: Iterable[Asked]) -> dict[str, Any]:
    declared = Gate.objects.filter(model=version.model).select_related("environment")
    return {
        "declared": [
            {
                "gate": gate.pk,
                "environment": gate.environment.name,
                "kind": gate.kind,
                "settings": gate.settings,
                "since": gate.created_at,
            }
            for gate in declared
        ],
        "answers": [
            {
                "promotion": each.promotion.pk,
                "environment": each.promotion.environment.name,
                "gate": result.gate_id,
                "kind": result.kind,
                "settings": result.settings,
                "passed": result.passed,
                "sentence": result.sentence,
                "evidence": result.evidence,
                "at": result.at,
            }
            for each in promotions
            for result in each.results
        ],
    }


def _approval(each: Asked) -> dict[str, Any]:
    row, decision = each.promotion, each.decision
    return {
        "promotion": row.pk,
        "environment": row.environment.name,
        "state": row.state,
        "requested_by": _name(row.requested_by),
        "requested_at": row.requested_at,
        "note": row.note,
        "ended_at": row.ended_at,
        "decision": decision
        and {
            "verdict": decision.verdict,
            "by": _name(decision.by),
            "at": decision.at,
            "note": decision.note,
        },
    }


def _ledger(model: RegisteredModel) -> bytes:
    """The entries about the model in the form of the ledger's own exports."""
    out = BytesIO()
    export.export(out, Extent(project_id=model.project_id, subjects=frozenset(_subjects(model))))
    return out.getvalue()


def _subjects(model: RegisteredModel) -> Iterable[Subject]:
    """Everything of this room that belongs to the model, and the document of its card."""
    yield _subject(model)
    for rows in (
        ModelVersion.objects.filter(model=model).only("pk"),
        Promotion.objects.filter(version__model=model).only("pk"),
        Gate.objects.filter(model=model).only("pk"),
        ModelImport.objects.filter(version__model=model).only("pk"),
    ):
        yield from (_subject(row) for row in rows)
    for card in Card.objects.filter(model=model).select_related("document"):
        yield _subject(card.document)


def _subject(row: Model) -> Subject:
    return kind_of(row), str(row.pk)


def _name(user: object) -> str | None:
    return str(user) if user else None


def _json(content: Any) -> bytes:
    packed = json.dumps(
        content, cls=DjangoJSONEncoder, sort_keys=True, indent=2, ensure_ascii=False
    )
    return packed.encode() + b"\n"
