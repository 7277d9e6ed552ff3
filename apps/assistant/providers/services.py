"""Setting up the models that word answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib.auth.models import AbstractUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.assistant.models import Provider, Terms
from apps.assistant.models.provider import LARGEST_WINDOW, SMALLEST_WINDOW
from apps.assistant.providers import ollama, openai, sites
from apps.assistant.providers.offers import GB, needed
from apps.core import jobs
from apps.core.errors import Conflict, PortalError
from apps.core.fields import Secret
from apps.core.http.guard import destination
from apps.core.models import Job
from apps.ledger.services import record
from apps.projects.models import Project

PULL = "assistant.pull"
# What a window may cost: longer ones are there, but the memory for them often is not.
USUAL_WINDOW = 8192


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person decides about a provider."""

    name: str
    kind: str
    base_url: str
    model: str
    keep_alive_minutes: int = 5
    position: int = 0
    is_default: bool = False
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Probed:
    """What a server says of itself and its model."""

    window: int
    calls: str
    memory_bytes: int | None


@transaction.atomic
def create_provider(
    *, project: Project | None, wanted: Wanted, by: AbstractUser, secret: str = ""
) -> Provider:
    """Add a model for a project, or with `None` for the whole portal."""
    destination(wanted.name, wanted.base_url)
    row = Provider(project=project, **asdict(wanted))
    row.secret = Secret.of(secret) if secret else None
    _save(row)
    _note("assistant.provider_created", row, by)
    return row


@transaction.atomic
def change_provider(
    *, provider: Provider, wanted: Wanted, by: AbstractUser, secret: str = ""
) -> Provider:
    """Change a provider. Where its address changes, its secret must be entered again."""
    destination(wanted.name, wanted.base_url)
    row = Provider.objects.select_for_update().get(pk=provider.pk)
    # A secret goes only to the server that it was entered for.
    if row.base_url != wanted.base_url:
        row.secret = None
    if secret:
        row.secret = Secret.of(secret)
    # What one server can, another may not: until it was asked, it calls no tools.
    if (row.kind, row.base_url, row.model) != (wanted.kind, wanted.base_url, wanted.model):
        row.calls = Provider.Calls.NONE
    for name, value in asdict(wanted).items():
        setattr(row, name, value)
    _save(row)
    _note("assistant.provider_changed", row, by)
    return row


@transaction.atomic
def remove_provider(*, provider: Provider, by: AbstractUser) -> None:
    """Take a provider away; what it worded stays."""
    _note("assistant.provider_removed", provider, by)
    provider.delete()


def probe(*, provider: Provider) -> Provider:
    """Ask the server what it is and can, and keep what it says; its trouble too."""
    try:
        found = _probed(provider)
    except PortalError as error:
        provider.trouble = str(error)[:300]
    else:
        provider.trouble, provider.window = "", found.window
        provider.calls, provider.memory_bytes = found.calls, found.memory_bytes
    provider.checked_at = timezone.now()
    provider.save(update_fields=["trouble", "window", "calls", "memory_bytes", "checked_at"])
    return provider


def learn_window(key: int, window: int) -> None:
    """Remember the window that a server named when a prompt did not fit, so that the next one does."""
    Provider.objects.filter(pk=key, window__gt=window).update(window=_bounded(window))


def request_pull(*, provider: Provider, model: str, by: AbstractUser) -> Job:
    """Have Ollama fetch a model by a job, with progress; it can be cancelled."""
    _require_ollama(provider)
    with transaction.atomic():
        record(
            actor=by,
            verb="assistant.pull_requested",
            subject=provider,
            project_id=provider.project_id,
            data={"model": model},
        )
        return jobs.enqueue(
            PULL,
            owner=by,
            project_id=provider.project_id,
            key=f"{provider.pk}:{model}",
            provider_id=provider.pk,
            model=model,
        )


def delete_model(*, provider: Provider, model: str, by: AbstractUser) -> None:
    """Have Ollama forget a model."""
    _require_ollama(provider)
    ollama.delete(sites.of(provider), model)
    with transaction.atomic():
        record(
            actor=by,
            verb="assistant.model_deleted",
            subject=provider,
            project_id=provider.project_id,
            data={"model": model},
        )


def unload_model(*, provider: Provider, model: str) -> None:
    """Free the memory that a model holds on the server."""
    _require_ollama(provider)
    ollama.unload(sites.of(provider), model)


@transaction.atomic
def set_terms(
    *, project: Project, by: AbstractUser, keep_days: int, questions_a_day: int, tokens_a_day: int
) -> Terms:
    """Say how long a project's questions are kept, and how many there may be."""
    values = {
        "keep_days": keep_days,
        "questions_a_day": questions_a_day,
        "tokens_a_day": tokens_a_day,
    }
    row, _ = Terms.objects.update_or_create(project=project, defaults=values)
    record(
        actor=by, verb="assistant.terms_changed", subject=row, project_id=project.pk, data=values
    )
    return row


def _probed(provider: Provider) -> Probed:
    site = sites.of(provider)
    if provider.kind == Provider.Kind.OLLAMA:
        return _of_ollama(site, provider.model)
    if provider.model not in (offered := openai.models(site)):
        listed = ", ".join(offered[:5]) or "none"
        reason = f"The server does not offer {provider.model}. It offers: {listed}."
        raise Conflict(reason=reason)
    longest = openai.window(site) or provider.window
    return Probed(_bounded(longest), openai.calls(site), None)


def _of_ollama(site: sites.Site, model: str) -> Probed:
    known = {name: row for row in ollama.models(site) for name in ollama.names([row])}
    if model not in known:
        reason = f"{model} is not there yet. Pull it below, or choose one that is."
        raise Conflict(reason=reason)
    shown = ollama.show(site, model)
    window = min(shown.window or USUAL_WINDOW, USUAL_WINDOW)
    memory = known[model].loaded or int((needed(model) or 0) * GB) or known[model].size
    return Probed(_bounded(window), shown.calls, memory)


def _bounded(window: int) -> int:
    return max(SMALLEST_WINDOW, min(window, LARGEST_WINDOW))


def _require_ollama(provider: Provider) -> None:
    if provider.kind != Provider.Kind.OLLAMA:
        raise Conflict(reason=f"{provider.name} is no Ollama server; it manages its own models.")


def _save(row: Provider) -> None:
    """Store it; the new default takes the place of the old one."""
    if row.is_default:
        others = Provider.objects.filter(project=row.project, is_default=True).exclude(pk=row.pk)
        others.update(is_default=False)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict(reason=f"There is a provider called {row.name} here already.") from error


def _note(verb: str, row: Provider, by: AbstractUser) -> None:
    data = {"kind": row.kind, "enabled": row.enabled, "default": row.is_default}
    record(actor=by, verb=verb, subject=row, project_id=row.project_id, data=data)
