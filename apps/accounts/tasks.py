from __future__ import annotations

from celery import shared_task

from apps.accounts import services


@shared_task(name="accounts.forget_sessions")
def forget_sessions() -> None:
    services.forget_ended_sessions()
