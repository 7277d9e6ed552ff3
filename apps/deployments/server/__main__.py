"""`python -m apps.deployments.server`: fetch one model once, load it and serve it."""

from __future__ import annotations

import importlib

from apps.deployments.server import limits, options


def main() -> None:
    """Serve until TERM, then finish what is under way."""
    given = options.read()
    limits.memory(given.memory_mb)
    # By name: numeric libraries come with it, and they must find the limits set.
    importlib.import_module("apps.deployments.server.process").run(given)


if __name__ == "__main__":
    main()
