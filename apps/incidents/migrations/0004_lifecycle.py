from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_packs_kept")]

    operations: list[migrations.operations.base.Operation] = []
