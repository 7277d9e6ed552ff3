from rest_framework.routers import SimpleRouter

from apps.accounts.api import views

router = SimpleRouter()
router.register("users", views.UserViewSet, basename="user")
router.register("service-accounts", views.ServiceAccountViewSet, basename="service-account")
router.register("teams", views.TeamViewSet, basename="team")
router.register(
    "teams/(?P<team_slug>[-a-zA-Z0-9_]{1,60})/members",
    views.TeamMemberViewSet,
    basename="team-member",
)
router.register("tokens", views.TokenViewSet, basename="token")

urlpatterns = router.urls
