from django.urls import path

from apps.integrations.views import connections, deliveries, hooks

app_name = "integrations"
urlpatterns = [
    path("hooks/<int:pk>/", hooks.hook, name="hook"),
    path("connections/", connections.index, name="index"),
    path("connections/new/<slug:slug>/", connections.new, name="new"),
    path("connections/manual/<slug:slug>/", connections.documentation, name="documentation"),
    path("connections/arrived/<int:pk>/", deliveries.inbound, name="inbound"),
    path("connections/arrived/<int:pk>/again/", deliveries.handle_again, name="handle_again"),
    path("connections/sent/<int:pk>/", deliveries.outbound, name="outbound"),
    path("connections/sent/<int:pk>/again/", deliveries.redeliver, name="redeliver"),
    path("connections/<int:pk>/", connections.connection, name="connection"),
    path("connections/<int:pk>/state/", connections.state, name="state"),
    path("connections/<int:pk>/edit/", connections.edit, name="edit"),
    path("connections/<int:pk>/check/", connections.check, name="check"),
    path("connections/<int:pk>/switch/", connections.switch, name="switch"),
    path("connections/<int:pk>/rotate/", connections.rotate, name="rotate"),
    path("connections/<int:pk>/retire/", connections.retire, name="retire"),
    path("connections/<int:pk>/delete/", connections.delete, name="delete"),
    path("connections/<int:pk>/arrived/", deliveries.arrived, name="inbound_list"),
    path("connections/<int:pk>/sent/", deliveries.sent, name="outbound_list"),
]
