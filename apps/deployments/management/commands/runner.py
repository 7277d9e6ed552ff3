from __future__ import annotations

import os
import signal
from typing import Any

from apps.core.commands import PortalCommand
from apps.deployments.runner.loop import Runner


class Command(PortalCommand):
    help = "Run the model servers of this machine (started by `manage.py up`)."

    def handle(self, *args: Any, **options: Any) -> None:
        runner = Runner(os.environ)  # noqa: TID251  handed on to the model servers

        def stop(*_: object) -> None:
            runner.stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        runner.run()
