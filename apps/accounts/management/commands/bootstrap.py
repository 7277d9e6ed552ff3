from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings

from apps.accounts import services
from apps.accounts.services.first_start import ADMIN
from apps.core.commands import PortalCommand


class Command(PortalCommand):
    help = "Make the first site admin, once, and say how to sign in. Safe to run at every start."

    def handle(self, *args: Any, **options: Any) -> None:
        file = Path(settings.DATA_DIR) / "secrets" / "admin_password"
        start = services.ensure_admin(given=settings.ADMIN_PASSWORD, keep_in=file)
        self.stdout.write(f"Sign in at {settings.PUBLIC_URL} as {ADMIN}.")
        if start.password:
            self.stdout.write(f"Password: {start.password}  (kept in {file})")
        elif start.created:
            self.stdout.write("The password is the one in ADMIN_PASSWORD.")
        elif file.exists():
            self.stdout.write(f"The first password is in {file}, unless it was changed.")
