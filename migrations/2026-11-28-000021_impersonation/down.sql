DROP FUNCTION audit.impersonator_name(uuid);
ALTER TABLE audit.audit_logs DROP COLUMN impersonated_by_name, DROP COLUMN impersonated_by;
ALTER POLICY users_select ON identity.users USING (
  id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR lower(email) = (SELECT lower(nullif(current_setting('app.sign_in_email', true), '')))
  OR EXISTS (SELECT FROM identity.memberships m WHERE m.user_id = users.id
             AND m.organization_id = (SELECT nullif(current_setting('app.organization_id', true), '')::uuid) OFFSET 0));
COMMENT ON POLICY users_select ON identity.users IS 'People see themselves and the members of the current organization; a sign-in sees the account with its address.';
ALTER POLICY sessions_update ON identity.sessions
  USING (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid))
  WITH CHECK (user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
    OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid));
COMMENT ON POLICY sessions_update ON identity.sessions IS 'People end and prolong their own sessions.';
ALTER POLICY sessions_select ON identity.sessions USING (
  user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)
  OR id = (SELECT nullif(current_setting('app.session_id', true), '')::uuid));
COMMENT ON POLICY sessions_select ON identity.sessions IS 'People see their own sessions; a renewal sees the session it names.';
ALTER TABLE identity.sessions
  DROP COLUMN impersonation_reason, DROP COLUMN impersonator_session_id, DROP COLUMN impersonated_by;
