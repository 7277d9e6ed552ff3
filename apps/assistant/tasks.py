from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from apps.assistant.models import Provider
from apps.assistant.proposals import services as proposals
from apps.assistant.providers import ollama, sites
from apps.assistant.providers import services as providers
from apps.assistant.providers.ollama import Step
from apps.assistant.talks import retention
from apps.assistant.talks import services as talks
from apps.core.jobs import Progress, job_task


@job_task(talks.ANSWER, on_failure=talks.fail, time_limit=timedelta(minutes=8))
def answer(progress: Progress, *, exchange_id: int) -> None:
    """Answer one question with a model."""
    talks.answer(exchange_id=exchange_id)


@job_task(providers.PULL, time_limit=timedelta(hours=6))
def pull(progress: Progress, *, provider_id: int, model: str) -> dict[str, str]:
    """Follow Ollama while it fetches a model; what it has fetched already it keeps."""
    provider = Provider.objects.get(pk=provider_id)
    told = [""]

    def on_step(step: Step) -> None:
        # A report for each percent, not for each of the thousand lines.
        said = f"{step.status}: {step.percent:.0f} %" if step.percent else step.status
        if said != told[0]:
            told[0] = said
            progress(step.percent, said)

    ollama.pull(sites.of(provider), model, on_step)
    providers.probe(provider=provider)
    return {"model": model}


@shared_task(name="assistant.sweep")
def sweep() -> None:
    """End answers that lost their worker, and proposals that nobody decided."""
    talks.sweep()
    proposals.expire_due()


@shared_task(name="assistant.forget_old")
def forget_old() -> None:
    """Drop questions that nobody keeps any more."""
    retention.forget_old()
