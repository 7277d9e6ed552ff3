from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("deployments", "0002_configurations_and_strategies")]

    operations = [
        migrations.AddField(
            model_name="deployment",
            name="retired_reason",
            field=models.CharField(blank=True, max_length=500),
        ),
    ]
