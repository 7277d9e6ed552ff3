"""A model server that waits at its end as long as a test says: `QUIET DRAIN` come before its own options."""

from __future__ import annotations

import importlib
import sys

from apps.deployments.server.__main__ import main

if __name__ == "__main__":
    process = importlib.import_module("apps.deployments.server.process")
    process.QUIET_SECONDS, process.DRAIN_SECONDS = map(float, sys.argv[1:3])
    del sys.argv[1:3]
    main()
