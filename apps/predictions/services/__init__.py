from apps.predictions.services.appending import (
    Ask,
    Outcome,
    append,
    append_sent,
    append_table,
    append_together,
    forget_shipments,
    take_in,
)
from apps.predictions.services.compacting import compact, waiting
from apps.predictions.services.erasing import (
    erase,
    fail_erasure,
    is_about,
    request_erasure,
    try_again,
)
from apps.predictions.services.files import sweep
from apps.predictions.services.replaying import discard_set_aside, replay
from apps.predictions.services.retaining import drop_old, keep_for

__all__ = [
    "Ask",
    "Outcome",
    "append",
    "append_sent",
    "append_table",
    "append_together",
    "compact",
    "discard_set_aside",
    "drop_old",
    "erase",
    "fail_erasure",
    "forget_shipments",
    "is_about",
    "keep_for",
    "replay",
    "request_erasure",
    "sweep",
    "take_in",
    "try_again",
    "waiting",
]
