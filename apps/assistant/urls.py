from django.urls import path

from apps.assistant import eval_views, views

app_name = "assistant"
urlpatterns = [
    path("", views.index, name="index"),
    path("panel/", views.panel, name="panel"),
    path("conversations/<int:pk>/", views.exchange, name="exchange"),
    path("eval/", eval_views.runs, name="evals"),
    path("eval/<int:pk>/", eval_views.run, name="eval_run"),
]
