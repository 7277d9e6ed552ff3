from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_tickets_both_ways")]

    operations: list[migrations.operations.base.Operation] = []
