from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("assistant", "0002_cases")]

    operations: list[migrations.operations.base.Operation] = []
