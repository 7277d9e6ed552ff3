from django.urls import path

from apps.incidents import views

app_name = "incidents"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.incident, name="incident"),
    path("<int:pk>/state/", views.state, name="state"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("<int:pk>/resolve/", views.resolve, name="resolve"),
    path("<int:pk>/notes/", views.note, name="note"),
    path("<int:pk>/ticket/", views.open_ticket, name="open_ticket"),
]
