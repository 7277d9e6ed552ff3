from django.urls import path
from rest_framework.routers import SimpleRouter

from apps.models.api import cards, imports, packs, runs, views

router = SimpleRouter()
router.register("runs", runs.RunViewSet, basename="run")
router.register("datasets", views.DatasetViewSet, basename="dataset")
router.register("models", views.ModelViewSet, basename="model")
router.register("model-versions", views.VersionViewSet, basename="model-version")
router.register("gates", views.GateViewSet, basename="gate")
router.register("approvals", views.ApprovalViewSet, basename="approval")

urlpatterns = [
    path("models/<int:pk>/card/", cards.CardView.as_view(), name="model-card"),
    path("model-versions/<int:pk>/evidence/", packs.EvidenceView.as_view(), name="evidence"),
    path("models/import/", imports.ImportView.as_view(), name="model-import"),
    *router.urls,
]
