"""Alerts from anywhere wait to be settled, and join the one that came first."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

# Room on each page, so that telling an alert again rewrites its row in place.
ROOM = "ALTER TABLE monitoring_alert SET (fillfactor = 70)"
NO_ROOM = "ALTER TABLE monitoring_alert RESET (fillfactor)"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0004_baseline_sample")]

    operations = [
        migrations.AddField("alert", "settled", models.BooleanField(default=True)),
        migrations.AddField(
            "alert",
            "lead",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="members",
                to="monitoring.alert",
            ),
        ),
        migrations.AddField("silence", "zone", models.CharField(default="UTC", max_length=60)),
        migrations.RemoveIndex("alert", "monitoring_ends"),
        migrations.AddIndex(
            "alert",
            models.Index(fields=["source"], condition=Q(state="firing"), name="monitoring_firing"),
        ),
        migrations.AddIndex(
            "alert",
            models.Index(fields=["id"], condition=Q(settled=False), name="monitoring_unsettled"),
        ),
        migrations.AddIndex(
            "alert",
            models.Index(fields=["project", "fingerprint", "-id"], name="monitoring_alert_history"),
        ),
        migrations.RunSQL(ROOM, NO_ROOM),
    ]
