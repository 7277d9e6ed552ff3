from django.urls import path

from apps.deployments import views

app_name = "deployments"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("served/", views.served, name="served"),
    path("<slug:slug>/", views.deployment, name="deployment"),
    path("<slug:slug>/state/", views.state, name="state"),
    path("<slug:slug>/release/", views.release, name="release"),
    path("<slug:slug>/roll-back/", views.roll_back, name="roll_back"),
]
