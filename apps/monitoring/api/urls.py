from rest_framework.routers import SimpleRouter

from apps.monitoring.api import alerts, metrics, monitors, routes, silences, slos, upstreams, views

router = SimpleRouter()
router.register("baselines", views.BaselineViewSet, basename="api-baseline")
router.register("monitors", monitors.MonitorViewSet, basename="api-monitor")
router.register("alerts", alerts.AlertViewSet, basename="api-alert")
router.register("slos", slos.SloViewSet, basename="api-slo")
router.register("metrics", metrics.MetricsViewSet, basename="api-metrics")
router.register("dashboards", metrics.DashboardViewSet, basename="api-dashboard")
router.register("silences", silences.SilenceViewSet, basename="api-silence")
router.register("routes", routes.RouteViewSet, basename="api-route")
router.register("upstreams", upstreams.UpstreamViewSet, basename="api-upstream")
router.register("notifications", routes.NotificationViewSet, basename="api-notification")
urlpatterns = router.urls
