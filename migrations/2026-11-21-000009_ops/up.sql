-- Live events, written with the change they tell of, and the keys of repeated requests.

CREATE TABLE ops.events (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  topic text NOT NULL,
  subject_type text NOT NULL,
  subject_id uuid NOT NULL,
  kind text NOT NULL,
  payload jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT events_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT events_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT events_topic_check CHECK (length(btrim(topic)) BETWEEN 1 AND 200),
  CONSTRAINT events_subject_type_check CHECK (length(btrim(subject_type)) BETWEEN 1 AND 100),
  CONSTRAINT events_kind_check CHECK (length(btrim(kind)) BETWEEN 1 AND 100),
  CONSTRAINT events_payload_check CHECK (jsonb_typeof(payload) = 'object')
) PARTITION BY RANGE (id);
COMMENT ON TABLE ops.events IS 'One thing that happened to a record, told to whoever follows it live.';
COMMENT ON COLUMN ops.events.organization_id IS 'Organization that the event belongs to.';
COMMENT ON COLUMN ops.events.id IS 'Identity of the event, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN ops.events.xact IS 'Transaction that wrote the event; events are told in the order of transactions, once no older one is open.';
COMMENT ON COLUMN ops.events.topic IS 'What the followers have chosen, such as the name of a kind of record or a single conversation.';
COMMENT ON COLUMN ops.events.subject_type IS 'Kind of record that it happened to.';
COMMENT ON COLUMN ops.events.subject_id IS 'Record that it happened to.';
COMMENT ON COLUMN ops.events.kind IS 'What happened, such as created, updated or deleted.';
COMMENT ON COLUMN ops.events.payload IS 'Little more to know, such as the changed fields, as a JSON object; never values that need a permission.';
COMMENT ON COLUMN ops.events.created_at IS 'When it happened.';
COMMENT ON CONSTRAINT events_pkey ON ops.events IS 'An event is found by its organization and id.';
COMMENT ON CONSTRAINT events_organization_id_fkey ON ops.events IS 'The organization exists.';
COMMENT ON CONSTRAINT events_topic_check ON ops.events IS 'The topic has 1 to 200 characters.';
COMMENT ON CONSTRAINT events_subject_type_check ON ops.events IS 'The subject type has 1 to 100 characters.';
COMMENT ON CONSTRAINT events_kind_check ON ops.events IS 'The kind has 1 to 100 characters.';
COMMENT ON CONSTRAINT events_payload_check ON ops.events IS 'The payload is a JSON object.';
CREATE INDEX events_xact_id_idx ON ops.events (organization_id, xact, id);
CREATE INDEX events_tail_idx ON ops.events (xact, id);
GRANT SELECT, INSERT (organization_id, id, topic, subject_type, subject_id, kind, payload, created_at), DELETE ON ops.events TO portico_app;
CALL ops.isolate('ops.events', 'tenant');

CREATE TABLE ops.event_floors (
  organization_id uuid NOT NULL,
  xact xid8 NOT NULL,
  id uuid NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT event_floors_pkey PRIMARY KEY (organization_id),
  CONSTRAINT event_floors_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id)
);
COMMENT ON TABLE ops.event_floors IS 'Up to where the events of an organization were deleted, so that whoever comes back to a place before it is told.';
COMMENT ON COLUMN ops.event_floors.organization_id IS 'Organization whose events they were.';
COMMENT ON COLUMN ops.event_floors.xact IS 'Transaction that wrote the last event that was deleted.';
COMMENT ON COLUMN ops.event_floors.id IS 'Identity of the last event that was deleted.';
COMMENT ON COLUMN ops.event_floors.deleted_at IS 'When it was deleted.';
COMMENT ON CONSTRAINT event_floors_pkey ON ops.event_floors IS 'A floor is found by its organization.';
COMMENT ON CONSTRAINT event_floors_organization_id_fkey ON ops.event_floors IS 'The organization exists.';
GRANT SELECT, INSERT, UPDATE (xact, id, deleted_at) ON ops.event_floors TO portico_app;
CALL ops.isolate('ops.event_floors', 'tenant');

CREATE TABLE ops.idempotency_keys (
  organization_id uuid NOT NULL,
  actor_id uuid NOT NULL,
  key text NOT NULL,
  operation text NOT NULL,
  request_hash bytea NOT NULL,
  response jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, actor_id, key),
  CONSTRAINT idempotency_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT idempotency_keys_key_check CHECK (length(btrim(key)) BETWEEN 1 AND 255),
  CONSTRAINT idempotency_keys_operation_check CHECK (length(btrim(operation)) BETWEEN 1 AND 200),
  CONSTRAINT idempotency_keys_expires_at_check CHECK (expires_at > created_at)
);
COMMENT ON TABLE ops.idempotency_keys IS 'A request that must not be carried out twice, with its answer.';
COMMENT ON COLUMN ops.idempotency_keys.organization_id IS 'Organization that the key belongs to.';
COMMENT ON COLUMN ops.idempotency_keys.actor_id IS 'Person or key that asks.';
COMMENT ON COLUMN ops.idempotency_keys.key IS 'Key that the client chose for the request.';
COMMENT ON COLUMN ops.idempotency_keys.operation IS 'What was asked for.';
COMMENT ON COLUMN ops.idempotency_keys.request_hash IS 'Hash of the request, to tell a repetition from a different one.';
COMMENT ON COLUMN ops.idempotency_keys.response IS 'Answer that a repetition gets again; null while the first one runs.';
COMMENT ON COLUMN ops.idempotency_keys.created_at IS 'When the request came first.';
COMMENT ON COLUMN ops.idempotency_keys.expires_at IS 'Until when the key is remembered.';
COMMENT ON CONSTRAINT idempotency_keys_pkey ON ops.idempotency_keys IS 'A key is found by its organization and actor id and key.';
COMMENT ON CONSTRAINT idempotency_keys_organization_id_fkey ON ops.idempotency_keys IS 'The organization exists.';
COMMENT ON CONSTRAINT idempotency_keys_key_check ON ops.idempotency_keys IS 'The key has 1 to 255 characters.';
COMMENT ON CONSTRAINT idempotency_keys_operation_check ON ops.idempotency_keys IS 'The operation has 1 to 200 characters.';
COMMENT ON CONSTRAINT idempotency_keys_expires_at_check ON ops.idempotency_keys IS 'A key is remembered for some time.';
CREATE INDEX idempotency_keys_expires_at_idx ON ops.idempotency_keys (expires_at);
GRANT SELECT, INSERT, UPDATE (response, expires_at), DELETE ON ops.idempotency_keys TO portico_app;
CALL ops.isolate('ops.idempotency_keys', 'tenant');
GRANT SELECT (expires_at), DELETE ON ops.idempotency_keys TO portico_worker;
CREATE POLICY idempotency_keys_worker ON ops.idempotency_keys TO portico_worker USING (expires_at <= now());
COMMENT ON POLICY idempotency_keys_worker ON ops.idempotency_keys IS 'Background work deletes keys that are no longer remembered.';

CREATE TRIGGER append_only BEFORE UPDATE ON ops.events
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('events');
COMMENT ON TRIGGER append_only ON ops.events IS 'An event is a fact: never changed.';
-- Whoever follows it live and was cut off for a moment must find it again, whatever the settings say.
CREATE TRIGGER kept_a_while BEFORE DELETE ON ops.events FOR EACH ROW
  WHEN (OLD.created_at > now() - interval '1 hour') EXECUTE FUNCTION ops.append_only('events');
COMMENT ON TRIGGER kept_a_while ON ops.events IS 'An event is kept for an hour at least.';
SELECT ops.ensure_partitions('ops.events', now(), now() + interval '3 months');

-- One reader per server follows all organizations, to wake those who listen; what they are told is read under their own rights.
GRANT SELECT (organization_id, id, xact, topic, subject_type, subject_id, kind, created_at) ON ops.events TO portico_worker;
CREATE POLICY events_worker ON ops.events FOR SELECT TO portico_worker USING (true);
COMMENT ON POLICY events_worker ON ops.events IS 'Background work sees that something happened, not what.';
