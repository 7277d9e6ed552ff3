"""What the portal's own commands have in common."""

from __future__ import annotations

from django.core.management.base import BaseCommand


class PortalCommand(BaseCommand):
    """A command that begins at once: Django's checks would load every page first, and `manage.py check` runs them."""

    requires_system_checks = ()
