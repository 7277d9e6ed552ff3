"""What a page about promotions may listen to."""

from __future__ import annotations

from apps.core import live
from apps.core.access import Person
from apps.models.models import OutOfBandMove, Promotion


def _promotion(user: Person, key: str) -> bool:
    known = key.isdigit() and len(key) < 19
    return known and Promotion.objects.visible_to(user).filter(pk=int(key)).exists()


def _out_of_band(user: Person, key: str) -> bool:
    known = key.isdigit() and len(key) < 19
    return known and OutOfBandMove.objects.visible_to(user).filter(pk=int(key)).exists()


live.topic("promotion", _promotion)
live.topic("out_of_band", _out_of_band)
