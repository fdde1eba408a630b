-- Acting as somebody else: the session says who acts and why, and so does every audit entry of what is done in it.

ALTER TABLE identity.sessions
  ADD COLUMN impersonated_by uuid,
  ADD COLUMN impersonator_session_id uuid,
  ADD COLUMN impersonation_reason text,
  ADD CONSTRAINT sessions_impersonated_by_fkey FOREIGN KEY (impersonated_by) REFERENCES identity.users (id),
  ADD CONSTRAINT sessions_impersonator_session_id_fkey FOREIGN KEY (impersonator_session_id) REFERENCES identity.sessions (id),
  ADD CONSTRAINT sessions_impersonation_reason_check CHECK (length(btrim(impersonation_reason)) BETWEEN 1 AND 500),
  ADD CONSTRAINT sessions_impersonation CHECK (
    num_nulls(impersonated_by, impersonator_session_id, impersonation_reason) IN (0, 3)
    AND (impersonated_by IS NULL OR impersonated_by <> user_id AND organization_id IS NOT NULL AND confined)),
  ADD CONSTRAINT sessions_impersonation_hour CHECK (
    impersonated_by IS NULL OR expires_at <= created_at + interval '60 minutes');
COMMENT ON COLUMN identity.sessions.impersonated_by IS 'Who acts as the person in this session; null where they act themselves.';
COMMENT ON COLUMN identity.sessions.impersonator_session_id IS 'Session of who acts as the person, with which this one ends; null where they act themselves.';
COMMENT ON COLUMN identity.sessions.impersonation_reason IS 'Why somebody else acts as the person in this session; null where they act themselves.';
COMMENT ON CONSTRAINT sessions_impersonated_by_fkey ON identity.sessions IS 'The user exists.';
COMMENT ON CONSTRAINT sessions_impersonator_session_id_fkey ON identity.sessions IS 'The session of who acts exists.';
COMMENT ON CONSTRAINT sessions_impersonation_reason_check ON identity.sessions IS 'The reason has 1 to 500 characters.';
COMMENT ON CONSTRAINT sessions_impersonation ON identity.sessions IS 'Who acts as somebody else tells from which session and why, acts in one organization and stays there; nobody acts as themselves.';
COMMENT ON CONSTRAINT sessions_impersonation_hour ON identity.sessions IS 'Nobody acts as somebody else for more than an hour.';
CREATE INDEX sessions_impersonated_by_idx ON identity.sessions (impersonated_by) WHERE impersonated_by IS NOT NULL;
CREATE INDEX sessions_impersonator_session_id_idx ON identity.sessions (impersonator_session_id) WHERE impersonator_session_id IS NOT NULL;

ALTER POLICY sessions_select ON identity.sessions USING (
  user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid)
  OR impersonated_by = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY sessions_select ON identity.sessions IS 'People see their own sessions, and those in which they act as somebody else; a renewal sees the session it names.';
ALTER POLICY sessions_update ON identity.sessions
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid)
    OR impersonated_by = (SELECT nullif(current_setting('app.user_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid)
    OR impersonated_by = (SELECT nullif(current_setting('app.user_id', true), '')::uuid));
COMMENT ON POLICY sessions_update ON identity.sessions IS 'People end and prolong their own sessions, and end those in which they act as somebody else.';

-- Who acts as somebody else is no member of the organization where they administer the platform: they see themselves.
ALTER POLICY users_select ON identity.users USING (
  id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR id = (SELECT nullif(current_setting('app.impersonator_id', true), '')::uuid)
  OR lower(email) = (SELECT lower(nullif(current_setting('app.sign_in_email', true), '')))
  OR EXISTS (SELECT FROM identity.memberships m WHERE m.user_id = users.id
             AND m.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid) OFFSET 0));
COMMENT ON POLICY users_select ON identity.users IS 'People see themselves, whoever acts as them, and the members of the current organization; a sign-in sees the account with its address.';

ALTER TABLE audit.audit_logs
  ADD COLUMN impersonated_by uuid,
  ADD COLUMN impersonated_by_name text,
  ADD CONSTRAINT audit_logs_impersonated_by_name_check CHECK (length(impersonated_by_name) <= 500),
  ADD CONSTRAINT audit_logs_impersonation CHECK ((impersonated_by IS NULL) = (impersonated_by_name IS NULL));
COMMENT ON COLUMN audit.audit_logs.impersonated_by IS 'Who acted as the actor; null where the actor acted.';
COMMENT ON COLUMN audit.audit_logs.impersonated_by_name IS 'Name at that time of who acted as the actor; null where the actor acted.';
COMMENT ON CONSTRAINT audit_logs_impersonated_by_name_check ON audit.audit_logs IS 'The name has at most 500 characters.';
COMMENT ON CONSTRAINT audit_logs_impersonation ON audit.audit_logs IS 'Who acted as somebody else is named.';
CREATE INDEX audit_logs_impersonated_by_id_idx ON audit.audit_logs (organization_id, impersonated_by, id) WHERE impersonated_by IS NOT NULL;

CREATE FUNCTION audit.impersonator_name(person uuid) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN CASE WHEN person IS NOT NULL THEN audit.actor_name(person, NULL, 'Somebody') END;
COMMENT ON FUNCTION audit.impersonator_name(uuid) IS 'What a person who acts as somebody else is called at this moment; null where nobody does.';
