from rest_framework.routers import SimpleRouter

from apps.predictions.api import keeping, views

router = SimpleRouter()
router.register("predictions", views.PredictionViewSet, basename="api-prediction")
router.register("ground-truth", views.GroundTruthViewSet, basename="api-ground-truth")
router.register("set-aside", keeping.SetAsideViewSet, basename="api-set-aside")
router.register("prediction-retention", keeping.RetentionViewSet, basename="api-retention")
router.register("erasures", keeping.ErasureViewSet, basename="api-erasure")
urlpatterns = router.urls
