from django.db import migrations, models

from apps.docs.search.tokens import packed

FOLLOW = """
CREATE FUNCTION docs_passage_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.tx := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER docs_passage_written BEFORE INSERT OR UPDATE ON docs_passage
    FOR EACH ROW EXECUTE FUNCTION docs_passage_written();

CREATE FUNCTION docs_passage_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO docs_gonepassage (passage_id, tx, at)
    SELECT id, pg_current_xact_id()::text::bigint, now() FROM gone ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER docs_passage_gone AFTER DELETE ON docs_passage REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION docs_passage_gone();
"""

UNFOLLOW = """
DROP TRIGGER docs_passage_written ON docs_passage;
DROP FUNCTION docs_passage_written();
DROP TRIGGER docs_passage_gone ON docs_passage;
DROP FUNCTION docs_passage_gone();
"""


def count_terms(apps, schema_editor):
    """What was indexed before is found as before: its terms are counted once."""
    passages = apps.get_model("docs", "Passage").objects.select_related("document")
    batch = []
    for row in passages.iterator(chunk_size=500):
        row.terms = packed(row.document.title, row.heading, row.text)
        batch.append(row)
        if len(batch) == 500:
            passages.bulk_update(batch, ["terms"])
            batch = []
    passages.bulk_update(batch, ["terms"])


class Migration(migrations.Migration):
    dependencies = [("docs", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="GonePassage",
            fields=[
                ("passage_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("tx", models.BigIntegerField(db_index=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveIndex(model_name="passage", name="docs_passage_lexemes"),
        migrations.RemoveField(model_name="passage", name="lexemes"),
        migrations.AddField(
            model_name="passage",
            name="terms",
            field=models.TextField(default="[{},{},{}]"),
        ),
        migrations.AddField(
            model_name="passage", name="vector", field=models.BinaryField(null=True)
        ),
        migrations.AddField(
            model_name="passage",
            name="tx",
            field=models.BigIntegerField(db_index=True, default=0, editable=False),
        ),
        migrations.AddIndex(
            model_name="passage",
            index=models.Index(
                condition=models.Q(("vector__isnull", True)),
                fields=["id"],
                name="docs_passage_waits",
            ),
        ),
        migrations.RunSQL(FOLLOW, UNFOLLOW),
        migrations.RunPython(count_terms, migrations.RunPython.noop, elidable=True),
    ]
