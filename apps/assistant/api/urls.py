from rest_framework.routers import SimpleRouter

from apps.assistant.api import views

router = SimpleRouter()
router.register("assistant/ask", views.AskViewSet, basename="api-ask")
router.register("assistant/conversations", views.ConversationViewSet, basename="api-conversation")
urlpatterns = router.urls
