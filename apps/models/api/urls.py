from rest_framework.routers import SimpleRouter

from apps.models.api import runs, views

router = SimpleRouter()
router.register("runs", runs.RunViewSet, basename="run")
router.register("datasets", views.DatasetViewSet, basename="dataset")
router.register("models", views.ModelViewSet, basename="model")
router.register("model-versions", views.VersionViewSet, basename="model-version")
router.register("gates", views.GateViewSet, basename="gate")
router.register("approvals", views.ApprovalViewSet, basename="approval")

urlpatterns = router.urls
