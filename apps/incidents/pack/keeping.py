"""Keep a pack as it stood: a new one only where something differs, the first one always."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.core import live
from apps.incidents.models import Evidence, Incident, Pack
from apps.incidents.pack.building import Built, build
from apps.ledger.services import record

MOST_KEPT = 20  # the first and the newest
PATIENCE = timedelta(minutes=5)


def keep(incident: Incident, *, reason: str = "") -> Pack:
    """Build the pack and keep it where it differs from the newest. Safe to run twice and to be killed between."""
    built = build(incident)
    return _keep(incident.pk, built, reason)


@transaction.atomic
def _keep(incident_id: int, built: Built, reason: str) -> Pack:
    # Lock the incident, so that two builders cannot take one number.
    incident = Incident.objects.select_for_update().get(pk=incident_id)
    newest = incident.packs.first()
    digest = _digest(built)
    now = timezone.now()
    Incident.objects.filter(pk=incident.pk).update(evidence_at=now)
    if newest is not None and newest.digest == digest:
        Pack.objects.filter(pk=newest.pk).update(checked_at=now)
        newest.checked_at = now
        return newest
    if newest is not None and _is_poorer(newest, built) and newest.checked_at > now - PATIENCE:
        return newest
    pack = _store(incident, built, reason, digest)
    _thin_out(incident)
    live.changed(incident.topic)
    return pack


def _digest(built: Built) -> str:
    """What is compared: figures that change at every look are no news."""
    said = [item.compared for item in built.items]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _is_poorer(newest: Pack, built: Built) -> bool:
    """Whether less could be looked at than for the newest: a slow moment must not take away what is known."""
    return sum(bool(state.trouble) for state in built.states) > len(newest.troubled)


def _store(incident: Incident, built: Built, reason: str, digest: str) -> Pack:
    newest = incident.packs.first()
    now = timezone.now()
    pack = Pack.objects.create(
        incident=incident,
        number=newest.number + 1 if newest else 1,
        reason=(reason or "it was opened" if newest is None else reason or "something differed")[:200],
        seconds=round(built.seconds, 3),
        states=[asdict(state) for state in built.states],
        digest=digest,
        built_at=now,
        checked_at=now,
    )  # fmt: skip
    Evidence.objects.bulk_create(
        Evidence(
            pack=pack,
            position=position,
            kind=item.kind,
            subject_kind=item.subject_kind,
            subject_id=item.subject_id,
            title=item.title[:300],
            text=item.text,
            url=item.url[:500],
            data=item.data,
        )
        for position, item in enumerate(built.items, start=1)
    )
    _record(incident, pack, built)
    return pack


def _record(incident: Incident, pack: Pack, built: Built) -> None:
    data = {"pack": pack.number, "items": len(built.items), "digest": pack.digest}
    record(
        actor=None,
        verb="incidents.evidence_kept",
        subject=incident,
        project_id=incident.project_id,
        data=data,
    )


def _thin_out(incident: Incident) -> None:
    """Of many packs the first and the newest stay."""
    newest = incident.packs.values_list("pk", flat=True)[: MOST_KEPT - 1]
    first = incident.packs.order_by("number").values_list("pk", flat=True)[:1]
    incident.packs.exclude(pk__in=[*newest, *first]).delete()
