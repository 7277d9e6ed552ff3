from django.urls import path

from apps.assistant import eval_views
from apps.assistant.views import asking, proposals, providers, talks

app_name = "assistant"
urlpatterns = [
    path("", asking.index, name="index"),
    path("panel/", asking.panel, name="panel"),
    path("forget/", talks.forget_all, name="forget_all"),
    path("talks/<int:pk>/", talks.talk, name="talk"),
    path("talks/<int:pk>/share/", talks.share, name="share"),
    path("talks/<int:pk>/unshare/", talks.unshare, name="unshare"),
    path("talks/<int:pk>/forget/", talks.forget, name="forget"),
    path("conversations/<int:pk>/", asking.exchange, name="exchange"),
    path("conversations/<int:pk>/state/", asking.state, name="state"),
    path("conversations/<int:pk>/markdown/", asking.as_markdown, name="markdown"),
    path("conversations/<int:pk>/stop/", asking.stop, name="stop"),
    path("conversations/<int:pk>/rate/", asking.rate, name="rate"),
    path("proposals/", proposals.index, name="proposals"),
    path("proposals/<int:pk>/", proposals.proposal, name="proposal"),
    path("proposals/<int:pk>/approve/", proposals.approve, name="approve"),
    path("proposals/<int:pk>/refuse/", proposals.refuse, name="refuse"),
    path("providers/", providers.index, name="providers"),
    path("providers/new/", providers.new, name="new_provider"),
    path("providers/<int:pk>/", providers.provider, name="provider"),
    path("providers/<int:pk>/edit/", providers.edit, name="edit_provider"),
    path("providers/<int:pk>/probe/", providers.probe, name="probe"),
    path("providers/<int:pk>/remove/", providers.remove, name="remove_provider"),
    path("providers/<int:pk>/pull/", providers.model, {"verb": "pull"}, name="pull"),
    path("providers/<int:pk>/delete/", providers.model, {"verb": "delete"}, name="delete_model"),
    path("providers/<int:pk>/unload/", providers.model, {"verb": "unload"}, name="unload"),
    path("terms/<slug:slug>/", providers.terms, name="terms"),
    path("eval/", eval_views.runs, name="evals"),
    path("eval/<int:pk>/", eval_views.run, name="eval_run"),
]
