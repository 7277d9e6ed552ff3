from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest


class UserRequest(HttpRequest):
    """A request behind `login_required`: its user is a real one."""

    user: AbstractUser  # type: ignore[assignment]  # core knows no concrete user model
