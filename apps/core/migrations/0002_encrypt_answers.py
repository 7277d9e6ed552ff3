from django.db import migrations

import apps.core.fields


class Migration(migrations.Migration):
    """Kept answers may show a token; those in clear are dropped, their keys simply work once more."""

    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "DELETE FROM core_idempotencyrecord", migrations.RunSQL.noop, elidable=True
        ),
        migrations.RemoveField("idempotencyrecord", "body"),
        migrations.AddField(
            "idempotencyrecord", "body", apps.core.fields.EncryptedField(null=True)
        ),
    ]
