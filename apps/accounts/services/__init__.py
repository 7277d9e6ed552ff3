"""Everything that changes people, teams, tokens and sign-in; each change is in the ledger."""

from apps.accounts.services.first_start import ensure_admin
from apps.accounts.services.people import (
    create_person,
    deactivate,
    edit_person,
    edit_profile,
    forget_ended_sessions,
    make_site_admin,
    password_link,
    reactivate,
    remove_second_factors,
    unmake_site_admin,
)
from apps.accounts.services.providers import (
    create_provider,
    delete_provider,
    keep_in_step,
    update_provider,
)
from apps.accounts.services.rotation import rotate_secrets
from apps.accounts.services.service_accounts import create_service_account
from apps.accounts.services.teams import (
    add_member,
    create_team,
    delete_team,
    remove_member,
    rename_team,
)
from apps.accounts.services.tokens import create_token, revoke_token, revoke_tokens_of

__all__ = [
    "add_member",
    "create_person",
    "create_provider",
    "create_service_account",
    "create_team",
    "create_token",
    "deactivate",
    "delete_provider",
    "delete_team",
    "edit_person",
    "edit_profile",
    "ensure_admin",
    "forget_ended_sessions",
    "keep_in_step",
    "make_site_admin",
    "password_link",
    "reactivate",
    "remove_member",
    "remove_second_factors",
    "rename_team",
    "revoke_token",
    "revoke_tokens_of",
    "rotate_secrets",
    "unmake_site_admin",
    "update_provider",
]
