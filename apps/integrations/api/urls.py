from rest_framework.routers import SimpleRouter

from apps.integrations.api import views

router = SimpleRouter()
router.register("connectors", views.ConnectorViewSet, basename="connector")
router.register("connections", views.ConnectionViewSet, basename="connection")
router.register("inbound-deliveries", views.InboundDeliveryViewSet, basename="inbound-delivery")
router.register("outbound-deliveries", views.OutboundDeliveryViewSet, basename="outbound-delivery")

urlpatterns = router.urls
