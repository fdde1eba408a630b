-- Conversations and their messages.

CREATE TABLE chat.conversations (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid NOT NULL,
  title text,
  description text,
  summary text,
  conversation_type text NOT NULL DEFAULT 'chat',
  context jsonb NOT NULL DEFAULT '{}',
  system_prompt text,
  status text NOT NULL DEFAULT 'active',
  default_model_id uuid,
  default_model_org_id uuid,
  model_parameters jsonb NOT NULL DEFAULT '{}',
  message_count integer NOT NULL DEFAULT 0,
  total_tokens bigint NOT NULL DEFAULT 0,
  total_cost numeric(20,10) NOT NULL DEFAULT 0,
  last_message_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  archived_at timestamptz,
  deleted_at timestamptz,
  CONSTRAINT conversations_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT conversations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT conversations_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT conversations_title_check CHECK (length(btrim(title)) BETWEEN 1 AND 500),
  CONSTRAINT conversations_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 5000),
  CONSTRAINT conversations_conversation_type_check CHECK (conversation_type IN ('chat', 'analysis', 'generation')),
  CONSTRAINT conversations_context_check CHECK (jsonb_typeof(context) = 'object'),
  CONSTRAINT conversations_system_prompt_check CHECK (length(btrim(system_prompt)) BETWEEN 1 AND 100000),
  CONSTRAINT conversations_status_check CHECK (status IN ('active', 'archived', 'deleted')),
  CONSTRAINT conversations_default_model_org_id_check CHECK (default_model_org_id IN (organization_id, '00000000-0000-0000-0000-000000000000')),
  CONSTRAINT conversations_model_parameters_check CHECK (jsonb_typeof(model_parameters) = 'object'),
  CONSTRAINT conversations_message_count_check CHECK (message_count >= 0),
  CONSTRAINT conversations_total_tokens_check CHECK (total_tokens >= 0),
  CONSTRAINT conversations_total_cost_check CHECK (total_cost >= 0),
  CONSTRAINT conversations_default_model CHECK (((default_model_org_id IS NULL) = (default_model_id IS NULL))),
  CONSTRAINT conversations_archived_at CHECK (status <> 'archived' OR archived_at IS NOT NULL),
  CONSTRAINT conversations_deleted_at CHECK (((status = 'deleted') = (deleted_at IS NOT NULL)))
);
COMMENT ON TABLE chat.conversations IS 'A conversation of a member with the assistant, and with colleagues who take part.';
COMMENT ON COLUMN chat.conversations.organization_id IS 'Organization that the conversation belongs to.';
COMMENT ON COLUMN chat.conversations.id IS 'Identity of the conversation, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN chat.conversations.user_id IS 'Person who started the conversation and owns it.';
COMMENT ON COLUMN chat.conversations.title IS 'Title as shown in lists; null until one is given or made up.';
COMMENT ON COLUMN chat.conversations.description IS 'What the conversation is about, in words of its owner; null when not told.';
COMMENT ON COLUMN chat.conversations.summary IS 'What was said so far in short; null until one is written.';
COMMENT ON COLUMN chat.conversations.conversation_type IS 'What the conversation is for. One of: chat, analysis, generation. Default: chat.';
COMMENT ON COLUMN chat.conversations.context IS 'What the assistant knows beforehand, as a JSON object.';
COMMENT ON COLUMN chat.conversations.system_prompt IS 'Instruction that the assistant follows throughout; null for the organization''s own.';
COMMENT ON COLUMN chat.conversations.status IS 'State of the conversation: only an active one takes messages. One of: active, archived, deleted. Default: active.';
COMMENT ON COLUMN chat.conversations.default_model_id IS 'Language model that answers; null for the organization''s choice.';
COMMENT ON COLUMN chat.conversations.default_model_org_id IS 'Organization that the language model belongs to: this one, or the platform; null without a model.';
COMMENT ON COLUMN chat.conversations.model_parameters IS 'Settings of the language model, such as temperature, as a JSON object.';
COMMENT ON COLUMN chat.conversations.message_count IS 'How many messages the conversation has; kept by the database. Default: 0.';
COMMENT ON COLUMN chat.conversations.total_tokens IS 'Sum of the tokens of all messages; kept by the database. Default: 0.';
COMMENT ON COLUMN chat.conversations.total_cost IS 'Sum of the estimated cost of all messages, in US dollars; kept by the database. Default: 0.';
COMMENT ON COLUMN chat.conversations.last_message_at IS 'When the newest message was written; null while there is none. Kept by the database.';
COMMENT ON COLUMN chat.conversations.created_at IS 'When the conversation was created.';
COMMENT ON COLUMN chat.conversations.updated_at IS 'When the conversation was last changed.';
COMMENT ON COLUMN chat.conversations.revision IS 'Version of the conversation: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON COLUMN chat.conversations.archived_at IS 'When the conversation was archived; null while it is not.';
COMMENT ON COLUMN chat.conversations.deleted_at IS 'When the conversation was deleted; null while it lives.';
COMMENT ON CONSTRAINT conversations_pkey ON chat.conversations IS 'A conversation is found by its organization and id.';
COMMENT ON CONSTRAINT conversations_organization_id_fkey ON chat.conversations IS 'The organization exists.';
COMMENT ON CONSTRAINT conversations_user_id_fkey ON chat.conversations IS 'The user is a member of the same organization.';
COMMENT ON CONSTRAINT conversations_title_check ON chat.conversations IS 'The title has 1 to 500 characters.';
COMMENT ON CONSTRAINT conversations_description_check ON chat.conversations IS 'The description has 1 to 5000 characters.';
COMMENT ON CONSTRAINT conversations_conversation_type_check ON chat.conversations IS 'The conversation type is one of: chat, analysis, generation.';
COMMENT ON CONSTRAINT conversations_context_check ON chat.conversations IS 'The context is a JSON object.';
COMMENT ON CONSTRAINT conversations_system_prompt_check ON chat.conversations IS 'The system prompt has 1 to 100000 characters.';
COMMENT ON CONSTRAINT conversations_status_check ON chat.conversations IS 'The status is one of: active, archived, deleted.';
COMMENT ON CONSTRAINT conversations_default_model_org_id_check ON chat.conversations IS 'The model belongs to this organization or to the platform.';
COMMENT ON CONSTRAINT conversations_model_parameters_check ON chat.conversations IS 'The parameters are a JSON object.';
COMMENT ON CONSTRAINT conversations_message_count_check ON chat.conversations IS 'The message count is not negative.';
COMMENT ON CONSTRAINT conversations_total_tokens_check ON chat.conversations IS 'The total tokens is not negative.';
COMMENT ON CONSTRAINT conversations_total_cost_check ON chat.conversations IS 'The total cost is not negative.';
COMMENT ON CONSTRAINT conversations_default_model ON chat.conversations IS 'A model is named together with its organization.';
COMMENT ON CONSTRAINT conversations_archived_at ON chat.conversations IS 'An archived conversation tells when that was.';
COMMENT ON CONSTRAINT conversations_deleted_at ON chat.conversations IS 'A deleted conversation, and no other, tells when that was.';
CREATE INDEX conversations_created_at_id_idx ON chat.conversations (organization_id, created_at, id);
CREATE INDEX conversations_user_id_created_at_id_idx ON chat.conversations (organization_id, user_id, created_at, id);
CREATE INDEX conversations_living_idx ON chat.conversations (organization_id, last_message_at, id) WHERE deleted_at IS NULL;
CREATE INDEX conversations_updated_idx ON chat.conversations (organization_id, updated_at, id);
CREATE TRIGGER touch BEFORE UPDATE OF title, description, summary, conversation_type, context, system_prompt, status, default_model_id, default_model_org_id, model_parameters, archived_at, deleted_at ON chat.conversations FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON chat.conversations IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (title, description, summary, conversation_type, context, system_prompt, status, default_model_id, default_model_org_id, model_parameters, message_count, total_tokens, total_cost, last_message_at, archived_at, deleted_at) ON chat.conversations TO portico_app;
CALL ops.isolate('chat.conversations', 'tenant');

CREATE TABLE chat.messages (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  conversation_id uuid NOT NULL,
  seq bigint NOT NULL,
  role text NOT NULL,
  content text NOT NULL,
  content_type text NOT NULL DEFAULT 'text',
  author_id uuid,
  model_id uuid,
  model_version text,
  model_parameters jsonb NOT NULL DEFAULT '{}',
  prompt_tokens integer NOT NULL DEFAULT 0,
  completion_tokens integer NOT NULL DEFAULT 0,
  total_tokens integer NOT NULL DEFAULT 0,
  estimated_cost numeric(20,10) NOT NULL DEFAULT 0,
  latency_ms integer,
  processing_started_at timestamptz,
  processing_completed_at timestamptz,
  parent_message_id uuid,
  thread_id uuid,
  context_used jsonb,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT messages_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT messages_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT messages_conversation_id_fkey FOREIGN KEY (organization_id, conversation_id) REFERENCES chat.conversations (organization_id, id),
  CONSTRAINT messages_seq_check CHECK (seq > 0),
  CONSTRAINT messages_role_check CHECK (role IN ('user', 'assistant', 'system', 'tool', 'function')),
  CONSTRAINT messages_content_check CHECK (length(content) <= 1000000),
  CONSTRAINT messages_content_type_check CHECK (content_type IN ('text', 'image', 'file', 'function_call')),
  CONSTRAINT messages_author_id_fkey FOREIGN KEY (organization_id, author_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT messages_model_version_check CHECK (length(btrim(model_version)) BETWEEN 1 AND 200),
  CONSTRAINT messages_model_parameters_check CHECK (jsonb_typeof(model_parameters) = 'object'),
  CONSTRAINT messages_prompt_tokens_check CHECK (prompt_tokens >= 0),
  CONSTRAINT messages_completion_tokens_check CHECK (completion_tokens >= 0),
  CONSTRAINT messages_total_tokens_check CHECK (total_tokens >= 0),
  CONSTRAINT messages_estimated_cost_check CHECK (estimated_cost >= 0),
  CONSTRAINT messages_latency_ms_check CHECK (latency_ms >= 0),
  CONSTRAINT messages_metadata_check CHECK (jsonb_typeof(metadata) = 'object'),
  CONSTRAINT messages_processing_completed_at_check CHECK (processing_completed_at >= processing_started_at)
) PARTITION BY RANGE (id);
COMMENT ON TABLE chat.messages IS 'One utterance in a conversation, by a person, the assistant or a tool. Messages are never changed; an edit is a new message beside the old one.';
COMMENT ON COLUMN chat.messages.organization_id IS 'Organization that the message belongs to.';
COMMENT ON COLUMN chat.messages.id IS 'Identity of the message, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN chat.messages.conversation_id IS 'Conversation that the message is part of.';
COMMENT ON COLUMN chat.messages.seq IS 'Number of the message in its conversation: 1, 2, 3 … without gaps, in the order in which messages became visible.';
COMMENT ON COLUMN chat.messages.role IS 'Who speaks. The value function is an older name of tool. One of: user, assistant, system, tool, function.';
COMMENT ON COLUMN chat.messages.content IS 'What is said.';
COMMENT ON COLUMN chat.messages.content_type IS 'Form of the content. One of: text, image, file, function_call. Default: text.';
COMMENT ON COLUMN chat.messages.author_id IS 'Person who wrote the message; null when no person did.';
COMMENT ON COLUMN chat.messages.model_id IS 'Language model that wrote the message; null when none did.';
COMMENT ON COLUMN chat.messages.model_version IS 'Version of that model as its provider names it; null when unknown or no model wrote it.';
COMMENT ON COLUMN chat.messages.model_parameters IS 'Settings with which the model wrote the message, as a JSON object.';
COMMENT ON COLUMN chat.messages.prompt_tokens IS 'Tokens that the model read. Default: 0.';
COMMENT ON COLUMN chat.messages.completion_tokens IS 'Tokens that the model wrote. Default: 0.';
COMMENT ON COLUMN chat.messages.total_tokens IS 'Tokens read and written together. Default: 0.';
COMMENT ON COLUMN chat.messages.estimated_cost IS 'What the message cost, in US dollars at the price of that time. Default: 0.';
COMMENT ON COLUMN chat.messages.latency_ms IS 'How long the answer took, in milliseconds; null when no model wrote it.';
COMMENT ON COLUMN chat.messages.processing_started_at IS 'When the model began; null when no model wrote it.';
COMMENT ON COLUMN chat.messages.processing_completed_at IS 'When the model was done; null when no model wrote it.';
COMMENT ON COLUMN chat.messages.parent_message_id IS 'Message that this one answers or replaces; null for the first.';
COMMENT ON COLUMN chat.messages.thread_id IS 'Branch of the conversation that the message is on; null for the main one.';
COMMENT ON COLUMN chat.messages.context_used IS 'Which sources the model was given, as a JSON value; null when none.';
COMMENT ON COLUMN chat.messages.metadata IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN chat.messages.created_at IS 'When the message was written.';
COMMENT ON CONSTRAINT messages_pkey ON chat.messages IS 'A message is found by its organization and id.';
COMMENT ON CONSTRAINT messages_organization_id_fkey ON chat.messages IS 'The organization exists.';
COMMENT ON CONSTRAINT messages_conversation_id_fkey ON chat.messages IS 'The conversation belongs to the same organization.';
COMMENT ON CONSTRAINT messages_seq_check ON chat.messages IS 'The number is positive.';
COMMENT ON CONSTRAINT messages_role_check ON chat.messages IS 'The role is one of: user, assistant, system, tool, function.';
COMMENT ON CONSTRAINT messages_content_check ON chat.messages IS 'The content has at most a million characters.';
COMMENT ON CONSTRAINT messages_content_type_check ON chat.messages IS 'The content type is one of: text, image, file, function_call.';
COMMENT ON CONSTRAINT messages_author_id_fkey ON chat.messages IS 'The author is a member of the same organization.';
COMMENT ON CONSTRAINT messages_model_version_check ON chat.messages IS 'The model version has 1 to 200 characters.';
COMMENT ON CONSTRAINT messages_model_parameters_check ON chat.messages IS 'The parameters are a JSON object.';
COMMENT ON CONSTRAINT messages_prompt_tokens_check ON chat.messages IS 'The prompt tokens is not negative.';
COMMENT ON CONSTRAINT messages_completion_tokens_check ON chat.messages IS 'The completion tokens is not negative.';
COMMENT ON CONSTRAINT messages_total_tokens_check ON chat.messages IS 'The total tokens is not negative.';
COMMENT ON CONSTRAINT messages_estimated_cost_check ON chat.messages IS 'The estimated cost is not negative.';
COMMENT ON CONSTRAINT messages_latency_ms_check ON chat.messages IS 'The latency ms is not negative.';
COMMENT ON CONSTRAINT messages_metadata_check ON chat.messages IS 'The metadata is a JSON object.';
COMMENT ON CONSTRAINT messages_processing_completed_at_check ON chat.messages IS 'Work ends after it begins.';
CREATE INDEX messages_author_id_seq_id_idx ON chat.messages (organization_id, author_id, seq, id);
CREATE INDEX messages_conversation_id_seq_idx ON chat.messages (organization_id, conversation_id, seq);
CREATE INDEX messages_parent_message_id_seq_id_idx ON chat.messages (organization_id, parent_message_id, seq, id) WHERE parent_message_id IS NOT NULL;
GRANT SELECT, INSERT ON chat.messages TO portico_app;
CALL ops.isolate('chat.messages', 'tenant');

CREATE FUNCTION chat.number_message() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  -- The conversation's row stays locked until commit: numbers have no gaps and follow the order of commits.
  UPDATE chat.conversations c SET
    message_count = c.message_count + 1,
    total_tokens = c.total_tokens + NEW.total_tokens,
    total_cost = c.total_cost + NEW.estimated_cost,
    last_message_at = greatest(c.last_message_at, NEW.created_at)
  WHERE c.organization_id = NEW.organization_id AND c.id = NEW.conversation_id AND c.status = 'active'
  RETURNING c.message_count INTO NEW.seq;
  IF FOUND THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT FROM chat.conversations c WHERE c.organization_id = NEW.organization_id AND c.id = NEW.conversation_id AND c.status <> 'active') THEN
    PERFORM ops.refuse('The conversation is archived or deleted; restore it first.', 'messages_conversation_status', 'chat.messages', 'conversation_id');
  END IF;
  -- Who is let in to read does not speak.
  PERFORM ops.refuse('There is no such conversation in which you may speak.', 'messages_conversation_id_fkey', 'chat.messages', 'conversation_id', '23503');
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION chat.number_message() IS 'Trigger: gives a message its number and adds it to the sums of its conversation, under the conversation''s lock.';
CREATE TRIGGER number_message BEFORE INSERT ON chat.messages
  FOR EACH ROW EXECUTE FUNCTION chat.number_message();
COMMENT ON TRIGGER number_message ON chat.messages IS 'Numbers messages without gaps and counts them.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON chat.messages
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('messages');
COMMENT ON TRIGGER append_only ON chat.messages IS 'A message is a fact: never changed or deleted.';
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON chat.messages
  FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only('messages');
COMMENT ON TRIGGER append_only_all ON chat.messages IS 'Nobody empties the table.';
SELECT ops.ensure_partitions('chat.messages', now(), now() + interval '3 months');

CREATE FUNCTION chat.protect_counters() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ops.serving() AND pg_trigger_depth() < 2 THEN
    PERFORM ops.refuse('The sums of a conversation follow from its messages.', 'conversations_counters', 'chat.conversations', 'message_count');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION chat.protect_counters() IS 'Trigger: the sums of a conversation are changed by its messages alone.';
CREATE TRIGGER protect_counters BEFORE UPDATE OF message_count, total_tokens, total_cost, last_message_at ON chat.conversations
  FOR EACH ROW EXECUTE FUNCTION chat.protect_counters();
COMMENT ON TRIGGER protect_counters ON chat.conversations IS 'Keeps the sums equal to the messages.';

-- Conversations are private: without the permission to read all, a person has their own.
CREATE POLICY own ON chat.conversations AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all' OR user_id = (SELECT ops.actor()));
COMMENT ON POLICY own ON chat.conversations IS 'People have their own conversations, and those of others only when they may read all.';
CREATE POLICY own ON chat.messages AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all'
  OR conversation_id IN (SELECT c.id FROM chat.conversations c WHERE c.user_id = (SELECT ops.actor())));
COMMENT ON POLICY own ON chat.messages IS 'Messages are seen with their conversation.';
