-- How sensitive data are, which fields are of which kind, and so how they are masked.

CREATE TABLE security.data_classifications (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  description text,
  sensitivity_level integer NOT NULL,
  compliance_frameworks text[] NOT NULL DEFAULT '{}',
  retention_period_days integer,
  encryption_required boolean NOT NULL DEFAULT false,
  masking_required boolean NOT NULL DEFAULT false,
  access_logging_required boolean NOT NULL DEFAULT true,
  masking_method text NOT NULL DEFAULT 'redact',
  keep smallint NOT NULL DEFAULT 4,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT data_classifications_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT data_classifications_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT data_classifications_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT data_classifications_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 2000),
  CONSTRAINT data_classifications_sensitivity_level_check CHECK (sensitivity_level BETWEEN 1 AND 5),
  CONSTRAINT data_classifications_compliance_frameworks_check CHECK (cardinality(compliance_frameworks) <= 50),
  CONSTRAINT data_classifications_retention_period_days_check CHECK (retention_period_days > 0),
  CONSTRAINT data_classifications_masking_required_check CHECK (NOT masking_required OR sensitivity_level > 1),
  CONSTRAINT data_classifications_masking_method_check CHECK (masking_method IN ('redact', 'partial', 'hash', 'tokenize')),
  CONSTRAINT data_classifications_keep_check CHECK (keep BETWEEN 0 AND 20),
  CONSTRAINT data_classifications_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE security.data_classifications IS 'A kind of data by how sensitive they are, and how they must be handled. The platform brings five; an organization may add its own.';
COMMENT ON COLUMN security.data_classifications.organization_id IS 'Organization that the classification belongs to; the platform for built-in ones.';
COMMENT ON COLUMN security.data_classifications.id IS 'Identity of the classification, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN security.data_classifications.name IS 'Name of the classification.';
COMMENT ON COLUMN security.data_classifications.description IS 'What is of this kind; null when not told.';
COMMENT ON COLUMN security.data_classifications.sensitivity_level IS 'How sensitive the data are: 1 public, 2 internal, 3 confidential, 4 restricted, 5 top secret. It also says who sees masked data in clear: holders of data.internal.read, data.confidential.read, data.restricted.read and data.top_secret.read.';
COMMENT ON COLUMN security.data_classifications.compliance_frameworks IS 'Frameworks that ask for it, such as GDPR, at most 50.';
COMMENT ON COLUMN security.data_classifications.retention_period_days IS 'How many days such data are kept; null for no end.';
COMMENT ON COLUMN security.data_classifications.encryption_required IS 'Whether such data have to be kept encrypted. Default: false.';
COMMENT ON COLUMN security.data_classifications.masking_required IS 'Whether such data are masked for everybody who lacks the permission of their level. Default: false.';
COMMENT ON COLUMN security.data_classifications.access_logging_required IS 'Whether it has to be written down who reads such data. Default: true.';
COMMENT ON COLUMN security.data_classifications.masking_method IS 'How such data are masked where their element does not say otherwise: redact not at all, partial the end alone, hash a value that cannot be turned back, tokenize the same token for the same value. One of: redact, partial, hash, tokenize. Default: redact.';
COMMENT ON COLUMN security.data_classifications.keep IS 'How many characters of the end are shown where the method is partial, 0 to 20. Default: 4.';
COMMENT ON COLUMN security.data_classifications.created_by IS 'Person who made it; null when it was not a person.';
COMMENT ON COLUMN security.data_classifications.created_at IS 'When the classification was created.';
COMMENT ON COLUMN security.data_classifications.updated_at IS 'When the classification was last changed.';
COMMENT ON COLUMN security.data_classifications.revision IS 'Version of the classification: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT data_classifications_pkey ON security.data_classifications IS 'A classification is found by its organization and id.';
COMMENT ON CONSTRAINT data_classifications_organization_id_fkey ON security.data_classifications IS 'The organization exists.';
COMMENT ON CONSTRAINT data_classifications_name_check ON security.data_classifications IS 'The name has 1 to 100 characters.';
COMMENT ON CONSTRAINT data_classifications_description_check ON security.data_classifications IS 'The description has 1 to 2000 characters.';
COMMENT ON CONSTRAINT data_classifications_sensitivity_level_check ON security.data_classifications IS 'The level lies between 1 and 5.';
COMMENT ON CONSTRAINT data_classifications_compliance_frameworks_check ON security.data_classifications IS 'There are at most 50 frameworks.';
COMMENT ON CONSTRAINT data_classifications_retention_period_days_check ON security.data_classifications IS 'The number of days is positive.';
COMMENT ON CONSTRAINT data_classifications_masking_required_check ON security.data_classifications IS 'What is public is not masked.';
COMMENT ON CONSTRAINT data_classifications_masking_method_check ON security.data_classifications IS 'The method is one of: redact, partial, hash, tokenize.';
COMMENT ON CONSTRAINT data_classifications_keep_check ON security.data_classifications IS 'The number of characters lies between 0 and 20.';
COMMENT ON CONSTRAINT data_classifications_created_by_fkey ON security.data_classifications IS 'The maker is a member of the same organization.';
CREATE INDEX data_classifications_sensitivity_level_id_idx ON security.data_classifications (organization_id, sensitivity_level, id);
CREATE INDEX data_classifications_created_by_sensitivity_level_id_idx ON security.data_classifications (organization_id, created_by, sensitivity_level, id);
CREATE UNIQUE INDEX data_classifications_name_key ON security.data_classifications (organization_id, name);
COMMENT ON INDEX security.data_classifications_name_key IS 'No two classifications of an organization share a name.';
CREATE TRIGGER touch BEFORE UPDATE ON security.data_classifications FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON security.data_classifications IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, description, sensitivity_level, compliance_frameworks, retention_period_days, encryption_required, masking_required, access_logging_required, masking_method, keep), DELETE ON security.data_classifications TO portico_app;
CALL ops.isolate('security.data_classifications', 'owner');

CREATE TABLE security.data_elements (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  field text NOT NULL,
  element_type text NOT NULL,
  classification_id uuid NOT NULL,
  classification_org_id uuid NOT NULL,
  masking_method text,
  keep smallint,
  is_active boolean NOT NULL DEFAULT true,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT data_elements_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT data_elements_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT data_elements_field_check CHECK (field ~ '^[A-Z][A-Za-z0-9]*\.[a-z][A-Za-z0-9]*$' AND length(field) <= 200),
  CONSTRAINT data_elements_element_type_check CHECK (element_type IN ('email', 'phone', 'name', 'birth_date', 'gender', 'address', 'ip_address', 'financial', 'other')),
  CONSTRAINT data_elements_classification_id_fkey FOREIGN KEY (classification_org_id, classification_id) REFERENCES security.data_classifications (organization_id, id),
  CONSTRAINT data_elements_classification_org_id_check CHECK (classification_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT data_elements_masking_method_check CHECK (masking_method IN ('redact', 'partial', 'hash', 'tokenize')),
  CONSTRAINT data_elements_keep_check CHECK (keep BETWEEN 0 AND 20),
  CONSTRAINT data_elements_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE security.data_elements IS 'Says how a field of the API is classified. The platform does so for personal data; what an organization says of a field takes the place of that.';
COMMENT ON COLUMN security.data_elements.organization_id IS 'Organization that the element belongs to; the platform for built-in ones.';
COMMENT ON COLUMN security.data_elements.id IS 'Identity of the element, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN security.data_elements.field IS 'Field that it is about, as type and field: User.email.';
COMMENT ON COLUMN security.data_elements.element_type IS 'What the field holds. One of: email, phone, name, birth_date, gender, address, ip_address, financial, other.';
COMMENT ON COLUMN security.data_elements.classification_id IS 'How the field is classified.';
COMMENT ON COLUMN security.data_elements.classification_org_id IS 'Organization that the classification belongs to: this one, or the platform for built-in ones.';
COMMENT ON COLUMN security.data_elements.masking_method IS 'How the field is masked; as its classification says when null. One of: redact, partial, hash, tokenize.';
COMMENT ON COLUMN security.data_elements.keep IS 'How many characters of the end are shown where the method is partial, 0 to 20; as its classification says when null.';
COMMENT ON COLUMN security.data_elements.is_active IS 'Whether it counts; where not, the field is not classified. Default: true.';
COMMENT ON COLUMN security.data_elements.created_by IS 'Person who made it; null when it was not a person.';
COMMENT ON COLUMN security.data_elements.created_at IS 'When the element was created.';
COMMENT ON COLUMN security.data_elements.updated_at IS 'When the element was last changed.';
COMMENT ON COLUMN security.data_elements.revision IS 'Version of the element: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT data_elements_pkey ON security.data_elements IS 'An element is found by its organization and id.';
COMMENT ON CONSTRAINT data_elements_organization_id_fkey ON security.data_elements IS 'The organization exists.';
COMMENT ON CONSTRAINT data_elements_field_check ON security.data_elements IS 'The field is named as type and field.';
COMMENT ON CONSTRAINT data_elements_element_type_check ON security.data_elements IS 'The element type is one of: email, phone, name, birth_date, gender, address, ip_address, financial, other.';
COMMENT ON CONSTRAINT data_elements_classification_id_fkey ON security.data_elements IS 'The classification exists.';
COMMENT ON CONSTRAINT data_elements_classification_org_id_check ON security.data_elements IS 'The classification belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT data_elements_masking_method_check ON security.data_elements IS 'The method is one of: redact, partial, hash, tokenize.';
COMMENT ON CONSTRAINT data_elements_keep_check ON security.data_elements IS 'The number of characters lies between 0 and 20.';
COMMENT ON CONSTRAINT data_elements_created_by_fkey ON security.data_elements IS 'The maker is a member of the same organization.';
CREATE INDEX data_elements_created_at_id_idx ON security.data_elements (organization_id, created_at, id);
CREATE INDEX data_elements_classification_id_field_id_idx ON security.data_elements (organization_id, classification_id, field, id);
CREATE INDEX data_elements_classification_org_id_classification_id_idx ON security.data_elements (classification_org_id, classification_id);
CREATE INDEX data_elements_created_by_field_id_idx ON security.data_elements (organization_id, created_by, field, id);
CREATE UNIQUE INDEX data_elements_field_key ON security.data_elements (organization_id, field);
COMMENT ON INDEX security.data_elements_field_key IS 'An organization says of a field once how it is classified.';
CREATE TRIGGER touch BEFORE UPDATE ON security.data_elements FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON security.data_elements IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (element_type, classification_id, classification_org_id, masking_method, keep, is_active), DELETE ON security.data_elements TO portico_app;
CALL ops.isolate('security.data_elements', 'owner');

-- A policy may be about all that is classified in one way.
ALTER TABLE security.masking_policies ADD COLUMN classification_id uuid;
ALTER TABLE security.masking_policies ADD COLUMN classification_org_id uuid;
ALTER TABLE security.masking_policies DROP CONSTRAINT masking_policies_fields_check;
ALTER TABLE security.masking_policies ADD CONSTRAINT masking_policies_fields_check
  CHECK (CASE WHEN classification_id IS NULL THEN cardinality(fields) BETWEEN 1 AND 100 ELSE cardinality(fields) = 0 END);
ALTER TABLE security.masking_policies ADD CONSTRAINT masking_policies_classification_id_fkey
  FOREIGN KEY (classification_org_id, classification_id) REFERENCES security.data_classifications (organization_id, id);
ALTER TABLE security.masking_policies ADD CONSTRAINT masking_policies_classification_org_id_check
  CHECK ((classification_id IS NULL) = (classification_org_id IS NULL) AND classification_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000'));
COMMENT ON COLUMN security.masking_policies.fields IS 'Fields that it is about, as type and field: User.email, Account.name; none where it is about a classification.';
COMMENT ON COLUMN security.masking_policies.classification_id IS 'Classification whose fields it is about; null where it names them itself.';
COMMENT ON COLUMN security.masking_policies.classification_org_id IS 'Organization that the classification belongs to: this one, or the platform for built-in ones; null with it.';
COMMENT ON CONSTRAINT masking_policies_fields_check ON security.masking_policies IS 'A policy is about 1 to 100 fields, or about a classification.';
COMMENT ON CONSTRAINT masking_policies_classification_id_fkey ON security.masking_policies IS 'The classification exists.';
COMMENT ON CONSTRAINT masking_policies_classification_org_id_check ON security.masking_policies IS 'The classification belongs to this organization or to the platform.';
CREATE INDEX masking_policies_classification_id_priority_id_idx ON security.masking_policies (organization_id, classification_id, priority, id);
CREATE INDEX masking_policies_classification_org_id_classification_id_idx ON security.masking_policies (classification_org_id, classification_id);
GRANT UPDATE (classification_id, classification_org_id) ON security.masking_policies TO portico_app;

-- What is built in. The ids are fixed, so that they are the same in every installation.
SELECT set_config('app.organization_id', '00000000-0000-0000-0000-000000000000', true);
SELECT set_config('app.user_id', '', true);

INSERT INTO security.data_classifications
  (organization_id, id, name, description, sensitivity_level, compliance_frameworks, encryption_required, masking_required)
SELECT '00000000-0000-0000-0000-000000000000', ('00000000-0000-7000-8000-0000000c000' || c.level)::uuid,
  c.name, c.description, c.level, c.frameworks::text[], c.level > 2, c.level > 3
FROM (VALUES
  (1, 'public', 'Publicly available information', '{}'),
  (2, 'internal', 'Internal business information', '{}'),
  (3, 'confidential', 'Confidential business information', '{}'),
  (4, 'restricted', 'Restricted access information', '{GDPR}'),
  (5, 'top_secret', 'Highly classified information', '{GDPR,HIPAA}')
) AS c (level, name, description, frameworks);

INSERT INTO security.data_elements (organization_id, id, field, element_type, classification_id, classification_org_id, masking_method)
SELECT '00000000-0000-0000-0000-000000000000', ('00000000-0000-7000-8000-0000000d00' || lpad(e.n::text, 2, '0'))::uuid,
  e.field, e.holds, ('00000000-0000-7000-8000-0000000c000' || e.level)::uuid, '00000000-0000-0000-0000-000000000000', e.method
FROM (VALUES
  (1, 'User.email', 'email', 3, 'partial'),
  (2, 'User.username', 'name', 2, NULL),
  (3, 'User.firstName', 'name', 2, NULL),
  (4, 'User.lastName', 'name', 2, NULL),
  (5, 'User.displayName', 'name', 2, NULL),
  (6, 'Invitation.email', 'email', 3, 'partial'),
  (7, 'UserProfile.dateOfBirth', 'birth_date', 4, NULL),
  (8, 'UserProfile.gender', 'gender', 4, NULL),
  (9, 'UserProfile.addressLine1', 'address', 4, NULL),
  (10, 'UserProfile.addressLine2', 'address', 4, NULL),
  (11, 'UserProfile.postalCode', 'address', 4, NULL),
  (12, 'UserProfile.city', 'address', 3, NULL),
  (13, 'UserProfile.stateProvince', 'address', 3, NULL),
  (14, 'AuditLog.ipAddress', 'ip_address', 3, NULL),
  (15, 'ApiKey.lastUsedIp', 'ip_address', 3, NULL),
  (16, 'SecurityEvent.sourceIp', 'ip_address', 3, NULL),
  (17, 'Deal.value', 'financial', 3, NULL)
) AS e (n, field, holds, level, method);

-- How fields are shown is part of what servers know of a caller.
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON security.data_classifications
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON security.data_classifications IS 'Tells every server that fields are shown otherwise.';
CREATE TRIGGER rights_changed AFTER INSERT OR UPDATE OR DELETE ON security.data_elements
  FOR EACH ROW EXECUTE FUNCTION access.right_changed('organization_id');
COMMENT ON TRIGGER rights_changed ON security.data_elements IS 'Tells every server that fields are shown otherwise.';
