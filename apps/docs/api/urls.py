from rest_framework.routers import SimpleRouter

from apps.docs.api import sources, views

router = SimpleRouter()
router.register("docs", views.DocumentViewSet, basename="api-document")
router.register("doc-sources", sources.SourceViewSet, basename="api-doc-source")
router.register("doc-imports", sources.ImportViewSet, basename="api-doc-import")
router.register("search", views.SearchViewSet, basename="api-search")
urlpatterns = router.urls
