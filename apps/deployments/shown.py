"""What the page of one deployment shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from apps.core.access import Person, Role, allows
from apps.deployments import selectors
from apps.deployments.forms import ReleaseForm, RollBackForm
from apps.deployments.models import Deployment

MOST_RELEASES = 30
CALL = """curl {address}/serve/{slug}/invocations \\
  -H "Authorization: Bearer $SIGNALBOX_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{{"dataframe_records": [{{"feature": 1.0}}]}}'"""


def state(user: Person, row: Deployment) -> dict[str, Any]:
    """What changes by itself: what is live, its replicas, the releases."""
    live = selectors.live_release(row)
    return {
        "deployment": row,
        "live": live,
        "replicas": selectors.replicas(row),
        "releases": selectors.releases(user).filter(deployment=row)[:MOST_RELEASES],
    }


def page(user: Person, row: Deployment, form: ReleaseForm | None = None) -> dict[str, Any]:
    """The state, and what the person may do about it."""
    needed = Role.MAINTAINER if row.environment.protected else Role.CONTRIBUTOR
    return {
        **state(user, row),
        "good": selectors.last_good(row),
        "needed": needed.label,
        "may_release": allows(user, row.project_id, needed),
        "form": form or ReleaseForm(deployment=row, user=user),
        "roll_back_form": RollBackForm(),
        "call": CALL.format(address=settings.PUBLIC_URL, slug=row.slug),
    }
