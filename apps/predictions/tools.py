"""What the assistant may read of the prediction log, each as the person asking may see it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from apps.core.access import Role
from apps.core.tools import Found, told, tool
from apps.predictions import selectors, sources

DAY = timedelta(days=1)


@tool()
def predictions_counted(*, user: AbstractUser, deployment: str) -> list[Found]:
    """How many predictions a deployment logged, in all and in the last day."""
    source = sources.resolve(user, deployment, Role.VIEWER)
    now = timezone.now()
    day = selectors.logged(source.deployment_id, now - DAY, now)
    last = selectors.last(source.deployment_id)
    facts = {
        "count:predictions": f"{source.slug} has logged {selectors.count(source.deployment_id)} predictions, "
        f"{day} of them in the last 24 hours.",
        "last_prediction": f"The newest prediction of {source.slug} is from {last:%F %H:%M} UTC."
        if last
        else f"{source.slug} has logged no prediction yet.",
    }
    url = f"/predictions/{source.slug}/"
    return [told("predictions", source.slug, f"Predictions of {source.slug}", url, facts)]
