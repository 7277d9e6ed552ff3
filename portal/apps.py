from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class PortalConfig(AppConfig):
    """The composition root: the one place that knows every app."""

    name = "portal"

    def ready(self) -> None:
        autodiscover_modules(
            "checks",
            "policy",
            "sources",
            "tasks",
            "tasks_targets",
            "tasks_objectives",
            "tasks_metrics",
            "tools",
            "topics",
            "panels",
            "palette",
            "answers",
        )
        autodiscover_modules(
            "gauges", "navigation", "links", "gates", "budget_gate", "holds", "blocks"
        )
        autodiscover_modules("subscriptions")
