-- Roles, permissions, who has which, and approvals.
-- Every change that may alter somebody's rights raises the organization's epoch, which servers compare.

CREATE TABLE access.epochs (
  organization_id uuid NOT NULL,
  epoch bigint NOT NULL DEFAULT 1,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT epochs_pkey PRIMARY KEY (organization_id),
  CONSTRAINT epochs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT epochs_epoch_check CHECK (epoch > 0)
);
COMMENT ON TABLE access.epochs IS 'Counts the changes of rights in an organization, so that every server notices at its next request.';
COMMENT ON COLUMN access.epochs.organization_id IS 'Organization that the epoch belongs to.';
COMMENT ON COLUMN access.epochs.epoch IS 'Number of changes so far. Default: 1.';
COMMENT ON COLUMN access.epochs.changed_at IS 'When the last change was made.';
COMMENT ON CONSTRAINT epochs_pkey ON access.epochs IS 'An epoch is found by its organization.';
COMMENT ON CONSTRAINT epochs_organization_id_fkey ON access.epochs IS 'The organization exists.';
COMMENT ON CONSTRAINT epochs_epoch_check ON access.epochs IS 'The count is positive.';
GRANT SELECT, INSERT, UPDATE (epoch, changed_at) ON access.epochs TO portico_app;
CALL ops.isolate('access.epochs', 'owner');

CREATE TABLE access.resource_types (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  description text,
  parent_type_id uuid,
  available_actions text[] NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT resource_types_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT resource_types_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT resource_types_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT resource_types_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT resource_types_metadata_check CHECK (jsonb_typeof(metadata) = 'object')
);
COMMENT ON TABLE access.resource_types IS 'A kind of thing that permissions speak about, such as deal or budget. Built-in kinds belong to the platform.';
COMMENT ON COLUMN access.resource_types.organization_id IS 'Organization that the resource type belongs to.';
COMMENT ON COLUMN access.resource_types.id IS 'Identity of the resource type, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.resource_types.name IS 'Name of the kind in permissions, in lower_snake form.';
COMMENT ON COLUMN access.resource_types.description IS 'What the kind is; null when not told.';
COMMENT ON COLUMN access.resource_types.parent_type_id IS 'More general kind whose permissions also cover this one; null for none. It may be a built-in kind.';
COMMENT ON COLUMN access.resource_types.available_actions IS 'What can be done with things of this kind, such as read or write.';
COMMENT ON COLUMN access.resource_types.metadata IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN access.resource_types.created_at IS 'When the resource type was created.';
COMMENT ON CONSTRAINT resource_types_pkey ON access.resource_types IS 'A resource type is found by its organization and id.';
COMMENT ON CONSTRAINT resource_types_organization_id_fkey ON access.resource_types IS 'The organization exists.';
COMMENT ON CONSTRAINT resource_types_name_check ON access.resource_types IS 'The name has 1 to 100 characters.';
COMMENT ON CONSTRAINT resource_types_description_check ON access.resource_types IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT resource_types_metadata_check ON access.resource_types IS 'The metadata is a JSON object.';
CREATE INDEX resource_types_created_at_id_idx ON access.resource_types (organization_id, created_at, id);
CREATE INDEX resource_types_parent_type_id_name_id_idx ON access.resource_types (organization_id, parent_type_id, name, id);
CREATE UNIQUE INDEX resource_types_name_key ON access.resource_types (organization_id, name);
COMMENT ON INDEX access.resource_types_name_key IS 'No two kinds of an organization share a name.';
GRANT SELECT, INSERT, UPDATE (name, description, parent_type_id, available_actions, metadata) ON access.resource_types TO portico_app;
CALL ops.isolate('access.resource_types', 'owner');

CREATE TABLE access.resources (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  resource_type_id uuid NOT NULL,
  resource_type_org_id uuid NOT NULL,
  resource_id text NOT NULL,
  name text,
  description text,
  parent_resource_id uuid,
  owner_id uuid,
  attributes jsonb NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT resources_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT resources_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT resources_resource_type_id_fkey FOREIGN KEY (resource_type_org_id, resource_type_id) REFERENCES access.resource_types (organization_id, id),
  CONSTRAINT resources_resource_type_org_id_check CHECK (resource_type_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT resources_resource_id_check CHECK (length(btrim(resource_id)) BETWEEN 1 AND 200),
  CONSTRAINT resources_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 500),
  CONSTRAINT resources_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT resources_parent_resource_id_fkey FOREIGN KEY (organization_id, parent_resource_id) REFERENCES access.resources (organization_id, id),
  CONSTRAINT resources_owner_id_fkey FOREIGN KEY (organization_id, owner_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT resources_attributes_check CHECK (jsonb_typeof(attributes) = 'object')
);
COMMENT ON TABLE access.resources IS 'A single thing that rights are limited to, registered when a role is given for it alone; things may lie within others.';
COMMENT ON COLUMN access.resources.organization_id IS 'Organization that the resource belongs to.';
COMMENT ON COLUMN access.resources.id IS 'Identity of the resource, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.resources.resource_type_id IS 'Kind of the thing.';
COMMENT ON COLUMN access.resources.resource_type_org_id IS 'Organization that the kind belongs to: this one, or the platform for built-in kinds.';
COMMENT ON COLUMN access.resources.resource_id IS 'Id of the record that is meant.';
COMMENT ON COLUMN access.resources.name IS 'Name of the thing as people know it; null when not told.';
COMMENT ON COLUMN access.resources.description IS 'What the thing is; null when not told.';
COMMENT ON COLUMN access.resources.parent_resource_id IS 'Thing that this one lies within: rights for it hold here too; null for none.';
COMMENT ON COLUMN access.resources.owner_id IS 'Person who is responsible for the thing; null for nobody.';
COMMENT ON COLUMN access.resources.attributes IS 'Facts about the thing that conditions of permissions may ask for, as a JSON object.';
COMMENT ON COLUMN access.resources.is_active IS 'Whether rights may still be limited to the thing. Default: true.';
COMMENT ON COLUMN access.resources.created_at IS 'When the resource was created.';
COMMENT ON COLUMN access.resources.updated_at IS 'When the resource was last changed.';
COMMENT ON COLUMN access.resources.revision IS 'Version of the resource: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT resources_pkey ON access.resources IS 'A resource is found by its organization and id.';
COMMENT ON CONSTRAINT resources_organization_id_fkey ON access.resources IS 'The organization exists.';
COMMENT ON CONSTRAINT resources_resource_type_id_fkey ON access.resources IS 'The resource type exists, in this organization or on the platform.';
COMMENT ON CONSTRAINT resources_resource_type_org_id_check ON access.resources IS 'The resource type belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT resources_resource_id_check ON access.resources IS 'The resource id has 1 to 200 characters.';
COMMENT ON CONSTRAINT resources_name_check ON access.resources IS 'The name has 1 to 500 characters.';
COMMENT ON CONSTRAINT resources_description_check ON access.resources IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT resources_parent_resource_id_fkey ON access.resources IS 'The parent resource belongs to the same organization.';
COMMENT ON CONSTRAINT resources_owner_id_fkey ON access.resources IS 'The owner is a member of the same organization.';
COMMENT ON CONSTRAINT resources_attributes_check ON access.resources IS 'The attributes are a JSON object.';
CREATE INDEX resources_resource_type_org_id_resource_type_id_idx ON access.resources (resource_type_org_id, resource_type_id);
CREATE INDEX resources_resource_type_id_created_at_id_idx ON access.resources (organization_id, resource_type_id, created_at, id);
CREATE INDEX resources_parent_resource_id_created_at_id_idx ON access.resources (organization_id, parent_resource_id, created_at, id);
CREATE INDEX resources_owner_id_created_at_id_idx ON access.resources (organization_id, owner_id, created_at, id);
CREATE INDEX resources_created_at_id_idx ON access.resources (organization_id, created_at, id);
CREATE UNIQUE INDEX resources_resource_id_key ON access.resources (organization_id, resource_type_org_id, resource_type_id, resource_id);
COMMENT ON INDEX access.resources_resource_id_key IS 'A record is registered once.';
CREATE TRIGGER touch BEFORE UPDATE ON access.resources FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON access.resources IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (resource_type_id, resource_type_org_id, resource_id, name, description, parent_resource_id, owner_id, attributes, is_active) ON access.resources TO portico_app;
CALL ops.isolate('access.resources', 'tenant');

CREATE TABLE access.roles (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  display_name text,
  description text,
  parent_role_id uuid,
  role_level integer NOT NULL DEFAULT 0,
  is_system_role boolean NOT NULL DEFAULT false,
  is_assignable boolean NOT NULL DEFAULT true,
  max_assignments integer,
  max_delegation_depth integer NOT NULL DEFAULT 0,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  auto_assign_conditions jsonb NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  created_by uuid,
  CONSTRAINT roles_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT roles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT roles_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT roles_display_name_check CHECK (length(btrim(display_name)) BETWEEN 1 AND 200),
  CONSTRAINT roles_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT roles_parent_role_id_fkey FOREIGN KEY (organization_id, parent_role_id) REFERENCES access.roles (organization_id, id),
  CONSTRAINT roles_role_level_check CHECK (role_level >= 0),
  CONSTRAINT roles_max_assignments_check CHECK (max_assignments > 0),
  CONSTRAINT roles_max_delegation_depth_check CHECK (max_delegation_depth BETWEEN 0 AND 10),
  CONSTRAINT roles_auto_assign_conditions_check CHECK (jsonb_typeof(auto_assign_conditions) = 'object'),
  CONSTRAINT roles_metadata_check CHECK (jsonb_typeof(metadata) = 'object' AND coalesce(metadata ->> 'row_scope' IN ('region', 'department'), true)),
  CONSTRAINT roles_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT roles_valid_until_check CHECK (valid_until > valid_from)
);
COMMENT ON TABLE access.roles IS 'A bundle of permissions that people are given together. Built-in roles are the same in every organization and cannot be changed.';
COMMENT ON COLUMN access.roles.organization_id IS 'Organization that the role belongs to.';
COMMENT ON COLUMN access.roles.id IS 'Identity of the role, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.roles.name IS 'Name of the role in programs, in lower_snake form. Unique in the organization.';
COMMENT ON COLUMN access.roles.display_name IS 'Name of the role as shown to people; null means the plain name.';
COMMENT ON COLUMN access.roles.description IS 'What the role is for; null when not told.';
COMMENT ON COLUMN access.roles.parent_role_id IS 'Role whose permissions this one has as well; null for none.';
COMMENT ON COLUMN access.roles.role_level IS 'How many roles stand above this one in the inheritance; kept by the database. Default: 0.';
COMMENT ON COLUMN access.roles.is_system_role IS 'Whether the role is built in: its permissions come from the platform and it cannot be changed or deleted. Default: false.';
COMMENT ON COLUMN access.roles.is_assignable IS 'Whether the role can be given to people; false for roles that only others inherit from. Default: true.';
COMMENT ON COLUMN access.roles.max_assignments IS 'How many people may hold the role at once; null means any number.';
COMMENT ON COLUMN access.roles.max_delegation_depth IS 'How many times the role may be passed on, from one person to the next; 0 means never. Default: 0.';
COMMENT ON COLUMN access.roles.valid_from IS 'From when the role gives rights.';
COMMENT ON COLUMN access.roles.valid_until IS 'Until when the role gives rights; null means without end.';
COMMENT ON COLUMN access.roles.auto_assign_conditions IS 'Which members get the role by themselves, as a condition; empty means nobody.';
COMMENT ON COLUMN access.roles.metadata IS 'Further settings as a JSON object. The key row_scope limits what the role gives to the records of the region or department of whoever holds it.';
COMMENT ON COLUMN access.roles.created_at IS 'When the role was created.';
COMMENT ON COLUMN access.roles.updated_at IS 'When the role was last changed.';
COMMENT ON COLUMN access.roles.revision IS 'Version of the role: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON COLUMN access.roles.created_by IS 'Person who made the role; null for built-in roles.';
COMMENT ON CONSTRAINT roles_pkey ON access.roles IS 'A role is found by its organization and id.';
COMMENT ON CONSTRAINT roles_organization_id_fkey ON access.roles IS 'The organization exists.';
COMMENT ON CONSTRAINT roles_name_check ON access.roles IS 'The name has 1 to 100 characters.';
COMMENT ON CONSTRAINT roles_display_name_check ON access.roles IS 'The display name has 1 to 200 characters.';
COMMENT ON CONSTRAINT roles_description_check ON access.roles IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT roles_parent_role_id_fkey ON access.roles IS 'The parent role belongs to the same organization.';
COMMENT ON CONSTRAINT roles_role_level_check ON access.roles IS 'The role level is not negative.';
COMMENT ON CONSTRAINT roles_max_assignments_check ON access.roles IS 'The limit is positive.';
COMMENT ON CONSTRAINT roles_max_delegation_depth_check ON access.roles IS 'A role may be passed on at most ten times.';
COMMENT ON CONSTRAINT roles_auto_assign_conditions_check ON access.roles IS 'The conditions are a JSON object.';
COMMENT ON CONSTRAINT roles_metadata_check ON access.roles IS 'The metadata is a JSON object, and row_scope in it is region or department.';
COMMENT ON CONSTRAINT roles_created_by_fkey ON access.roles IS 'The created is a member of the same organization.';
COMMENT ON CONSTRAINT roles_valid_until_check ON access.roles IS 'A role''s validity ends after it begins.';
CREATE INDEX roles_parent_role_id_name_id_idx ON access.roles (organization_id, parent_role_id, name, id);
CREATE INDEX roles_created_by_name_id_idx ON access.roles (organization_id, created_by, name, id);
CREATE INDEX roles_created_at_id_idx ON access.roles (organization_id, created_at, id);
CREATE UNIQUE INDEX roles_name_key ON access.roles (organization_id, name);
COMMENT ON INDEX access.roles_name_key IS 'No two roles of an organization share a name.';
CREATE TRIGGER touch BEFORE UPDATE ON access.roles FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON access.roles IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, display_name, description, parent_role_id, role_level, is_assignable, max_assignments, max_delegation_depth, valid_from, valid_until, auto_assign_conditions, metadata), DELETE ON access.roles TO portico_app;
CALL ops.isolate('access.roles', 'owner');

CREATE TABLE access.permissions (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  display_name text,
  description text,
  resource_type_id uuid NOT NULL,
  resource_type_org_id uuid NOT NULL,
  action text NOT NULL,
  conditions jsonb NOT NULL DEFAULT '{}',
  is_system_permission boolean NOT NULL DEFAULT false,
  requires_approval boolean NOT NULL DEFAULT false,
  approval_workflow_id uuid,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by uuid,
  CONSTRAINT permissions_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT permissions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT permissions_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT permissions_display_name_check CHECK (length(btrim(display_name)) BETWEEN 1 AND 200),
  CONSTRAINT permissions_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT permissions_resource_type_id_fkey FOREIGN KEY (resource_type_org_id, resource_type_id) REFERENCES access.resource_types (organization_id, id),
  CONSTRAINT permissions_resource_type_org_id_check CHECK (resource_type_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT permissions_action_check CHECK (length(btrim(action)) BETWEEN 1 AND 100),
  CONSTRAINT permissions_conditions_check CHECK (jsonb_typeof(conditions) = 'object'),
  CONSTRAINT permissions_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT permissions_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT permissions_valid_until_check CHECK (valid_until > valid_from)
);
COMMENT ON TABLE access.permissions IS 'The right to do one thing with one kind of record. Built-in permissions belong to the platform; organizations may add conditional ones.';
COMMENT ON COLUMN access.permissions.organization_id IS 'Organization that the permission belongs to.';
COMMENT ON COLUMN access.permissions.id IS 'Identity of the permission, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.permissions.name IS 'Name of the permission as used in programs, such as deal.value.read. Unique in the organization.';
COMMENT ON COLUMN access.permissions.display_name IS 'Name as shown to people; null means the plain name.';
COMMENT ON COLUMN access.permissions.description IS 'What the permission allows; null when not told.';
COMMENT ON COLUMN access.permissions.resource_type_id IS 'Kind of record that the permission is about.';
COMMENT ON COLUMN access.permissions.resource_type_org_id IS 'Organization that the kind belongs to: this one, or the platform for built-in kinds.';
COMMENT ON COLUMN access.permissions.action IS 'What may be done with the record, such as read, write or approve.';
COMMENT ON COLUMN access.permissions.conditions IS 'When the permission holds, as a condition over person, record and request; empty means always.';
COMMENT ON COLUMN access.permissions.is_system_permission IS 'Whether the permission is built in and cannot be changed or deleted. Default: false.';
COMMENT ON COLUMN access.permissions.requires_approval IS 'Whether each use must be approved first. Default: false.';
COMMENT ON COLUMN access.permissions.approval_workflow_id IS 'Who approves a use; null when no approval is needed.';
COMMENT ON COLUMN access.permissions.valid_from IS 'From when the permission holds.';
COMMENT ON COLUMN access.permissions.valid_until IS 'Until when the permission holds; null means without end.';
COMMENT ON COLUMN access.permissions.metadata IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN access.permissions.created_at IS 'When the permission was created.';
COMMENT ON COLUMN access.permissions.created_by IS 'Person who made the permission; null for built-in ones.';
COMMENT ON CONSTRAINT permissions_pkey ON access.permissions IS 'A permission is found by its organization and id.';
COMMENT ON CONSTRAINT permissions_organization_id_fkey ON access.permissions IS 'The organization exists.';
COMMENT ON CONSTRAINT permissions_name_check ON access.permissions IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT permissions_display_name_check ON access.permissions IS 'The display name has 1 to 200 characters.';
COMMENT ON CONSTRAINT permissions_description_check ON access.permissions IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT permissions_resource_type_id_fkey ON access.permissions IS 'The resource type exists, in this organization or on the platform.';
COMMENT ON CONSTRAINT permissions_resource_type_org_id_check ON access.permissions IS 'The resource type belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT permissions_action_check ON access.permissions IS 'The action has 1 to 100 characters.';
COMMENT ON CONSTRAINT permissions_conditions_check ON access.permissions IS 'The conditions are a JSON object.';
COMMENT ON CONSTRAINT permissions_metadata_check ON access.permissions IS 'The metadata is a JSON object.';
COMMENT ON CONSTRAINT permissions_created_by_fkey ON access.permissions IS 'The created is a member of the same organization.';
COMMENT ON CONSTRAINT permissions_valid_until_check ON access.permissions IS 'A permission''s validity ends after it begins.';
CREATE INDEX permissions_resource_type_org_id_resource_type_id_idx ON access.permissions (resource_type_org_id, resource_type_id);
CREATE INDEX permissions_resource_type_id_name_id_idx ON access.permissions (organization_id, resource_type_id, name, id);
CREATE INDEX permissions_created_by_name_id_idx ON access.permissions (organization_id, created_by, name, id);
CREATE INDEX permissions_created_at_id_idx ON access.permissions (organization_id, created_at, id);
CREATE INDEX permissions_approval_workflow_id_name_id_idx ON access.permissions (organization_id, approval_workflow_id, name, id);
CREATE UNIQUE INDEX permissions_name_key ON access.permissions (organization_id, name);
COMMENT ON INDEX access.permissions_name_key IS 'No two permissions of an organization share a name.';
GRANT SELECT, INSERT, UPDATE (name, display_name, description, resource_type_id, resource_type_org_id, action, conditions, requires_approval, approval_workflow_id, valid_from, valid_until, metadata), DELETE ON access.permissions TO portico_app;
CALL ops.isolate('access.permissions', 'owner');

CREATE TABLE access.role_permissions (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  role_id uuid NOT NULL,
  permission_id uuid NOT NULL,
  permission_org_id uuid NOT NULL,
  granted_by uuid,
  granted_at timestamptz NOT NULL DEFAULT now(),
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  additional_conditions jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT role_permissions_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT role_permissions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT role_permissions_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id),
  CONSTRAINT role_permissions_permission_id_fkey FOREIGN KEY (permission_org_id, permission_id) REFERENCES access.permissions (organization_id, id),
  CONSTRAINT role_permissions_permission_org_id_check CHECK (permission_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT role_permissions_granted_by_fkey FOREIGN KEY (organization_id, granted_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT role_permissions_additional_conditions_check CHECK (jsonb_typeof(additional_conditions) = 'object'),
  CONSTRAINT role_permissions_valid_until_check CHECK (valid_until > valid_from)
);
COMMENT ON TABLE access.role_permissions IS 'A permission that a role contains, for a time and under conditions if wanted.';
COMMENT ON COLUMN access.role_permissions.organization_id IS 'Organization that the role''s permission belongs to.';
COMMENT ON COLUMN access.role_permissions.id IS 'Identity of the role''s permission, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.role_permissions.role_id IS 'Role that contains the permission.';
COMMENT ON COLUMN access.role_permissions.permission_id IS 'Permission that the role contains.';
COMMENT ON COLUMN access.role_permissions.permission_org_id IS 'Organization that the permission belongs to: this one, or the platform for built-in permissions.';
COMMENT ON COLUMN access.role_permissions.granted_by IS 'Person who added the permission to the role; null when the platform did.';
COMMENT ON COLUMN access.role_permissions.granted_at IS 'When the permission was added to the role.';
COMMENT ON COLUMN access.role_permissions.valid_from IS 'From when the role contains the permission.';
COMMENT ON COLUMN access.role_permissions.valid_until IS 'Until when the role contains the permission; null means without end.';
COMMENT ON COLUMN access.role_permissions.additional_conditions IS 'Further conditions besides the permission''s own; empty means none.';
COMMENT ON CONSTRAINT role_permissions_pkey ON access.role_permissions IS 'A role''s permission is found by its organization and id.';
COMMENT ON CONSTRAINT role_permissions_organization_id_fkey ON access.role_permissions IS 'The organization exists.';
COMMENT ON CONSTRAINT role_permissions_role_id_fkey ON access.role_permissions IS 'The role belongs to the same organization.';
COMMENT ON CONSTRAINT role_permissions_permission_id_fkey ON access.role_permissions IS 'The permission exists, in this organization or on the platform.';
COMMENT ON CONSTRAINT role_permissions_permission_org_id_check ON access.role_permissions IS 'The permission belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT role_permissions_granted_by_fkey ON access.role_permissions IS 'The granted is a member of the same organization.';
COMMENT ON CONSTRAINT role_permissions_additional_conditions_check ON access.role_permissions IS 'The conditions are a JSON object.';
COMMENT ON CONSTRAINT role_permissions_valid_until_check ON access.role_permissions IS 'The validity ends after it begins.';
CREATE INDEX role_permissions_permission_org_id_permission_id_idx ON access.role_permissions (permission_org_id, permission_id);
CREATE INDEX role_permissions_permission_id_idx ON access.role_permissions (organization_id, permission_id);
CREATE INDEX role_permissions_granted_by_idx ON access.role_permissions (organization_id, granted_by);
CREATE UNIQUE INDEX role_permissions_permission_id_key ON access.role_permissions (organization_id, role_id, permission_org_id, permission_id);
COMMENT ON INDEX access.role_permissions_permission_id_key IS 'A role contains a permission once.';
GRANT SELECT, INSERT, UPDATE (valid_from, valid_until, additional_conditions), DELETE ON access.role_permissions TO portico_app;
CALL ops.isolate('access.role_permissions', 'owner');

CREATE TABLE access.role_assignments (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  role_id uuid NOT NULL,
  assigned_by uuid,
  assigned_at timestamptz NOT NULL DEFAULT now(),
  assignment_reason text,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  context_conditions jsonb NOT NULL DEFAULT '{}',
  resource_scope uuid,
  is_delegated boolean NOT NULL DEFAULT false,
  delegated_by uuid,
  delegated_from_id uuid,
  delegation_depth integer NOT NULL DEFAULT 0,
  is_active boolean NOT NULL GENERATED ALWAYS AS (revoked_at IS NULL) STORED,
  revoked_at timestamptz,
  revoked_by uuid,
  revocation_reason text,
  CONSTRAINT role_assignments_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT role_assignments_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT role_assignments_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT role_assignments_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id),
  CONSTRAINT role_assignments_assigned_by_fkey FOREIGN KEY (organization_id, assigned_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT role_assignments_assignment_reason_check CHECK (length(btrim(assignment_reason)) BETWEEN 1 AND 2000),
  CONSTRAINT role_assignments_context_conditions_check CHECK (jsonb_typeof(context_conditions) = 'object'),
  CONSTRAINT role_assignments_resource_scope_fkey FOREIGN KEY (organization_id, resource_scope) REFERENCES access.resources (organization_id, id),
  CONSTRAINT role_assignments_delegated_by_fkey FOREIGN KEY (organization_id, delegated_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT role_assignments_delegated_from_id_fkey FOREIGN KEY (organization_id, delegated_from_id) REFERENCES access.role_assignments (organization_id, id),
  CONSTRAINT role_assignments_delegation_depth_check CHECK (delegation_depth BETWEEN 0 AND 10),
  CONSTRAINT role_assignments_revoked_by_fkey FOREIGN KEY (organization_id, revoked_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT role_assignments_revocation_reason_check CHECK (length(btrim(revocation_reason)) BETWEEN 1 AND 2000),
  CONSTRAINT role_assignments_valid_until_check CHECK (valid_until > valid_from),
  CONSTRAINT role_assignments_delegation CHECK (is_delegated = (delegated_by IS NOT NULL) AND is_delegated = (delegated_from_id IS NOT NULL) AND is_delegated = (delegation_depth > 0)),
  CONSTRAINT role_assignments_revocation CHECK (revoked_at IS NOT NULL OR (revoked_by IS NULL AND revocation_reason IS NULL))
);
COMMENT ON TABLE access.role_assignments IS 'A role given to a person, for a time, for one thing only, or by delegation if wanted.';
COMMENT ON COLUMN access.role_assignments.organization_id IS 'Organization that the role assignment belongs to.';
COMMENT ON COLUMN access.role_assignments.id IS 'Identity of the role assignment, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.role_assignments.user_id IS 'Person who has the role.';
COMMENT ON COLUMN access.role_assignments.role_id IS 'Role that the person has.';
COMMENT ON COLUMN access.role_assignments.assigned_by IS 'Person who gave the role; null when the platform did.';
COMMENT ON COLUMN access.role_assignments.assigned_at IS 'When the role was given.';
COMMENT ON COLUMN access.role_assignments.assignment_reason IS 'Why the role was given; null when not told.';
COMMENT ON COLUMN access.role_assignments.valid_from IS 'From when the role gives rights to the person.';
COMMENT ON COLUMN access.role_assignments.valid_until IS 'Until when the role gives rights to the person; null means without end.';
COMMENT ON COLUMN access.role_assignments.context_conditions IS 'When the assignment counts, as a condition over person, record and request; empty means always.';
COMMENT ON COLUMN access.role_assignments.resource_scope IS 'Thing that the role is limited to, with all that lies within it; null means the whole organization.';
COMMENT ON COLUMN access.role_assignments.is_delegated IS 'Whether another person passed on a role of their own. Default: false.';
COMMENT ON COLUMN access.role_assignments.delegated_by IS 'Person who passed the role on; null when it was not delegated.';
COMMENT ON COLUMN access.role_assignments.delegated_from_id IS 'Assignment that was passed on; null when it was not delegated.';
COMMENT ON COLUMN access.role_assignments.delegation_depth IS 'How many times the role was passed on before it came here; 0 when it was not delegated. Default: 0.';
COMMENT ON COLUMN access.role_assignments.is_active IS 'Whether the role was not withdrawn; kept by the database.';
COMMENT ON COLUMN access.role_assignments.revoked_at IS 'When the role was withdrawn; null while it was not.';
COMMENT ON COLUMN access.role_assignments.revoked_by IS 'Person who withdrew the role; null while it was not withdrawn.';
COMMENT ON COLUMN access.role_assignments.revocation_reason IS 'Why the role was withdrawn; null while it was not, or when not told.';
COMMENT ON CONSTRAINT role_assignments_pkey ON access.role_assignments IS 'A role assignment is found by its organization and id.';
COMMENT ON CONSTRAINT role_assignments_organization_id_fkey ON access.role_assignments IS 'The organization exists.';
COMMENT ON CONSTRAINT role_assignments_user_id_fkey ON access.role_assignments IS 'The user is a member of the same organization.';
COMMENT ON CONSTRAINT role_assignments_role_id_fkey ON access.role_assignments IS 'The role belongs to the same organization.';
COMMENT ON CONSTRAINT role_assignments_assigned_by_fkey ON access.role_assignments IS 'The assigned is a member of the same organization.';
COMMENT ON CONSTRAINT role_assignments_assignment_reason_check ON access.role_assignments IS 'The assignment reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT role_assignments_context_conditions_check ON access.role_assignments IS 'The conditions are a JSON object.';
COMMENT ON CONSTRAINT role_assignments_resource_scope_fkey ON access.role_assignments IS 'The resource scope belongs to the same organization.';
COMMENT ON CONSTRAINT role_assignments_delegated_by_fkey ON access.role_assignments IS 'The delegated is a member of the same organization.';
COMMENT ON CONSTRAINT role_assignments_delegated_from_id_fkey ON access.role_assignments IS 'The delegated from belongs to the same organization.';
COMMENT ON CONSTRAINT role_assignments_delegation_depth_check ON access.role_assignments IS 'A role is passed on at most ten times.';
COMMENT ON CONSTRAINT role_assignments_revoked_by_fkey ON access.role_assignments IS 'The revoked is a member of the same organization.';
COMMENT ON CONSTRAINT role_assignments_revocation_reason_check ON access.role_assignments IS 'The revocation reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT role_assignments_valid_until_check ON access.role_assignments IS 'The validity ends after it begins.';
COMMENT ON CONSTRAINT role_assignments_delegation ON access.role_assignments IS 'A delegation tells who passed the role on, from which assignment and how deep; anything else tells none of it.';
COMMENT ON CONSTRAINT role_assignments_revocation ON access.role_assignments IS 'Only a withdrawn assignment tells by whom and why.';
CREATE INDEX role_assignments_user_id_assigned_at_id_idx ON access.role_assignments (organization_id, user_id, assigned_at, id);
CREATE INDEX role_assignments_role_id_assigned_at_id_idx ON access.role_assignments (organization_id, role_id, assigned_at, id);
CREATE INDEX role_assignments_assigned_by_assigned_at_id_idx ON access.role_assignments (organization_id, assigned_by, assigned_at, id);
CREATE INDEX role_assignments_resource_scope_assigned_at_id_idx ON access.role_assignments (organization_id, resource_scope, assigned_at, id);
CREATE INDEX role_assignments_delegated_by_assigned_at_id_idx ON access.role_assignments (organization_id, delegated_by, assigned_at, id);
CREATE INDEX role_assignments_delegated_from_id_assigned_at_id_idx ON access.role_assignments (organization_id, delegated_from_id, assigned_at, id);
CREATE INDEX role_assignments_revoked_by_assigned_at_id_idx ON access.role_assignments (organization_id, revoked_by, assigned_at, id);
CREATE INDEX role_assignments_assigned_at_id_idx ON access.role_assignments (organization_id, assigned_at, id);
CREATE UNIQUE INDEX role_assignments_role_id_key ON access.role_assignments (organization_id, user_id, role_id, resource_scope) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX access.role_assignments_role_id_key IS 'A person has a role once for the same scope.';
GRANT SELECT, INSERT, UPDATE (assignment_reason, valid_from, valid_until, context_conditions, revoked_at, revoked_by, revocation_reason) ON access.role_assignments TO portico_app;
CALL ops.isolate('access.role_assignments', 'tenant');

CREATE TABLE access.permission_grants (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  permission_id uuid NOT NULL,
  permission_org_id uuid NOT NULL,
  resource_id uuid,
  granted_by uuid,
  granted_at timestamptz NOT NULL DEFAULT now(),
  grant_reason text,
  valid_from timestamptz NOT NULL DEFAULT now(),
  valid_until timestamptz,
  additional_conditions jsonb NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL GENERATED ALWAYS AS (revoked_at IS NULL) STORED,
  revoked_at timestamptz,
  revoked_by uuid,
  revocation_reason text,
  CONSTRAINT permission_grants_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT permission_grants_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT permission_grants_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT permission_grants_permission_id_fkey FOREIGN KEY (permission_org_id, permission_id) REFERENCES access.permissions (organization_id, id),
  CONSTRAINT permission_grants_permission_org_id_check CHECK (permission_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT permission_grants_resource_id_fkey FOREIGN KEY (organization_id, resource_id) REFERENCES access.resources (organization_id, id),
  CONSTRAINT permission_grants_granted_by_fkey FOREIGN KEY (organization_id, granted_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT permission_grants_grant_reason_check CHECK (length(btrim(grant_reason)) BETWEEN 1 AND 2000),
  CONSTRAINT permission_grants_additional_conditions_check CHECK (jsonb_typeof(additional_conditions) = 'object'),
  CONSTRAINT permission_grants_revoked_by_fkey FOREIGN KEY (organization_id, revoked_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT permission_grants_revocation_reason_check CHECK (length(btrim(revocation_reason)) BETWEEN 1 AND 2000),
  CONSTRAINT permission_grants_valid_until_check CHECK (valid_until > valid_from),
  CONSTRAINT permission_grants_revocation CHECK (revoked_at IS NOT NULL OR (revoked_by IS NULL AND revocation_reason IS NULL))
);
COMMENT ON TABLE access.permission_grants IS 'A permission given to a person directly, without a role, possibly for one thing only.';
COMMENT ON COLUMN access.permission_grants.organization_id IS 'Organization that the permission grant belongs to.';
COMMENT ON COLUMN access.permission_grants.id IS 'Identity of the permission grant, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.permission_grants.user_id IS 'Person who has the permission.';
COMMENT ON COLUMN access.permission_grants.permission_id IS 'Permission that the person has.';
COMMENT ON COLUMN access.permission_grants.permission_org_id IS 'Organization that the permission belongs to: this one, or the platform for built-in permissions.';
COMMENT ON COLUMN access.permission_grants.resource_id IS 'Thing that the permission is limited to, with all that lies within it; null means the whole organization.';
COMMENT ON COLUMN access.permission_grants.granted_by IS 'Person who gave the permission; null when the platform did.';
COMMENT ON COLUMN access.permission_grants.granted_at IS 'When the permission was given.';
COMMENT ON COLUMN access.permission_grants.grant_reason IS 'Why the permission was given; null when not told.';
COMMENT ON COLUMN access.permission_grants.valid_from IS 'From when the grant counts.';
COMMENT ON COLUMN access.permission_grants.valid_until IS 'Until when the grant counts; null means without end.';
COMMENT ON COLUMN access.permission_grants.additional_conditions IS 'Further conditions besides the permission''s own; empty means none.';
COMMENT ON COLUMN access.permission_grants.is_active IS 'Whether the permission was not withdrawn; kept by the database.';
COMMENT ON COLUMN access.permission_grants.revoked_at IS 'When the permission was withdrawn; null while it was not.';
COMMENT ON COLUMN access.permission_grants.revoked_by IS 'Person who withdrew the permission; null while it was not withdrawn.';
COMMENT ON COLUMN access.permission_grants.revocation_reason IS 'Why the permission was withdrawn; null while it was not, or when not told.';
COMMENT ON CONSTRAINT permission_grants_pkey ON access.permission_grants IS 'A permission grant is found by its organization and id.';
COMMENT ON CONSTRAINT permission_grants_organization_id_fkey ON access.permission_grants IS 'The organization exists.';
COMMENT ON CONSTRAINT permission_grants_user_id_fkey ON access.permission_grants IS 'The user is a member of the same organization.';
COMMENT ON CONSTRAINT permission_grants_permission_id_fkey ON access.permission_grants IS 'The permission exists, in this organization or on the platform.';
COMMENT ON CONSTRAINT permission_grants_permission_org_id_check ON access.permission_grants IS 'The permission belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT permission_grants_resource_id_fkey ON access.permission_grants IS 'The resource belongs to the same organization.';
COMMENT ON CONSTRAINT permission_grants_granted_by_fkey ON access.permission_grants IS 'The granted is a member of the same organization.';
COMMENT ON CONSTRAINT permission_grants_grant_reason_check ON access.permission_grants IS 'The grant reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT permission_grants_additional_conditions_check ON access.permission_grants IS 'The conditions are a JSON object.';
COMMENT ON CONSTRAINT permission_grants_revoked_by_fkey ON access.permission_grants IS 'The revoked is a member of the same organization.';
COMMENT ON CONSTRAINT permission_grants_revocation_reason_check ON access.permission_grants IS 'The revocation reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT permission_grants_valid_until_check ON access.permission_grants IS 'The validity ends after it begins.';
COMMENT ON CONSTRAINT permission_grants_revocation ON access.permission_grants IS 'Only a withdrawn grant tells by whom and why.';
CREATE INDEX permission_grants_user_id_granted_at_id_idx ON access.permission_grants (organization_id, user_id, granted_at, id);
CREATE INDEX permission_grants_permission_org_id_permission_id_idx ON access.permission_grants (permission_org_id, permission_id);
CREATE INDEX permission_grants_permission_id_granted_at_id_idx ON access.permission_grants (organization_id, permission_id, granted_at, id);
CREATE INDEX permission_grants_resource_id_granted_at_id_idx ON access.permission_grants (organization_id, resource_id, granted_at, id);
CREATE INDEX permission_grants_granted_by_granted_at_id_idx ON access.permission_grants (organization_id, granted_by, granted_at, id);
CREATE INDEX permission_grants_revoked_by_granted_at_id_idx ON access.permission_grants (organization_id, revoked_by, granted_at, id);
CREATE INDEX permission_grants_granted_at_id_idx ON access.permission_grants (organization_id, granted_at, id);
CREATE UNIQUE INDEX permission_grants_permission_id_key ON access.permission_grants (organization_id, user_id, permission_org_id, permission_id, resource_id) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX access.permission_grants_permission_id_key IS 'A person has a permission once for the same scope.';
GRANT SELECT, INSERT, UPDATE (grant_reason, valid_from, valid_until, additional_conditions, revoked_at, revoked_by, revocation_reason) ON access.permission_grants TO portico_app;
CALL ops.isolate('access.permission_grants', 'tenant');

CREATE TABLE access.approval_workflows (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  subject_type text NOT NULL,
  steps jsonb NOT NULL DEFAULT '[]',
  is_active boolean NOT NULL DEFAULT true,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT approval_workflows_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT approval_workflows_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT approval_workflows_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT approval_workflows_subject_type_check CHECK (length(btrim(subject_type)) BETWEEN 1 AND 100),
  CONSTRAINT approval_workflows_steps_check CHECK (jsonb_typeof(steps) = 'array'),
  CONSTRAINT approval_workflows_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE access.approval_workflows IS 'Who must approve a kind of act, step by step.';
COMMENT ON COLUMN access.approval_workflows.organization_id IS 'Organization that the approval workflow belongs to.';
COMMENT ON COLUMN access.approval_workflows.id IS 'Identity of the approval workflow, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.approval_workflows.name IS 'Name of the workflow.';
COMMENT ON COLUMN access.approval_workflows.subject_type IS 'Kind of record or act that the workflow approves.';
COMMENT ON COLUMN access.approval_workflows.steps IS 'The steps in order, each with who decides and how many must agree.';
COMMENT ON COLUMN access.approval_workflows.is_active IS 'Whether new requests use the workflow. Default: true.';
COMMENT ON COLUMN access.approval_workflows.created_by IS 'Person who made the workflow; null when the platform did.';
COMMENT ON COLUMN access.approval_workflows.created_at IS 'When the approval workflow was created.';
COMMENT ON COLUMN access.approval_workflows.updated_at IS 'When the approval workflow was last changed.';
COMMENT ON COLUMN access.approval_workflows.revision IS 'Version of the approval workflow: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT approval_workflows_pkey ON access.approval_workflows IS 'An approval workflow is found by its organization and id.';
COMMENT ON CONSTRAINT approval_workflows_organization_id_fkey ON access.approval_workflows IS 'The organization exists.';
COMMENT ON CONSTRAINT approval_workflows_name_check ON access.approval_workflows IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT approval_workflows_subject_type_check ON access.approval_workflows IS 'The subject type has 1 to 100 characters.';
COMMENT ON CONSTRAINT approval_workflows_steps_check ON access.approval_workflows IS 'The steps are a JSON array.';
COMMENT ON CONSTRAINT approval_workflows_created_by_fkey ON access.approval_workflows IS 'The created is a member of the same organization.';
CREATE INDEX approval_workflows_created_by_name_id_idx ON access.approval_workflows (organization_id, created_by, name, id);
CREATE INDEX approval_workflows_created_at_id_idx ON access.approval_workflows (organization_id, created_at, id);
CREATE UNIQUE INDEX approval_workflows_name_key ON access.approval_workflows (organization_id, name);
COMMENT ON INDEX access.approval_workflows_name_key IS 'No two workflows of an organization share a name.';
CREATE TRIGGER touch BEFORE UPDATE ON access.approval_workflows FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON access.approval_workflows IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, subject_type, steps, is_active) ON access.approval_workflows TO portico_app;
CALL ops.isolate('access.approval_workflows', 'tenant');

CREATE TABLE access.approval_requests (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  workflow_id uuid,
  subject_type text NOT NULL,
  subject_id uuid NOT NULL,
  action text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  requested_by uuid,
  reason text,
  status text NOT NULL DEFAULT 'pending',
  current_step integer NOT NULL DEFAULT 0,
  expires_at timestamptz,
  decided_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT approval_requests_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT approval_requests_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT approval_requests_workflow_id_fkey FOREIGN KEY (organization_id, workflow_id) REFERENCES access.approval_workflows (organization_id, id),
  CONSTRAINT approval_requests_subject_type_check CHECK (length(btrim(subject_type)) BETWEEN 1 AND 100),
  CONSTRAINT approval_requests_action_check CHECK (length(btrim(action)) BETWEEN 1 AND 100),
  CONSTRAINT approval_requests_payload_check CHECK (jsonb_typeof(payload) = 'object'),
  CONSTRAINT approval_requests_requested_by_fkey FOREIGN KEY (organization_id, requested_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT approval_requests_reason_check CHECK (length(btrim(reason)) BETWEEN 1 AND 2000),
  CONSTRAINT approval_requests_status_check CHECK (status IN ('pending', 'approved', 'rejected', 'cancelled', 'expired')),
  CONSTRAINT approval_requests_current_step_check CHECK (current_step >= 0)
);
COMMENT ON TABLE access.approval_requests IS 'A request to be allowed one act, waiting for decisions or already decided.';
COMMENT ON COLUMN access.approval_requests.organization_id IS 'Organization that the approval request belongs to.';
COMMENT ON COLUMN access.approval_requests.id IS 'Identity of the approval request, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.approval_requests.workflow_id IS 'Workflow that decides; null when a single approval is enough.';
COMMENT ON COLUMN access.approval_requests.subject_type IS 'Kind of record that the act concerns.';
COMMENT ON COLUMN access.approval_requests.subject_id IS 'Record that the act concerns.';
COMMENT ON COLUMN access.approval_requests.action IS 'What is to be done.';
COMMENT ON COLUMN access.approval_requests.payload IS 'Details of the act, as a JSON object.';
COMMENT ON COLUMN access.approval_requests.requested_by IS 'Person who asks; null when the platform does.';
COMMENT ON COLUMN access.approval_requests.reason IS 'Why it is asked for; null when not told.';
COMMENT ON COLUMN access.approval_requests.status IS 'State of the request. One of: pending, approved, rejected, cancelled, expired. Default: pending.';
COMMENT ON COLUMN access.approval_requests.current_step IS 'Step that decides next, counted from 0. Default: 0.';
COMMENT ON COLUMN access.approval_requests.expires_at IS 'When the request lapses undecided; null means never.';
COMMENT ON COLUMN access.approval_requests.decided_at IS 'When the last decision was made; null while it waits.';
COMMENT ON COLUMN access.approval_requests.created_at IS 'When the approval request was created.';
COMMENT ON CONSTRAINT approval_requests_pkey ON access.approval_requests IS 'An approval request is found by its organization and id.';
COMMENT ON CONSTRAINT approval_requests_organization_id_fkey ON access.approval_requests IS 'The organization exists.';
COMMENT ON CONSTRAINT approval_requests_workflow_id_fkey ON access.approval_requests IS 'The workflow belongs to the same organization.';
COMMENT ON CONSTRAINT approval_requests_subject_type_check ON access.approval_requests IS 'The subject type has 1 to 100 characters.';
COMMENT ON CONSTRAINT approval_requests_action_check ON access.approval_requests IS 'The action has 1 to 100 characters.';
COMMENT ON CONSTRAINT approval_requests_payload_check ON access.approval_requests IS 'The payload is a JSON object.';
COMMENT ON CONSTRAINT approval_requests_requested_by_fkey ON access.approval_requests IS 'The requested is a member of the same organization.';
COMMENT ON CONSTRAINT approval_requests_reason_check ON access.approval_requests IS 'The reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT approval_requests_status_check ON access.approval_requests IS 'The status is one of: pending, approved, rejected, cancelled, expired.';
COMMENT ON CONSTRAINT approval_requests_current_step_check ON access.approval_requests IS 'The current step is not negative.';
CREATE INDEX approval_requests_workflow_id_created_at_id_idx ON access.approval_requests (organization_id, workflow_id, created_at, id);
CREATE INDEX approval_requests_requested_by_created_at_id_idx ON access.approval_requests (organization_id, requested_by, created_at, id);
CREATE INDEX approval_requests_created_at_id_idx ON access.approval_requests (organization_id, created_at, id);
CREATE INDEX approval_requests_status_created_at_idx ON access.approval_requests (organization_id, status, created_at);
CREATE INDEX approval_requests_subject_id_idx ON access.approval_requests (organization_id, subject_id);
GRANT SELECT, INSERT, UPDATE (status, current_step, expires_at, decided_at) ON access.approval_requests TO portico_app;
CALL ops.isolate('access.approval_requests', 'tenant');

CREATE TABLE access.approval_decisions (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  request_id uuid NOT NULL,
  step integer NOT NULL DEFAULT 0,
  decided_by uuid NOT NULL,
  decision text NOT NULL,
  comment text,
  decided_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT approval_decisions_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT approval_decisions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT approval_decisions_request_id_fkey FOREIGN KEY (organization_id, request_id) REFERENCES access.approval_requests (organization_id, id),
  CONSTRAINT approval_decisions_step_check CHECK (step >= 0),
  CONSTRAINT approval_decisions_decided_by_fkey FOREIGN KEY (organization_id, decided_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT approval_decisions_decision_check CHECK (decision IN ('approved', 'rejected', 'abstained')),
  CONSTRAINT approval_decisions_comment_check CHECK (length(btrim(comment)) BETWEEN 1 AND 5000)
);
COMMENT ON TABLE access.approval_decisions IS 'What one person decided about one step of a request. Never changed.';
COMMENT ON COLUMN access.approval_decisions.organization_id IS 'Organization that the approval decision belongs to.';
COMMENT ON COLUMN access.approval_decisions.id IS 'Identity of the approval decision, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN access.approval_decisions.request_id IS 'Request that was decided about.';
COMMENT ON COLUMN access.approval_decisions.step IS 'Step that was decided, counted from 0. Default: 0.';
COMMENT ON COLUMN access.approval_decisions.decided_by IS 'Person who decided.';
COMMENT ON COLUMN access.approval_decisions.decision IS 'What was decided. One of: approved, rejected, abstained.';
COMMENT ON COLUMN access.approval_decisions.comment IS 'What the person said about it; null for nothing.';
COMMENT ON COLUMN access.approval_decisions.decided_at IS 'When it was decided.';
COMMENT ON CONSTRAINT approval_decisions_pkey ON access.approval_decisions IS 'An approval decision is found by its organization and id.';
COMMENT ON CONSTRAINT approval_decisions_organization_id_fkey ON access.approval_decisions IS 'The organization exists.';
COMMENT ON CONSTRAINT approval_decisions_request_id_fkey ON access.approval_decisions IS 'The request belongs to the same organization.';
COMMENT ON CONSTRAINT approval_decisions_step_check ON access.approval_decisions IS 'The step is not negative.';
COMMENT ON CONSTRAINT approval_decisions_decided_by_fkey ON access.approval_decisions IS 'The decided is a member of the same organization.';
COMMENT ON CONSTRAINT approval_decisions_decision_check ON access.approval_decisions IS 'The decision is one of: approved, rejected, abstained.';
COMMENT ON CONSTRAINT approval_decisions_comment_check ON access.approval_decisions IS 'The comment has 1 to 5000 characters.';
CREATE INDEX approval_decisions_decided_by_decided_at_id_idx ON access.approval_decisions (organization_id, decided_by, decided_at, id);
CREATE INDEX approval_decisions_request_id_decided_at_id_idx ON access.approval_decisions (organization_id, request_id, decided_at, id);
CREATE UNIQUE INDEX approval_decisions_decided_by_key ON access.approval_decisions (organization_id, request_id, step, decided_by);
COMMENT ON INDEX access.approval_decisions_decided_by_key IS 'A person decides about a step once.';
GRANT SELECT, INSERT ON access.approval_decisions TO portico_app;
CALL ops.isolate('access.approval_decisions', 'tenant');

ALTER TABLE access.permissions ADD CONSTRAINT permissions_approval_workflow_id_fkey
  FOREIGN KEY (organization_id, approval_workflow_id) REFERENCES access.approval_workflows (organization_id, id);
COMMENT ON CONSTRAINT permissions_approval_workflow_id_fkey ON access.permissions IS 'The approval workflow belongs to the same organization.';
ALTER TABLE identity.api_keys ADD CONSTRAINT api_keys_role_id_fkey
  FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id);
COMMENT ON CONSTRAINT api_keys_role_id_fkey ON identity.api_keys IS 'The role belongs to the same organization.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access.approval_decisions
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('approval_decisions');
COMMENT ON TRIGGER append_only ON access.approval_decisions IS 'A decision is a fact: never changed or deleted.';

-- Epochs.

CREATE FUNCTION access.raise_epoch(organization uuid) RETURNS void LANGUAGE sql SET search_path = pg_catalog
BEGIN ATOMIC
  INSERT INTO access.epochs AS e (organization_id) VALUES (organization)
  ON CONFLICT (organization_id) DO UPDATE SET epoch = e.epoch + 1, changed_at = now();
END;
COMMENT ON FUNCTION access.raise_epoch(uuid) IS 'Counts one change of rights, and holds the count until the transaction ends.';

CREATE FUNCTION access.rights_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM access.raise_epoch(c.organization_id) FROM (SELECT DISTINCT organization_id FROM changed ORDER BY 1) c;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION access.rights_changed() IS 'Trigger: raises the epoch of every organization whose rights a statement changed.';

CREATE FUNCTION access.right_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM access.raise_epoch((to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[0])::uuid);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION access.right_changed() IS 'Trigger: raises the epoch of a row''s organization; argument: the column that names it.';

DO $$
DECLARE
  place text;
BEGIN
  FOREACH place IN ARRAY ARRAY['roles', 'permissions', 'role_permissions', 'role_assignments', 'permission_grants', 'resources'] LOOP
    EXECUTE pg_catalog.format('CREATE TRIGGER rights_added AFTER INSERT ON access.%I REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed()', place);
    EXECUTE pg_catalog.format('CREATE TRIGGER rights_changed AFTER UPDATE ON access.%I REFERENCING NEW TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed()', place);
    EXECUTE pg_catalog.format('CREATE TRIGGER rights_removed AFTER DELETE ON access.%I REFERENCING OLD TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed()', place);
    EXECUTE pg_catalog.format('COMMENT ON TRIGGER rights_added ON access.%I IS %L', place, 'Tells every server that rights were added.');
    EXECUTE pg_catalog.format('COMMENT ON TRIGGER rights_changed ON access.%I IS %L', place, 'Tells every server that rights changed.');
    EXECUTE pg_catalog.format('COMMENT ON TRIGGER rights_removed ON access.%I IS %L', place, 'Tells every server that rights were removed.');
  END LOOP;
END
$$;

-- These rows also change for other reasons (last use), which concern nobody's rights.
CREATE TRIGGER rights_added AFTER INSERT ON identity.memberships
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_added ON identity.memberships IS 'Tells every server that a member was added.';
CREATE TRIGGER rights_changed AFTER UPDATE ON identity.memberships FOR EACH ROW
  WHEN ((OLD.status, OLD.region, OLD.department_id, OLD.manager_id, OLD.title) IS DISTINCT FROM (NEW.status, NEW.region, NEW.department_id, NEW.manager_id, NEW.title))
  EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON identity.memberships IS 'Tells every server that a membership changed in a way that matters for rights.';
CREATE TRIGGER rights_added AFTER INSERT ON identity.api_keys
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_added ON identity.api_keys IS 'Tells every server that a key was added.';
CREATE TRIGGER rights_changed AFTER UPDATE ON identity.api_keys FOR EACH ROW
  WHEN ((OLD.scopes, OLD.role_id, OLD.expires_at, OLD.revoked_at, OLD.hashed_key) IS DISTINCT FROM (NEW.scopes, NEW.role_id, NEW.expires_at, NEW.revoked_at, NEW.hashed_key))
  EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON identity.api_keys IS 'Tells every server that a key changed in a way that matters for rights.';
CREATE TRIGGER rights_changed AFTER UPDATE ON identity.organizations FOR EACH ROW
  WHEN ((OLD.status, OLD.deleted_at) IS DISTINCT FROM (NEW.status, NEW.deleted_at))
  EXECUTE FUNCTION access.right_changed('id');
COMMENT ON TRIGGER rights_changed ON identity.organizations IS 'Tells every server that the organization was suspended, deleted or restored.';

CREATE TRIGGER rights_added AFTER INSERT ON identity.organization_settings FOR EACH ROW
  WHEN (NEW.session_policy -> 'mfaRequired' IS NOT NULL OR NOT NEW.masking_enabled)
  EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_added ON identity.organization_settings IS 'Tells every server that the organization demands a second factor, or masks nothing by its classification.';
CREATE TRIGGER rights_changed AFTER UPDATE ON identity.organization_settings FOR EACH ROW
  WHEN ((OLD.session_policy -> 'mfaRequired', OLD.masking_enabled) IS DISTINCT FROM (NEW.session_policy -> 'mfaRequired', NEW.masking_enabled))
  EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON identity.organization_settings IS 'Tells every server whether the organization demands a second factor, and masks by classification.';

-- An account belongs to people of several organizations, which its own row does not name: all of them look again.
CREATE FUNCTION access.account_changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  place text := current_setting('app.organization_id', true);
BEGIN
  PERFORM set_config('app.organization_id', '00000000-0000-0000-0000-000000000000', true);
  PERFORM access.raise_epoch('00000000-0000-0000-0000-000000000000');
  PERFORM set_config('app.organization_id', coalesce(place, ''), true);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION access.account_changed() IS 'Trigger: raises the epoch of the platform, and so of every organization.';
CREATE TRIGGER rights_changed AFTER UPDATE ON identity.users FOR EACH ROW
  WHEN ((OLD.status, OLD.locked_at, OLD.deleted_at, OLD.email, OLD.email_verified_at)
    IS DISTINCT FROM (NEW.status, NEW.locked_at, NEW.deleted_at, NEW.email, NEW.email_verified_at))
  EXECUTE FUNCTION access.account_changed();
COMMENT ON TRIGGER rights_changed ON identity.users IS 'Tells every server that an account was locked, closed or opened again, or has another address.';

-- Inheritance of roles.

CREATE FUNCTION access.set_role_level() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.role_level := coalesce(
    (SELECT r.role_level + 1 FROM access.roles r WHERE r.organization_id = NEW.organization_id AND r.id = NEW.parent_role_id), 0);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.set_role_level() IS 'Trigger: a role stands one level below the role it inherits from.';
CREATE FUNCTION access.pass_role_level_on() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  UPDATE access.roles r SET role_level = NEW.role_level + 1
  WHERE r.organization_id = NEW.organization_id AND r.parent_role_id = NEW.id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION access.pass_role_level_on() IS 'Trigger: a changed level moves the whole subtree.';

CREATE TRIGGER parent_cycle BEFORE INSERT OR UPDATE OF parent_role_id ON access.roles
  FOR EACH ROW WHEN (NEW.parent_role_id IS NOT NULL) EXECUTE FUNCTION ops.refuse_cycle('id', 'parent_role_id',
    'roles_parent_role_cycle', 'A role cannot inherit from itself, directly or through others.');
COMMENT ON TRIGGER parent_cycle ON access.roles IS 'Inheritance of roles never runs in a circle.';
-- After parent_cycle by name, since it reads the level of the parent under that lock.
CREATE TRIGGER parent_level BEFORE INSERT OR UPDATE OF parent_role_id, role_level ON access.roles
  FOR EACH ROW EXECUTE FUNCTION access.set_role_level();
COMMENT ON TRIGGER parent_level ON access.roles IS 'Keeps the level of a role.';
CREATE TRIGGER parent_level_passed_on AFTER UPDATE ON access.roles FOR EACH ROW
  WHEN (OLD.role_level IS DISTINCT FROM NEW.role_level) EXECUTE FUNCTION access.pass_role_level_on();
COMMENT ON TRIGGER parent_level_passed_on ON access.roles IS 'Keeps the levels of the roles beneath.';
CREATE TRIGGER parent_cycle BEFORE INSERT OR UPDATE OF parent_resource_id ON access.resources
  FOR EACH ROW WHEN (NEW.parent_resource_id IS NOT NULL) EXECUTE FUNCTION ops.refuse_cycle('id', 'parent_resource_id',
    'resources_parent_resource_cycle', 'A thing cannot lie within itself, directly or through others.');
COMMENT ON TRIGGER parent_cycle ON access.resources IS 'Things never lie within each other in a circle.';

-- What is built in stays as the platform made it.

CREATE FUNCTION access.protect_system_role() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ops.serving() THEN
    IF TG_OP = 'INSERT' THEN
      -- A new organization copies the built-in roles; their permissions stay the platform's.
      IF NEW.is_system_role AND NOT EXISTS (
        SELECT FROM access.roles r WHERE r.organization_id = '00000000-0000-0000-0000-000000000000'
          AND r.name = NEW.name AND r.is_system_role AND NEW.organization_id <> r.organization_id)
      THEN
        PERFORM ops.refuse('There is no built-in role of this name.', 'roles_system_role', 'access.roles', 'name');
      END IF;
    ELSIF OLD.is_system_role THEN
      PERFORM ops.refuse('A built-in role cannot be changed or deleted.', 'roles_system_role', 'access.roles', 'is_system_role');
    ELSIF TG_OP = 'UPDATE' AND NEW.is_system_role THEN
      PERFORM ops.refuse('A role cannot become a built-in one.', 'roles_system_role', 'access.roles', 'is_system_role');
    END IF;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION access.protect_system_role() IS 'Trigger: organizations cannot change, delete or invent built-in roles.';
CREATE TRIGGER a_protect_system_role BEFORE INSERT OR UPDATE OR DELETE ON access.roles
  FOR EACH ROW EXECUTE FUNCTION access.protect_system_role();
COMMENT ON TRIGGER a_protect_system_role ON access.roles IS 'Built-in roles stay as the platform made them.';

CREATE FUNCTION access.protect_system_permission() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ops.serving() THEN
    IF TG_OP <> 'INSERT' AND OLD.is_system_permission THEN
      PERFORM ops.refuse('A built-in permission cannot be changed or deleted.', 'permissions_system_permission', 'access.permissions', 'is_system_permission');
    ELSIF TG_OP <> 'DELETE' AND NEW.is_system_permission THEN
      PERFORM ops.refuse('An organization cannot make a built-in permission.', 'permissions_system_permission', 'access.permissions', 'is_system_permission');
    END IF;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION access.protect_system_permission() IS 'Trigger: organizations cannot change, delete or make built-in permissions.';
CREATE TRIGGER a_protect_system_permission BEFORE INSERT OR UPDATE OR DELETE ON access.permissions
  FOR EACH ROW EXECUTE FUNCTION access.protect_system_permission();
COMMENT ON TRIGGER a_protect_system_permission ON access.permissions IS 'Built-in permissions stay as the platform made them.';

CREATE FUNCTION access.protect_system_role_permissions() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  held uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.role_id ELSE NEW.role_id END;
  owner uuid := CASE TG_OP WHEN 'DELETE' THEN OLD.organization_id ELSE NEW.organization_id END;
BEGIN
  IF ops.serving() AND EXISTS (
    SELECT FROM access.roles r WHERE r.organization_id = owner AND r.id = held AND r.is_system_role)
  THEN
    PERFORM ops.refuse('The permissions of a built-in role cannot be changed.', 'role_permissions_system_role', 'access.role_permissions', 'role_id');
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION access.protect_system_role_permissions() IS 'Trigger: the permissions of a built-in role come from the platform alone.';
CREATE TRIGGER a_protect_system_role BEFORE INSERT OR UPDATE OR DELETE ON access.role_permissions
  FOR EACH ROW EXECUTE FUNCTION access.protect_system_role_permissions();
COMMENT ON TRIGGER a_protect_system_role ON access.role_permissions IS 'Built-in roles keep the permissions the platform gave them.';

-- Giving roles.

CREATE FUNCTION access.lies_within(place uuid, thing uuid, whole uuid) RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog
BEGIN ATOMIC
  WITH RECURSIVE above(id, parent_resource_id) AS (
    SELECT r.id, r.parent_resource_id FROM access.resources r
    WHERE r.organization_id = place AND r.id = thing AND r.is_active
    UNION
    SELECT r.id, r.parent_resource_id FROM above JOIN access.resources r
    ON r.organization_id = place AND r.id = above.parent_resource_id AND r.is_active
  )
  SELECT EXISTS (SELECT FROM above WHERE above.id = whole);
END;
COMMENT ON FUNCTION access.lies_within(uuid, uuid, uuid) IS 'Whether a thing is another one or lies within it, all in between being active.';

-- A role that was passed on counts while all it comes from does: nothing is withdrawn, it still lies within what it comes
-- from, and whoever passed it on is still here.
CREATE FUNCTION access.delegation(place uuid, assignment uuid)
RETURNS TABLE (valid_from timestamptz, valid_until timestamptz, conditions jsonb) LANGUAGE sql STABLE SET search_path = pg_catalog
BEGIN ATOMIC
  WITH RECURSIVE chain(delegated_from_id, role_id, resource_scope, valid_from, valid_until, condition, steps, counts) AS (
    SELECT a.delegated_from_id, a.role_id, a.resource_scope, a.valid_from, a.valid_until, a.context_conditions, 0, a.revoked_at IS NULL
    FROM access.role_assignments a WHERE a.organization_id = place AND a.id = assignment
    UNION ALL
    SELECT o.delegated_from_id, o.role_id, o.resource_scope, o.valid_from, o.valid_until, o.context_conditions, c.steps + 1,
      o.revoked_at IS NULL AND o.role_id = c.role_id
      AND (o.resource_scope IS NULL OR coalesce(access.lies_within(place, c.resource_scope, o.resource_scope), false))
      AND EXISTS (SELECT FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id
        WHERE m.organization_id = place AND m.user_id = o.user_id AND m.status = 'active'
          AND u.deleted_at IS NULL AND u.locked_at IS NULL AND u.status IN ('pending', 'active'))
    FROM chain c JOIN access.role_assignments o ON o.organization_id = place AND o.id = c.delegated_from_id
    WHERE c.steps < 10
  )
  SELECT max(c.valid_from), min(c.valid_until),
    coalesce(jsonb_agg(c.condition ORDER BY c.steps) FILTER (WHERE c.condition <> '{}'), '[{}]')
  FROM chain c HAVING bool_and(c.counts) AND bool_or(c.delegated_from_id IS NULL);
END;
COMMENT ON FUNCTION access.delegation(uuid, uuid) IS 'When, and under which conditions, an assignment counts together with all those that it was passed on from; no row when one of them does not count any more.';

CREATE FUNCTION access.check_role_assignment() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  given record;
  source record;
  ends timestamptz;
  newly uuid[] := ARRAY[NEW.user_id];
BEGIN
  -- Only a new or revived assignment is judged; the locks make the count exact.
  IF NEW.revoked_at IS NOT NULL OR (TG_OP = 'UPDATE' AND OLD.revoked_at IS NULL AND NEW.role_id = OLD.role_id) THEN
    RETURN NEW;
  END IF;
  IF NEW.team_id IS NOT NULL THEN
    PERFORM FROM access.teams t WHERE t.organization_id = NEW.organization_id AND t.id = NEW.team_id FOR NO KEY UPDATE;
    newly := ARRAY(SELECT m.user_id FROM access.team_members m
      WHERE m.organization_id = NEW.organization_id AND m.team_id = NEW.team_id);
  END IF;
  SELECT r.is_assignable, r.max_assignments, r.max_delegation_depth INTO given FROM access.roles r
  WHERE r.organization_id = NEW.organization_id AND r.id = NEW.role_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM ops.refuse('There is no such role.', 'role_assignments_role_id_fkey', 'access.role_assignments', 'role_id', '23503');
  END IF;
  IF NOT given.is_assignable THEN
    PERFORM ops.refuse('This role cannot be given to people.', 'role_assignments_role_assignable', 'access.role_assignments', 'role_id');
  END IF;
  IF given.max_assignments IS NOT NULL AND given.max_assignments < (
      SELECT count(DISTINCT p.user_id) FROM (
        SELECT h.user_id FROM access.holders(NEW.organization_id, NEW.role_id) h WHERE h.assignment_id <> NEW.id
        UNION ALL SELECT n.user_id FROM unnest(newly) n (user_id)) p)
    AND EXISTS (SELECT FROM unnest(newly) n (user_id) WHERE NOT EXISTS (
      SELECT FROM access.holders(NEW.organization_id, NEW.role_id) h WHERE h.assignment_id <> NEW.id AND h.user_id = n.user_id))
  THEN
    PERFORM ops.refuse(format('At most %s people may hold this role.', given.max_assignments),
      'role_assignments_max_assignments', 'access.role_assignments', 'role_id');
  END IF;
  IF NEW.delegated_from_id IS NOT NULL THEN
    -- The lock comes first: whoever withdraws the origin waits, and then finds this one.
    SELECT a.user_id, a.role_id, a.resource_scope, a.delegation_depth INTO source FROM access.role_assignments a
    WHERE a.organization_id = NEW.organization_id AND a.id = NEW.delegated_from_id FOR SHARE;
    SELECT d.valid_until INTO ends FROM access.delegation(NEW.organization_id, NEW.delegated_from_id) d
    WHERE d.valid_from <= now() AND (d.valid_until IS NULL OR d.valid_until > now());
    IF NOT FOUND OR source.user_id IS DISTINCT FROM NEW.delegated_by OR source.role_id IS DISTINCT FROM NEW.role_id THEN
      PERFORM ops.refuse('Only a role that one holds can be passed on.', 'role_assignments_delegation_held', 'access.role_assignments', 'delegated_from_id');
    END IF;
    IF source.resource_scope IS NOT NULL
      AND NOT coalesce(access.lies_within(NEW.organization_id, NEW.resource_scope, source.resource_scope), false)
    THEN
      PERFORM ops.refuse('A role can be passed on only for what one holds it for, or what lies within it.',
        'role_assignments_delegation_scope', 'access.role_assignments', 'resource_scope');
    END IF;
    IF NEW.delegation_depth > given.max_delegation_depth THEN
      PERFORM ops.refuse(CASE given.max_delegation_depth WHEN 0 THEN 'This role cannot be passed on.'
          ELSE format('This role can be passed on at most %s times in a row.', given.max_delegation_depth) END,
        'role_assignments_delegation_limit', 'access.role_assignments', 'delegation_depth');
    END IF;
    IF NEW.delegation_depth <> source.delegation_depth + 1 THEN
      PERFORM ops.refuse('The depth of a delegation is one more than that of its origin.', 'role_assignments_delegation_depth', 'access.role_assignments', 'delegation_depth');
    END IF;
    IF ends IS NOT NULL AND (NEW.valid_until IS NULL OR NEW.valid_until > ends) THEN
      PERFORM ops.refuse('A delegation cannot outlast the role it comes from.', 'role_assignments_delegation_end', 'access.role_assignments', 'valid_until');
    END IF;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.check_role_assignment() IS 'Trigger: a role is given only if it may be, to no more people than it allows, and passed on only by who holds it.';
CREATE TRIGGER check_role_assignment BEFORE INSERT OR UPDATE ON access.role_assignments
  FOR EACH ROW EXECUTE FUNCTION access.check_role_assignment();
COMMENT ON TRIGGER check_role_assignment ON access.role_assignments IS 'Judges every new or revived assignment.';

-- What the server asks at the beginning of a transaction.

CREATE FUNCTION access.standing(place uuid, person uuid, session uuid, api_key uuid, api_key_hash text)
RETURNS TABLE (credential text, membership text, organization text, epoch bigint, until timestamptz, mfa boolean)
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  -- Whose membership counts: the person's, or that of the person who made the key; a key with a role of its own stands
  -- for nobody.
  behind uuid := person;
  own_role uuid;
BEGIN
  credential := 'unknown';
  mfa := false;
  IF api_key IS NOT NULL THEN
    -- The number of a key is no secret: the whole key must be the one that was given out.
    SELECT CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' WHEN k.expires_at <= now() THEN 'expired'
        WHEN k.hashed_key <> api_key_hash AND k.previous_valid_until <= now() THEN 'replaced' ELSE 'valid' END,
      CASE WHEN k.role_id IS NULL THEN k.created_by END, k.role_id
    INTO credential, behind, own_role FROM identity.api_keys k
    WHERE k.id = api_key AND k.organization_id = place AND api_key_hash IN (k.hashed_key, k.previous_hashed_key);
  ELSIF session IS NOT NULL THEN
    SELECT CASE WHEN s.revoked_at IS NOT NULL THEN 'revoked' WHEN s.expires_at <= now() THEN 'expired'
      WHEN NOT s.mfa AND EXISTS (SELECT FROM identity.organization_settings o
        WHERE o.organization_id = place AND o.session_policy -> 'mfaRequired' = 'true') THEN 'mfa_required' ELSE 'valid' END, s.mfa
    INTO credential, mfa FROM identity.sessions s WHERE s.id = session AND s.user_id = person;
  END IF;
  credential := coalesce(credential, 'unknown');
  mfa := coalesce(mfa, false);
  IF behind IS NOT NULL AND NOT EXISTS (
    SELECT FROM identity.users u WHERE u.id = behind AND u.deleted_at IS NULL AND u.locked_at IS NULL AND u.status IN ('pending', 'active'))
  THEN
    credential := CASE WHEN credential IN ('valid', 'mfa_required') THEN 'revoked' ELSE credential END;
  END IF;

  SELECT m.status INTO membership
  FROM identity.memberships m WHERE m.organization_id = place AND m.user_id = behind;
  SELECT CASE WHEN o.deleted_at IS NOT NULL THEN 'deleted' ELSE o.status END INTO organization
  FROM identity.organizations o WHERE o.id = place;
  SELECT coalesce(sum(e.epoch), 0) INTO epoch FROM access.epochs e
  WHERE e.organization_id IN (place, '00000000-0000-0000-0000-000000000000');

  SELECT min(edge) FILTER (WHERE edge > now()) INTO until
  FROM (SELECT a.role_id, coalesce(d.valid_from, a.valid_from) AS valid_from,
          CASE WHEN a.is_delegated THEN d.valid_until ELSE a.valid_until END AS valid_until
        FROM access.role_assignments a
        LEFT JOIN LATERAL (SELECT c.valid_from, c.valid_until FROM access.delegation(place, a.id) c WHERE a.is_delegated) d ON true
        WHERE a.organization_id = place AND a.user_id = behind AND a.revoked_at IS NULL
          AND (NOT a.is_delegated OR d.valid_from IS NOT NULL)
        UNION ALL
        SELECT a.role_id, a.valid_from, a.valid_until
        FROM access.team_members t JOIN access.role_assignments a USING (organization_id, team_id)
        WHERE t.organization_id = place AND t.user_id = behind AND a.revoked_at IS NULL
        UNION ALL SELECT own_role, '-infinity', NULL WHERE own_role IS NOT NULL) AS a
  JOIN access.roles r ON r.organization_id = place AND r.id = a.role_id,
  unnest(ARRAY[a.valid_from, a.valid_until, r.valid_from, r.valid_until]) AS edges (edge);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION access.standing(uuid, uuid, uuid, uuid, text) IS 'Answers for whom a transaction runs, whose settings are made: whether the credential, the membership and the organization are good, which epoch of rights is current, until when time alone does not change which roles they have, and whether a second factor was shown.';
