from rest_framework.routers import SimpleRouter

from apps.docs.api import views

router = SimpleRouter()
router.register("docs", views.DocumentViewSet, basename="api-document")
router.register("search", views.SearchViewSet, basename="api-search")
urlpatterns = router.urls
