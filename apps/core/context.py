from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from apps.core.access import is_site_admin
from apps.core.logs import request_id


def frame(request: HttpRequest) -> dict[str, Any]:
    """What the frame around every page needs."""
    user = getattr(request, "user", None)
    return {
        "request_id": request_id.get(),
        "theme": request.COOKIES.get("theme", "system"),
        "site_admin": user is not None and is_site_admin(user),
    }
