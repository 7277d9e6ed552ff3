"""What a page about a deployment may listen to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.deployments.models import Deployment


def _deployment(user: Person, key: str) -> bool:
    known = key.isascii() and key.isdigit() and len(key) < 19
    return known and Deployment.objects.visible_to(user).filter(pk=int(key)).exists()


live.topic("deployment", _deployment)
