"""The home page's panel of first steps."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser

from apps.core import home
from apps.demo import first_hour


@home.panel
def steps(user: AbstractUser) -> home.Panel | None:
    """What is left of the first hour, until all of it is done or the person puts it away."""
    if first_hour.is_hidden(user):
        return None
    found = first_hour.steps(user)
    left = sum(not step.done for step in found)
    if not left:
        return None
    context = {"steps": found, "done": len(found) - left}
    return home.Panel("Your first hour", "demo/_first_hour.html", 85, context=context)
