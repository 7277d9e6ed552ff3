from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0003_alerts_and_objectives")]

    operations = [
        migrations.AddField(
            model_name="baseline",
            name="sample",
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name="baseline",
            name="importance",
            field=models.JSONField(default=dict),
        ),
    ]
