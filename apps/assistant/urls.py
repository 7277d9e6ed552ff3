from django.urls import path

from apps.assistant import views

app_name = "assistant"
urlpatterns = [
    path("", views.index, name="index"),
    path("panel/", views.panel, name="panel"),
    path("conversations/<int:pk>/", views.exchange, name="exchange"),
]
