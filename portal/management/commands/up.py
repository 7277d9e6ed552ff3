from __future__ import annotations

import sys
from typing import Any

from apps.core.commands import PortalCommand
from portal.env import ENV
from portal.supervisor.main import up


class Command(PortalCommand):
    """Run the whole portal in the foreground, with every server that is not given."""

    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(up(ENV))
