from rest_framework.routers import SimpleRouter

from apps.monitoring.api import alerts, monitors, views

router = SimpleRouter()
router.register("baselines", views.BaselineViewSet, basename="api-baseline")
router.register("monitors", monitors.MonitorViewSet, basename="api-monitor")
router.register("alerts", alerts.AlertViewSet, basename="api-alert")
urlpatterns = router.urls
