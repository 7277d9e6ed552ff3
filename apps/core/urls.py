from django.urls import path

from apps.core import job_views, views

app_name = "core"
urlpatterns = [
    path("", views.start, name="home"),
    path("healthz", views.alive, name="alive"),
    path("readyz", views.ready, name="ready"),
    path("metrics", views.scrape, name="metrics"),
    path("palette/", views.palette_search, name="palette"),
    path("jobs/", job_views.job_list, name="jobs"),
    path("jobs/processes/", job_views.processes, name="processes"),
    path("jobs/<int:pk>/", job_views.job_page, name="job"),
    path("jobs/<int:pk>/state/", job_views.job_state, name="job_state"),
    path("jobs/<int:pk>/lines/", job_views.job_lines, name="job_lines"),
    path("jobs/<int:pk>/cancel/", job_views.cancel_job, name="cancel_job"),
    path("jobs/<int:pk>/retry/", job_views.retry_job, name="retry_job"),
]
