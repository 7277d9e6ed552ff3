from django.urls import path

from apps.predictions import views

app_name = "predictions"
urlpatterns = [
    path("<slug:slug>/", views.log, name="log"),
    path("<slug:slug>/record/", views.record, name="record"),
    path("<slug:slug>/set-aside/", views.set_aside, name="set_aside"),
    path("<slug:slug>/set-aside/download/", views.download_set_aside, name="download_set_aside"),
    path("<slug:slug>/set-aside/replay/", views.replay, name="replay"),
    path("<slug:slug>/set-aside/discard/", views.discard, name="discard"),
    path("<slug:slug>/retention/", views.retention, name="retention"),
    path("<slug:slug>/erasures/", views.erasures, name="erasures"),
    path("<slug:slug>/erasures/<int:pk>/", views.erasure, name="erasure"),
    path("<slug:slug>/erasures/<int:pk>/certificate/", views.certificate, name="certificate"),
    path("<slug:slug>/erasures/<int:pk>/again/", views.again, name="again"),
]
