from rest_framework.routers import SimpleRouter

from apps.incidents.api import after, oncall, policies, postmortems, status, views

router = SimpleRouter()
router.register("incidents", views.IncidentViewSet, basename="api-incident")
router.register("incident-notes", views.NoteViewSet, basename="api-incident-note")
router.register("tickets", views.TicketViewSet, basename="api-ticket")
router.register("ticket-conflicts", views.TicketConflictViewSet, basename="api-ticket-conflict")
router.register("oncall-schedules", oncall.ScheduleViewSet, basename="api-oncall-schedule")
router.register("oncall-overrides", oncall.OverrideViewSet, basename="api-oncall-override")
router.register("escalation-policies", policies.PolicyViewSet, basename="api-escalation-policy")
router.register("oncall", oncall.OnCallViewSet, basename="api-oncall")
router.register("runbook-steps", after.StepViewSet, basename="api-runbook-step")
router.register("incident-actions", after.ActionViewSet, basename="api-incident-action")
router.register("post-mortems", postmortems.PostMortemViewSet, basename="api-post-mortem")
router.register("status-pages", status.StatusPageViewSet, basename="api-status-page")
urlpatterns = router.urls
