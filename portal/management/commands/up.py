from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from portal.env import ENV
from portal.supervisor.main import up


class Command(BaseCommand):
    """Run the whole portal in the foreground, with every server that is not given."""

    help = __doc__ or ""
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(up(ENV))
