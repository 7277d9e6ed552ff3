"""The evidence pack of an incident, built by a job."""

from __future__ import annotations

from apps.core import jobs
from apps.incidents import pack
from apps.incidents.models import Incident


def gather(incident: Incident, *, reason: str = "") -> None:
    """Have the evidence pack built, or built anew for a reason."""
    jobs.enqueue(
        "incidents.gather",
        owner=None,
        project_id=incident.project_id,
        key=f"incident:{incident.pk}",
        incident_id=incident.pk,
        reason=reason,
    )


def keep_evidence(incident: Incident, *, reason: str = "") -> int:
    """Build the evidence pack and keep it where it differs. Safe to run twice."""
    return pack.keep(incident, reason=reason).items.count()
