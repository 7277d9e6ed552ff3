from rest_framework.routers import SimpleRouter

from apps.predictions.api import views

router = SimpleRouter()
router.register("predictions", views.PredictionViewSet, basename="api-prediction")
router.register("ground-truth", views.GroundTruthViewSet, basename="api-ground-truth")
urlpatterns = router.urls
