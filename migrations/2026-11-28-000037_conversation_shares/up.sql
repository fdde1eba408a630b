-- Conversations are read by others too, where their owner shares them: with a person, a team, or everybody in the organization.

CREATE TABLE chat.conversation_shares (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  audience text NOT NULL,
  user_id uuid,
  team_id uuid,
  created_by uuid NOT NULL,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT conversation_shares_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT conversation_shares_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT conversation_shares_conversation_id_fkey FOREIGN KEY (organization_id, conversation_id) REFERENCES chat.conversations (organization_id, id),
  CONSTRAINT conversation_shares_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT conversation_shares_team_id_fkey FOREIGN KEY (organization_id, team_id) REFERENCES access.teams (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT conversation_shares_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT conversation_shares_audience_check CHECK (audience IN ('person', 'team', 'organization')),
  CONSTRAINT conversation_shares_subject CHECK ((audience = 'person') = (user_id IS NOT NULL) AND (audience = 'team') = (team_id IS NOT NULL)),
  CONSTRAINT conversation_shares_user_id_check CHECK (user_id <> created_by),
  CONSTRAINT conversation_shares_expires_at_check CHECK (expires_at > created_at)
);
COMMENT ON TABLE chat.conversation_shares IS 'That the owner of a conversation lets others read it: a person, a team, or everybody in the organization.';
COMMENT ON COLUMN chat.conversation_shares.organization_id IS 'Organization that the conversation share belongs to.';
COMMENT ON COLUMN chat.conversation_shares.id IS 'Identity of the conversation share, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN chat.conversation_shares.conversation_id IS 'Conversation that is shared, as far as it has come and with what is said later.';
COMMENT ON COLUMN chat.conversation_shares.audience IS 'With whom it is shared. One of: person, team, organization.';
COMMENT ON COLUMN chat.conversation_shares.user_id IS 'Person who may read it; null where it is not shared with one person.';
COMMENT ON COLUMN chat.conversation_shares.team_id IS 'Team whose members may read it, whoever is in it at the time; null where it is not shared with a team.';
COMMENT ON COLUMN chat.conversation_shares.created_by IS 'Person who shared it, who owns the conversation.';
COMMENT ON COLUMN chat.conversation_shares.expires_at IS 'When the share ends by itself; null for never.';
COMMENT ON COLUMN chat.conversation_shares.revoked_at IS 'When the share was withdrawn; null while it was not.';
COMMENT ON COLUMN chat.conversation_shares.created_at IS 'When the conversation share was created.';
COMMENT ON COLUMN chat.conversation_shares.updated_at IS 'When the conversation share was last changed.';
COMMENT ON COLUMN chat.conversation_shares.revision IS 'Version of the conversation share: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT conversation_shares_pkey ON chat.conversation_shares IS 'A conversation share is found by its organization and id.';
COMMENT ON CONSTRAINT conversation_shares_organization_id_fkey ON chat.conversation_shares IS 'The organization exists.';
COMMENT ON CONSTRAINT conversation_shares_conversation_id_fkey ON chat.conversation_shares IS 'The conversation belongs to the same organization.';
COMMENT ON CONSTRAINT conversation_shares_user_id_fkey ON chat.conversation_shares IS 'The user is a member of the same organization.';
COMMENT ON CONSTRAINT conversation_shares_team_id_fkey ON chat.conversation_shares IS 'The team belongs to the same organization; what was shared with it is gone with it.';
COMMENT ON CONSTRAINT conversation_shares_created_by_fkey ON chat.conversation_shares IS 'The user is a member of the same organization.';
COMMENT ON CONSTRAINT conversation_shares_audience_check ON chat.conversation_shares IS 'The audience is one of: person, team, organization.';
COMMENT ON CONSTRAINT conversation_shares_subject ON chat.conversation_shares IS 'A share with a person names one, a share with a team names that, and a share with everybody names nobody.';
COMMENT ON CONSTRAINT conversation_shares_user_id_check ON chat.conversation_shares IS 'Nobody shares with themselves.';
COMMENT ON CONSTRAINT conversation_shares_expires_at_check ON chat.conversation_shares IS 'A share ends after it began.';
CREATE INDEX conversation_shares_created_at_id_idx ON chat.conversation_shares (organization_id, created_at, id);
CREATE INDEX conversation_shares_conversation_id_created_at_id_idx ON chat.conversation_shares (organization_id, conversation_id, created_at, id);
CREATE INDEX conversation_shares_user_id_created_at_id_idx ON chat.conversation_shares (organization_id, user_id, created_at, id);
CREATE INDEX conversation_shares_team_id_created_at_id_idx ON chat.conversation_shares (organization_id, team_id, created_at, id);
CREATE INDEX conversation_shares_created_by_created_at_id_idx ON chat.conversation_shares (organization_id, created_by, created_at, id);
CREATE UNIQUE INDEX conversation_shares_subject_key ON chat.conversation_shares (organization_id, conversation_id, user_id, team_id) NULLS NOT DISTINCT WHERE revoked_at IS NULL;
COMMENT ON INDEX chat.conversation_shares_subject_key IS 'A conversation is shared with somebody once at a time.';
CREATE TRIGGER touch BEFORE UPDATE ON chat.conversation_shares FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON chat.conversation_shares IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (expires_at, revoked_at) ON chat.conversation_shares TO portico_app;
CALL ops.isolate('chat.conversation_shares', 'tenant');

CREATE FUNCTION chat.refuse_foreign_share() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM chat.conversations c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.conversation_id
                 AND c.user_id = NEW.created_by AND c.deleted_at IS NULL) THEN
    PERFORM ops.refuse('Only its owner shares a conversation, while it is not deleted.', 'conversation_shares_owner', 'chat.conversation_shares', 'conversation_id');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION chat.refuse_foreign_share() IS 'Trigger: a conversation is shared by its owner.';
CREATE TRIGGER refuse_foreign_share BEFORE INSERT ON chat.conversation_shares FOR EACH ROW EXECUTE FUNCTION chat.refuse_foreign_share();
COMMENT ON TRIGGER refuse_foreign_share ON chat.conversation_shares IS 'Nobody shares what is not theirs.';

CREATE FUNCTION chat.protect_share() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM ops.refuse('The share is withdrawn for good: share anew.', 'conversation_shares_revoked', 'chat.conversation_shares', 'id');
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION chat.protect_share() IS 'Trigger: what was withdrawn stays so.';
CREATE TRIGGER protect_share BEFORE UPDATE ON chat.conversation_shares FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL) EXECUTE FUNCTION chat.protect_share();
COMMENT ON TRIGGER protect_share ON chat.conversation_shares IS 'A share that was withdrawn never changes.';

-- A share is known to who gave it, to those who may read by it now, and to those who may read all conversations.
CREATE POLICY concerned ON chat.conversation_shares AS RESTRICTIVE FOR SELECT TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all'
  OR created_by = (SELECT ops.actor())
  OR (revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    AND (audience = 'organization' OR user_id = (SELECT ops.actor())
      OR team_id IN (SELECT t.team_id FROM access.team_members t WHERE t.organization_id = conversation_shares.organization_id AND t.user_id = (SELECT ops.actor())))));
COMMENT ON POLICY concerned ON chat.conversation_shares IS 'A share is seen by who gave it and by those with whom it is.';
CREATE POLICY given ON chat.conversation_shares AS RESTRICTIVE FOR INSERT TO portico_app WITH CHECK (created_by = (SELECT ops.actor()));
COMMENT ON POLICY given ON chat.conversation_shares IS 'People share in their own name.';
CREATE POLICY changed ON chat.conversation_shares AS RESTRICTIVE FOR UPDATE TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all' OR created_by = (SELECT ops.actor()));
COMMENT ON POLICY changed ON chat.conversation_shares IS 'A share is withdrawn by who gave it, or by who may read all conversations.';

-- What is shared is read by more than may change it.
DROP POLICY own ON chat.conversations;
DROP POLICY own ON chat.messages;
CREATE POLICY seen ON chat.conversations AS RESTRICTIVE FOR SELECT TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all' OR user_id = (SELECT ops.actor())
  OR id IN (SELECT s.conversation_id FROM chat.conversation_shares s
            WHERE s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())));
COMMENT ON POLICY seen ON chat.conversations IS 'People see their own conversations and those shared with them, and all others only when they may read all.';
CREATE POLICY own_insert ON chat.conversations AS RESTRICTIVE FOR INSERT TO portico_app WITH CHECK (
  (SELECT current_setting('app.conversations', true)) = 'all' OR user_id = (SELECT ops.actor()));
COMMENT ON POLICY own_insert ON chat.conversations IS 'People start conversations of their own.';
CREATE POLICY own_update ON chat.conversations AS RESTRICTIVE FOR UPDATE TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all' OR user_id = (SELECT ops.actor()));
COMMENT ON POLICY own_update ON chat.conversations IS 'People change their own conversations, and those of others only when they may read all: who was let in to read does not.';
CREATE POLICY own_delete ON chat.conversations AS RESTRICTIVE FOR DELETE TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all' OR user_id = (SELECT ops.actor()));
COMMENT ON POLICY own_delete ON chat.conversations IS 'Whoever does not change a conversation does not delete it.';
CREATE POLICY seen ON chat.messages AS RESTRICTIVE FOR SELECT TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all'
  OR conversation_id IN (SELECT c.id FROM chat.conversations c WHERE c.user_id = (SELECT ops.actor()))
  OR conversation_id IN (SELECT s.conversation_id FROM chat.conversation_shares s
                         WHERE s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > now())));
COMMENT ON POLICY seen ON chat.messages IS 'Messages are seen with their conversation.';
CREATE POLICY own_insert ON chat.messages AS RESTRICTIVE FOR INSERT TO portico_app WITH CHECK (
  (SELECT current_setting('app.conversations', true)) = 'all'
  OR conversation_id IN (SELECT c.id FROM chat.conversations c WHERE c.user_id = (SELECT ops.actor())));
COMMENT ON POLICY own_insert ON chat.messages IS 'Who was let in to read says nothing.';
