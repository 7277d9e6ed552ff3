from rest_framework.routers import SimpleRouter

from apps.assistant.api.views import asking, deciding

router = SimpleRouter()
router.register("assistant/ask", asking.AskViewSet, basename="api-ask")
router.register("assistant/conversations", asking.ExchangeViewSet, basename="api-conversation")
router.register("assistant/talks", asking.TalkViewSet, basename="api-talk")
router.register("assistant/proposals", deciding.ProposalViewSet, basename="api-proposal")
router.register("assistant/providers", deciding.LanguageModelViewSet, basename="api-language-model")
urlpatterns = router.urls
