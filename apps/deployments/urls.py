from django.urls import path

from apps.deployments.views import configurations, logs, operating, places, releases

app_name = "deployments"
urlpatterns = [
    path("", places.index, name="list"),
    path("new/", places.new, name="new"),
    path("served/", places.served, name="served"),
    path("<slug:slug>/", places.deployment, name="deployment"),
    path("<slug:slug>/state/", places.state, name="state"),
    path("<slug:slug>/charts/", places.figures, name="charts"),
    path("<slug:slug>/release/", releases.release, name="release"),
    path("<slug:slug>/release/plan/", releases.plan, name="plan"),
    path("<slug:slug>/releases/<int:number>/", releases.attempt, name="attempt"),
    path("<slug:slug>/steer/", releases.steer, name="steer"),
    path("<slug:slug>/roll-back/", releases.roll_back, name="roll_back"),
    path("<slug:slug>/configuration/", configurations.configuration, name="configuration"),
    path("<slug:slug>/configuration/difference/", configurations.difference, name="difference"),
    path("<slug:slug>/configuration/restore/", configurations.restore, name="restore"),
    path("<slug:slug>/scale/", operating.scale, name="scale"),
    path("<slug:slug>/restart/", operating.restart, name="restart"),
    path("<slug:slug>/retire/", operating.retire, name="retire"),
    path("<slug:slug>/reinstate/", operating.reinstate, name="reinstate"),
    path("<slug:slug>/mismatches/<int:pk>/", operating.settle, name="settle"),
    path("<slug:slug>/replicas/<int:pk>/log/", logs.log, name="log"),
    path("<slug:slug>/replicas/<int:pk>/log/lines/", logs.log_lines, name="log_lines"),
    path("<slug:slug>/replicas/<int:pk>/log/file/", logs.log_file, name="log_file"),
]
