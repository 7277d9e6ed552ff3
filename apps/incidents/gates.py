"""The gate over changes: ServiceNow has approved one for this version and environment."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django
from pydantic import Field

from apps.core.errors import PortalError
from apps.incidents.oncall.gates import KIND
from apps.integrations import selectors as integrations
from apps.integrations.ports import Change, ChangeControl, TicketDraft
from apps.models import gates
from apps.models.gates import Candidate, Finding, Kind, Settings


class ApprovedChange(Settings):
    """A change request of the version and the environment."""

    open: bool = Field(default=True, description="Open the change where there is none.")


def approved_change(candidate: Candidate, settings: ApprovedChange) -> Finding:
    """Look for the change behind a promotion; the same version and environment are the same change."""
    project = candidate.version.model.project
    try:
        control = integrations.connector_for(project, ChangeControl)
        draft = _draft(candidate)
        found = control.find_change(draft.correlation)
        if found is None and settings.open:
            found = control.open_change(draft)
    except PortalError as error:
        # A gate that cannot ask does not pass; its sentence says what to mend.
        return Finding(False, f"The change could not be looked up: {error}", {})
    return _finding(found)


def _finding(change: Change | None) -> Finding:
    if change is None:
        return Finding(False, "There is no change for this version and environment.", {})
    evidence: dict[str, Any] = {
        "change": change.number,
        "url": change.url,
        "state": change.state,
        "approved": change.approved,
    }
    if change.closed:
        return Finding(False, f"{change.number} is closed; its approval is used up.", evidence)
    if change.approved:
        return Finding(True, f"{change.number} is approved.", evidence)
    word = "was rejected" if change.approved is False else "waits for approval"
    return Finding(False, f"{change.number} {word}. Ask again once it is approved.", evidence)


def _draft(candidate: Candidate) -> TicketDraft:
    version, environment = candidate.version, candidate.environment
    url = f"{django.PUBLIC_URL}{version.get_absolute_url()}"
    return TicketDraft(
        title=f"Promote {version} to {environment.name}",
        body=f"Signalbox asks to let {version} into {environment.name}: {url}",
        correlation=f"signalbox-change-{version.pk}-{environment.pk}",
        url=url,
    )


gates.register(
    Kind(
        "approved_change",
        "Approved change",
        "A change request for this version and environment is approved in ServiceNow.",
        ApprovedChange,
        approved_change,
    )
)
gates.register(KIND)
