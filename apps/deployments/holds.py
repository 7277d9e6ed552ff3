"""What keeps a model version from being retired: a release that serves it, or is about to."""

from __future__ import annotations

from collections.abc import Sequence

from apps.deployments import selectors
from apps.models import holds
from apps.models.models import ModelVersion


@holds.holder
def releases(versions: Sequence[ModelVersion]) -> list[str]:
    """The releases that serve one of the versions, or will."""
    return [f"release {release}" for release in selectors.using(versions)]
