import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assistant", "0001_initial"),
        ("projects", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="EvalRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=100)),
                ("seeds", models.JSONField(default=list)),
                ("questions", models.PositiveIntegerField()),
                ("right", models.PositiveIntegerField()),
                ("leaks", models.PositiveIntegerField()),
                ("injected", models.PositiveIntegerField()),
                ("figures", models.JSONField(default=dict)),
                ("seconds", models.FloatField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "project",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assistant_evals",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Score",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("category", models.CharField(max_length=20)),
                ("question", models.TextField(max_length=4000)),
                ("answer", models.TextField()),
                ("right", models.BooleanField()),
                ("fault", models.CharField(blank=True, max_length=300)),
                ("precision", models.FloatField(null=True)),
                ("recall", models.FloatField(null=True)),
                ("refused", models.BooleanField()),
                ("leaked", models.BooleanField()),
                ("injected", models.BooleanField()),
                ("seconds", models.FloatField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scores",
                        to="assistant.evalrun",
                    ),
                ),
            ],
            options={
                "ordering": ["right", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Case",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("incident", "Incident"),
                            ("feedback", "an answer that was no good"),
                        ],
                        max_length=10,
                    ),
                ),
                ("origin_id", models.BigIntegerField()),
                ("question", models.TextField(max_length=4000)),
                ("expected", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "project",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assistant_cases",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("origin", "origin_id"), name="assistant_case_once"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="evalrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("right__lte", models.F("questions"))),
                name="assistant_right_of_questions",
            ),
        ),
    ]
