-- Who is given roles and permissions: people, teams and so whoever is in them, and members of whom a rule holds.

ALTER TABLE access.role_assignments
  ALTER COLUMN user_id DROP NOT NULL,
  ADD COLUMN team_id uuid,
  ADD COLUMN is_automatic boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT role_assignments_team_id_fkey FOREIGN KEY (organization_id, team_id) REFERENCES access.teams (organization_id, id) ON DELETE SET NULL (team_id),
  ADD CONSTRAINT role_assignments_team_id_check CHECK (team_id IS NULL OR NOT is_delegated),
  ADD CONSTRAINT role_assignments_holder CHECK (num_nonnulls(user_id, team_id) = 1 OR (user_id IS NULL AND team_id IS NULL AND revoked_at IS NOT NULL)),
  ADD CONSTRAINT role_assignments_automatic CHECK (NOT is_automatic OR (user_id IS NOT NULL AND NOT is_delegated AND assigned_by IS NULL AND resource_scope IS NULL));
COMMENT ON TABLE access.role_assignments IS 'A role given to a person or a team, for a time, for one thing only, by delegation or by a rule if wanted.';
COMMENT ON COLUMN access.role_assignments.user_id IS 'Person who has the role; null when a team has it.';
COMMENT ON COLUMN access.role_assignments.role_id IS 'Role that the person or the team has.';
COMMENT ON COLUMN access.role_assignments.assigned_by IS 'Person who gave the role; null when the platform or a rule did.';
COMMENT ON COLUMN access.role_assignments.valid_from IS 'From when the role gives rights.';
COMMENT ON COLUMN access.role_assignments.valid_until IS 'Until when the role gives rights; null means without end.';
COMMENT ON COLUMN access.role_assignments.team_id IS 'Team whose members have the role, each as long as they are in it; null when a person has it, and when the team was deleted.';
COMMENT ON COLUMN access.role_assignments.is_automatic IS 'Whether the role''s own rule gave it, and takes it away when it does not hold any more. Default: false.';
COMMENT ON CONSTRAINT role_assignments_team_id_fkey ON access.role_assignments IS 'The team belongs to the same organization.';
COMMENT ON CONSTRAINT role_assignments_team_id_check ON access.role_assignments IS 'Roles are passed on to people, not to teams.';
COMMENT ON CONSTRAINT role_assignments_holder ON access.role_assignments IS 'Either a person or a team has the role; neither when it was withdrawn from a team that is gone.';
COMMENT ON CONSTRAINT role_assignments_automatic ON access.role_assignments IS 'A rule gives a role to a person, for everything, and in nobody''s name.';
CREATE INDEX role_assignments_team_id_assigned_at_id_idx ON access.role_assignments (organization_id, team_id, assigned_at, id);
DROP INDEX access.role_assignments_role_id_key;
CREATE UNIQUE INDEX role_assignments_role_id_key ON access.role_assignments (organization_id, user_id, team_id, role_id, resource_scope, is_automatic) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX access.role_assignments_role_id_key IS 'A person or a team is given a role once for the same scope, and once more by its rule.';

ALTER TABLE access.permission_grants
  ALTER COLUMN user_id DROP NOT NULL,
  ADD COLUMN team_id uuid,
  ADD CONSTRAINT permission_grants_team_id_fkey FOREIGN KEY (organization_id, team_id) REFERENCES access.teams (organization_id, id) ON DELETE SET NULL (team_id),
  ADD CONSTRAINT permission_grants_holder CHECK (num_nonnulls(user_id, team_id) = 1 OR (user_id IS NULL AND team_id IS NULL AND revoked_at IS NOT NULL));
COMMENT ON TABLE access.permission_grants IS 'A permission given to a person or a team directly, without a role, possibly for one thing only.';
COMMENT ON COLUMN access.permission_grants.user_id IS 'Person who has the permission; null when a team has it.';
COMMENT ON COLUMN access.permission_grants.permission_id IS 'Permission that the person or the team has.';
COMMENT ON COLUMN access.permission_grants.team_id IS 'Team whose members have the permission, each as long as they are in it; null when a person has it, and when the team was deleted.';
COMMENT ON CONSTRAINT permission_grants_team_id_fkey ON access.permission_grants IS 'The team belongs to the same organization.';
COMMENT ON CONSTRAINT permission_grants_holder ON access.permission_grants IS 'Either a person or a team has the permission; neither when it was withdrawn from a team that is gone.';
CREATE INDEX permission_grants_team_id_granted_at_id_idx ON access.permission_grants (organization_id, team_id, granted_at, id);
DROP INDEX access.permission_grants_permission_id_key;
CREATE UNIQUE INDEX permission_grants_permission_id_key ON access.permission_grants (organization_id, user_id, team_id, permission_org_id, permission_id, resource_id, approval_request_id) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX access.permission_grants_permission_id_key IS 'A person or a team is given a permission once for the same scope, besides what requests have given.';

ALTER TABLE access.roles ADD CONSTRAINT roles_automatic
  CHECK (auto_assign_conditions = '{}' OR (is_assignable AND NOT is_system_role));
COMMENT ON CONSTRAINT roles_automatic ON access.roles IS 'Members get only a role by themselves that can be given, and that the organization made itself.';
COMMENT ON COLUMN access.roles.auto_assign_conditions IS 'Which active members get the role by themselves, and lose it again, as a condition over the person; empty means nobody.';

-- Who is in a team is part of what servers know of people.
CREATE TRIGGER rights_added AFTER INSERT ON access.team_members REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed();
COMMENT ON TRIGGER rights_added ON access.team_members IS 'Tells every server that people came into a team.';
CREATE TRIGGER rights_removed AFTER DELETE ON access.team_members REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed();
COMMENT ON TRIGGER rights_removed ON access.team_members IS 'Tells every server that people left a team.';

CREATE FUNCTION access.holders(place uuid, held uuid)
RETURNS TABLE (user_id uuid, assignment_id uuid, team_id uuid) LANGUAGE sql STABLE SET search_path = pg_catalog
BEGIN ATOMIC
  SELECT a.user_id, a.id, NULL::uuid FROM access.role_assignments a
  WHERE a.organization_id = place AND a.role_id = held AND a.user_id IS NOT NULL
    AND a.revoked_at IS NULL AND (a.valid_until IS NULL OR a.valid_until > now())
  UNION ALL
  SELECT m.user_id, a.id, a.team_id FROM access.role_assignments a
  JOIN access.team_members m ON m.organization_id = a.organization_id AND m.team_id = a.team_id
  WHERE a.organization_id = place AND a.role_id = held
    AND a.revoked_at IS NULL AND (a.valid_until IS NULL OR a.valid_until > now());
END;
COMMENT ON FUNCTION access.holders(uuid, uuid) IS 'Who holds a role, or will, and by which assignment: their own or that of a team.';

CREATE FUNCTION access.assignments_of(place uuid, person uuid) RETURNS uuid[] LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN ARRAY(
  SELECT a.id FROM access.role_assignments a
  WHERE a.organization_id = place AND a.user_id = person AND a.revoked_at IS NULL
  UNION ALL
  SELECT a.id FROM access.team_members m
  JOIN access.role_assignments a ON a.organization_id = m.organization_id AND a.team_id = m.team_id
  WHERE m.organization_id = place AND m.user_id = person AND a.revoked_at IS NULL);
COMMENT ON FUNCTION access.assignments_of(uuid, uuid) IS 'The assignments by which a person has roles, their own and those of their teams, that were not withdrawn.';

CREATE FUNCTION access.check_team_members() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  given record;
BEGIN
  -- The lock of the team comes before those of its roles, as when a role is given to a team: so both count exactly.
  PERFORM FROM access.teams t WHERE (t.organization_id, t.id) IN (SELECT n.organization_id, n.team_id FROM added n)
  ORDER BY t.organization_id, t.id FOR NO KEY UPDATE;
  FOR given IN
    SELECT r.organization_id, r.id, r.max_assignments FROM access.roles r
    WHERE r.max_assignments IS NOT NULL AND (r.organization_id, r.id) IN (
      SELECT a.organization_id, a.role_id FROM added n
      JOIN access.role_assignments a ON a.organization_id = n.organization_id AND a.team_id = n.team_id
      WHERE a.revoked_at IS NULL AND (a.valid_until IS NULL OR a.valid_until > now()))
    ORDER BY r.organization_id, r.id FOR NO KEY UPDATE
  LOOP
    IF given.max_assignments < (SELECT count(DISTINCT h.user_id) FROM access.holders(given.organization_id, given.id) h)
      AND EXISTS (
        SELECT FROM added n JOIN access.holders(given.organization_id, given.id) h ON h.user_id = n.user_id AND h.team_id = n.team_id
        WHERE NOT EXISTS (SELECT FROM access.holders(given.organization_id, given.id) o
          WHERE o.user_id = n.user_id AND o.team_id IS DISTINCT FROM n.team_id))
    THEN
      PERFORM ops.refuse(format('At most %s people may hold a role that this team has.', given.max_assignments),
        'team_members_max_assignments', 'access.team_members', 'user_id');
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION access.check_team_members() IS 'Trigger: whoever comes into a team gets its roles, as far as those allow more people.';
CREATE TRIGGER check_team_members AFTER INSERT ON access.team_members REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION access.check_team_members();
COMMENT ON TRIGGER check_team_members ON access.team_members IS 'Counts who holds the roles of the team.';
