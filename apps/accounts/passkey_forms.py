"""django-allauth's passkey forms, which answer malformed credentials with a sentence, not a crash."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms

# What the parser of credentials raises for JSON of another shape.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class _Polite:
    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error


class LoginForm(_Polite, forms.LoginWebAuthnForm):  # type: ignore[misc]
    """Signing in with a passkey alone."""


class AuthenticateForm(_Polite, forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second factor."""


class ReauthenticateForm(_Polite, forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey before something that matters."""


class AddForm(forms.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey."""

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error
        return cleaned
