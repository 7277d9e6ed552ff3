#!/usr/bin/env python
"""The one way to run the portal's commands; `manage.py up` runs the portal itself."""

import importlib
import os
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Signalbox needs Python 3.11 or later, this is "
        f"{sys.version_info[0]}.{sys.version_info[1]}; run `make run PYTHON=python3.11`"
    )


def main() -> None:
    if sys.argv[1:2] == [
        "drift"
    ]:  # two files to a verdict: neither settings nor servers are needed
        sys.exit(importlib.import_module("apps.monitoring.cli").program(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        commands = importlib.import_module("portal.commands")
    except Exception as error:
        # The class cannot be imported where its module refuses the settings it reads.
        if type(error).__name__ != "BadSetting":
            raise
        sys.exit(str(error))
    sys.exit(commands.run(sys.argv))


if __name__ == "__main__":
    main()
