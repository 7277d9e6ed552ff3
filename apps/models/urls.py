from django.urls import path

from apps.models import views

app_name = "models"
urlpatterns = [
    path("", views.index, name="list"),
    path("runs/", views.runs, name="runs"),
    path("runs/<int:pk>/", views.run, name="run"),
    path("approvals/", views.approvals, name="approvals"),
    path("versions/<int:pk>/", views.version, name="version"),
    path("versions/<int:pk>/promote/", views.promote, name="promote"),
    path("promotions/<int:pk>/", views.promotion, name="promotion"),
    path("promotions/<int:pk>/decide/", views.decide, name="decide"),
    path("gates/<int:pk>/remove/", views.remove_gate, name="remove_gate"),
    path("<int:pk>/", views.model, name="model"),
    path("<int:pk>/gates/", views.declare_gate, name="declare_gate"),
]
