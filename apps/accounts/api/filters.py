from __future__ import annotations

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from apps.accounts import selectors
from apps.accounts.models import User
from apps.core.api.filters import WordsFilter, YesNoFilter


class UserFilter(filters.FilterSet):
    q = WordsFilter(method="with_words", label="Words in user name or name.")
    is_active = YesNoFilter("is_active", label="Only active ones, or only deactivated ones.")

    class Meta:
        model = User
        fields = ["kind"]

    def with_words(self, rows: QuerySet[User], name: str, words: str) -> QuerySet[User]:
        return selectors.found(rows, words, viewer=self.request.user)
