"""Who may do what at which address, as the matrix expects it. The first rule that fits counts.

Where no rule fits, an address is the project's own: outsiders find nothing, members read, and whoever
only looks may change nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from apps.core.access import Role


class Place(Enum):
    """What kind of address it is."""

    PUBLIC = "anybody may come"
    OWN = "everybody signed in has one of their own"
    ADMIN = "site admins only"
    PROJECT = "it shows what the visitor's projects hold"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for the addresses that `pattern` matches from their beginning."""

    pattern: str
    place: Place = Place.PROJECT
    read: Role = Role.VIEWER
    act: Role = Role.RESPONDER
    methods: tuple[str, ...] = ()
    creates_own: bool = False

    def fits(self, pattern: str, method: str) -> bool:
        named = not self.methods or method in self.methods
        return named and re.match(self.pattern, pattern) is not None


OWNER, MAINTAINER, CONTRIBUTOR = Role.OWNER, Role.MAINTAINER, Role.CONTRIBUTOR
RULES = (
    Rule(r"(healthz|readyz|metrics)$", Place.PUBLIC),
    Rule(r"hooks/", Place.PUBLIC),
    Rule(r"status/", Place.PUBLIC),
    Rule(r"accounts/", Place.PUBLIC),
    Rule(r"api/v1/schema/$", Place.PUBLIC),
    Rule(r"(ui/|palette/$|api/v1/reference/$|$)", Place.OWN),
    Rule(r"settings/$", Place.OWN),
    Rule(r"settings/tokens/", Place.OWN),
    Rule(r"settings/team/<slug>/", Place.ADMIN, methods=("post",)),
    Rule(r"settings/(people|service-accounts)/(new/)?$", Place.ADMIN, methods=("post",)),
    Rule(r"settings/(people|service-accounts)/<pk>/", Place.ADMIN, methods=("post",)),
    Rule(r"settings/(sign-in|provider)/", Place.ADMIN),
    Rule(r"settings/", Place.OWN),
    Rule(r"api/v1/tokens/$", Place.OWN),
    Rule(r"api/v1/tokens/<pk>/", Place.OWN),
    Rule(r"api/v1/users/<pk>/.+", Place.ADMIN),
    Rule(
        r"api/v1/(users|teams|service-accounts)/", Place.ADMIN, methods=("post", "patch", "delete")
    ),
    Rule(r"api/v1/(users|teams|service-accounts)/", Place.OWN),
    Rule(r"(api/v1/)?projects/(new/)?$", Place.OWN, creates_own=True),
    Rule(r"api/v1/projects/<slug>/$", act=OWNER),
    Rule(r"api/v1/projects/<slug>/mlflow/", act=OWNER),
    Rule(r"models/servers/<slug>/", read=OWNER, act=OWNER),
    Rule(r"api/v1/projects/<slug>/(deputy|hand-over|unarchive)/", act=OWNER),
    Rule(r"api/v1/projects/<project_slug>/members/", act=OWNER),
    Rule(r"api/v1/environments/<pk>/", act=OWNER, methods=("delete",)),
    Rule(r"api/v1/(environments|freeze-windows)/", act=MAINTAINER),
    Rule(r"projects/environments/<pk>/remove/", act=OWNER),
    Rule(r"projects/(environments|freezes)/<pk>/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"projects/<slug>/environments/", act=MAINTAINER),
    Rule(r"projects/<slug>/settings/", read=OWNER, act=OWNER),
    Rule(r"projects/<slug>/", act=OWNER),
    Rule(r"(api/v1/)?models/import/", act=CONTRIBUTOR),
    Rule(r"(api/v1|models)/out-of-band/", act=MAINTAINER),
    # Beginning a card and packing evidence: part of answering for what is there.
    Rule(r"(api/v1/)?models/<pk>/card/"),
    Rule(r"(api/v1/model-|models/)versions/<pk>/evidence/"),
    Rule(r"api/v1/models/<pk>/(retire|reinstate)/", act=OWNER),
    Rule(r"api/v1/models/<pk>/", act=MAINTAINER),
    Rule(r"api/v1/(gates|waivers|approvals)/", act=MAINTAINER),
    Rule(r"api/v1/model-versions/<pk>/(retire|reinstate)/", act=MAINTAINER),
    Rule(r"api/v1/model-versions/", act=CONTRIBUTOR),
    Rule(r"models/<pk>/(retire|reinstate)/", read=OWNER, act=OWNER),
    Rule(r"models/<pk>/(gates|profile)/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"models/versions/<pk>/(retire|reinstate|waive)/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"models/versions/<pk>/", act=CONTRIBUTOR),
    Rule(r"models/(gates|waivers)/<pk>/", act=MAINTAINER),
    Rule(r"api/v1/deployments/<slug>/(retire|reinstate)/", act=MAINTAINER),
    Rule(r"api/v1/deployments/<slug>/", act=CONTRIBUTOR),
    Rule(r"deployments/<slug>/(retire|reinstate)/", read=MAINTAINER, act=MAINTAINER),
    # Who may not release has no use for its form; the planted environment is protected.
    Rule(r"deployments/<slug>/release/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"deployments/<slug>/", act=CONTRIBUTOR),
    Rule(r"api/v1/mismatches/<pk>/", act=CONTRIBUTOR),
    Rule(r"predictions/<slug>/retention/", act=OWNER),
    Rule(r"predictions/<slug>/erasures/", act=MAINTAINER),
    Rule(r"predictions/<slug>/", act=CONTRIBUTOR),
    Rule(r"api/v1/(predictions|ground-truth|set-aside)/", act=CONTRIBUTOR),
    Rule(r"api/v1/erasures/", act=MAINTAINER),
    Rule(r"api/v1/prediction-retention/", act=OWNER),
    Rule(r"monitoring/deployments/<slug>/baseline/", act=CONTRIBUTOR),
    Rule(r"monitoring/deployments/<slug>/(monitor|watch|slo)/", act=MAINTAINER),
    Rule(r"api/v1/monitors/kinds/", Place.OWN),
    Rule(r"(api/v1|monitoring)/monitors/<pk>/(evaluate|backtest)/"),
    Rule(r"monitoring/monitors/<pk>/edit/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"(api/v1|monitoring)/monitors/", act=MAINTAINER),
    Rule(r"monitoring/slos/<pk>/(change|remove)/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"api/v1/slos/", act=MAINTAINER),
    Rule(r"(api/v1|monitoring)/upstreams/", act=MAINTAINER),
    Rule(r"docs/preview/$", Place.OWN),
    Rule(r"docs/<pk>/opened/$", act=Role.VIEWER),
    Rule(r"docs/sources/(repository|<pk>/pulling)/$", act=MAINTAINER),
    Rule(r"api/v1/doc-sources/$", act=MAINTAINER),
    Rule(r"incidents/connections/<pk>/projects/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"(api/v1|incidents)/ticket-conflicts/<pk>/settle/", act=MAINTAINER),
    Rule(r"incidents/status-pages/<slug>/settings/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"(api/v1|incidents)/status-pages/", act=MAINTAINER),
    Rule(r"incidents/<pk>/publish/", read=Role.RESPONDER),
    Rule(r"(api/v1|incidents)/tickets/<pk>/redeliver/", act=MAINTAINER),
    Rule(r"incidents/<pk>/manage/", read=Role.RESPONDER),
    Rule(r"incidents/notes/<pk>/edit/", Place.OWN),
    Rule(r"incidents/statistics/<slug>/rate/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"incidents/on-call/calendar/", Place.PUBLIC),
    Rule(r"incidents/on-call/me/", Place.OWN),
    Rule(r"incidents/on-call/schedules/<pk>/link/", act=Role.VIEWER),
    Rule(
        r"incidents/on-call/schedules/<pk>/(edit|layers|calendars)/",
        read=MAINTAINER,
        act=MAINTAINER,
    ),
    Rule(r"incidents/on-call/(layers|calendars)/<pk>/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"incidents/on-call/schedules/<pk>/remove/", act=MAINTAINER),
    Rule(r"incidents/on-call/policies/", act=MAINTAINER),
    Rule(r"api/v1/(oncall-schedules|escalation-policies)/", act=MAINTAINER),
    Rule(r"api/v1/oncall/", Place.PROJECT),
    Rule(r"mcp$", Place.OWN),
    Rule(r"(api/v1/)?assistant/proposals/<pk>/refuse/"),
    Rule(r"(api/v1/)?assistant/proposals/<pk>/", act=MAINTAINER),
    Rule(r"assistant/providers/<pk>/edit/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"(api/v1/)?assistant/providers/<pk>/", act=MAINTAINER),
    Rule(r"assistant/terms/", read=OWNER, act=OWNER),
    Rule(r"assistant/eval/<pk>/", read=MAINTAINER),
    Rule(r"(api/v1/)?assistant/", Place.OWN),
    Rule(r"demo/first-hour/", Place.OWN),
    Rule(r"demo/stand-in/(jira/rest|pagerduty/api)/", Place.PUBLIC),
    Rule(r"(api/v1/)?demo/(actions/<verb>/|rate/|start/|stop/|reset/|remove/)", Place.ADMIN),
    Rule(r"api/v1/connectors/", Place.OWN),
    Rule(r"audit/(verify|export)/", Place.PROJECT, act=OWNER),
    Rule(r"api/v1/(inbound|outbound)-deliveries/<pk>/", read=MAINTAINER, act=MAINTAINER),
    Rule(r"connections/", read=MAINTAINER, act=MAINTAINER),
)


def rule_for(pattern: str, method: str) -> Rule:
    """The rule of one address and method."""
    return next((rule for rule in RULES if rule.fits(pattern, method)), Rule(r""))
