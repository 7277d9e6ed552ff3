from rest_framework.routers import SimpleRouter

from apps.demo.api import views

router = SimpleRouter()
router.register("demo", views.DemoViewSet, basename="api-demo")
router.register("stories", views.StoryViewSet, basename="api-story")
urlpatterns = router.urls
