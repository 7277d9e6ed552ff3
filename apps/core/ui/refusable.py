"""Forms over services that may refuse."""

from __future__ import annotations

from django import forms

from apps.core.errors import PortalError


class RefusableForm(forms.Form):
    """A form that can show what a service refused."""

    def refuse(self, error: PortalError) -> None:
        """Put the sentence beside the field that it names first, else above the form."""
        name, colon, rest = str(error).partition(": ")
        if colon and name in self.fields:
            self.add_error(name, rest[:1].upper() + rest[1:])
        else:
            self.add_error(None, str(error))
