-- Compliance: frameworks and their requirements, controls, tests and issues.

CREATE TABLE governance.compliance_frameworks (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  version text,
  description text,
  jurisdiction text,
  framework_type text,
  controls jsonb NOT NULL DEFAULT '{}',
  is_active boolean NOT NULL DEFAULT true,
  effective_date date,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT compliance_frameworks_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT compliance_frameworks_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT compliance_frameworks_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT compliance_frameworks_version_check CHECK (length(btrim(version)) BETWEEN 1 AND 50),
  CONSTRAINT compliance_frameworks_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 5000),
  CONSTRAINT compliance_frameworks_jurisdiction_check CHECK (length(btrim(jurisdiction)) BETWEEN 1 AND 200),
  CONSTRAINT compliance_frameworks_framework_type_check CHECK (length(btrim(framework_type)) BETWEEN 1 AND 100),
  CONSTRAINT compliance_frameworks_controls_check CHECK (jsonb_typeof(controls) = 'object')
);
COMMENT ON TABLE governance.compliance_frameworks IS 'A law or standard that organizations comply with, such as GDPR. Built-in frameworks belong to the platform; organizations may add their own.';
COMMENT ON COLUMN governance.compliance_frameworks.organization_id IS 'Organization that the framework belongs to.';
COMMENT ON COLUMN governance.compliance_frameworks.id IS 'Identity of the framework, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN governance.compliance_frameworks.name IS 'Short name of the framework, such as SOX.';
COMMENT ON COLUMN governance.compliance_frameworks.version IS 'Edition of the framework; null when it has none.';
COMMENT ON COLUMN governance.compliance_frameworks.description IS 'What the framework is about; null when not told.';
COMMENT ON COLUMN governance.compliance_frameworks.jurisdiction IS 'Where the framework applies, such as EU; null for everywhere.';
COMMENT ON COLUMN governance.compliance_frameworks.framework_type IS 'Kind of framework, such as privacy, financial, healthcare or security; null when not told.';
COMMENT ON COLUMN governance.compliance_frameworks.controls IS 'Notes of the framework on controls, as a JSON object.';
COMMENT ON COLUMN governance.compliance_frameworks.is_active IS 'Whether new controls may be made for the framework. Default: true.';
COMMENT ON COLUMN governance.compliance_frameworks.effective_date IS 'Day from which the framework applies; null when not told.';
COMMENT ON COLUMN governance.compliance_frameworks.created_at IS 'When the framework was created.';
COMMENT ON COLUMN governance.compliance_frameworks.updated_at IS 'When the framework was last changed.';
COMMENT ON COLUMN governance.compliance_frameworks.revision IS 'Version of the framework: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT compliance_frameworks_pkey ON governance.compliance_frameworks IS 'A framework is found by its organization and id.';
COMMENT ON CONSTRAINT compliance_frameworks_organization_id_fkey ON governance.compliance_frameworks IS 'The organization exists.';
COMMENT ON CONSTRAINT compliance_frameworks_name_check ON governance.compliance_frameworks IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT compliance_frameworks_version_check ON governance.compliance_frameworks IS 'The version has 1 to 50 characters.';
COMMENT ON CONSTRAINT compliance_frameworks_description_check ON governance.compliance_frameworks IS 'The description has 1 to 5000 characters.';
COMMENT ON CONSTRAINT compliance_frameworks_jurisdiction_check ON governance.compliance_frameworks IS 'The jurisdiction has 1 to 200 characters.';
COMMENT ON CONSTRAINT compliance_frameworks_framework_type_check ON governance.compliance_frameworks IS 'The framework type has 1 to 100 characters.';
COMMENT ON CONSTRAINT compliance_frameworks_controls_check ON governance.compliance_frameworks IS 'The controls are a JSON object.';
CREATE INDEX compliance_frameworks_created_at_id_idx ON governance.compliance_frameworks (organization_id, created_at, id);
CREATE INDEX compliance_frameworks_name_id_idx ON governance.compliance_frameworks (organization_id, name, id);
CREATE UNIQUE INDEX compliance_frameworks_name_key ON governance.compliance_frameworks (organization_id, name, version) NULLS NOT DISTINCT;
COMMENT ON INDEX governance.compliance_frameworks_name_key IS 'An edition of a framework exists once in an organization.';
CREATE TRIGGER touch BEFORE UPDATE ON governance.compliance_frameworks FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON governance.compliance_frameworks IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, version, description, jurisdiction, framework_type, controls, is_active, effective_date) ON governance.compliance_frameworks TO portico_app;
CALL ops.isolate('governance.compliance_frameworks', 'owner');

CREATE TABLE governance.compliance_requirements (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  framework_id uuid NOT NULL,
  code text NOT NULL,
  title text NOT NULL,
  description text,
  parent_id uuid,
  position integer NOT NULL DEFAULT 0,
  CONSTRAINT compliance_requirements_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT compliance_requirements_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT compliance_requirements_framework_id_fkey FOREIGN KEY (organization_id, framework_id) REFERENCES governance.compliance_frameworks (organization_id, id),
  CONSTRAINT compliance_requirements_code_check CHECK (length(btrim(code)) BETWEEN 1 AND 100),
  CONSTRAINT compliance_requirements_title_check CHECK (length(btrim(title)) BETWEEN 1 AND 500),
  CONSTRAINT compliance_requirements_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_requirements_parent_id_fkey FOREIGN KEY (organization_id, parent_id) REFERENCES governance.compliance_requirements (organization_id, id),
  CONSTRAINT compliance_requirements_position_check CHECK (position >= 0)
);
COMMENT ON TABLE governance.compliance_requirements IS 'Something that a framework demands; requirements may be divided further.';
COMMENT ON COLUMN governance.compliance_requirements.organization_id IS 'Organization that the requirement belongs to.';
COMMENT ON COLUMN governance.compliance_requirements.id IS 'Identity of the requirement, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN governance.compliance_requirements.framework_id IS 'Framework that demands it.';
COMMENT ON COLUMN governance.compliance_requirements.code IS 'Number of the requirement in the framework, such as Art. 32.';
COMMENT ON COLUMN governance.compliance_requirements.title IS 'Title of the requirement.';
COMMENT ON COLUMN governance.compliance_requirements.description IS 'What is demanded; null when the title says it all.';
COMMENT ON COLUMN governance.compliance_requirements.parent_id IS 'Requirement that this one is part of; null at the top.';
COMMENT ON COLUMN governance.compliance_requirements.position IS 'Place among the requirements of the framework, counted from 0. Default: 0.';
COMMENT ON CONSTRAINT compliance_requirements_pkey ON governance.compliance_requirements IS 'A requirement is found by its organization and id.';
COMMENT ON CONSTRAINT compliance_requirements_organization_id_fkey ON governance.compliance_requirements IS 'The organization exists.';
COMMENT ON CONSTRAINT compliance_requirements_framework_id_fkey ON governance.compliance_requirements IS 'The framework belongs to the same organization.';
COMMENT ON CONSTRAINT compliance_requirements_code_check ON governance.compliance_requirements IS 'The code has 1 to 100 characters.';
COMMENT ON CONSTRAINT compliance_requirements_title_check ON governance.compliance_requirements IS 'The title has 1 to 500 characters.';
COMMENT ON CONSTRAINT compliance_requirements_description_check ON governance.compliance_requirements IS 'The description has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_requirements_parent_id_fkey ON governance.compliance_requirements IS 'The parent belongs to the same organization.';
COMMENT ON CONSTRAINT compliance_requirements_position_check ON governance.compliance_requirements IS 'The position is not negative.';
CREATE INDEX compliance_requirements_parent_id_position_id_idx ON governance.compliance_requirements (organization_id, parent_id, position, id);
CREATE INDEX compliance_requirements_framework_id_position_id_idx ON governance.compliance_requirements (organization_id, framework_id, position, id);
CREATE UNIQUE INDEX compliance_requirements_code_key ON governance.compliance_requirements (organization_id, framework_id, code);
COMMENT ON INDEX governance.compliance_requirements_code_key IS 'A number occurs once in a framework.';
GRANT SELECT, INSERT, UPDATE (code, title, description, parent_id, position) ON governance.compliance_requirements TO portico_app;
CALL ops.isolate('governance.compliance_requirements', 'owner');

CREATE TABLE governance.compliance_controls (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  control_id text NOT NULL,
  framework_id uuid NOT NULL,
  framework_org_id uuid NOT NULL,
  category text NOT NULL,
  name text NOT NULL,
  description text,
  objective text,
  frequency text NOT NULL,
  automated boolean NOT NULL DEFAULT false,
  test_procedure text,
  status text NOT NULL DEFAULT 'not_verified',
  last_verified_at timestamptz,
  next_verification_at timestamptz,
  owner_id uuid,
  evidence_required text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT compliance_controls_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT compliance_controls_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT compliance_controls_control_id_check CHECK (length(btrim(control_id)) BETWEEN 1 AND 100),
  CONSTRAINT compliance_controls_framework_id_fkey FOREIGN KEY (framework_org_id, framework_id) REFERENCES governance.compliance_frameworks (organization_id, id),
  CONSTRAINT compliance_controls_framework_org_id_check CHECK (framework_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT compliance_controls_category_check CHECK (length(btrim(category)) BETWEEN 1 AND 200),
  CONSTRAINT compliance_controls_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 500),
  CONSTRAINT compliance_controls_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_controls_objective_check CHECK (length(btrim(objective)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_controls_frequency_check CHECK (frequency IN ('real_time', 'daily', 'weekly', 'monthly', 'quarterly', 'annual')),
  CONSTRAINT compliance_controls_test_procedure_check CHECK (length(btrim(test_procedure)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_controls_status_check CHECK (status IN ('pass', 'fail', 'warning', 'not_verified', 'not_applicable')),
  CONSTRAINT compliance_controls_owner_id_fkey FOREIGN KEY (organization_id, owner_id) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE governance.compliance_controls IS 'Something that the organization does to meet requirements, checked at regular times.';
COMMENT ON COLUMN governance.compliance_controls.organization_id IS 'Organization that the control belongs to.';
COMMENT ON COLUMN governance.compliance_controls.id IS 'Identity of the control, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN governance.compliance_controls.control_id IS 'Number of the control in the organization, such as SOX-AC-001.';
COMMENT ON COLUMN governance.compliance_controls.framework_id IS 'Framework that the control was made for.';
COMMENT ON COLUMN governance.compliance_controls.framework_org_id IS 'Organization that the framework belongs to: this one, or the platform for built-in frameworks.';
COMMENT ON COLUMN governance.compliance_controls.category IS 'Field of the control, such as Access Control.';
COMMENT ON COLUMN governance.compliance_controls.name IS 'Name of the control.';
COMMENT ON COLUMN governance.compliance_controls.description IS 'What is done; null when the name says it all.';
COMMENT ON COLUMN governance.compliance_controls.objective IS 'What the control is to achieve; null when not told.';
COMMENT ON COLUMN governance.compliance_controls.frequency IS 'How often the control is tested. One of: real_time, daily, weekly, monthly, quarterly, annual.';
COMMENT ON COLUMN governance.compliance_controls.automated IS 'Whether a program tests the control. Default: false.';
COMMENT ON COLUMN governance.compliance_controls.test_procedure IS 'How the control is tested; null when not told.';
COMMENT ON COLUMN governance.compliance_controls.status IS 'Result of the newest test, or not_verified when there is none that counts. One of: pass, fail, warning, not_verified, not_applicable. Default: not_verified.';
COMMENT ON COLUMN governance.compliance_controls.last_verified_at IS 'When the control was last tested; null when never.';
COMMENT ON COLUMN governance.compliance_controls.next_verification_at IS 'When the control is due for its next test; null before the first test, and for controls that are tested all the time.';
COMMENT ON COLUMN governance.compliance_controls.owner_id IS 'Person who is responsible for the control; null for nobody.';
COMMENT ON COLUMN governance.compliance_controls.evidence_required IS 'What must be shown for the control to pass.';
COMMENT ON COLUMN governance.compliance_controls.created_at IS 'When the control was created.';
COMMENT ON COLUMN governance.compliance_controls.updated_at IS 'When the control was last changed.';
COMMENT ON COLUMN governance.compliance_controls.revision IS 'Version of the control: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT compliance_controls_pkey ON governance.compliance_controls IS 'A control is found by its organization and id.';
COMMENT ON CONSTRAINT compliance_controls_organization_id_fkey ON governance.compliance_controls IS 'The organization exists.';
COMMENT ON CONSTRAINT compliance_controls_control_id_check ON governance.compliance_controls IS 'The control id has 1 to 100 characters.';
COMMENT ON CONSTRAINT compliance_controls_framework_id_fkey ON governance.compliance_controls IS 'The framework exists, in this organization or on the platform.';
COMMENT ON CONSTRAINT compliance_controls_framework_org_id_check ON governance.compliance_controls IS 'The framework belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT compliance_controls_category_check ON governance.compliance_controls IS 'The category has 1 to 200 characters.';
COMMENT ON CONSTRAINT compliance_controls_name_check ON governance.compliance_controls IS 'The name has 1 to 500 characters.';
COMMENT ON CONSTRAINT compliance_controls_description_check ON governance.compliance_controls IS 'The description has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_controls_objective_check ON governance.compliance_controls IS 'The objective has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_controls_frequency_check ON governance.compliance_controls IS 'The frequency is one of: real_time, daily, weekly, monthly, quarterly, annual.';
COMMENT ON CONSTRAINT compliance_controls_test_procedure_check ON governance.compliance_controls IS 'The test procedure has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_controls_status_check ON governance.compliance_controls IS 'The status is one of: pass, fail, warning, not_verified, not_applicable.';
COMMENT ON CONSTRAINT compliance_controls_owner_id_fkey ON governance.compliance_controls IS 'The owner is a member of the same organization.';
CREATE INDEX compliance_controls_framework_org_id_framework_id_idx ON governance.compliance_controls (framework_org_id, framework_id);
CREATE INDEX compliance_controls_framework_id_control_id_id_idx ON governance.compliance_controls (organization_id, framework_id, control_id, id);
CREATE INDEX compliance_controls_owner_id_control_id_id_idx ON governance.compliance_controls (organization_id, owner_id, control_id, id);
CREATE INDEX compliance_controls_created_at_id_idx ON governance.compliance_controls (organization_id, created_at, id);
CREATE INDEX compliance_controls_status_next_verification_at_idx ON governance.compliance_controls (organization_id, status, next_verification_at);
CREATE INDEX compliance_controls_next_verification_at_id_idx ON governance.compliance_controls (organization_id, next_verification_at, id);
CREATE UNIQUE INDEX compliance_controls_control_id_key ON governance.compliance_controls (organization_id, control_id);
COMMENT ON INDEX governance.compliance_controls_control_id_key IS 'No two controls of an organization share a number.';
CREATE TRIGGER touch BEFORE UPDATE ON governance.compliance_controls FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON governance.compliance_controls IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (control_id, framework_id, framework_org_id, category, name, description, objective, frequency, automated, test_procedure, status, last_verified_at, next_verification_at, owner_id, evidence_required) ON governance.compliance_controls TO portico_app;
CALL ops.isolate('governance.compliance_controls', 'tenant');

CREATE TABLE governance.control_requirements (
  organization_id uuid NOT NULL,
  control_id uuid NOT NULL,
  requirement_id uuid NOT NULL,
  requirement_org_id uuid NOT NULL,
  CONSTRAINT control_requirements_pkey PRIMARY KEY (organization_id, control_id, requirement_id),
  CONSTRAINT control_requirements_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT control_requirements_control_id_fkey FOREIGN KEY (organization_id, control_id) REFERENCES governance.compliance_controls (organization_id, id),
  CONSTRAINT control_requirements_requirement_id_fkey FOREIGN KEY (requirement_org_id, requirement_id) REFERENCES governance.compliance_requirements (organization_id, id),
  CONSTRAINT control_requirements_requirement_org_id_check CHECK (requirement_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000'))
);
COMMENT ON TABLE governance.control_requirements IS 'Says that a control helps to meet a requirement; one control may serve requirements of several frameworks.';
COMMENT ON COLUMN governance.control_requirements.organization_id IS 'Organization that the link belongs to.';
COMMENT ON COLUMN governance.control_requirements.control_id IS 'Control that helps.';
COMMENT ON COLUMN governance.control_requirements.requirement_id IS 'Requirement that is met.';
COMMENT ON COLUMN governance.control_requirements.requirement_org_id IS 'Organization that the requirement belongs to: this one, or the platform for built-in frameworks.';
COMMENT ON CONSTRAINT control_requirements_pkey ON governance.control_requirements IS 'A link is found by its organization and control id and requirement id.';
COMMENT ON CONSTRAINT control_requirements_organization_id_fkey ON governance.control_requirements IS 'The organization exists.';
COMMENT ON CONSTRAINT control_requirements_control_id_fkey ON governance.control_requirements IS 'The control belongs to the same organization.';
COMMENT ON CONSTRAINT control_requirements_requirement_id_fkey ON governance.control_requirements IS 'The requirement exists, in this organization or on the platform.';
COMMENT ON CONSTRAINT control_requirements_requirement_org_id_check ON governance.control_requirements IS 'The requirement belongs to this organization or to the platform.';
CREATE INDEX control_requirements_requirement_org_id_requirement_id_idx ON governance.control_requirements (requirement_org_id, requirement_id);
CREATE INDEX control_requirements_requirement_id_idx ON governance.control_requirements (organization_id, requirement_id);
GRANT SELECT, INSERT, DELETE ON governance.control_requirements TO portico_app;
CALL ops.isolate('governance.control_requirements', 'tenant');

CREATE TABLE governance.control_tests (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  control_id uuid NOT NULL,
  result text NOT NULL,
  performed_by uuid,
  performed_at timestamptz NOT NULL DEFAULT now(),
  automated boolean NOT NULL DEFAULT false,
  evidence jsonb NOT NULL DEFAULT '{}',
  notes text,
  CONSTRAINT control_tests_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT control_tests_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT control_tests_control_id_fkey FOREIGN KEY (organization_id, control_id) REFERENCES governance.compliance_controls (organization_id, id),
  CONSTRAINT control_tests_result_check CHECK (result IN ('pass', 'fail', 'warning', 'not_applicable')),
  CONSTRAINT control_tests_performed_by_fkey FOREIGN KEY (organization_id, performed_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT control_tests_evidence_check CHECK (jsonb_typeof(evidence) = 'object' AND length(evidence::text) <= 65536),
  CONSTRAINT control_tests_notes_check CHECK (length(btrim(notes)) BETWEEN 1 AND 10000)
);
COMMENT ON TABLE governance.control_tests IS 'One test of a control and its result. Never changed.';
COMMENT ON COLUMN governance.control_tests.organization_id IS 'Organization that the control test belongs to.';
COMMENT ON COLUMN governance.control_tests.id IS 'Identity of the control test, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN governance.control_tests.control_id IS 'Control that was tested.';
COMMENT ON COLUMN governance.control_tests.result IS 'What the test showed. One of: pass, fail, warning, not_applicable.';
COMMENT ON COLUMN governance.control_tests.performed_by IS 'Person who tested; null when a program did.';
COMMENT ON COLUMN governance.control_tests.performed_at IS 'When it was tested.';
COMMENT ON COLUMN governance.control_tests.automated IS 'Whether a program tested. Default: false.';
COMMENT ON COLUMN governance.control_tests.notes IS 'What the tester noticed; null for nothing.';
COMMENT ON CONSTRAINT control_tests_pkey ON governance.control_tests IS 'A control test is found by its organization and id.';
COMMENT ON CONSTRAINT control_tests_organization_id_fkey ON governance.control_tests IS 'The organization exists.';
COMMENT ON CONSTRAINT control_tests_control_id_fkey ON governance.control_tests IS 'The control belongs to the same organization.';
COMMENT ON CONSTRAINT control_tests_result_check ON governance.control_tests IS 'The result is one of: pass, fail, warning, not_applicable.';
COMMENT ON CONSTRAINT control_tests_performed_by_fkey ON governance.control_tests IS 'The performed is a member of the same organization.';
COMMENT ON COLUMN governance.control_tests.evidence IS 'What was shown, as a JSON object: the name of each piece of evidence with the address or reference where it is found. A test that passes has all that its control requires.';
COMMENT ON CONSTRAINT control_tests_evidence_check ON governance.control_tests IS 'The evidence is a JSON object of at most 64 KiB.';
COMMENT ON CONSTRAINT control_tests_notes_check ON governance.control_tests IS 'The notes has 1 to 10000 characters.';
CREATE INDEX control_tests_performed_by_performed_at_id_idx ON governance.control_tests (organization_id, performed_by, performed_at, id);
CREATE INDEX control_tests_control_id_performed_at_id_idx ON governance.control_tests (organization_id, control_id, performed_at, id);
CREATE INDEX control_tests_performed_at_id_idx ON governance.control_tests (organization_id, performed_at, id);
GRANT SELECT, INSERT ON governance.control_tests TO portico_app;
CALL ops.isolate('governance.control_tests', 'tenant');

CREATE TABLE governance.compliance_issues (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  control_id uuid NOT NULL,
  description text NOT NULL,
  severity text NOT NULL,
  detected_at timestamptz NOT NULL DEFAULT now(),
  due_date date,
  assigned_to uuid,
  status text NOT NULL DEFAULT 'open',
  remediation_plan text,
  resolved_at timestamptz,
  resolved_by uuid,
  resolution_notes text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT compliance_issues_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT compliance_issues_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT compliance_issues_control_id_fkey FOREIGN KEY (organization_id, control_id) REFERENCES governance.compliance_controls (organization_id, id),
  CONSTRAINT compliance_issues_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_issues_severity_check CHECK (severity IN ('low', 'medium', 'high', 'critical')),
  CONSTRAINT compliance_issues_assigned_to_fkey FOREIGN KEY (organization_id, assigned_to) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT compliance_issues_status_check CHECK (status IN ('open', 'in_progress', 'resolved', 'accepted_risk')),
  CONSTRAINT compliance_issues_remediation_plan_check CHECK (length(btrim(remediation_plan)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_issues_resolved_by_fkey FOREIGN KEY (organization_id, resolved_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT compliance_issues_resolution_notes_check CHECK (length(btrim(resolution_notes)) BETWEEN 1 AND 10000),
  CONSTRAINT compliance_issues_resolved CHECK (((status IN ('resolved', 'accepted_risk')) = (resolved_at IS NOT NULL)) AND (resolved_by IS NULL OR resolved_at IS NOT NULL))
);
COMMENT ON TABLE governance.compliance_issues IS 'A weakness of a control that must be mended, or consciously accepted.';
COMMENT ON COLUMN governance.compliance_issues.organization_id IS 'Organization that the issue belongs to.';
COMMENT ON COLUMN governance.compliance_issues.id IS 'Identity of the issue, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN governance.compliance_issues.control_id IS 'Control that is weak.';
COMMENT ON COLUMN governance.compliance_issues.description IS 'What is wrong.';
COMMENT ON COLUMN governance.compliance_issues.severity IS 'How bad it is. One of: low, medium, high, critical.';
COMMENT ON COLUMN governance.compliance_issues.detected_at IS 'When the weakness was found.';
COMMENT ON COLUMN governance.compliance_issues.due_date IS 'Day until which it must be mended; null when none was set.';
COMMENT ON COLUMN governance.compliance_issues.assigned_to IS 'Person who is to mend it; null for nobody yet.';
COMMENT ON COLUMN governance.compliance_issues.status IS 'State of the issue: from open to in_progress, then resolved or accepted_risk; from there it may be opened again. One of: open, in_progress, resolved, accepted_risk. Default: open.';
COMMENT ON COLUMN governance.compliance_issues.remediation_plan IS 'How it is to be mended; null when not told.';
COMMENT ON COLUMN governance.compliance_issues.resolved_at IS 'When the issue was resolved or the risk accepted; null before.';
COMMENT ON COLUMN governance.compliance_issues.resolved_by IS 'Person who resolved the issue or accepted the risk; null before, or when a program did.';
COMMENT ON COLUMN governance.compliance_issues.resolution_notes IS 'What was done in the end; null when not told.';
COMMENT ON COLUMN governance.compliance_issues.created_at IS 'When the issue was created.';
COMMENT ON COLUMN governance.compliance_issues.updated_at IS 'When the issue was last changed.';
COMMENT ON COLUMN governance.compliance_issues.revision IS 'Version of the issue: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT compliance_issues_pkey ON governance.compliance_issues IS 'An issue is found by its organization and id.';
COMMENT ON CONSTRAINT compliance_issues_organization_id_fkey ON governance.compliance_issues IS 'The organization exists.';
COMMENT ON CONSTRAINT compliance_issues_control_id_fkey ON governance.compliance_issues IS 'The control belongs to the same organization.';
COMMENT ON CONSTRAINT compliance_issues_description_check ON governance.compliance_issues IS 'The description has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_issues_severity_check ON governance.compliance_issues IS 'The severity is one of: low, medium, high, critical.';
COMMENT ON CONSTRAINT compliance_issues_assigned_to_fkey ON governance.compliance_issues IS 'The assigned to is a member of the same organization.';
COMMENT ON CONSTRAINT compliance_issues_status_check ON governance.compliance_issues IS 'The status is one of: open, in_progress, resolved, accepted_risk.';
COMMENT ON CONSTRAINT compliance_issues_remediation_plan_check ON governance.compliance_issues IS 'The remediation plan has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_issues_resolved_by_fkey ON governance.compliance_issues IS 'The resolved is a member of the same organization.';
COMMENT ON CONSTRAINT compliance_issues_resolution_notes_check ON governance.compliance_issues IS 'The resolution notes has 1 to 10000 characters.';
COMMENT ON CONSTRAINT compliance_issues_resolved ON governance.compliance_issues IS 'A resolved or accepted issue, and no other, tells when that was.';
CREATE INDEX compliance_issues_control_id_detected_at_id_idx ON governance.compliance_issues (organization_id, control_id, detected_at, id);
CREATE INDEX compliance_issues_assigned_to_detected_at_id_idx ON governance.compliance_issues (organization_id, assigned_to, detected_at, id);
CREATE INDEX compliance_issues_resolved_by_detected_at_id_idx ON governance.compliance_issues (organization_id, resolved_by, detected_at, id);
CREATE INDEX compliance_issues_created_at_id_idx ON governance.compliance_issues (organization_id, created_at, id);
CREATE INDEX compliance_issues_status_due_date_idx ON governance.compliance_issues (organization_id, status, due_date);
CREATE INDEX compliance_issues_severity_idx ON governance.compliance_issues (organization_id, severity);
CREATE INDEX compliance_issues_detected_at_id_idx ON governance.compliance_issues (organization_id, detected_at, id);
CREATE TRIGGER touch BEFORE UPDATE ON governance.compliance_issues FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON governance.compliance_issues IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (description, severity, detected_at, due_date, assigned_to, status, remediation_plan, resolution_notes) ON governance.compliance_issues TO portico_app;
CALL ops.isolate('governance.compliance_issues', 'tenant');

CREATE TRIGGER parent_cycle BEFORE INSERT OR UPDATE OF parent_id ON governance.compliance_requirements
  FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION ops.refuse_cycle('id', 'parent_id',
    'compliance_requirements_parent_cycle', 'A requirement cannot be part of itself, directly or through others.');
COMMENT ON TRIGGER parent_cycle ON governance.compliance_requirements IS 'Requirements form a tree.';

CREATE FUNCTION governance.next_verification(frequency text, tested timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN tested + CASE frequency
  WHEN 'daily' THEN interval '1 day'
  WHEN 'weekly' THEN interval '7 days'
  WHEN 'monthly' THEN interval '1 month'
  WHEN 'quarterly' THEN interval '3 months'
  WHEN 'annual' THEN interval '1 year'
END;
COMMENT ON FUNCTION governance.next_verification(text, timestamptz) IS 'When a control is due again after a test; null for one that is tested all the time.';

CREATE FUNCTION governance.take_test_over() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  UPDATE governance.compliance_controls c SET
    -- A test of long ago, after which the next one is due already, verifies nothing any more.
    status = CASE WHEN NEW.result <> 'not_applicable' AND governance.next_verification(c.frequency, NEW.performed_at) <= now()
      THEN 'not_verified' ELSE NEW.result END,
    last_verified_at = NEW.performed_at,
    next_verification_at = CASE WHEN NEW.result <> 'not_applicable' THEN governance.next_verification(c.frequency, NEW.performed_at) END
  WHERE c.organization_id = NEW.organization_id AND c.id = NEW.control_id
    AND (c.last_verified_at IS NULL OR c.last_verified_at <= NEW.performed_at);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION governance.take_test_over() IS 'Trigger: the newest test gives its control the result, the time and the next due date.';
CREATE TRIGGER take_test_over AFTER INSERT ON governance.control_tests
  FOR EACH ROW EXECUTE FUNCTION governance.take_test_over();
COMMENT ON TRIGGER take_test_over ON governance.control_tests IS 'Takes the result over into the control.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON governance.control_tests
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('control_tests');
COMMENT ON TRIGGER append_only ON governance.control_tests IS 'A test is a fact: never changed or deleted.';

CREATE FUNCTION governance.check_evidence() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  missing text;
BEGIN
  SELECT wanted INTO missing FROM governance.compliance_controls c, unnest(c.evidence_required) AS wanted
  WHERE c.organization_id = NEW.organization_id AND c.id = NEW.control_id AND coalesce(btrim(NEW.evidence ->> wanted), '') = ''
  LIMIT 1;
  IF FOUND THEN
    PERFORM ops.refuse(format('A test passes with evidence, and this is missing: %s.', missing),
      'control_tests_evidence_required', 'governance.control_tests', 'evidence');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION governance.check_evidence() IS 'Trigger: a test passes only with all the evidence that its control requires.';
CREATE TRIGGER check_evidence BEFORE INSERT ON governance.control_tests
  FOR EACH ROW WHEN (NEW.result = 'pass') EXECUTE FUNCTION governance.check_evidence();
COMMENT ON TRIGGER check_evidence ON governance.control_tests IS 'Nothing passes without evidence.';

CREATE FUNCTION governance.check_control() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.frequency <> OLD.frequency AND NEW.last_verified_at IS NOT NULL AND NEW.status <> 'not_applicable' THEN
    NEW.next_verification_at := governance.next_verification(NEW.frequency, NEW.last_verified_at);
  END IF;
  -- A result is shown by a test; without one a control can only be unverified or not apply.
  IF ops.serving() AND pg_trigger_depth() < 2 AND NEW.status IN ('pass', 'fail', 'warning')
    AND (TG_OP = 'INSERT' OR NEW.status <> OLD.status)
  THEN
    PERFORM ops.refuse('A control passes or fails by a test; record one.', 'compliance_controls_status_by_test', 'governance.compliance_controls', 'status');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION governance.check_control() IS 'Trigger: results of controls come from tests, and the due date follows the frequency.';
CREATE TRIGGER check_control BEFORE INSERT OR UPDATE ON governance.compliance_controls
  FOR EACH ROW EXECUTE FUNCTION governance.check_control();
COMMENT ON TRIGGER check_control ON governance.compliance_controls IS 'Keeps the state of a control true.';

CREATE FUNCTION governance.advance_issue() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'open' THEN
      PERFORM ops.refuse('An issue begins open.', 'compliance_issues_status_transition', 'governance.compliance_issues', 'status');
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status = OLD.status THEN
    RETURN NEW;
  END IF;
  IF (OLD.status, NEW.status) NOT IN (('open', 'in_progress'), ('in_progress', 'resolved'), ('in_progress', 'accepted_risk'),
    ('resolved', 'open'), ('accepted_risk', 'open'))
  THEN
    PERFORM ops.refuse(format('An issue that is %s cannot become %s.', replace(OLD.status, '_', ' '), replace(NEW.status, '_', ' ')),
      'compliance_issues_status_transition', 'governance.compliance_issues', 'status');
  END IF;
  IF NEW.status IN ('resolved', 'accepted_risk') THEN
    NEW.resolved_at := coalesce(NEW.resolved_at, now());
    NEW.resolved_by := coalesce(ops.actor(), NEW.resolved_by);
  ELSE
    NEW.resolved_at := NULL;
    NEW.resolved_by := NULL;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION governance.advance_issue() IS 'Trigger: an issue goes from open over in progress to resolved or accepted, and may be opened again; it tells by whom and when it ended.';
CREATE TRIGGER advance_issue BEFORE INSERT OR UPDATE ON governance.compliance_issues
  FOR EACH ROW EXECUTE FUNCTION governance.advance_issue();
COMMENT ON TRIGGER advance_issue ON governance.compliance_issues IS 'Keeps the states of an issue in order.';

-- Background work finds the organizations with controls whose next test is overdue.
GRANT USAGE ON SCHEMA governance TO portico_worker;
GRANT SELECT (organization_id, status, next_verification_at) ON governance.compliance_controls TO portico_worker;
CREATE POLICY controls_worker ON governance.compliance_controls FOR SELECT TO portico_worker
  USING (status IN ('pass', 'fail', 'warning') AND next_verification_at <= now());
COMMENT ON POLICY controls_worker ON governance.compliance_controls IS 'Background work sees that controls are overdue, and nothing else of them.';
CREATE INDEX compliance_controls_overdue_idx ON governance.compliance_controls (next_verification_at) WHERE status IN ('pass', 'fail', 'warning');
