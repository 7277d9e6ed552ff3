from django.urls import path

from apps.monitoring import views

app_name = "monitoring"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("deployments/<slug:slug>/baseline/", views.make_baseline, name="make_baseline"),
    path("deployments/<slug:slug>/monitor/", views.make_monitor, name="make_monitor"),
    path("monitors/<int:pk>/", views.monitor, name="monitor"),
    path("monitors/<int:pk>/state/", views.state, name="state"),
    path("monitors/<int:pk>/evaluate/", views.evaluate, name="evaluate"),
    path("alerts/<int:pk>/", views.alert, name="alert"),
]
