from rest_framework.routers import SimpleRouter

from apps.monitoring.api import alerts, metrics, monitors, slos, views

router = SimpleRouter()
router.register("baselines", views.BaselineViewSet, basename="api-baseline")
router.register("monitors", monitors.MonitorViewSet, basename="api-monitor")
router.register("alerts", alerts.AlertViewSet, basename="api-alert")
router.register("slos", slos.SloViewSet, basename="api-slo")
router.register("metrics", metrics.MetricsViewSet, basename="api-metrics")
router.register("dashboards", metrics.DashboardViewSet, basename="api-dashboard")
urlpatterns = router.urls
