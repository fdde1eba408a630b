-- Permissions of an organization's own: each gives a built-in right under a name, conditions and demands of its own.

ALTER TABLE access.permissions ADD COLUMN right_name text;
-- Written so, it reaches the rows of all organizations.
ALTER TABLE access.permissions ALTER COLUMN right_name TYPE text USING name;
ALTER TABLE access.permissions
  ALTER COLUMN right_name SET NOT NULL,
  ADD COLUMN requires_mfa boolean NOT NULL DEFAULT false,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN revision integer NOT NULL DEFAULT 1,
  ADD CONSTRAINT permissions_right_name_check CHECK (length(btrim(right_name)) BETWEEN 1 AND 200),
  ADD CONSTRAINT permissions_built_in CHECK (NOT is_system_permission OR (right_name = name AND NOT requires_approval AND NOT requires_mfa)),
  ADD CONSTRAINT permissions_approval CHECK (requires_approval OR approval_workflow_id IS NULL);
COMMENT ON TABLE access.permissions IS 'The right to do one thing with one kind of record. Built-in permissions belong to the platform; an organization may give the same rights by permissions of its own, under conditions, after approval, or with a second factor only.';
COMMENT ON COLUMN access.permissions.right_name IS 'Right that the permission gives, by the name that `@requires` uses. The same as the name where the permission is built in.';
COMMENT ON COLUMN access.permissions.requires_approval IS 'Whether it counts only for as long as a request of its holder has been approved for. Default: false.';
COMMENT ON COLUMN access.permissions.requires_mfa IS 'Whether it counts only in sessions in which a second factor was shown; never for API keys. Default: false.';
COMMENT ON COLUMN access.permissions.updated_at IS 'When the permission was last changed.';
COMMENT ON COLUMN access.permissions.revision IS 'Version of the permission: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT permissions_right_name_check ON access.permissions IS 'The name of the right has 1 to 200 characters.';
COMMENT ON CONSTRAINT permissions_built_in ON access.permissions IS 'A built-in permission gives the right of its own name, and demands nothing.';
COMMENT ON CONSTRAINT permissions_approval ON access.permissions IS 'Only what must be approved has a workflow that decides.';
CREATE TRIGGER touch BEFORE UPDATE ON access.permissions FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON access.permissions IS 'Keeps the time and the number of the last change.';
GRANT UPDATE (requires_mfa) ON access.permissions TO portico_app;

CREATE FUNCTION access.check_right() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.right_name := coalesce(NEW.right_name, NEW.name);
  IF ops.serving() AND NOT EXISTS (
    SELECT FROM access.permissions p
    WHERE p.organization_id = '00000000-0000-0000-0000-000000000000' AND p.name = NEW.right_name AND p.is_system_permission
      AND (p.resource_type_org_id, p.resource_type_id, p.action) = (NEW.resource_type_org_id, NEW.resource_type_id, NEW.action))
  THEN
    PERFORM ops.refuse('There is no built-in right of this name.', 'permissions_right', 'access.permissions', 'right_name');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.check_right() IS 'Trigger: a permission gives a right that is built in.';
CREATE TRIGGER check_right BEFORE INSERT OR UPDATE ON access.permissions
  FOR EACH ROW EXECUTE FUNCTION access.check_right();
COMMENT ON TRIGGER check_right ON access.permissions IS 'Organizations invent no rights.';
