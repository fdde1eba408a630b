-- What comes from another system remembers when it was compared with it last, and what version it had then: whoever has
-- changed it here since is not overwritten unasked.

ALTER TABLE sales.accounts
  ADD COLUMN synced_at timestamptz,
  ADD COLUMN synced_revision integer;
COMMENT ON COLUMN sales.accounts.synced_at IS 'When the account was last compared with the system it comes from; null when made here.';
COMMENT ON COLUMN sales.accounts.synced_revision IS 'Version that the account had when it was last compared with the system it comes from: where it is another by now, the account was changed here since. Null when made here.';
GRANT UPDATE (synced_at) ON sales.accounts TO portico_app;

ALTER TABLE sales.deals ADD COLUMN synced_revision integer;
COMMENT ON COLUMN sales.deals.synced_revision IS 'Version that the deal had when it was last compared with the system it comes from: where it is another by now, the deal was changed here since. Null when made here.';

CREATE FUNCTION ops.track_sync() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.synced_revision := CASE WHEN NEW.synced_at IS NOT NULL THEN NEW.revision END;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.track_sync() IS 'Trigger: keeps the version that a record has when it is compared with the system it comes from. Its name comes after that of the trigger that counts versions.';
CREATE TRIGGER track_sync BEFORE INSERT OR UPDATE OF synced_at ON sales.accounts
  FOR EACH ROW EXECUTE FUNCTION ops.track_sync();
COMMENT ON TRIGGER track_sync ON sales.accounts IS 'Keeps which version of an account was compared last.';
CREATE TRIGGER track_sync BEFORE INSERT OR UPDATE OF synced_at ON sales.deals
  FOR EACH ROW EXECUTE FUNCTION ops.track_sync();
COMMENT ON TRIGGER track_sync ON sales.deals IS 'Keeps which version of a deal was compared last.';
