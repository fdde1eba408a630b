DROP TRIGGER track_sync ON sales.deals;
DROP TRIGGER track_sync ON sales.accounts;
DROP FUNCTION ops.track_sync();
ALTER TABLE sales.deals DROP COLUMN synced_revision;
ALTER TABLE sales.accounts DROP COLUMN synced_revision, DROP COLUMN synced_at;
