from __future__ import annotations

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def pack_what_is_there(apps: Any, schema_editor: Any) -> None:
    """What was gathered becomes the first pack of its incident."""
    Evidence = apps.get_model("incidents", "Evidence")
    Pack = apps.get_model("incidents", "Pack")
    for incident_id in Evidence.objects.order_by().values_list("incident_id", flat=True).distinct():
        rows = Evidence.objects.filter(incident_id=incident_id)
        built_at = rows.order_by("-built_at").values_list("built_at", flat=True).first()
        pack = Pack.objects.create(
            incident_id=incident_id, number=1, reason="it was opened", seconds=0, states=[],
            digest="", built_at=built_at, checked_at=built_at,
        )  # fmt: skip
        rows.update(pack=pack)


def unpack(apps: Any, schema_editor: Any) -> None:
    """The newest pack's items belong to the incident again; the others cannot be kept."""
    Evidence = apps.get_model("incidents", "Evidence")
    Pack = apps.get_model("incidents", "Pack")
    newest = set(
        Pack.objects.order_by("incident_id", "-number")
        .distinct("incident_id")
        .values_list("pk", flat=True)
    )
    Evidence.objects.exclude(pack__in=newest).delete()
    for pack in Pack.objects.filter(pk__in=newest):
        Evidence.objects.filter(pack=pack).update(
            incident_id=pack.incident_id, built_at=pack.built_at
        )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_tickets_both_ways")]

    operations = [
        migrations.CreateModel(
            name="Pack",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("reason", models.CharField(max_length=200)),
                ("seconds", models.FloatField()),
                ("states", models.JSONField(default=list)),
                ("digest", models.CharField(max_length=64)),
                ("built_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("checked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="packs",
                        to="incidents.incident",
                    ),
                ),
            ],
            options={"ordering": ["-number"]},
        ),  # fmt: skip
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.UniqueConstraint(
                fields=("incident", "number"), name="incidents_pack_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="pack",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="incidents_pack_counts_from_one"
            ),
        ),
        migrations.AddField(
            model_name="evidence",
            name="pack",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="incidents.pack",
            ),
        ),
        migrations.RemoveConstraint(model_name="evidence", name="incidents_evidence_position"),
        # Nullable for a moment, so that the way back has a column to fill.
        migrations.AlterField(
            model_name="evidence",
            name="incident",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="evidence",
                to="incidents.incident",
            ),
        ),
        # The rows that are touched have checks waiting, which the next change of the table would meet.
        migrations.RunSQL(migrations.RunSQL.noop, "SET CONSTRAINTS ALL IMMEDIATE", elidable=True),
        migrations.RunPython(pack_what_is_there, unpack, elidable=True),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop, elidable=True),
        migrations.AlterField(
            model_name="evidence",
            name="pack",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="incidents.pack",
            ),
        ),
        migrations.AddConstraint(
            model_name="evidence",
            constraint=models.UniqueConstraint(
                fields=("pack", "position"), name="incidents_evidence_position"
            ),
        ),
        migrations.RemoveField(model_name="evidence", name="incident"),
        migrations.RemoveField(model_name="evidence", name="built_at"),
    ]
