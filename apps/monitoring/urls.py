from django.urls import path

from apps.monitoring.views import alerts, making, monitors

app_name = "monitoring"
urlpatterns = [
    path("", monitors.index, name="list"),
    path("new/", making.new, name="new"),
    path("deployments/<slug:slug>/baseline/", making.make_baseline, name="make_baseline"),
    path("deployments/<slug:slug>/monitor/", making.make_monitor, name="make_monitor"),
    path("monitors/<int:pk>/", monitors.monitor, name="monitor"),
    path("monitors/<int:pk>/state/", monitors.state, name="state"),
    path("monitors/<int:pk>/evaluate/", monitors.evaluate, name="evaluate"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
]
