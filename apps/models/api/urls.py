from rest_framework.routers import SimpleRouter

from apps.models.api import gates, registry, views

router = SimpleRouter()
router.register("runs", views.RunViewSet, basename="run")
router.register("datasets", views.DatasetViewSet, basename="dataset")
router.register("models", registry.ModelViewSet, basename="model")
router.register("model-versions", registry.VersionViewSet, basename="model-version")
router.register("gates", gates.GateViewSet, basename="gate")
router.register("waivers", gates.WaiverViewSet, basename="waiver")
router.register("approvals", gates.ApprovalViewSet, basename="approval")

urlpatterns = router.urls
