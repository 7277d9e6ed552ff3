from django.urls import include, path

from apps.assistant.mcp import views as mcp
from apps.core import views as core_views
from apps.incidents.status_views import public as public_status
from portal import api

urlpatterns = [
    path("", include("apps.core.urls")),
    path("ui/", include("apps.core.ui.urls")),
    path("", include("apps.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("projects/", include("apps.projects.urls")),
    path("audit/", include("apps.ledger.urls")),
    path("", include("apps.integrations.urls")),
    path("models/", include("apps.models.urls")),
    path("docs/", include("apps.docs.urls")),
    path("predictions/", include("apps.predictions.urls")),
    path("deployments/", include("apps.deployments.urls")),
    path("monitoring/", include("apps.monitoring.urls")),
    path("incidents/", include("apps.incidents.urls")),
    path("status/<str:token>/", public_status, name="status"),
    path("assistant/", include("apps.assistant.urls")),
    path("demo/", include("apps.demo.urls")),
    path("api/v1/", include(api)),
    path("mcp", mcp.endpoint, name="mcp"),
]

handler403 = core_views.forbidden
handler404 = core_views.not_found
handler500 = core_views.crashed
