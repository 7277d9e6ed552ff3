from django.db import migrations

REFUSE = """
CREATE FUNCTION models_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% keeps what was decided: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER models_result_stays BEFORE UPDATE OR DELETE ON models_gateresult
    FOR EACH ROW EXECUTE FUNCTION models_refuse();
CREATE TRIGGER models_decision_stays BEFORE UPDATE OR DELETE ON models_decision
    FOR EACH ROW EXECUTE FUNCTION models_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, "DROP FUNCTION models_refuse() CASCADE")]
