from rest_framework.routers import SimpleRouter

from apps.monitoring.api import alerts, slos, views

router = SimpleRouter()
router.register("baselines", views.BaselineViewSet, basename="api-baseline")
router.register("monitors", views.MonitorViewSet, basename="api-monitor")
router.register("alerts", alerts.AlertViewSet, basename="api-alert")
router.register("slos", slos.SloViewSet, basename="api-slo")
urlpatterns = router.urls
