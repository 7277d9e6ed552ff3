from django.db import migrations

REFUSE = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'Old entries leave it by `manage.py ledger archive` alone.';
END $$;

CREATE TRIGGER ledger_entry_stays BEFORE UPDATE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_seal_stays BEFORE UPDATE OR TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_archive_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_archive
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
"""

# A delete passes only in a transaction that named itself for it, and only for rows that an archive covers:
# a setting left over in a session names another transaction and opens nothing.
REFUSE_DELETE = """
CREATE FUNCTION ledger_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    strays bigint;
BEGIN
    IF current_setting('signalbox.ledger_archive', true)
            IS DISTINCT FROM pg_current_xact_id()::text THEN
        RAISE EXCEPTION 'the ledger is append-only: DELETE on % is refused', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Old entries leave it by `manage.py ledger archive` alone.';
    END IF;
    IF TG_TABLE_NAME = 'ledger_entry' THEN
        SELECT count(*) INTO strays FROM gone WHERE NOT EXISTS (
            SELECT 1 FROM ledger_seal s JOIN ledger_archive a ON s.position BETWEEN a.first AND a.last
            WHERE s.entry_id = gone.id);
    ELSE
        SELECT count(*) INTO strays FROM gone WHERE NOT EXISTS (
            SELECT 1 FROM ledger_archive a
            WHERE gone.position BETWEEN a.first AND a.last);
    END IF;
    IF strays > 0 THEN
        RAISE EXCEPTION 'the ledger is append-only: % rows of % are in no archive', strays, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entry_leaves AFTER DELETE ON ledger_entry REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_delete();
CREATE TRIGGER ledger_seal_leaves AFTER DELETE ON ledger_seal REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_delete();
"""

WAIT = """
CREATE FUNCTION ledger_wait_for_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger_unsealed (entry_id) SELECT id FROM arrived;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_entry_waits AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_wait_for_seal();

INSERT INTO ledger_unsealed (entry_id)
    SELECT id FROM ledger_entry e
    WHERE NOT EXISTS (SELECT 1 FROM ledger_seal s WHERE s.entry_id = e.id);
"""

# The words of an entry, each part of `projects.member_added` on its own. The limit keeps within tsvector's.
WORDS = """
CREATE FUNCTION ledger_words(verb text, kind text, id text, data jsonb) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 2000 SET search_path = pg_catalog AS $$
    SELECT to_tsvector('simple', regexp_replace(
        verb || ' ' || kind || ' ' || id || ' ' || left(data::text, 50000), '[^[:alnum:]]+', ' ', 'g'))
$$;

CREATE INDEX ledger_entry_words ON ledger_entry
    USING gin (ledger_words(verb, subject_kind, subject_id, data));
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_chain_and_guard")]

    operations = [
        migrations.RunSQL(
            REFUSE,
            "DROP FUNCTION ledger_refuse() CASCADE",
        ),
        migrations.RunSQL(
            REFUSE_DELETE,
            "DROP FUNCTION ledger_refuse_delete() CASCADE",
        ),
        migrations.RunSQL(
            WAIT,
            "DROP FUNCTION ledger_wait_for_seal() CASCADE",
        ),
        migrations.RunSQL(
            WORDS,
            "DROP INDEX ledger_entry_words; DROP FUNCTION ledger_words(text, text, text, jsonb)",
        ),
    ]
