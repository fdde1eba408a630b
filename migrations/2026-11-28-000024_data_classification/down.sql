DELETE FROM security.masking_policies WHERE classification_id IS NOT NULL;
REVOKE UPDATE (classification_id, classification_org_id) ON security.masking_policies FROM portico_app;
ALTER TABLE security.masking_policies DROP CONSTRAINT masking_policies_fields_check;
ALTER TABLE security.masking_policies ADD CONSTRAINT masking_policies_fields_check CHECK (cardinality(fields) BETWEEN 1 AND 100);
ALTER TABLE security.masking_policies DROP COLUMN classification_id CASCADE, DROP COLUMN classification_org_id CASCADE;
COMMENT ON COLUMN security.masking_policies.fields IS 'Fields that it is about, as type and field: User.email, Account.name.';
COMMENT ON CONSTRAINT masking_policies_fields_check ON security.masking_policies IS 'A policy is about 1 to 100 fields.';
DROP TABLE security.data_elements;
DROP TABLE security.data_classifications;
