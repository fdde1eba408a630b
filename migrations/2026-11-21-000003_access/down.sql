DROP FUNCTION access.enter(uuid, uuid, uuid, uuid, text, text, bigint);
DROP TRIGGER rights_changed ON identity.organizations;
DROP TRIGGER rights_changed ON identity.api_keys;
DROP TRIGGER rights_added ON identity.api_keys;
DROP TRIGGER rights_changed ON identity.memberships;
DROP TRIGGER rights_added ON identity.memberships;
ALTER TABLE identity.api_keys DROP CONSTRAINT api_keys_role_id_fkey;
DROP TABLE access.approval_decisions, access.approval_requests, access.permission_grants, access.role_assignments,
  access.role_permissions, access.permissions, access.approval_workflows, access.roles, access.resources, access.resource_types;
DROP FUNCTION access.check_role_assignment();
DROP FUNCTION access.protect_system_role_permissions();
DROP FUNCTION access.protect_system_permission();
DROP FUNCTION access.protect_system_role();
DROP FUNCTION access.pass_role_level_on();
DROP FUNCTION access.set_role_level();
DROP FUNCTION access.right_changed();
DROP FUNCTION access.rights_changed();
DROP FUNCTION access.raise_epoch(uuid);
DROP TABLE access.epochs;
