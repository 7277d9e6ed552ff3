"""Every address of the portal, found by walking its patterns, with real records in the gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils.regex_helper import normalize

from tests.security.planting import Planted

GAP = re.compile(r"<(?:\w+:)?(\w+)>")
PAGE_METHODS = ("get", "post")

# Which record fills a gap: the word before it in the address, and the name of the gap.
RECORDS: dict[str, str] = {
    "jobs/pk": "core.Job",
    "ledger/pk": "ledger.Entry",
    "people/pk": "accounts.User",
    "users/pk": "accounts.User",
    "service-accounts/pk": "accounts.User",
    "tokens/pk": "accounts.ApiToken",
    "members/pk": "projects.Grant",
    "members/user_id": "accounts.User",
    "environments/pk": "projects.Environment",
    "freezes/pk": "projects.FreezeWindow",
    "freeze-windows/pk": "projects.FreezeWindow",
    "connections/pk": "integrations.Connection",
    "hooks/pk": "integrations.Connection",
    "arrived/pk": "integrations.InboundDelivery",
    "sent/pk": "integrations.OutboundDelivery",
    "inbound-deliveries/pk": "integrations.InboundDelivery",
    "outbound-deliveries/pk": "integrations.OutboundDelivery",
    "docs/pk": "docs.Document",
    "sources/pk": "docs.Source",
    "doc-sources/pk": "docs.Source",
    "runs/pk": "models.Run",
    "datasets/pk": "models.Dataset",
    "models/pk": "models.RegisteredModel",
    "versions/pk": "models.ModelVersion",
    "model-versions/pk": "models.ModelVersion",
    "evidence/pk": "models.EvidencePack",
    "promotions/pk": "models.Promotion",
    "approvals/pk": "models.Promotion",
    "gates/pk": "models.Gate",
    "out-of-band/pk": "models.OutOfBandMove",
    "waivers/pk": "models.Waiver",
    "waive/gate_id": "models.Gate",
    "releases/pk": "deployments.Release",
    "replicas/pk": "deployments.Replica",
    "mismatches/pk": "deployments.Mismatch",
    "baselines/pk": "monitoring.Baseline",
    "monitors/pk": "monitoring.Monitor",
    "slos/pk": "monitoring.Slo",
    "alerts/pk": "monitoring.Alert",
    "silences/pk": "monitoring.Silence",
    "routes/pk": "monitoring.Route",
    "upstreams/pk": "monitoring.Upstream",
    "notifications/pk": "monitoring.Notification",
    "incidents/pk": "incidents.Incident",
    "tickets/pk": "incidents.Ticket",
    "steps/pk": "incidents.Step",
    "runbook-steps/pk": "incidents.Step",
    "actions/pk": "incidents.Action",
    "incident-actions/pk": "incidents.Action",
    "components/pk": "incidents.Component",
    "erasures/pk": "predictions.Erasure",
    "ticket-conflicts/pk": "incidents.TicketConflict",
    "schedules/pk": "incidents.Schedule",
    "oncall-schedules/pk": "incidents.Schedule",
    "layers/pk": "incidents.Layer",
    "overrides/pk": "incidents.Override",
    "oncall-overrides/pk": "incidents.Override",
    "calendars/pk": "incidents.CalendarSource",
    "policies/pk": "incidents.Policy",
    "escalation-policies/pk": "incidents.Policy",
    "rules/pk": "incidents.ContactRule",
    "browsers/pk": "incidents.PushSubscription",
    "links/pk": "incidents.CalendarLink",
    "conversations/pk": "assistant.Exchange",
    "talks/pk": "assistant.Conversation",
    "proposals/pk": "assistant.Proposal",
    "providers/pk": "assistant.Provider",
    "eval/pk": "assistant.EvalRun",
    "stories/pk": "demo.Story",
    "split/alert": "monitoring.Alert",
    "notes/pk": "incidents.Note",
    "incident-notes/pk": "incidents.Note",
    "post-mortems/pk": "incidents.PostMortem",
    "pictures/pk": "incidents.Picture",
}
SLUGS: dict[str, str] = {
    "projects/slug": "projects.Project",
    "status-pages/slug": "projects.Project",
    "statistics/slug": "projects.Project",
    "projects/project_slug": "projects.Project",
    "team/slug": "accounts.Team",
    "teams/slug": "accounts.Team",
    "teams/team_slug": "accounts.Team",
    "provider/slug": "accounts.IdentityProvider",
    "oidc/provider_id": "accounts.IdentityProvider",
    "deployments/slug": "deployments.Deployment",
    "dashboards/slug": "deployments.Deployment",
    "servers/slug": "projects.Project",
    "terms/slug": "projects.Project",
    "predictions/slug": "deployments.Deployment",
}
WORDS: dict[str, str] = {
    "status/token": "no-such-address",
    "pk/verb": "deactivate",
    "people/verb": "deactivate",
    "new/slug": "webhook-out",
    "manual/slug": "webhook-out",
    "connectors/slug": "webhook-out",
    "keys/pk": "1",
    "calendar/secret": "abc",
    "releases/number": "1",
    "revisions/number": "1",
    "blocks/position": "0",
    "files/name": "a.png",
    "confirm-email/key": "abc",
    "actions/verb": "stop",
    "stand-in/desk": "jira",
    "browse/key": "ML-1",
    "rest/rest": "myself",
    "api/rest": "abilities",
    "key/uidb36": "1",
    "key/key": "abc-def",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One address and the methods it may know."""

    pattern: str
    gaps: tuple[str, ...]
    methods: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.pattern.startswith("api/")

    def address(self, planted: Planted) -> str:
        """The address with a planted record in each gap."""
        filled = self.pattern
        for gap in self.gaps:
            before = filled.partition(f"<{gap}>")[0]
            fixed = [part for part in re.split(r"[/-]+", before.rstrip("/-")) if part]
            words = [part for part in before.rstrip("/-").split("/") if part]
            filled = filled.replace(f"<{gap}>", sample(words or fixed, gap, planted), 1)
        return f"/{filled}"


def sample(words: list[str], gap: str, planted: Planted) -> str:
    """What fills a gap, by the nearest word before it that is known together with the gap."""
    for word in reversed(words):
        key = f"{word}/{gap}"
        if key in RECORDS:
            return str(planted.rows[RECORDS[key]].pk)
        if key in SLUGS:
            return str(planted.rows[SLUGS[key]].slug)  # type: ignore[attr-defined]
        if key in WORDS:
            return WORDS[key]
    where = f"{words[-1] if words else ''}/{gap}"
    raise AssertionError(
        f"The matrix does not know what fills {where!r} of /{'/'.join(words)}/<{gap}>/. "
        "Add it to RECORDS, SLUGS or WORDS of tests/security/routes.py."
    )


def routes() -> list[Route]:
    """Every route of the portal, allauth's included."""
    return list(_walk(get_resolver()))


def _walk(resolver: URLResolver, before: str = "") -> Iterator[Route]:
    for each in resolver.url_patterns:
        template, gaps = _template(each)
        whole = before + template
        if isinstance(each, URLResolver):
            yield from _walk(each, whole)
        else:
            every = tuple(GAP.findall(whole))
            yield Route(whole, every, _methods(each))


def _template(each: URLPattern | URLResolver) -> tuple[str, tuple[str, ...]]:
    """The pattern as text with `<name>` for each gap."""
    if isinstance(each.pattern, RegexPattern):
        text, names = normalize(each.pattern.regex.pattern)[0]
        return text % {name: f"<{name}>" for name in names}, tuple(names)
    text = GAP.sub(r"<\1>", str(each.pattern))
    return text, tuple(GAP.findall(text))


def _methods(each: URLPattern) -> tuple[str, ...]:
    actions: Mapping[str, Any] | None = getattr(each.callback, "actions", None)
    # REST framework adds `head` to the same mapping once a route has been asked.
    return tuple(name for name in actions if name != "head") if actions else PAGE_METHODS
