from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from apps.docs import services as docs
from apps.docs.models import Document
from apps.ledger.services import record
from apps.models.cards import whole
from apps.models.models import Card, RegisteredModel
from apps.projects.errors import ProjectArchived


@transaction.atomic
def write_card(*, model: RegisteredModel, by: AbstractUser) -> Document:
    """The document behind a model's card, begun now where there is none. Safe to repeat."""
    # The model's row is the lock: two clicks begin one document.
    row = RegisteredModel.objects.select_for_update(of=("self",)).select_related("project")
    model = row.get(pk=model.pk)
    known = Card.objects.filter(model=model).select_related("document").first()
    if known is not None:
        return known.document
    if model.project.is_archived:
        raise ProjectArchived(project=model.project.name)
    document = docs.write(
        project=model.project,
        kind=Document.Kind.CARD,
        title=f"Model card: {model.name}",
        body=whole.template(model),
        by=by,
    )
    Card.objects.create(project=model.project, model=model, document=document)
    data = {"document": document.pk}
    record(
        actor=by, verb="models.card_begun", subject=model, project_id=model.project_id, data=data
    )
    return document
