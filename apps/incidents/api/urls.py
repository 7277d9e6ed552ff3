from rest_framework.routers import SimpleRouter

from apps.incidents.api import after, views

router = SimpleRouter()
router.register("incidents", views.IncidentViewSet, basename="api-incident")
router.register("tickets", views.TicketViewSet, basename="api-ticket")
router.register("ticket-conflicts", views.TicketConflictViewSet, basename="api-ticket-conflict")
router.register("runbook-steps", after.StepViewSet, basename="api-runbook-step")
router.register("incident-actions", after.ActionViewSet, basename="api-incident-action")
urlpatterns = router.urls
