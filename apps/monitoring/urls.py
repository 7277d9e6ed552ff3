from django.urls import path

from apps.monitoring.views import alerts, making, monitors, routes, silences

app_name = "monitoring"
urlpatterns = [
    path("", monitors.index, name="list"),
    path("new/", making.new, name="new"),
    path("deployments/<slug:slug>/baseline/", making.make_baseline, name="make_baseline"),
    path("deployments/<slug:slug>/monitor/", making.make_monitor, name="make_monitor"),
    path("monitors/<int:pk>/", monitors.monitor, name="monitor"),
    path("monitors/<int:pk>/state/", monitors.state, name="state"),
    path("monitors/<int:pk>/evaluate/", monitors.evaluate, name="evaluate"),
    path("alerts/", alerts.index, name="alerts"),
    path("alerts/acknowledge/", alerts.acknowledge_chosen, name="acknowledge_chosen"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/acknowledge/", alerts.acknowledge, name="acknowledge"),
    path("alerts/<int:pk>/unacknowledge/", alerts.unacknowledge, name="unacknowledge"),
    path("alerts/<int:pk>/mark/", alerts.mark, name="mark"),
    path("alerts/<int:pk>/note/", alerts.note, name="note"),
    path("silences/", silences.index, name="silences"),
    path("silences/new/", silences.new, name="new_silence"),
    path("silences/<int:pk>/", silences.silence, name="silence"),
    path("silences/<int:pk>/end/", silences.end, name="end_silence"),
    path("routes/", routes.index, name="routes"),
    path("routes/new/", routes.new, name="new_route"),
    path("routes/<int:pk>/", routes.route, name="route"),
    path("routes/<int:pk>/test/", routes.test, name="test_route"),
    path("routes/<int:pk>/remove/", routes.remove, name="remove_route"),
    path("notifications/", routes.notifications, name="notifications"),
    path("notifications/<int:pk>/redeliver/", routes.redeliver, name="redeliver"),
]
