from django.urls import path

from apps.projects.views import environments, members, projects

app_name = "projects"
urlpatterns = [
    path("", projects.index, name="list"),
    path("new/", projects.new, name="new"),
    path("environments/<int:pk>/", environments.edit, name="environment"),
    path("environments/<int:pk>/remove/", environments.remove, name="environment_remove"),
    path("environments/<int:pk>/freezes/", environments.plan_freeze, name="freeze_plan"),
    path("freezes/<int:pk>/", environments.edit_freeze, name="freeze"),
    path("freezes/<int:pk>/end/", environments.end_freeze, name="freeze_end"),
    path("<slug:slug>/", projects.project, name="project"),
    path("<slug:slug>/members/", members.members, name="members"),
    path("<slug:slug>/members/<int:pk>/role/", members.change_role, name="member_role"),
    path("<slug:slug>/members/<int:pk>/remove/", members.remove, name="member_remove"),
    path("<slug:slug>/environments/", environments.environments, name="environments"),
    path("<slug:slug>/settings/", projects.settings, name="settings"),
    path("<slug:slug>/hand-over/", projects.hand_over, name="hand_over"),
    path("<slug:slug>/deputy/", projects.deputy, name="deputy"),
    path("<slug:slug>/archive/", projects.archive, name="archive"),
    path("<slug:slug>/unarchive/", projects.unarchive, name="unarchive"),
]
