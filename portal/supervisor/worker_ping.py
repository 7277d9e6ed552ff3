"""Asks a Celery worker how it is, without loading the portal's settings."""

from __future__ import annotations

from collections.abc import Callable

from celery import Celery
from kombu.exceptions import OperationalError


def worker_answers(broker_url: str, *, node: str) -> Callable[[], bool]:
    """A question for one worker, by its node name."""
    app = Celery("supervisor", broker=broker_url, set_as_current=False)
    app.conf.broker_transport_options = {"socket_connect_timeout": 3, "socket_timeout": 5}
    app.conf.broker_connection_retry = False

    def answers() -> bool:
        # A connection of its own each time: one that a restarted broker broke would stay broken.
        with app.connection_for_write() as connection:
            expected: tuple[type[BaseException], ...] = (
                OperationalError,
                *connection.connection_errors,
                *connection.channel_errors,
            )
            try:
                found = app.control.ping([node], timeout=2, limit=1, connection=connection)
            except expected:
                return False
        return bool(found)

    return answers
