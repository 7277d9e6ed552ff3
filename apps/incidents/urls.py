from django.urls import include, path

from apps.incidents import evidence_views, oncall_views, ticket_views, views

app_name = "incidents"
urlpatterns = [
    path("", views.index, name="list"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.incident, name="incident"),
    path("<int:pk>/state/", views.state, name="state"),
    path("<int:pk>/evidence/", evidence_views.evidence, name="evidence"),
    path("<int:pk>/evidence/file/", evidence_views.download, name="evidence_file"),
    path("<int:pk>/acknowledge/", views.acknowledge, name="acknowledge"),
    path("<int:pk>/resolve/", views.resolve, name="resolve"),
    path("<int:pk>/notes/", views.note, name="note"),
    path("<int:pk>/ticket/", views.open_ticket, name="open_ticket"),
    path("<int:pk>/alarm/", ticket_views.alarm, name="page_on_call"),
    path("<int:pk>/page-next/", oncall_views.page_next, name="page_next"),
    path("<int:pk>/on-call/", oncall_views.panel, name="oncall_panel"),
    path("on-call/", include("apps.incidents.oncall_urls")),
    path("trackers/", ticket_views.trackers, name="trackers"),
    path("connections/<int:pk>/", ticket_views.tracker, name="tracker"),
    path("connections/<int:pk>/projects/<slug:slug>/", ticket_views.mapping, name="mapping"),
    path("ticket-conflicts/<int:pk>/settle/", ticket_views.settle, name="settle"),
    path("tickets/<int:pk>/redeliver/", ticket_views.redeliver, name="redeliver_ticket"),
]
