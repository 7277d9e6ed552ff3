from rest_framework.routers import SimpleRouter

from apps.incidents.api import views

router = SimpleRouter()
router.register("incidents", views.IncidentViewSet, basename="api-incident")
router.register("tickets", views.TicketViewSet, basename="api-ticket")
router.register("ticket-conflicts", views.TicketConflictViewSet, basename="api-ticket-conflict")
urlpatterns = router.urls
