from __future__ import annotations

from apps.core.errors import PortalError


class UsernameTaken(PortalError):
    code, status = "username_taken", 409
    sentence = "username: somebody is called {username} already. Choose another."


class EmailTaken(PortalError):
    code, status = "email_taken", 409
    sentence = "email: somebody has this address already. Enter another, or edit that person."


class TeamNameTaken(PortalError):
    code, status = "team_name_taken", 409
    sentence = "name: there is a team called {name} already. Choose another name."


class ProviderSlugTaken(PortalError):
    code, status = "provider_slug_taken", 409
    sentence = "slug: there is a provider called {slug} already. Choose another."


class LastSiteAdmin(PortalError):
    code, status = "last_site_admin", 409
    sentence = "This would leave the portal without a site admin. Make somebody else one first."


class NotYourself(PortalError):
    code, status = "not_yourself", 409
    sentence = "You cannot {act} yourself. Ask another site admin."


class NoPassword(PortalError):
    code, status = "no_password", 409
    sentence = "{username} is {what} and has no password."


class NotYourToken(PortalError):
    code, status = "not_your_token", 403
    sentence = (
        "A token can be made for yourself, or for a service account by a site admin or by an owner "
        "of every project it is narrowed to."
    )


class TokenTooStrong(PortalError):
    code, status = "token_too_strong", 403
    sentence = "{field}: a token cannot make one that may do more than itself."


class AddressTaken(PortalError):
    """Somebody came from a provider with an address that cannot be matched by itself."""

    code, status = "address_taken", 409
    sentence = (
        "An account with your address exists already, and {provider} may not open it by itself. "
        "Sign in with its password, then connect {provider} under Sign-in providers."
    )


class ProviderUnfit(PortalError):
    code, status = "provider_unfit", 502
    sentence = "The identity provider cannot be used: {reason}"
