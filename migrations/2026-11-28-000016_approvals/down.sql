DROP POLICY requests_worker ON access.approval_requests;
REVOKE SELECT (organization_id, status, expires_at) ON access.approval_requests FROM portico_worker;
REVOKE USAGE ON SCHEMA access FROM portico_worker;
DROP POLICY own ON access.approval_decisions;
DROP POLICY own ON access.approval_requests;
DROP TRIGGER check_approved_grant ON access.permission_grants;
DROP FUNCTION access.check_approved_grant();
DROP INDEX access.permission_grants_permission_id_key;
-- What a request has given is not told from what was given by hand any more: it ends here, or it would need no approval.
ALTER TABLE access.permission_grants NO FORCE ROW LEVEL SECURITY;
ALTER TABLE access.permission_grants DISABLE TRIGGER rights_removed;
DELETE FROM access.permission_grants WHERE approval_request_id IS NOT NULL;
ALTER TABLE access.permission_grants ENABLE TRIGGER rights_removed;
ALTER TABLE access.permission_grants FORCE ROW LEVEL SECURITY;
ALTER TABLE access.permission_grants
  DROP CONSTRAINT permission_grants_approved_end, DROP CONSTRAINT permission_grants_approval_request_id_fkey, DROP COLUMN approval_request_id;
CREATE UNIQUE INDEX permission_grants_permission_id_key ON access.permission_grants (organization_id, user_id, permission_org_id, permission_id, resource_id) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX access.permission_grants_permission_id_key IS 'A person has a permission once for the same scope.';
DROP TRIGGER advance_approval_request ON access.approval_requests;
DROP FUNCTION access.advance_approval_request();
DROP TRIGGER check_approval_decision ON access.approval_decisions;
DROP FUNCTION access.check_approval_decision();
DROP FUNCTION access.decides(uuid, jsonb);
DROP INDEX access.approval_requests_pending_key, access.approval_requests_lapsed_idx;
ALTER TABLE access.approval_requests
  DROP COLUMN steps, DROP COLUMN resource_id,
  DROP CONSTRAINT approval_requests_subject_type_check,
  ADD CONSTRAINT approval_requests_subject_type_check CHECK (length(btrim(subject_type)) BETWEEN 1 AND 100);
COMMENT ON COLUMN access.approval_requests.subject_type IS 'Kind of record that the act concerns.';
COMMENT ON COLUMN access.approval_requests.subject_id IS 'Record that the act concerns.';
COMMENT ON COLUMN access.approval_requests.decided_at IS 'When the last decision was made; null while it waits.';
COMMENT ON CONSTRAINT approval_requests_subject_type_check ON access.approval_requests IS 'The subject type has 1 to 100 characters.';
DROP TRIGGER rights_added ON access.approval_workflows;
DROP TRIGGER rights_changed ON access.approval_workflows;
DROP TRIGGER keep_deciding ON access.approval_workflows;
DROP FUNCTION access.keep_deciding();
REVOKE DELETE ON access.approval_workflows FROM portico_app;
ALTER TABLE access.approval_workflows
  DROP COLUMN request_minutes, DROP COLUMN grant_minutes, DROP COLUMN deciding,
  DROP CONSTRAINT approval_workflows_subject_type_check,
  ADD CONSTRAINT approval_workflows_subject_type_check CHECK (length(btrim(subject_type)) BETWEEN 1 AND 100);
COMMENT ON COLUMN access.approval_workflows.subject_type IS 'Kind of record or act that the workflow approves.';
COMMENT ON CONSTRAINT approval_workflows_subject_type_check ON access.approval_workflows IS 'The subject type has 1 to 100 characters.';
