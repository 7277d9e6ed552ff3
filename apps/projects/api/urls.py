from rest_framework.routers import SimpleRouter

from apps.projects.api import views

router = SimpleRouter()
router.register("projects", views.ProjectViewSet, basename="project")
router.register(
    "projects/(?P<project_slug>[-a-zA-Z0-9_]{1,60})/members",
    views.MemberViewSet,
    basename="member",
)
router.register("environments", views.EnvironmentViewSet, basename="environment")
router.register("freeze-windows", views.FreezeWindowViewSet, basename="freeze-window")

urlpatterns = router.urls
