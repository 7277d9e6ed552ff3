from django.urls import path

from apps.models.views import gates, profiles, promotions, registry, runs, versions

app_name = "models"
urlpatterns = [
    path("", registry.index, name="list"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("approvals/", promotions.approvals, name="approvals"),
    path("versions/<int:pk>/", registry.version, name="version"),
    path("versions/<int:pk>/promote/", promotions.promote, name="promote"),
    path("promotions/<int:pk>/", promotions.promotion, name="promotion"),
    path("promotions/<int:pk>/decide/", promotions.decide, name="decide"),
    path("versions/compare/", versions.compare, name="compare_versions"),
    path("versions/<int:pk>/facts/", versions.read_facts, name="read_facts"),
    path("versions/<int:pk>/retire/", versions.retire, name="retire_version"),
    path("versions/<int:pk>/reinstate/", versions.reinstate, name="reinstate_version"),
    path("versions/<int:pk>/waive/<int:gate_id>/", gates.waive, name="waive"),
    path("waivers/<int:pk>/withdraw/", gates.withdraw_waiver, name="withdraw_waiver"),
    path("gates/<int:pk>/remove/", gates.remove_gate, name="remove_gate"),
    path("<int:pk>/", registry.model, name="model"),
    path("<int:pk>/gates/new/", gates.new_gate, name="new_gate"),
    path("<int:pk>/profile/", profiles.profile, name="profile"),
    path("<int:pk>/retire/", profiles.retire, name="retire_model"),
    path("<int:pk>/reinstate/", profiles.reinstate, name="reinstate_model"),
]
