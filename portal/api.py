"""Every REST resource under `/api/v1/`."""

from django.urls import include, path

from apps.core.api.document import DocumentView
from apps.core.api.pages import reference

urlpatterns = [
    path("schema/", DocumentView.as_view(), name="schema"),
    path("reference/", reference, name="api_reference"),
    path("", include("apps.core.api.jobs")),
    path("", include("apps.ledger.api.urls")),
    path("", include("apps.accounts.api.urls")),
    path("", include("apps.projects.api.urls")),
    path("", include("apps.models.api.urls")),
    path("", include("apps.integrations.api.urls")),
    path("", include("apps.docs.api.urls")),
    path("", include("apps.predictions.api.urls")),
    path("", include("apps.deployments.api.urls")),
    path("", include("apps.monitoring.api.urls")),
    path("", include("apps.incidents.api.urls")),
    path("", include("apps.assistant.api.urls")),
    path("", include("apps.demo.api.urls")),
]
