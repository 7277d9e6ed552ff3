"""Pages that say what went wrong, also when little else works."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from apps.core.middleware import error_page


def gone() -> object:
    raise OperationalError("the database is away")


@pytest.mark.parametrize("status", [403, 404, 409, 500, 503])
def test_an_error_page_needs_no_database(status: int) -> None:
    request = RequestFactory().get("/models/")
    request.user = SimpleLazyObject(gone)
    request.session = SimpleLazyObject(gone)
    answer = error_page(request, status, "The lake is not answering.")

    assert answer.status_code == status
    assert b"<p data-sentence>The lake is not answering.</p>" in answer.content
