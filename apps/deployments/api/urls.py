from rest_framework.routers import SimpleRouter

from apps.deployments.api import views
from apps.deployments.api.mismatches import MismatchViewSet

router = SimpleRouter()
router.register("deployments", views.DeploymentViewSet, basename="api-deployment")
router.register("releases", views.ReleaseViewSet, basename="api-release")
router.register("ledger/served", views.ServedViewSet, basename="api-served")
router.register("mismatches", MismatchViewSet, basename="api-mismatch")
urlpatterns = router.urls
