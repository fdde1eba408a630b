DROP FUNCTION ops.purge_person();
DROP FUNCTION ops.purge_organization(integer);
DROP FUNCTION ops.count_purged(jsonb, jsonb);
DROP FUNCTION ops.purge_plan();

DO $$
DECLARE
  place text;
BEGIN
  FOR place IN SELECT p.polrelid::pg_catalog.regclass FROM pg_catalog.pg_policy p WHERE p.polname = 'purge' LOOP
    EXECUTE pg_catalog.format('DROP POLICY purge ON %s', place);
  END LOOP;
END
$$;

DROP TRIGGER keep_administrators ON identity.users;
DROP FUNCTION identity.keep_administrators();
DROP TRIGGER date_purge ON identity.users;
DROP TRIGGER date_purge ON identity.organizations;
DROP FUNCTION identity.date_purge();
ALTER TABLE identity.users DROP COLUMN purge_due_at, DROP COLUMN purged_at;
ALTER TABLE identity.organizations DROP COLUMN purge_due_at, DROP COLUMN purge_started_at, DROP COLUMN purged_at, DROP COLUMN purge_report;
