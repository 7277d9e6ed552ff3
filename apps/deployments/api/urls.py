from rest_framework.routers import SimpleRouter

from apps.deployments.api import views

router = SimpleRouter()
router.register("deployments", views.DeploymentViewSet, basename="api-deployment")
router.register("releases", views.ReleaseViewSet, basename="api-release")
router.register("ledger/served", views.ServedViewSet, basename="api-served")
urlpatterns = router.urls
