from __future__ import annotations

from apps.core.errors import PortalError


class SlugTaken(PortalError):
    code, status = "slug_taken", 409
    sentence = "slug: {slug} is taken by another project. Choose another one."


class SlugReserved(PortalError):
    code, status = "slug_reserved", 400
    sentence = "slug: {slug} is an address of the portal itself. Choose another one."


class MayNotCreate(PortalError):
    code, status = "may_not_create", 403
    sentence = (
        "This token may not create projects: "
        "it needs at least the contributor role and no list of projects."
    )


class ProjectArchived(PortalError):
    code, status = "project_archived", 409
    sentence = "{project} is archived and takes no changes. An owner can bring it back."


class OwnerStays(PortalError):
    """A project is never without an owner who can act."""

    code, status = "owner_stays", 409
    sentence = "This person owns the project. Hand the project over first."


class DeputyStays(PortalError):
    code, status = "deputy_stays", 409
    sentence = "This person is the project's deputy. Name another deputy, or none, first."


class DeputyNeedsRole(PortalError):
    code, status = "deputy_needs_role", 409
    sentence = "deputy: a deputy holds at least the maintainer role. Give that first."


class DeputyIsOwner(PortalError):
    code, status = "deputy_is_owner", 409
    sentence = "deputy: the owner cannot stand in for themselves. Choose somebody else."


class AlreadyMember(PortalError):
    code, status = "already_member", 409
    sentence = "They already hold the {role} role here. Change that one instead."


class Unusable(PortalError):
    """A person who cannot sign in must not be handed anything."""

    code, status = "account_inactive", 409
    sentence = "{field}: this account is deactivated. Choose another one."


class EnvironmentTaken(PortalError):
    code, status = "environment_taken", 409
    sentence = "name: the project already has an environment {name}. Choose another name."


class EnvironmentInUse(PortalError):
    code, status = "environment_in_use", 409
    sentence = "{name} is still in use. Remove what runs there first."


class FreezeOver(PortalError):
    code, status = "freeze_over", 409
    sentence = "This freeze window is over. Plan a new one."


class FreezeBackwards(PortalError):
    code, status = "freeze_backwards", 400
    sentence = "ends_at: a freeze window ends after it starts, and not in the past."
