from rest_framework.routers import SimpleRouter

from apps.models.api import history, views

router = SimpleRouter()
router.register("runs", views.RunViewSet, basename="run")
router.register("datasets", views.DatasetViewSet, basename="dataset")
router.register("models", views.ModelViewSet, basename="model")
router.register("model-versions", views.VersionViewSet, basename="model-version")
router.register("gates", views.GateViewSet, basename="gate")
router.register("approvals", views.ApprovalViewSet, basename="approval")
router.register(
    r"models/(?P<pk>[0-9]{1,18})/alias-moves", history.AliasMoveViewSet, basename="alias-move"
)
router.register("out-of-band", history.OutOfBandViewSet, basename="out-of-band")

urlpatterns = router.urls
