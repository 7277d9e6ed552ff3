from django.urls import path

from apps.core.ui import views

app_name = "ui"
urlpatterns = [
    path("", views.living_page, name="living"),
    path("parts/slow/", views.slow_part, name="slow"),
    path("parts/dense/", views.dense, name="dense"),
    path("parts/toast/", views.toast, name="toast"),
    path("parts/refused/", views.refused, name="refused"),
]
