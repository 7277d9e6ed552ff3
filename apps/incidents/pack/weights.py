"""Which changes bear on which kind of breach, and how each would be checked."""

from __future__ import annotations

from apps.incidents.pack.breaches import Breach

# 2: it can cause such a breach by itself. 1: it may, by a way that the record does not show; never named.
TOUCHES: dict[Breach, dict[str, int]] = {
    Breach.SERVING: {
        "release": 2, "configuration": 2, "alias": 2, "mismatch": 2, "monitor": 2, "restart": 1,
        "connection": 1, "environment": 1,
    },
    Breach.INPUTS: {"release": 1, "monitor": 2, "connection": 1, "configuration": 1},
    Breach.OUTPUTS: {
        "release": 2, "alias": 2, "monitor": 2, "mismatch": 2, "configuration": 1, "connection": 1,
    },
    Breach.VOLUME: {
        "configuration": 2, "monitor": 2, "release": 1, "mismatch": 1, "connection": 1,
    },
    Breach.LABELS: {"monitor": 2, "connection": 1, "release": 1},
    Breach.STALE: {"monitor": 2},
    Breach.STATE: {"alias": 2, "configuration": 2, "release": 1, "restart": 1, "connection": 1},
    Breach.UNKNOWN: {
        "release": 1, "configuration": 1, "alias": 1, "mismatch": 1, "connection": 1, "restart": 1,
    },
}  # fmt: skip

CHECKS = {
    "release": "Compare both versions on the same rows, or roll back and see whether the monitor recovers.",
    "schema": "Send one row as callers send it to both versions, and hold it against the signature of the new one.",
    "alias": "Look at which version answered in the prediction log, and decide on the move: adopt or revert it.",
    "configuration": "Restore the configuration before and see whether the monitor recovers.",
    "restart": "Look at the log of the model servers around the restart.",
    "mismatch": "Bring the deployment back to what is wanted and see whether the monitor recovers.",
    "monitor": "Back-test the monitor with the settings before: would it not have fired, the rod changed.",
    "connection": "Test the connection on its page, and look at what it delivered since.",
    "environment": "Compare the environment before and after on its project's page.",
    "upstream": "Ask the owner of the table what was loaded then, and compare one row with its source.",
    "mix": "Compare the columns within each part of the traffic: is each as before, others ask, and nothing broke.",
    "load": "Scale out, or hold back callers, and see whether the time falls with the load.",
}
