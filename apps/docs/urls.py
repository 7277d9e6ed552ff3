from django.urls import path

from apps.docs import search_views
from apps.docs.views import reading, sources, writing

app_name = "docs"
urlpatterns = [
    path("", reading.index, name="list"),
    path("search/", search_views.found_everywhere, name="search"),
    path("search/reindex/", search_views.reindex, name="reindex"),
    path("new/", writing.new, name="new"),
    path("preview/", writing.preview, name="preview"),
    path("health/", reading.health, name="health"),
    path("sources/", sources.index, name="sources"),
    path("sources/upload/", sources.upload, name="upload"),
    path("sources/repository/", sources.repository, name="repository"),
    path("sources/shipped/", sources.shipped, name="shipped"),
    path("sources/<int:pk>/", sources.source, name="source"),
    path("sources/<int:pk>/pull/", sources.pull, name="pull"),
    path("sources/<int:pk>/pulling/", sources.pulling, name="pulling"),
    path("<int:pk>/", reading.document, name="document"),
    path("<int:pk>/edit/", writing.edit, name="edit"),
    path("<int:pk>/publish/", writing.publish, name="publish"),
    path("<int:pk>/bring-back/", writing.bring_back, name="bring_back"),
    path("<int:pk>/opened/", reading.opened, name="opened"),
    path("<int:pk>/revisions/", reading.revisions, name="revisions"),
    path("<int:pk>/revisions/<int:number>/restore/", writing.restore, name="restore"),
    path("<int:pk>/blocks/<int:position>/", reading.block, name="block"),
    path("<int:pk>/files/", writing.attach, name="attach"),
    path("<int:pk>/files/<str:name>", reading.attachment, name="attachment"),
    path("<int:pk>/files/<str:name>/remove/", writing.detach, name="detach"),
]
