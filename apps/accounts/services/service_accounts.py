from __future__ import annotations

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.services.people import insert
from apps.ledger.services import record


@transaction.atomic
def create_service_account(*, username: str, by: User, description: str = "") -> User:
    """Make an account for a machine: no password, no address, no page, only tokens."""
    account = User(username=username, kind=User.Kind.SERVICE, first_name=description)
    account.set_unusable_password()
    insert(account)
    record(actor=by, verb="accounts.service_account_created", subject=account)
    return account
