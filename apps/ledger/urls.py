from django.urls import path

from apps.ledger import views

app_name = "ledger"
urlpatterns = [
    path("", views.audit, name="audit"),
    path("chain/", views.chain, name="chain"),
    path("verify/", views.verify, name="verify"),
    path("export/", views.download, name="export"),
]
