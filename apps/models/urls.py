from django.urls import path

from apps.models.views import (
    artifacts,
    cards,
    compare,
    history,
    imports,
    packs,
    promotions,
    registry,
    runs,
)

app_name = "models"
urlpatterns = [
    path("", registry.index, name="list"),
    path("import/", imports.imports, name="import"),
    path("runs/", runs.runs, name="runs"),
    path("runs/compare/", compare.compare, name="compare"),
    path("runs/compare/curves/", compare.curves, name="compare_curves"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/curves/", compare.run_curves, name="curves"),
    path("runs/<int:pk>/artifacts/", artifacts.artifacts, name="artifacts"),
    path("runs/<int:pk>/artifacts/file/", artifacts.artifact, name="artifact"),
    path("approvals/", promotions.approvals, name="approvals"),
    path("versions/<int:pk>/", registry.version, name="version"),
    path("versions/<int:pk>/evidence/", packs.evidence, name="evidence"),
    path("evidence/<int:pk>/", packs.pack, name="pack"),
    path("versions/<int:pk>/promote/", promotions.promote, name="promote"),
    path("promotions/<int:pk>/", promotions.promotion, name="promotion"),
    path("promotions/<int:pk>/decide/", promotions.decide, name="decide"),
    path("gates/<int:pk>/remove/", promotions.remove_gate, name="remove_gate"),
    path("out-of-band/", history.out_of_band, name="out_of_band"),
    path("out-of-band/<int:pk>/", history.out_of_band_move, name="out_of_band_move"),
    path("out-of-band/<int:pk>/adopt/", history.adopt, name="adopt"),
    path("out-of-band/<int:pk>/revert/", history.revert, name="revert"),
    path("<int:pk>/history/", history.moves, name="alias_moves"),
    path("<int:pk>/", registry.model, name="model"),
    path("<int:pk>/card/", cards.card, name="card"),
    path("<int:pk>/gates/", promotions.declare_gate, name="declare_gate"),
]
