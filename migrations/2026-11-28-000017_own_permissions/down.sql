DROP TRIGGER check_right ON access.permissions;
DROP FUNCTION access.check_right();
DROP TRIGGER touch ON access.permissions;
ALTER TABLE access.permissions
  DROP CONSTRAINT permissions_approval, DROP CONSTRAINT permissions_built_in,
  DROP COLUMN right_name, DROP COLUMN requires_mfa, DROP COLUMN updated_at, DROP COLUMN revision;
COMMENT ON TABLE access.permissions IS 'The right to do one thing with one kind of record. Built-in permissions belong to the platform; organizations may add conditional ones.';
COMMENT ON COLUMN access.permissions.requires_approval IS 'Whether each use must be approved first. Default: false.';
