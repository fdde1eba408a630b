-- What the demo lacks for every mutation to have something that it can be done to.
INSERT INTO access.roles (organization_id, id, name) VALUES
  (:organization, gen_random_uuid(), 'doors own'), (:organization, gen_random_uuid(), 'doors unused');
INSERT INTO access.role_permissions (organization_id, id, role_id, permission_id, permission_org_id)
  SELECT :organization, gen_random_uuid(), r.id, p.id, p.organization_id FROM access.roles r, access.permissions p
  WHERE r.name = 'doors own' AND p.name = 'deal.write' AND p.organization_id = :platform;
INSERT INTO access.permission_grants (organization_id, id, user_id, permission_id, permission_org_id)
  SELECT :organization, gen_random_uuid(), u.id, p.id, p.organization_id FROM identity.users u, access.permissions p
  WHERE u.email LIKE 'jordan.blake@%' AND p.name LIKE 'deal.%' AND p.organization_id = :platform;
INSERT INTO access.resources (organization_id, id, resource_type_id, resource_type_org_id, resource_id)
  SELECT :organization, gen_random_uuid(), id, organization_id, 'doors' FROM access.resource_types
  WHERE organization_id = :platform ORDER BY name LIMIT 5;
INSERT INTO access.approval_workflows (organization_id, id, name, subject_type, steps)
  SELECT :organization, gen_random_uuid(), 'doors ' || n, 'permission', '[{"permission": "approval.decide", "agree": 1}]' FROM generate_series(1, 6) AS n;
INSERT INTO access.permissions (organization_id, id, name, right_name, resource_type_id, resource_type_org_id, action, requires_approval, approval_workflow_id)
  SELECT :organization, gen_random_uuid(), 'doors ' || n, p.name, p.resource_type_id, p.resource_type_org_id, p.action, true, w.id
  FROM access.permissions p, generate_series(1, 5) AS n JOIN access.approval_workflows w ON w.name = 'doors ' || n
  WHERE p.name = 'deal.delete' AND p.organization_id = :platform;
INSERT INTO access.approval_requests (organization_id, id, workflow_id, subject_type, subject_id, action, resource_id, requested_by, reason)
  SELECT w.organization_id, gen_random_uuid(), w.id, 'permission', p.id, 'deal.delete',
    (SELECT r.id FROM access.resources r WHERE r.organization_id = w.organization_id AND r.resource_id = 'doors' ORDER BY r.id LIMIT 1), u.id, w.name
  FROM access.approval_workflows w JOIN access.permissions p ON p.organization_id = w.organization_id AND p.approval_workflow_id = w.id
  JOIN identity.users u ON u.email LIKE CASE w.name WHEN 'doors 1' THEN 'eleanor.vance@%' ELSE 'diego.morales@%' END;
INSERT INTO access.approval_decisions (organization_id, id, request_id, step, decided_by, decision)
  SELECT r.organization_id, gen_random_uuid(), r.id, 0, u.id, 'abstained' FROM access.approval_requests r, identity.users u
  WHERE u.email LIKE 'sarah.chen@%';

INSERT INTO identity.organizations (id, name, slug, status, deleted_at) VALUES
  (gen_random_uuid(), 'doors open', 'doors-open', 'active', NULL),
  (gen_random_uuid(), 'doors closed', 'doors-closed', 'suspended', NULL),
  (gen_random_uuid(), 'doors gone', 'doors-gone', 'deleted', now());
INSERT INTO identity.users (id, email, display_name, status) VALUES (gen_random_uuid(), 'administrator@example.com', 'Administrator', 'active');
INSERT INTO identity.users (id, email, display_name, status, locked_at) VALUES
  (ops.uuid_v7(), 'doors-open@example.com', 'Open', 'active', NULL), (ops.uuid_v7(), 'doors-locked@example.com', 'Locked', 'active', now()),
  (ops.uuid_v7(), 'doors-leaving@example.com', 'Leaving', 'active', NULL);
INSERT INTO identity.users (id, email, display_name, status, deleted_at) VALUES (ops.uuid_v7(), 'doors-deleted@example.com', 'Deleted', 'deleted', now());
UPDATE identity.users SET email_verified_at = NULL WHERE email LIKE '%@aether-demo.example';
UPDATE identity.users SET phone = '+15550100' WHERE email LIKE '%@aether-demo.example';
INSERT INTO identity.user_profiles (user_id, job_title) SELECT user_id, 'doors' FROM identity.memberships WHERE organization_id = :organization;
INSERT INTO identity.platform_admins (id, email, user_id) SELECT gen_random_uuid(), email, id FROM identity.users WHERE email = 'administrator@example.com';
INSERT INTO identity.sessions (id, user_id, organization_id, refresh_token_hash, expires_at)
  SELECT gen_random_uuid(), id, :organization, 'doors', now() + interval '1 hour' FROM identity.users WHERE email LIKE 'eleanor.vance@%';
INSERT INTO identity.passkeys (id, user_id, name, credential_id, credential)
  SELECT ops.uuid_v7(), u.id, 'doors ' || n, decode(lpad(n::text, 4, '0'), 'hex'), '{}' FROM identity.users u, generate_series(1, 5) AS n
  WHERE u.email LIKE 'eleanor.vance@%';
INSERT INTO access.teams (organization_id, id, name) SELECT :organization, ops.uuid_v7(), 'doors ' || n FROM generate_series(1, 5) AS n;
INSERT INTO chat.conversations (organization_id, id, user_id, title)
  SELECT :organization, ops.uuid_v7(), id, 'doors shared' FROM identity.users WHERE email LIKE 'eleanor.vance@%';
INSERT INTO chat.conversation_shares (organization_id, id, conversation_id, audience, team_id, created_by)
  SELECT c.organization_id, ops.uuid_v7(), c.id, 'team', t.id, c.user_id FROM chat.conversations c JOIN access.teams t USING (organization_id)
  WHERE c.title = 'doors shared' AND t.name <> 'doors 5' OR t.name = 'doors 4' AND c.deleted_at IS NULL;
INSERT INTO access.team_members (organization_id, team_id, user_id)
  SELECT t.organization_id, t.id, m.user_id FROM access.teams t JOIN identity.memberships m USING (organization_id);
INSERT INTO identity.invitations (organization_id, id, email, role_id, invited_by, token_hash, expires_at)
  SELECT :organization, ops.uuid_v7(), 'doors-' || n || '@example.com', r.id, u.id, 'doors ' || n, now() + interval '1 day'
  FROM identity.users u, access.roles r, generate_series(1, 5) AS n
  WHERE u.email LIKE 'eleanor.vance@%' AND r.organization_id = :organization AND r.name = 'viewer';
INSERT INTO identity.api_keys (organization_id, id, name, prefix, hashed_key, created_by)
  SELECT :organization, gen_random_uuid(), 'doors', 'doors', 'doors ' || n, id FROM identity.users, generate_series(1, 5) AS n
  WHERE email LIKE 'eleanor.vance@%';

INSERT INTO identity.sso_providers (organization_id, id, name, provider_type, client_id, authorization_url, token_url, userinfo_url)
  SELECT :organization, gen_random_uuid(), 'doors ' || n, 'oauth2', 'doors', 'https://login.example.com/', 'https://login.example.com/token',
    'https://login.example.com/me' FROM generate_series(1, 5) AS n;
INSERT INTO identity.sso_accounts (organization_id, id, user_id, provider_id, issuer, external_id)
  SELECT p.organization_id, gen_random_uuid(), u.id, p.id, 'doors', 'doors' FROM identity.sso_providers p, identity.users u
  WHERE u.email LIKE 'eleanor.vance@%' AND p.name = 'doors 1';

INSERT INTO finance.budgets (organization_id, id, name, fiscal_year) VALUES
  (:organization, gen_random_uuid(), 'doors draft', 2041), (:organization, gen_random_uuid(), 'doors ready', 2042);
INSERT INTO finance.budget_line_items (organization_id, id, budget_id, category, q1_amount)
  SELECT :organization, gen_random_uuid(), id, 'doors', 100 FROM finance.budgets WHERE name LIKE 'doors %';
INSERT INTO finance.budget_line_items (organization_id, id, budget_id, category, q1_amount)
  SELECT :organization, gen_random_uuid(), id, 'doors, too', 100 FROM finance.budgets WHERE name = 'doors draft';
INSERT INTO sales.accounts (organization_id, id, name, deleted_at) VALUES
  (:organization, ops.uuid_v7(), 'doors unused, too', NULL),
  (:organization, ops.uuid_v7(), 'doors unused', NULL), (:organization, ops.uuid_v7(), 'doors gone', now());
UPDATE sales.deals SET deleted_at = now() WHERE id = (SELECT id FROM sales.deals WHERE organization_id = :organization AND status = 'open' ORDER BY id DESC LIMIT 1);
INSERT INTO governance.compliance_frameworks (organization_id, id, name) VALUES (:organization, gen_random_uuid(), 'doors');
INSERT INTO governance.compliance_frameworks (organization_id, id, name)
  SELECT :organization, ops.uuid_v7(), 'doors ' || n FROM generate_series(1, 3) AS n;
INSERT INTO governance.compliance_requirements (organization_id, id, framework_id, code, title)
  SELECT organization_id, gen_random_uuid(), id, 'doors', 'doors' FROM governance.compliance_frameworks
  WHERE organization_id = :organization;
INSERT INTO sales.pipelines (organization_id, id, name) SELECT :organization, gen_random_uuid(), 'doors ' || n FROM generate_series(1, 4) AS n;
INSERT INTO sales.pipeline_stages (organization_id, id, pipeline_id, name, position)
  SELECT organization_id, gen_random_uuid(), id, 'doors', 100 FROM sales.pipelines
  WHERE organization_id = :organization AND name NOT LIKE 'doors %';
INSERT INTO audit.audit_reviews (organization_id, id, audit_log_id, reviewed_by, outcome)
  SELECT l.organization_id, gen_random_uuid(), l.id, m.user_id, 'acknowledged'
  FROM (SELECT organization_id, id FROM audit.audit_logs WHERE organization_id = :organization ORDER BY id LIMIT 5) l,
    (SELECT user_id FROM identity.memberships WHERE organization_id = :organization ORDER BY user_id LIMIT 1) m;
INSERT INTO security.masking_policies (organization_id, id, name, fields, method, is_active)
  SELECT :organization, ops.uuid_v7(), 'doors ' || n, '{Account.name}', 'redact', false FROM generate_series(1, 5) AS n;
INSERT INTO identity.recovery_codes (id, user_id, code_hash)
  SELECT ops.uuid_v7(), id, 'doors' FROM identity.users WHERE email LIKE 'eleanor.vance@%';
INSERT INTO security.data_classifications (organization_id, id, name, sensitivity_level)
  SELECT :organization, ops.uuid_v7(), 'doors ' || n, 1 FROM generate_series(1, 5) AS n;
INSERT INTO security.data_elements (organization_id, id, field, element_type, classification_id, classification_org_id)
  SELECT c.organization_id, ops.uuid_v7(), f.field, 'other', c.id, c.organization_id
  FROM security.data_classifications c,
    unnest('{Account.name,Deal.name,Deal.channel,Budget.name,Department.name,Department.code,CostCenter.name,CostCenter.code,Pipeline.name,Team.name}'::text[])
      WITH ORDINALITY AS f(field, n)
  WHERE c.organization_id = :organization AND c.name = 'doors ' || 1 + f.n % 4;
INSERT INTO security.security_events (organization_id, id, event_type, severity, title)
  SELECT :organization, ops.uuid_v7(), 'other', 'low', 'doors ' || n FROM generate_series(1, 5) AS n;
INSERT INTO security.security_events
  (organization_id, id, event_type, severity, title, status, resolution_notes, resolved_at, regulatory_notification_required) VALUES
  (:organization, ops.uuid_v7(), 'other', 'low', 'doors ended', 'resolved', 'doors', now(), false),
  (:organization, ops.uuid_v7(), 'other', 'low', 'doors investigating', 'investigating', NULL, NULL, false),
  (:organization, ops.uuid_v7(), 'other', 'low', 'doors notified', 'open', NULL, NULL, true),
  (:platform, ops.uuid_v7(), 'other', 'low', 'doors platform', 'open', NULL, NULL, false);
INSERT INTO billing.subscriptions (organization_id, id, plan_id, amount_cents, status, current_period_start, current_period_end, canceled_at)
  SELECT :organization, ops.uuid_v7(), p.id, 0, 'canceled', now() - interval '1 day', now(), now() FROM billing.plans p, generate_series(1, 5)
  WHERE p.key = 'starter'
  UNION ALL
  SELECT o.id, ops.uuid_v7(), p.id, 0, 'active', now(), now() + interval '1 day', NULL FROM billing.plans p, identity.organizations o
  WHERE p.key = 'starter' AND o.slug = 'doors-closed';
INSERT INTO ops.exports (organization_id, id, user_id, session_id, format, document)
  SELECT :organization, ops.uuid_v7(), u.id, s.id, 'csv', '{ deals { nodes { id } } }' FROM identity.users u JOIN identity.sessions s ON s.user_id = u.id AND s.refresh_token_hash = 'doors'
  WHERE u.email LIKE 'eleanor.vance@%';
INSERT INTO ops.exports (organization_id, id, user_id, session_id, format, document, status, error_code, error_message, started_at, finished_at)
  SELECT :organization, ops.uuid_v7(), u.id, s.id, 'csv', 'doors', 'failed', 'TIMEOUT', 'doors', now(), now() FROM identity.users u
  JOIN identity.sessions s ON s.user_id = u.id AND s.refresh_token_hash = 'doors', generate_series(1, 5) WHERE u.email LIKE 'eleanor.vance@%';
INSERT INTO ops.imports (organization_id, id, user_id, session_id, format, mutation, upload_until)
  SELECT :organization, ops.uuid_v7(), u.id, s.id, 'csv', 'doors', now() + interval '1 day' FROM identity.users u
  JOIN identity.sessions s ON s.user_id = u.id AND s.refresh_token_hash = 'doors' WHERE u.email LIKE 'eleanor.vance@%';
INSERT INTO ops.imports (organization_id, id, user_id, session_id, format, mutation, upload_until, status, expected_row_count, row_count, failed_count,
    error_code, error_message, started_at, finished_at)
  SELECT :organization, ops.uuid_v7(), u.id, s.id, 'csv', 'doors', now(), 'failed', 1, 1, 1, 'TIMEOUT', 'doors', now(), now() FROM identity.users u
  JOIN identity.sessions s ON s.user_id = u.id AND s.refresh_token_hash = 'doors', generate_series(1, 5) WHERE u.email LIKE 'eleanor.vance@%';
INSERT INTO ops.import_errors (organization_id, id, import_id, row_number, code, message)
  SELECT organization_id, ops.uuid_v7(), id, 1, 'INVALID', 'doors' FROM ops.imports WHERE organization_id = :organization AND status = 'failed';
