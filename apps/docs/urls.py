from django.urls import path

from apps.docs import search_views, views

app_name = "docs"
urlpatterns = [
    path("", views.index, name="list"),
    path("search/", search_views.found_everywhere, name="search"),
    path("search/reindex/", search_views.reindex, name="reindex"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.document, name="document"),
    path("<int:pk>/edit/", views.edit, name="edit"),
]
