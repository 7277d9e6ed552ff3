import apps.core.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("assistant", "0002_cases"),
        ("projects", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("service", models.CharField(max_length=40)),
                ("arguments", models.JSONField(default=dict)),
                ("title", models.CharField(max_length=200)),
                ("plan", models.JSONField(default=list)),
                ("before", models.TextField(blank=True, default="")),
                ("after", models.TextField(blank=True, default="")),
                ("consequence", models.CharField(max_length=500)),
                (
                    "needed",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (10, "viewer"),
                            (20, "responder"),
                            (30, "contributor"),
                            (40, "maintainer"),
                            (50, "owner"),
                        ],
                        default=40,
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "Proposed"),
                            ("approved", "Approved"),
                            ("refused", "Refused"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                (
                    "via",
                    models.CharField(
                        choices=[
                            ("question", "a question"),
                            ("model", "a language model"),
                            ("mcp", "an MCP client"),
                        ],
                        default="question",
                        max_length=10,
                    ),
                ),
                ("note", models.CharField(blank=True, default="", max_length=500)),
                ("result_url", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="Provider",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ollama", "Ollama"),
                            ("openai", "OpenAI-compatible (LM Studio, llama.cpp, vLLM)"),
                            ("huggingface", "Hugging Face (TGI)"),
                        ],
                        max_length=20,
                    ),
                ),
                ("base_url", models.CharField(max_length=300)),
                ("secret", apps.core.fields.EncryptedField(null=True)),
                ("model", models.CharField(max_length=200)),
                ("window", models.PositiveIntegerField(default=4096)),
                (
                    "calls",
                    models.CharField(
                        choices=[
                            ("none", "does not choose tools"),
                            ("native", "calls tools itself"),
                            ("json", "names tools in constrained JSON"),
                        ],
                        default="none",
                        max_length=10,
                    ),
                ),
                ("memory_bytes", models.BigIntegerField(null=True)),
                ("keep_alive_minutes", models.PositiveIntegerField(default=5)),
                ("position", models.PositiveIntegerField(default=0)),
                ("is_default", models.BooleanField(default=False)),
                ("enabled", models.BooleanField(default=True)),
                ("checked_at", models.DateTimeField(null=True)),
                ("trouble", models.CharField(blank=True, default="", max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["position", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Terms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("keep_days", models.PositiveIntegerField(default=90)),
                ("questions_a_day", models.PositiveIntegerField(default=2000)),
                ("tokens_a_day", models.PositiveIntegerField(default=2000000)),
            ],
        ),
        migrations.AddField(
            model_name="exchange",
            name="calls",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="exchange",
            name="ended_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="exchange",
            name="feedback",
            field=models.CharField(
                blank=True,
                choices=[("helped", "Helped"), ("wrong", "Wrong")],
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="feedback_words",
            field=models.CharField(blank=True, default="", max_length=1000),
        ),
        migrations.AddField(
            model_name="exchange",
            name="note",
            field=models.CharField(blank=True, default="", max_length=300),
        ),
        migrations.AddField(
            model_name="exchange",
            name="page",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="exchange",
            name="provider_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="exchange",
            name="state",
            field=models.CharField(
                choices=[
                    ("running", "Running"),
                    ("done", "Done"),
                    ("stopped", "Stopped"),
                    ("failed", "Failed"),
                ],
                default="done",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="exchange",
            name="stop_requested_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="exchange",
            name="tokens",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="exchange",
            name="evidence",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="exchange",
            name="model",
            field=models.CharField(default="none", max_length=100),
        ),
        migrations.AlterField(
            model_name="exchange",
            name="sentences",
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name="exchange",
            name="timings",
            field=models.JSONField(default=dict),
        ),
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_id", models.BigIntegerField(null=True)),
                ("project_id", models.BigIntegerField(null=True)),
                ("title", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="conversations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "shared_with",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="projects.project",
                    ),
                ),
            ],
            options={
                "ordering": ["-updated_at", "-pk"],
            },
        ),
        migrations.AddField(
            model_name="exchange",
            name="conversation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="exchanges",
                to="assistant.conversation",
            ),
        ),
        migrations.AddIndex(
            model_name="exchange",
            index=models.Index(fields=["asked_by", "at"], name="assistant_asked_by_at"),
        ),
        migrations.AddIndex(
            model_name="exchange",
            index=models.Index(fields=["project_id", "at"], name="assistant_project_at"),
        ),
        migrations.AddConstraint(
            model_name="exchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "running"), _negated=True),
                    ("ended_at", None),
                    _connector="OR",
                ),
                name="assistant_running_has_no_end",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="exchange",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="proposals",
                to="assistant.exchange",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="proposals",
                to="projects.project",
            ),
        ),
        migrations.AddField(
            model_name="proposal",
            name="proposed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="provider",
            name="project",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="providers",
                to="projects.project",
            ),
        ),
        migrations.AddField(
            model_name="terms",
            name="project",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="assistant_terms",
                to="projects.project",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["asked_by", "-updated_at"], name="assistant_conv_newest"),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(fields=["project", "state"], name="assistant_proposal_state"),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["proposed", "expired", "failed"]),
                    models.Q(("decided_by", None), _negated=True),
                    _connector="OR",
                ),
                name="assistant_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="proposal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")),
                fields=("project", "service", "fingerprint"),
                name="assistant_one_open_proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.UniqueConstraint(
                fields=("project", "name"),
                name="assistant_one_provider_of_a_name",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("project",),
                name="assistant_one_default",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="provider",
            constraint=models.CheckConstraint(
                condition=models.Q(("window__gte", 1024), ("window__lte", 1048576)),
                name="assistant_window_in_bounds",
            ),
        ),
        migrations.AddConstraint(
            model_name="terms",
            constraint=models.CheckConstraint(
                condition=models.Q(("keep_days__gte", 1), ("keep_days__lte", 3650)),
                name="assistant_keeps_some_days",
            ),
        ),
    ]
