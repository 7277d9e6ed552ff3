from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.deployments.api import configurations, operating, views
from apps.deployments.api.mismatches import MismatchViewSet

router = SimpleRouter()
router.register("deployments", views.DeploymentViewSet, basename="api-deployment")
router.register("releases", views.ReleaseViewSet, basename="api-release")
router.register("ledger/served", views.ServedViewSet, basename="api-served")
router.register("mismatches", MismatchViewSet, basename="api-mismatch")

configuration = configurations.ConfigurationViewSet.as_view({"get": "retrieve", "put": "update"})
replicas = operating.ReplicaViewSet
one = "deployments/<slug:slug>"
urlpatterns = [
    *router.urls,
    path(f"{one}/configuration/", configuration, name="api-configuration"),
    path(f"{one}/configurations/", configurations.HistoryViewSet.as_view({"get": "list"})),
    path(f"{one}/replicas/", replicas.as_view({"get": "list"})),
    path(f"{one}/replicas/<int:pk>/log/", replicas.as_view({"get": "log"})),
    *[
        path(f"{one}/{verb}/", operating.OperatingViewSet.as_view({"post": verb}))
        for verb in ("scale", "restart", "retire", "reinstate")
    ],
]
