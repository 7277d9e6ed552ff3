"""The components as template tags: `{% load ui %}`. docs/design/ui.md lists them with their arguments."""

from __future__ import annotations

from django import template

from apps.core.ui.tags import evidence, figures, forms, frame, places, tables, words

register = template.Library()
for group in (frame, words, figures, evidence, tables, forms, places):
    register.tags.update(group.register.tags)
    register.filters.update(group.register.filters)
