from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0004_lifecycle")]

    operations: list[migrations.operations.base.Operation] = []
