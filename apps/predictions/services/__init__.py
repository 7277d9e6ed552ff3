from apps.predictions.services.appending import (
    Ask,
    Outcome,
    append,
    append_sent,
    append_table,
    append_together,
    take_in,
)

__all__ = ["Ask", "Outcome", "append", "append_sent", "append_table", "append_together", "take_in"]
