"""The verbs of connections and deliveries, by topic."""

from apps.integrations.services.checking import (
    check_connection,
    check_due,
    note_answer,
    request_check,
)
from apps.integrations.services.connections import (
    Made,
    create_connection,
    delete_connection,
    retire_previous_secret,
    rotate_secret,
    set_enabled,
    update_connection,
)
from apps.integrations.services.inbound import (
    fail_inbound,
    handle,
    handle_again,
    receive,
)
from apps.integrations.services.outbound import (
    deliver_due,
    fan_out,
    forget_deliveries,
    redeliver,
    sweep,
)

__all__ = [
    "Made",
    "check_connection",
    "check_due",
    "create_connection",
    "delete_connection",
    "deliver_due",
    "fail_inbound",
    "fan_out",
    "forget_deliveries",
    "handle",
    "handle_again",
    "note_answer",
    "receive",
    "redeliver",
    "request_check",
    "retire_previous_secret",
    "rotate_secret",
    "set_enabled",
    "sweep",
    "update_connection",
]
