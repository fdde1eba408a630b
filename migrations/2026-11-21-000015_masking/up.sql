-- Fields that some people see only in part.

CREATE TABLE security.masking_policies (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  description text,
  fields text[] NOT NULL,
  method text NOT NULL,
  keep smallint NOT NULL DEFAULT 4,
  priority integer NOT NULL DEFAULT 100,
  is_active boolean NOT NULL DEFAULT true,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT masking_policies_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT masking_policies_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT masking_policies_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT masking_policies_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT masking_policies_fields_check CHECK (cardinality(fields) BETWEEN 1 AND 100),
  CONSTRAINT masking_policies_method_check CHECK (method IN ('none', 'redact', 'partial', 'hash', 'tokenize')),
  CONSTRAINT masking_policies_keep_check CHECK (keep BETWEEN 0 AND 20),
  CONSTRAINT masking_policies_priority_check CHECK (priority BETWEEN 0 AND 10000),
  CONSTRAINT masking_policies_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE security.masking_policies IS 'Says how certain fields are shown to certain people. Of the policies that concern a person and a field, the one with the smallest priority counts.';
COMMENT ON COLUMN security.masking_policies.organization_id IS 'Organization that the policy belongs to.';
COMMENT ON COLUMN security.masking_policies.id IS 'Identity of the policy, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN security.masking_policies.name IS 'Name of the policy.';
COMMENT ON COLUMN security.masking_policies.description IS 'What the policy is for; null when not told.';
COMMENT ON COLUMN security.masking_policies.fields IS 'Fields that it is about, as type and field: User.email, Account.name.';
COMMENT ON COLUMN security.masking_policies.method IS 'How the fields are shown: none as they are, redact not at all, partial the end alone, hash a value that cannot be turned back, tokenize the same token for the same value. One of: none, redact, partial, hash, tokenize.';
COMMENT ON COLUMN security.masking_policies.keep IS 'How many characters of the end are shown where the method is partial, 0 to 20. Default: 4.';
COMMENT ON COLUMN security.masking_policies.priority IS 'Which policy counts of several: the one with the smallest number. Default: 100.';
COMMENT ON COLUMN security.masking_policies.is_active IS 'Whether it counts. Default: true.';
COMMENT ON COLUMN security.masking_policies.created_by IS 'Person who made it; null when it was not a person.';
COMMENT ON COLUMN security.masking_policies.created_at IS 'When the policy was created.';
COMMENT ON COLUMN security.masking_policies.updated_at IS 'When the policy was last changed.';
COMMENT ON COLUMN security.masking_policies.revision IS 'Version of the policy: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT masking_policies_pkey ON security.masking_policies IS 'A policy is found by its organization and id.';
COMMENT ON CONSTRAINT masking_policies_organization_id_fkey ON security.masking_policies IS 'The organization exists.';
COMMENT ON CONSTRAINT masking_policies_name_check ON security.masking_policies IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT masking_policies_description_check ON security.masking_policies IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT masking_policies_fields_check ON security.masking_policies IS 'A policy is about 1 to 100 fields.';
COMMENT ON CONSTRAINT masking_policies_method_check ON security.masking_policies IS 'The method is one of: none, redact, partial, hash, tokenize.';
COMMENT ON CONSTRAINT masking_policies_keep_check ON security.masking_policies IS 'The number of characters lies between 0 and 20.';
COMMENT ON CONSTRAINT masking_policies_priority_check ON security.masking_policies IS 'The priority lies between 0 and 10000.';
COMMENT ON CONSTRAINT masking_policies_created_by_fkey ON security.masking_policies IS 'The maker is a member of the same organization.';
CREATE INDEX masking_policies_priority_id_idx ON security.masking_policies (organization_id, priority, id);
CREATE INDEX masking_policies_created_by_priority_id_idx ON security.masking_policies (organization_id, created_by, priority, id);
CREATE UNIQUE INDEX masking_policies_name_key ON security.masking_policies (organization_id, name);
COMMENT ON INDEX security.masking_policies_name_key IS 'No two policies of an organization share a name.';
CREATE TRIGGER touch BEFORE UPDATE ON security.masking_policies FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON security.masking_policies IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, description, fields, method, keep, priority, is_active), DELETE ON security.masking_policies TO portico_app;
CALL ops.isolate('security.masking_policies', 'tenant');

CREATE TABLE security.masking_policy_roles (
  organization_id uuid NOT NULL,
  policy_id uuid NOT NULL,
  role_id uuid NOT NULL,
  CONSTRAINT masking_policy_roles_pkey PRIMARY KEY (organization_id, policy_id, role_id),
  CONSTRAINT masking_policy_roles_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT masking_policy_roles_policy_id_fkey FOREIGN KEY (organization_id, policy_id) REFERENCES security.masking_policies (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT masking_policy_roles_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id)
);
COMMENT ON TABLE security.masking_policy_roles IS 'Says that a policy concerns the people who hold a role. A policy with neither roles nor people concerns everybody.';
COMMENT ON COLUMN security.masking_policy_roles.organization_id IS 'Organization that the policy belongs to.';
COMMENT ON COLUMN security.masking_policy_roles.policy_id IS 'Policy that concerns the role.';
COMMENT ON COLUMN security.masking_policy_roles.role_id IS 'Role that the policy concerns.';
COMMENT ON CONSTRAINT masking_policy_roles_pkey ON security.masking_policy_roles IS 'A policy names a role once.';
COMMENT ON CONSTRAINT masking_policy_roles_organization_id_fkey ON security.masking_policy_roles IS 'The organization exists.';
COMMENT ON CONSTRAINT masking_policy_roles_policy_id_fkey ON security.masking_policy_roles IS 'The policy belongs to the same organization.';
COMMENT ON CONSTRAINT masking_policy_roles_role_id_fkey ON security.masking_policy_roles IS 'The role belongs to the same organization.';
CREATE INDEX masking_policy_roles_role_id_idx ON security.masking_policy_roles (organization_id, role_id);
GRANT SELECT, INSERT, DELETE ON security.masking_policy_roles TO portico_app;
CALL ops.isolate('security.masking_policy_roles', 'tenant');

CREATE TABLE security.masking_policy_users (
  organization_id uuid NOT NULL,
  policy_id uuid NOT NULL,
  user_id uuid NOT NULL,
  CONSTRAINT masking_policy_users_pkey PRIMARY KEY (organization_id, policy_id, user_id),
  CONSTRAINT masking_policy_users_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT masking_policy_users_policy_id_fkey FOREIGN KEY (organization_id, policy_id) REFERENCES security.masking_policies (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT masking_policy_users_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE security.masking_policy_users IS 'Says that a policy concerns a person. A policy with neither roles nor people concerns everybody.';
COMMENT ON COLUMN security.masking_policy_users.organization_id IS 'Organization that the policy belongs to.';
COMMENT ON COLUMN security.masking_policy_users.policy_id IS 'Policy that concerns the person.';
COMMENT ON COLUMN security.masking_policy_users.user_id IS 'Person that the policy concerns.';
COMMENT ON CONSTRAINT masking_policy_users_pkey ON security.masking_policy_users IS 'A policy names a person once.';
COMMENT ON CONSTRAINT masking_policy_users_organization_id_fkey ON security.masking_policy_users IS 'The organization exists.';
COMMENT ON CONSTRAINT masking_policy_users_policy_id_fkey ON security.masking_policy_users IS 'The policy belongs to the same organization.';
COMMENT ON CONSTRAINT masking_policy_users_user_id_fkey ON security.masking_policy_users IS 'The person belongs to the same organization.';
CREATE INDEX masking_policy_users_user_id_idx ON security.masking_policy_users (organization_id, user_id);
GRANT SELECT, INSERT, DELETE ON security.masking_policy_users TO portico_app;
CALL ops.isolate('security.masking_policy_users', 'tenant');

-- How fields are shown is part of what servers know of a caller.
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON security.masking_policies
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON security.masking_policies IS 'Tells every server that fields are shown otherwise.';
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON security.masking_policy_roles
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON security.masking_policy_roles IS 'Tells every server that fields are shown otherwise.';
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON security.masking_policy_users
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON security.masking_policy_users IS 'Tells every server that fields are shown otherwise.';
