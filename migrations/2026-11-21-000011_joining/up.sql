-- Invitations.

CREATE TABLE identity.invitations (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  email text NOT NULL,
  role_id uuid NOT NULL,
  invited_by uuid,
  token_hash text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  accepted_by uuid,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT invitations_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT invitations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT invitations_email_check CHECK (length(email) BETWEEN 3 AND 320 AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  CONSTRAINT invitations_role_id_fkey FOREIGN KEY (organization_id, role_id) REFERENCES access.roles (organization_id, id),
  CONSTRAINT invitations_invited_by_fkey FOREIGN KEY (organization_id, invited_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT invitations_accepted_by_fkey FOREIGN KEY (organization_id, accepted_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT invitations_accepted CHECK ((accepted_at IS NULL) = (accepted_by IS NULL) AND (accepted_at IS NULL OR revoked_at IS NULL))
);
COMMENT ON TABLE identity.invitations IS 'A letter that asks whoever has an e-mail address to join the organization in a role. The token that accepts it is only in the mail; its hash is kept.';
COMMENT ON COLUMN identity.invitations.organization_id IS 'Organization that the invitation belongs to.';
COMMENT ON COLUMN identity.invitations.id IS 'Identity of the invitation, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN identity.invitations.email IS 'E-mail address that is invited; nobody else can accept.';
COMMENT ON COLUMN identity.invitations.role_id IS 'Role that whoever accepts is given.';
COMMENT ON COLUMN identity.invitations.invited_by IS 'Person who sent the invitation last; null when a program did. The invitation is good only while they are an active member.';
COMMENT ON COLUMN identity.invitations.token_hash IS 'Hash of the token that was sent last; those sent before are good for nothing.';
COMMENT ON COLUMN identity.invitations.sent_at IS 'When the token was sent last.';
COMMENT ON COLUMN identity.invitations.expires_at IS 'Until when the token is good; sending the invitation again begins anew.';
COMMENT ON COLUMN identity.invitations.accepted_at IS 'When the invitation was accepted; null until then.';
COMMENT ON COLUMN identity.invitations.accepted_by IS 'Person who accepted; null until then.';
COMMENT ON COLUMN identity.invitations.revoked_at IS 'When the invitation was withdrawn; null when it was not.';
COMMENT ON COLUMN identity.invitations.created_at IS 'When the invitation was created.';
COMMENT ON COLUMN identity.invitations.updated_at IS 'When the invitation was last changed.';
COMMENT ON COLUMN identity.invitations.revision IS 'Version of the invitation: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT invitations_pkey ON identity.invitations IS 'An invitation is found by its organization and id.';
COMMENT ON CONSTRAINT invitations_organization_id_fkey ON identity.invitations IS 'The organization exists.';
COMMENT ON CONSTRAINT invitations_email_check ON identity.invitations IS 'The address has one @ with something on both sides, no spaces, and at most 320 characters.';
COMMENT ON CONSTRAINT invitations_role_id_fkey ON identity.invitations IS 'The role belongs to the same organization.';
COMMENT ON CONSTRAINT invitations_invited_by_fkey ON identity.invitations IS 'The inviter is a member of the same organization.';
COMMENT ON CONSTRAINT invitations_accepted_by_fkey ON identity.invitations IS 'The accepting person is a member of the same organization.';
COMMENT ON CONSTRAINT invitations_accepted ON identity.invitations IS 'An accepted invitation, and no other, tells who accepted it, and is not withdrawn.';
CREATE INDEX invitations_role_id_idx ON identity.invitations (organization_id, role_id);
CREATE INDEX invitations_invited_by_idx ON identity.invitations (organization_id, invited_by);
CREATE INDEX invitations_accepted_by_idx ON identity.invitations (organization_id, accepted_by);
CREATE INDEX invitations_created_at_id_idx ON identity.invitations (organization_id, created_at, id);
CREATE UNIQUE INDEX invitations_email_key ON identity.invitations (organization_id, lower(email)) WHERE accepted_at IS NULL AND revoked_at IS NULL;
COMMENT ON INDEX identity.invitations_email_key IS 'An address has at most one open invitation of an organization.';
CREATE UNIQUE INDEX invitations_token_hash_key ON identity.invitations (token_hash);
COMMENT ON INDEX identity.invitations_token_hash_key IS 'No two tokens are the same.';
CREATE TRIGGER touch BEFORE UPDATE ON identity.invitations FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON identity.invitations IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (invited_by, token_hash, sent_at, expires_at, accepted_at, accepted_by, revoked_at) ON identity.invitations TO portico_app;
CALL ops.isolate('identity.invitations', 'tenant');
CREATE POLICY invitee_select ON identity.invitations FOR SELECT
  USING (token_hash = (SELECT nullif(current_setting('app.one_time_token', true), '')));
COMMENT ON POLICY invitee_select ON identity.invitations IS 'Whoever shows a token sees the invitation that it came with.';
