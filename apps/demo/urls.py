from django.urls import path

from apps.demo import desk_views, views

app_name = "demo"
urlpatterns = [
    path("", views.index, name="index"),
    path("state/", views.state, name="state"),
    path("stories/", views.begin, name="begin"),
    path("stories/<int:pk>/", views.story, name="story"),
    path("stories/<int:pk>/state/", views.story_state, name="story_state"),
    path("stories/<int:pk>/end/", views.end, name="end"),
    path("drills/", views.drills, name="drills"),
    path("rate/", views.rate, name="rate"),
    path("actions/<slug:verb>/", views.act, name="act"),
    path("stand-in/<slug:desk>/", desk_views.desk, name="desk"),
    path("stand-in/<slug:desk>/browse/<slug:key>", desk_views.ticket, name="ticket"),
    path("stand-in/<slug:desk>/browse/<slug:key>/move/", desk_views.move, name="move"),
    path("stand-in/jira/rest/api/3/<path:rest>", desk_views.jira, name="jira"),
    path("stand-in/pagerduty/api/<path:rest>", desk_views.pagerduty, name="pagerduty"),
]
