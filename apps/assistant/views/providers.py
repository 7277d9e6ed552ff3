from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.assistant import access, selectors
from apps.assistant.forms import ModelForm, ProviderForm, TermsForm
from apps.assistant.models import Provider, Terms
from apps.assistant.providers import offers, ollama, order, services, sites
from apps.core.access import Role
from apps.core.errors import PortalError
from apps.core.typing import UserRequest
from apps.projects import access as projects
from apps.projects.selectors import held as projects_held


@dataclass(frozen=True, slots=True)
class Server:
    """What an Ollama server has, or why it does not say."""

    models: list[ollama.Known]
    trouble: str = ""


@login_required
@require_GET
def index(request: UserRequest) -> HttpResponse:
    """The models that word answers, in the order in which they are asked."""
    context = {
        "providers": selectors.providers(request.user).order_by("project__name", "position", "pk"),
        "of_settings": order.of_settings(),
        "may_add": ProviderForm(user=request.user).has_place,
        "owned": projects_held(request.user, Role.OWNER).order_by("name"),
    }
    return render(request, "assistant/providers.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: UserRequest) -> HttpResponse:
    """Add a model, and ask its server at once what it can."""
    form = ProviderForm(request.POST or None, user=request.user)
    if form.is_valid():
        try:
            project = access.project_to_keep(request.user, form.cleaned_data["project"])
            made = services.create_provider(
                project=project,
                wanted=form.wanted,
                secret=form.cleaned_data["secret"],
                by=request.user,
            )
        except PortalError as error:
            form.refuse(error)
        else:
            return redirect(services.probe(provider=made))
    status = 422 if form.errors else 200
    return render(request, "assistant/provider_form.html", {"form": form}, status=status)


@login_required
@require_GET
def provider(request: UserRequest, pk: int) -> HttpResponse:
    """One model: where it runs, what it can, and for Ollama what else is there."""
    row = access.provider(request.user, pk)
    keeps = access.may_keep(request.user, row.project)
    memory = offers.memory_here()
    context: dict[str, Any] = {"provider": row, "keeps": keeps, "memory": memory}
    context["owns"] = row.project is not None and access.may_set_terms(request.user, row.project)
    if keeps and row.kind == Provider.Kind.OLLAMA:
        context["server"] = _server(row)
        context["offers"] = [(each, each.fits(memory)) for each in offers.OFFERS]
        context["model_form"] = ModelForm()
    return render(request, "assistant/provider.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: UserRequest, pk: int) -> HttpResponse:
    """Change a provider."""
    row = access.provider(request.user, pk, to_change=True)
    form = ProviderForm(request.POST or None, user=request.user, provider=row)
    if form.is_valid():
        try:
            services.change_provider(
                provider=row,
                wanted=form.wanted,
                secret=form.cleaned_data["secret"],
                by=request.user,
            )
        except PortalError as error:
            form.refuse(error)
        else:
            row.refresh_from_db()
            return redirect(services.probe(provider=row))
    status = 422 if form.errors else 200
    context = {"form": form, "provider": row}
    return render(request, "assistant/provider_form.html", context, status=status)


@login_required
@require_POST
def probe(request: UserRequest, pk: int) -> HttpResponse:
    """Ask the server again what it is and can."""
    row = services.probe(provider=access.provider(request.user, pk, to_change=True))
    if row.trouble:
        messages.error(request, row.trouble)
    else:
        messages.success(request, f"{row.name} answers.")
    return redirect(row)


@login_required
@require_POST
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Take it away."""
    row = access.provider(request.user, pk, to_change=True)
    services.remove_provider(provider=row, by=request.user)
    messages.success(request, f"{row.name} is removed.")
    return redirect("assistant:providers")


@login_required
@require_POST
def model(request: UserRequest, pk: int, verb: str) -> HttpResponse:
    """Pull, delete or unload one model of an Ollama server."""
    row = access.provider(request.user, pk, to_change=True)
    form = ModelForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Name the model, for example llama3.1:8b.")
        return redirect(row)
    try:
        return _act(request, row, verb, form.cleaned_data["model"])
    except PortalError as error:
        messages.error(request, str(error))
        return redirect(row)


@login_required
@require_http_methods(["GET", "POST"])
def terms(request: UserRequest, slug: str) -> HttpResponse:
    """How long a project keeps its questions, and how many there may be."""
    project = projects.project(request.user, slug, Role.OWNER)
    held = selectors.terms(project)
    form = TermsForm(request.POST or None, initial=_values(held))
    if form.is_valid():
        services.set_terms(project=project, by=request.user, **form.cleaned_data)
        messages.success(request, "Kept.")
        return redirect("assistant:terms", slug=slug)
    context = {"form": form, "project": project}
    return render(request, "assistant/terms.html", context, status=422 if form.errors else 200)


def _act(request: UserRequest, row: Provider, verb: str, name: str) -> HttpResponse:
    if verb == "pull":
        job = services.request_pull(provider=row, model=name, by=request.user)
        return redirect(job.get_absolute_url())
    if verb == "delete":
        services.delete_model(provider=row, model=name, by=request.user)
        messages.success(request, f"{name} is deleted.")
    else:
        services.unload_model(provider=row, model=name)
        messages.success(request, f"{name} holds no memory any more.")
    return redirect(row)


def _server(row: Provider) -> Server:
    try:
        return Server(ollama.models(sites.of(row)))
    except PortalError as error:
        return Server([], str(error))


def _values(held: Terms) -> dict[str, int]:
    return {
        "keep_days": held.keep_days,
        "questions_a_day": held.questions_a_day,
        "tokens_a_day": held.tokens_a_day,
    }
