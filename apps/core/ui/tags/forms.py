"""Forms and their fields."""

from __future__ import annotations

from django import template
from django.forms import BaseForm, BoundField
from django.template import Context

from apps.core.ui import forms
from apps.core.ui.blocks import Values

register = template.Library()


@register.inclusion_tag("ui/field.html")
def field(field: BoundField, label: str = "", help: str = "") -> Values:
    """Label, control, help and errors of one form field, joined for screen readers."""
    return {"shown": forms.shown(field, label, help)}


@register.inclusion_tag("ui/fields.html")
def fields(form: BaseForm) -> Values:
    """What is wrong with the whole form, then all its fields."""
    return {"form": form}


@register.inclusion_tag("ui/form.html", takes_context=True)
def form(
    context: Context,
    form: BaseForm,
    submit: str = "Save",
    action: str = "",
    cancel: str = "",
    variant: str = "primary",
    method: str = "post",
    focus: bool = True,
) -> Values:
    """A whole form with its button, guarded against double sending."""
    return {
        "form": form,
        "submit": submit,
        "action": action,
        "cancel": cancel,
        "variant": variant,
        "method": method,
        "focus": focus,
        "csrf_token": context.get("csrf_token"),
    }
