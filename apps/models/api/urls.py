from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.models.api import cards, gates, history, homes, imports, packs, registry, runs, views

router = SimpleRouter()
router.register("runs", runs.RunViewSet, basename="run")
router.register("datasets", views.DatasetViewSet, basename="dataset")
router.register("models", registry.ModelViewSet, basename="model")
router.register("model-versions", registry.VersionViewSet, basename="model-version")
router.register("gates", gates.GateViewSet, basename="gate")
router.register("waivers", gates.WaiverViewSet, basename="waiver")
router.register("approvals", gates.ApprovalViewSet, basename="approval")
router.register(
    r"models/(?P<pk>[0-9]{1,18})/alias-moves", history.AliasMoveViewSet, basename="alias-move"
)
router.register("out-of-band", history.OutOfBandViewSet, basename="out-of-band")

urlpatterns = [
    path("models/<int:pk>/card/", cards.CardView.as_view(), name="model-card"),
    path("model-versions/<int:pk>/evidence/", packs.EvidenceView.as_view(), name="evidence"),
    path("projects/<slug:slug>/mlflow/", homes.HomeView.as_view(), name="project-mlflow"),
    path("models/import/", imports.ImportView.as_view(), name="model-import"),
    *router.urls,
]
