from django.urls import path

from apps.demo import desk_views, first_hour_views, views

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
    path("first-hour/", first_hour_views.index, name="first_hour"),
    path("first-hour/hide/", first_hour_views.hide, name="hide_first_hour"),
    path("first-hour/show/", first_hour_views.show, name="show_first_hour"),
    path("stand-in/<slug:desk>/", desk_views.desk, name="desk"),
    path("stand-in/<slug:desk>/browse/<slug:key>", desk_views.ticket, name="ticket"),
    path("stand-in/<slug:desk>/browse/<slug:key>/move/", desk_views.move, name="move"),
    path("stand-in/jira/rest/api/3/<path:rest>", desk_views.jira, name="jira"),
    path("stand-in/pagerduty/api/<path:rest>", desk_views.pagerduty, name="pagerduty"),
]
