from django.urls import path

from apps.monitoring.views import alerts, backtests, changing, dashboards, making, monitors, slos

app_name = "monitoring"
urlpatterns = [
    path("", monitors.index, name="list"),
    path("new/", making.new, name="new"),
    path("deployments/<slug:slug>/baseline/", making.make_baseline, name="make_baseline"),
    path("deployments/<slug:slug>/monitor/", making.make_monitor, name="make_monitor"),
    path("monitors/<int:pk>/", monitors.monitor, name="monitor"),
    path("monitors/<int:pk>/state/", monitors.state, name="state"),
    path("monitors/<int:pk>/evaluate/", monitors.evaluate, name="evaluate"),
    path("monitors/<int:pk>/edit/", changing.edit, name="edit"),
    path("monitors/<int:pk>/pause/", monitors.pause, name="pause"),
    path("monitors/<int:pk>/resume/", monitors.resume, name="resume"),
    path("monitors/<int:pk>/remove/", monitors.remove, name="remove"),
    path("monitors/<int:pk>/backtest/", backtests.backtest, name="backtest"),
    path("monitors/<int:pk>/use/", backtests.use, name="use"),
    path("heat/", monitors.heat, name="heat"),
    path("deployments/<slug:slug>/watch/", making.watch, name="watch"),
    path("slos/", slos.index, name="slos"),
    path("slos/new/", slos.choose, name="slo_choose"),
    path("slos/<int:pk>/", slos.slo, name="slo"),
    path("slos/<int:pk>/change/", slos.change, name="slo_change"),
    path("slos/<int:pk>/remove/", slos.remove, name="slo_remove"),
    path("deployments/<slug:slug>/dashboard/", dashboards.dashboard, name="dashboard"),
    path("deployments/<slug:slug>/slo/", slos.make, name="slo_make"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
]
