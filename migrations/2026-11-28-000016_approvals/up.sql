-- Approvals are decided: by whom, how long they wait, what they give, and who sees them.

ALTER TABLE access.approval_workflows
  ADD COLUMN request_minutes integer NOT NULL DEFAULT 10080,
  ADD COLUMN grant_minutes integer NOT NULL DEFAULT 1440,
  ADD COLUMN deciding text[] NOT NULL DEFAULT '{}',
  ADD CONSTRAINT approval_workflows_request_minutes_check CHECK (request_minutes BETWEEN 1 AND 525600),
  ADD CONSTRAINT approval_workflows_grant_minutes_check CHECK (grant_minutes BETWEEN 1 AND 525600),
  DROP CONSTRAINT approval_workflows_subject_type_check,
  ADD CONSTRAINT approval_workflows_subject_type_check CHECK (subject_type IN ('permission'));
COMMENT ON COLUMN access.approval_workflows.subject_type IS 'Kind of what the workflow approves. One of: permission.';
COMMENT ON COLUMN access.approval_workflows.request_minutes IS 'How long a request waits for its decisions before it lapses, in minutes. Default: 10080, a week.';
COMMENT ON COLUMN access.approval_workflows.grant_minutes IS 'How long at most an approved permission holds, in minutes. Default: 1440, a day.';
COMMENT ON COLUMN access.approval_workflows.deciding IS 'Permissions whose holders its steps let decide, now or before; kept by the database.';
COMMENT ON CONSTRAINT approval_workflows_request_minutes_check ON access.approval_workflows IS 'Requests wait between a minute and a year.';
COMMENT ON CONSTRAINT approval_workflows_grant_minutes_check ON access.approval_workflows IS 'What is approved holds between a minute and a year.';
COMMENT ON CONSTRAINT approval_workflows_subject_type_check ON access.approval_workflows IS 'The subject type is one of: permission.';
GRANT UPDATE (request_minutes, grant_minutes), DELETE ON access.approval_workflows TO portico_app;

-- Requests that were opened before a step was changed are still decided by those whom it named then.
CREATE FUNCTION access.keep_deciding() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.deciding := ARRAY(
    SELECT s.step ->> 'permission' FROM jsonb_array_elements(NEW.steps) AS s (step) WHERE s.step ? 'permission'
    UNION SELECT unnest(CASE TG_OP WHEN 'UPDATE' THEN OLD.deciding ELSE '{}'::text[] END) ORDER BY 1);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.keep_deciding() IS 'Trigger: keeps by which permissions the steps of a workflow let people decide.';
CREATE TRIGGER keep_deciding BEFORE INSERT OR UPDATE ON access.approval_workflows
  FOR EACH ROW EXECUTE FUNCTION access.keep_deciding();
COMMENT ON TRIGGER keep_deciding ON access.approval_workflows IS 'Keeps by which permissions people decide.';
CREATE TRIGGER rights_added AFTER INSERT ON access.approval_workflows REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed();
COMMENT ON TRIGGER rights_added ON access.approval_workflows IS 'Tells every server that others decide.';
CREATE TRIGGER rights_changed AFTER UPDATE ON access.approval_workflows REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION access.rights_changed();
COMMENT ON TRIGGER rights_changed ON access.approval_workflows IS 'Tells every server that others decide.';

ALTER TABLE access.approval_requests
  ADD COLUMN steps jsonb NOT NULL DEFAULT '[{"permission": "approval.decide", "agree": 1}]',
  ADD COLUMN resource_id uuid,
  ADD CONSTRAINT approval_requests_steps_check CHECK (jsonb_typeof(steps) = 'array' AND jsonb_array_length(steps) BETWEEN 1 AND 20),
  ADD CONSTRAINT approval_requests_resource_id_fkey FOREIGN KEY (organization_id, resource_id) REFERENCES access.resources (organization_id, id),
  DROP CONSTRAINT approval_requests_subject_type_check,
  ADD CONSTRAINT approval_requests_subject_type_check CHECK (subject_type IN ('permission'));
COMMENT ON COLUMN access.approval_requests.subject_type IS 'Kind of what is asked for. One of: permission.';
COMMENT ON COLUMN access.approval_requests.subject_id IS 'What is asked for: the permission.';
COMMENT ON COLUMN access.approval_requests.decided_at IS 'When it ended: decided, taken back, or lapsed; null while it waits.';
COMMENT ON COLUMN access.approval_requests.steps IS 'The steps as they were when it was asked, each with who decides and how many must agree; later changes of the workflow leave them alone.';
COMMENT ON COLUMN access.approval_requests.resource_id IS 'Thing for which it is asked, with all that lies within it; null means everything.';
COMMENT ON CONSTRAINT approval_requests_steps_check ON access.approval_requests IS 'A request has 1 to 20 steps.';
COMMENT ON CONSTRAINT approval_requests_resource_id_fkey ON access.approval_requests IS 'The resource belongs to the same organization.';
COMMENT ON CONSTRAINT approval_requests_subject_type_check ON access.approval_requests IS 'The subject type is one of: permission.';
CREATE INDEX approval_requests_resource_id_created_at_id_idx ON access.approval_requests (organization_id, resource_id, created_at, id);
CREATE INDEX approval_requests_lapsed_idx ON access.approval_requests (expires_at) WHERE status = 'pending';
CREATE UNIQUE INDEX approval_requests_pending_key ON access.approval_requests (organization_id, requested_by, subject_type, subject_id, resource_id) NULLS NOT DISTINCT WHERE status = 'pending';
COMMENT ON INDEX access.approval_requests_pending_key IS 'A person asks for the same thing once at a time.';

-- In plpgsql, since it asks for the assignments of a person's teams too, which a later migration knows.
CREATE FUNCTION access.decides(place uuid, step jsonb) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
  IF step ? 'user' THEN
    RETURN coalesce(step ->> 'user' = ops.actor()::text, false);
  ELSIF step ? 'permission' THEN
    RETURN coalesce(step ->> 'permission' = ANY (string_to_array(current_setting('app.deciding', true), ',')), false);
  END IF;
  RETURN EXISTS (
    SELECT FROM access.role_assignments a JOIN access.roles r ON r.organization_id = a.organization_id AND r.id = a.role_id
    WHERE a.organization_id = place AND a.id = ANY (access.assignments_of(place, ops.actor())) AND a.role_id = (step ->> 'role')::uuid
      AND a.valid_from <= now() AND (a.valid_until IS NULL OR a.valid_until > now())
      AND r.valid_from <= now() AND (r.valid_until IS NULL OR r.valid_until > now())
      AND a.resource_scope IS NULL AND a.context_conditions = '{}'
      AND (NOT a.is_delegated OR EXISTS (
        SELECT FROM access.delegation(place, a.id) d
        WHERE d.valid_from <= now() AND (d.valid_until IS NULL OR d.valid_until > now()) AND d.conditions = '[{}]')));
END
$$;
COMMENT ON FUNCTION access.decides(uuid, jsonb) IS 'Whether the person on whose behalf the transaction runs decides in a step: by name, by a permission, or by a role that they, or a team of theirs, hold for everything and without conditions.';

CREATE FUNCTION access.check_approval_decision() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  request record;
BEGIN
  -- Who comes first holds the request: the next one finds what has become of it.
  SELECT r.status, r.current_step, r.requested_by, r.steps INTO request FROM access.approval_requests r
  WHERE r.organization_id = NEW.organization_id AND r.id = NEW.request_id FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM ops.refuse('There is no such request.', 'approval_decisions_request_id_fkey', 'access.approval_decisions', 'request_id', '23503');
  END IF;
  IF request.status <> 'pending' OR NEW.step <> request.current_step THEN
    PERFORM ops.refuse('Only the step that waits can be decided.', 'approval_decisions_pending', 'access.approval_decisions', 'step');
  END IF;
  IF NEW.decided_by = request.requested_by THEN
    PERFORM ops.refuse('Nobody decides about what they asked for.', 'approval_decisions_decider_differs', 'access.approval_decisions', 'decided_by');
  END IF;
  IF ops.serving() AND (NEW.decided_by IS DISTINCT FROM ops.actor()
    OR NOT access.decides(NEW.organization_id, request.steps -> request.current_step))
  THEN
    PERFORM ops.refuse('This step is for others to decide.', 'approval_decisions_decider', 'access.approval_decisions', 'decided_by');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.check_approval_decision() IS 'Trigger: only those whom the waiting step names decide, and never about what they asked for.';
CREATE TRIGGER check_approval_decision BEFORE INSERT ON access.approval_decisions
  FOR EACH ROW EXECUTE FUNCTION access.check_approval_decision();
COMMENT ON TRIGGER check_approval_decision ON access.approval_decisions IS 'Judges every decision.';

CREATE FUNCTION access.advance_approval_request() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.status <> 'pending' THEN
    PERFORM ops.refuse('It was ended already, and stays as it is.', 'approval_requests_ended', 'access.approval_requests', 'status');
  END IF;
  IF NEW.status = 'approved' AND EXISTS (
    SELECT FROM jsonb_array_elements(NEW.steps) WITH ORDINALITY AS s (step, place)
    WHERE coalesce((s.step ->> 'agree')::integer, 1) > (
      SELECT count(*) FROM access.approval_decisions d
      WHERE d.organization_id = NEW.organization_id AND d.request_id = NEW.id AND d.step = s.place - 1 AND d.decision = 'approved'))
  THEN
    PERFORM ops.refuse('It is approved when all steps agree.', 'approval_requests_agreed', 'access.approval_requests', 'status');
  END IF;
  IF NEW.status = 'rejected' AND NOT EXISTS (
    SELECT FROM access.approval_decisions d
    WHERE d.organization_id = NEW.organization_id AND d.request_id = NEW.id AND d.decision = 'rejected')
  THEN
    PERFORM ops.refuse('It is rejected by a decision.', 'approval_requests_agreed', 'access.approval_requests', 'status');
  END IF;
  IF NEW.status = 'cancelled' AND ops.serving() AND NEW.requested_by IS DISTINCT FROM ops.actor() THEN
    PERFORM ops.refuse('Only whoever asked takes it back.', 'approval_requests_requester', 'access.approval_requests', 'status');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.advance_approval_request() IS 'Trigger: a request ends once, approved by all its steps, rejected by a decision, or taken back by whoever asked.';
CREATE TRIGGER advance_approval_request BEFORE UPDATE ON access.approval_requests
  FOR EACH ROW EXECUTE FUNCTION access.advance_approval_request();
COMMENT ON TRIGGER advance_approval_request ON access.approval_requests IS 'Keeps the states of a request in order.';

-- What a request has given is linked to it; what was given by hand is not, and waits for approval like what a role gives.
ALTER TABLE access.permission_grants
  ADD COLUMN approval_request_id uuid,
  ADD CONSTRAINT permission_grants_approval_request_id_fkey FOREIGN KEY (organization_id, approval_request_id) REFERENCES access.approval_requests (organization_id, id),
  ADD CONSTRAINT permission_grants_approved_end CHECK (approval_request_id IS NULL OR valid_until IS NOT NULL);
COMMENT ON COLUMN access.permission_grants.approval_request_id IS 'Request whose approval has given it; null when it was given by hand.';
COMMENT ON CONSTRAINT permission_grants_approval_request_id_fkey ON access.permission_grants IS 'The approval request belongs to the same organization.';
COMMENT ON CONSTRAINT permission_grants_approved_end ON access.permission_grants IS 'What a request has given ends.';
CREATE INDEX permission_grants_approval_request_id_granted_at_id_idx ON access.permission_grants (organization_id, approval_request_id, granted_at, id);
CREATE UNIQUE INDEX permission_grants_approval_request_id_key ON access.permission_grants (organization_id, approval_request_id) WHERE approval_request_id IS NOT NULL;
COMMENT ON INDEX access.permission_grants_approval_request_id_key IS 'A request gives one grant.';
DROP INDEX access.permission_grants_permission_id_key;
CREATE UNIQUE INDEX permission_grants_permission_id_key ON access.permission_grants (organization_id, user_id, permission_org_id, permission_id, resource_id, approval_request_id) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX access.permission_grants_permission_id_key IS 'A person has a permission once for the same scope, besides what requests have given.';

CREATE FUNCTION access.check_approved_grant() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM access.approval_requests r
    WHERE r.organization_id = NEW.organization_id AND r.id = NEW.approval_request_id AND r.status = 'approved'
      AND r.subject_type = 'permission' AND r.subject_id = NEW.permission_id AND r.requested_by = NEW.user_id
      AND r.resource_id IS NOT DISTINCT FROM NEW.resource_id)
  THEN
    PERFORM ops.refuse('Only an approved request gives what it asked for.', 'permission_grants_approved', 'access.permission_grants', 'approval_request_id');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION access.check_approved_grant() IS 'Trigger: a grant that names a request is what was asked for and approved.';
CREATE TRIGGER check_approved_grant BEFORE INSERT ON access.permission_grants
  FOR EACH ROW WHEN (NEW.approval_request_id IS NOT NULL) EXECUTE FUNCTION access.check_approved_grant();
COMMENT ON TRIGGER check_approved_grant ON access.permission_grants IS 'Judges every grant that names a request.';

-- A request is between whoever asked and whoever decides.
CREATE POLICY own ON access.approval_requests AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.approvals', true)) = 'all' OR requested_by = (SELECT ops.actor())
  OR EXISTS (SELECT FROM jsonb_array_elements(steps) AS s (step) WHERE access.decides(organization_id, s.step)));
COMMENT ON POLICY own ON access.approval_requests IS 'People have the requests that they made or that a step lets them decide, and all only when they may read all.';
CREATE POLICY own ON access.approval_decisions AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.approvals', true)) = 'all'
  OR EXISTS (SELECT FROM access.approval_requests r
    WHERE r.organization_id = approval_decisions.organization_id AND r.id = approval_decisions.request_id));
COMMENT ON POLICY own ON access.approval_decisions IS 'Decisions are seen with their request.';

-- Background work finds the organizations with requests that nobody decided in time.
GRANT USAGE ON SCHEMA access TO portico_worker;
GRANT SELECT (organization_id, status, expires_at) ON access.approval_requests TO portico_worker;
CREATE POLICY requests_worker ON access.approval_requests FOR SELECT TO portico_worker
  USING (status = 'pending' AND expires_at <= now());
COMMENT ON POLICY requests_worker ON access.approval_requests IS 'Background work sees that requests have lapsed, and nothing else of them.';
