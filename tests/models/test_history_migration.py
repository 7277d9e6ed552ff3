"""The history begins with what the ledger already knew."""

from __future__ import annotations

import importlib

from django.apps import apps

from apps.models.models import Alias, AliasMove
from tests.models.test_history_moves import Registry

migration = importlib.import_module("apps.models.migrations.0006_alias_moves")


class FillTests(Registry):
    def told(self) -> list[tuple[object, ...]]:
        fields = ("name", "before", "after", "by", "promotion", "out_of_band", "at")
        return sorted(AliasMove.objects.values_list(*fields), key=lambda row: (row[-1], row[0]))

    def refill(self) -> None:
        AliasMove.objects.all().delete()
        migration.fill(apps, None)

    def test_it_is_the_history_that_would_have_been_kept(self) -> None:
        self.promote(1)
        self.promote(2)
        self.mlflow.set_alias("churn", "champion", 3)
        self.heal()
        self.mlflow.drop_alias("churn", "champion")
        self.heal()
        kept = self.told()
        self.refill()

        self.assertEqual(len(kept), 4)
        for before, after in zip(kept, self.told(), strict=True):
            self.assertEqual(before[:-1], after[:-1])

    def test_an_alias_that_the_ledger_does_not_tell_of_starts_where_it_stands(self) -> None:
        self.promote(1)
        Alias.objects.update(version=self.version(3))
        Alias.objects.create(
            project=self.fraud, model=self.model, name="old", version=self.version(2)
        )
        self.refill()

        rows = [(row[0], row[1], row[2]) for row in self.told()]
        one, two, three = (self.version(number).pk for number in (1, 2, 3))
        wanted = [("prod", None, one), ("prod", one, three), ("old", None, two)]
        self.assertCountEqual(rows, wanted)

    def test_what_is_gone_is_left_out(self) -> None:
        self.mlflow.set_alias("churn", "champion", 3)
        self.heal()
        self.model.delete()
        self.refill()
        self.assertFalse(AliasMove.objects.exists())
