"""Every system the portal can talk to: one line each, read without importing a connector."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from apps.integrations.base import Connector
from apps.integrations.errors import UnknownConnector
from apps.integrations.ports import (
    ChangeControl,
    ClusterRuntime,
    InboundSource,
    MetricSink,
    MetricSource,
    ModelHub,
    Notifier,
    OutgoingHook,
    Pager,
    Scorer,
    SecretStore,
    ServingObserver,
    TicketTracker,
    TrackingServer,
)


class Category(StrEnum):
    ALERTS = "Alerts and chat"
    EVENTS = "Events in and out"
    METRICS = "Metrics"
    MODELS = "Models"
    PAGERS = "Pagers"
    SECRETS = "Secrets"
    SERVING = "Serving"
    TICKETS = "Tickets"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalog; file, class, logo and documentation follow from the slug."""

    slug: str
    class_name: str
    label: str
    category: Category
    provides: tuple[type, ...]
    purpose: str

    def load(self) -> type[Connector[Any]]:
        module = import_module(f"apps.integrations.connectors.{self.slug}")
        return getattr(module, self.class_name)  # type: ignore[no-any-return]

    @property
    def logo(self) -> str:
        return f"integrations/logos/{self.slug}.svg"

    @property
    def docs(self) -> str:
        return f"docs/connectors/{self.slug}.md"


CATALOG = {
    entry.slug: entry
    for entry in (
        Entry(
            "aks",
            "Aks",
            "Azure Kubernetes Service",
            Category.SERVING,
            (ClusterRuntime,),
            "Runs model servers in an AKS cluster, signed in by Entra ID.",
        ),
        Entry(
            "datadog",
            "Datadog",
            "Datadog",
            Category.METRICS,
            (MetricSource,),
            "Lets monitors watch what a Datadog query answers.",
        ),
        Entry(
            "alert_webhook",
            "AlertWebhook",
            "Alert webhook",
            Category.ALERTS,
            (Notifier,),
            "Posts alerts in the shape of Alertmanager's webhook receiver.",
        ),
        Entry(
            "alertmanager",
            "Alertmanager",
            "Alertmanager",
            Category.ALERTS,
            (Notifier, InboundSource),
            "Takes the alerts of a Prometheus Alertmanager, and hands ours to it.",
        ),
        Entry(
            "docker",
            "Docker",
            "Docker",
            Category.SERVING,
            (ClusterRuntime,),
            "Runs model servers as containers of one Docker engine.",
        ),
        Entry(
            "email",
            "Email",
            "Mail",
            Category.ALERTS,
            (Notifier,),
            "Tells people by mail, through an SMTP server of your own.",
        ),
        Entry(
            "gke",
            "Gke",
            "Google Kubernetes Engine",
            Category.SERVING,
            (ClusterRuntime,),
            "Runs model servers in a GKE cluster, signed in by a service account.",
        ),
        Entry(
            "http_endpoint",
            "HttpEndpoint",
            "HTTP endpoint",
            Category.SERVING,
            (ServingObserver,),
            "Watches which version an endpoint of your own serves.",
        ),
        Entry(
            "huggingface",
            "HuggingFace",
            "Hugging Face",
            Category.MODELS,
            (ModelHub,),
            "Lets models be imported from the hub, pinned to a commit.",
        ),
        Entry(
            "jira",
            "Jira",
            "Jira",
            Category.TICKETS,
            (TicketTracker, InboundSource),
            "Keeps a ticket in step with each incident.",
        ),
        Entry(
            "kubernetes",
            "Kubernetes",
            "Kubernetes",
            Category.SERVING,
            (ClusterRuntime,),
            "Runs model servers in a cluster, or KServe's InferenceServices.",
        ),
        Entry(
            "mlflow",
            "Mlflow",
            "MLflow",
            Category.MODELS,
            (TrackingServer,),
            "Lets the runs and models of a project live on an MLflow server of your own.",
        ),
        Entry(
            "newrelic",
            "NewRelic",
            "New Relic",
            Category.METRICS,
            (MetricSource,),
            "Lets monitors watch what an NRQL query answers.",
        ),
        Entry(
            "ntfy",
            "Ntfy",
            "ntfy",
            Category.ALERTS,
            (Notifier,),
            "Tells phones, through a topic of ntfy.sh or a server of your own.",
        ),
        Entry(
            "prometheus",
            "Prometheus",
            "Prometheus",
            Category.METRICS,
            (MetricSource, MetricSink),
            "Lets monitors watch what PromQL answers, and takes the portal's figures.",
        ),
        Entry(
            "slack",
            "Slack",
            "Slack",
            Category.ALERTS,
            (Notifier,),
            "Tells a channel, through an incoming webhook.",
        ),
        Entry(
            "teams",
            "Teams",
            "Microsoft Teams",
            Category.ALERTS,
            (Notifier,),
            "Tells a chat or channel, through a workflow's webhook.",
        ),
        Entry(
            "opsgenie",
            "Opsgenie",
            "Opsgenie",
            Category.PAGERS,
            (Pager, InboundSource),
            "Wakes people through an Opsgenie team.",
        ),
        Entry(
            "pagerduty",
            "PagerDuty",
            "PagerDuty",
            Category.PAGERS,
            (Pager, InboundSource),
            "Wakes people through a PagerDuty service.",
        ),
        Entry(
            "servicenow",
            "ServiceNow",
            "ServiceNow",
            Category.TICKETS,
            (TicketTracker, ChangeControl, InboundSource),
            "Keeps incidents or changes in step with the portal's incidents.",
        ),
        Entry(
            "splunk_oncall",
            "SplunkOnCall",
            "Splunk On-Call",
            Category.PAGERS,
            (Pager, InboundSource),
            "Wakes people through Splunk On-Call (VictorOps).",
        ),
        Entry(
            "tensorflow_serving",
            "TensorflowServing",
            "TensorFlow Serving",
            Category.SERVING,
            (ServingObserver, Scorer),
            "Watches which versions it serves, and scores with them.",
        ),
        Entry(
            "tensorflow_serving_config",
            "TensorflowServingConfig",
            "TensorFlow Serving, configured",
            Category.SERVING,
            (ClusterRuntime,),
            "Tells it which versions of a model to serve, and where its label points.",
        ),
        Entry(
            "vault",
            "Vault",
            "HashiCorp Vault",
            Category.SECRETS,
            (SecretStore,),
            "Keeps the secrets that other connections only name.",
        ),
        Entry(
            "webhook_in",
            "WebhookIn",
            "Incoming webhook",
            Category.EVENTS,
            (InboundSource,),
            "Lets another system tell the portal that something happened.",
        ),
        Entry(
            "webhook_out",
            "WebhookOut",
            "Outgoing webhook",
            Category.EVENTS,
            (OutgoingHook,),
            "Tells another system what happened in the portal, signed and in order.",
        ),
        Entry(
            "zendesk",
            "Zendesk",
            "Zendesk",
            Category.TICKETS,
            (TicketTracker, InboundSource),
            "Keeps a ticket in step with each incident.",
        ),
    )
}


def entry(slug: str) -> Entry:
    """The line of this slug, or `UnknownConnector`."""
    if slug not in CATALOG:
        raise UnknownConnector(slug=slug)
    return CATALOG[slug]


def providing(port: type) -> list[str]:
    """The slugs of the connectors that offer a port."""
    return [slug for slug, line in CATALOG.items() if port in line.provides]
