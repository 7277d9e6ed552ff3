from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.ledger.api import views

router = SimpleRouter()
router.register("ledger", views.LedgerViewSet, basename="api-ledger")
urlpatterns = [
    path("ledger/verification/", views.VerificationView.as_view(), name="api-ledger-verification"),
    *router.urls,
]
