from rest_framework.routers import SimpleRouter

from apps.monitoring.api import alerts, routes, silences, views

router = SimpleRouter()
router.register("baselines", views.BaselineViewSet, basename="api-baseline")
router.register("monitors", views.MonitorViewSet, basename="api-monitor")
router.register("alerts", alerts.AlertViewSet, basename="api-alert")
router.register("silences", silences.SilenceViewSet, basename="api-silence")
router.register("routes", routes.RouteViewSet, basename="api-route")
router.register("notifications", routes.NotificationViewSet, basename="api-notification")
urlpatterns = router.urls
