-- Exports: a list that somebody may see, written into a file in the background, with their rights of the moment at which each
-- page is read. The file lies here in parts, since every server sees the database, and goes when its time is over.

CREATE TABLE ops.exports (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid,
  session_id uuid,
  api_key_id uuid,
  ip_address inet,
  format text NOT NULL,
  document text NOT NULL,
  variables jsonb NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'queued',
  row_count integer NOT NULL DEFAULT 0,
  byte_count bigint NOT NULL DEFAULT 0,
  part_count integer NOT NULL DEFAULT 0,
  expected_row_count integer,
  snapshot_count integer NOT NULL DEFAULT 0,
  cursor text,
  lease_id uuid,
  lease_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  error_code text,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  finished_at timestamptz,
  expires_at timestamptz,
  CONSTRAINT exports_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT exports_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT exports_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT exports_api_key_id_fkey FOREIGN KEY (organization_id, api_key_id) REFERENCES identity.api_keys (organization_id, id),
  CONSTRAINT exports_user_id_check CHECK (num_nonnulls(user_id, api_key_id) = 1),
  CONSTRAINT exports_session_id_check CHECK ((session_id IS NULL) = (user_id IS NULL)),
  CONSTRAINT exports_format_check CHECK (format IN ('ndjson', 'csv')),
  CONSTRAINT exports_document_check CHECK (length(document) BETWEEN 1 AND 100000),
  CONSTRAINT exports_variables_check CHECK (jsonb_typeof(variables) = 'object'),
  CONSTRAINT exports_status_check CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled', 'expired')),
  CONSTRAINT exports_row_count_check CHECK (row_count >= 0),
  CONSTRAINT exports_byte_count_check CHECK (byte_count >= 0),
  CONSTRAINT exports_part_count_check CHECK (part_count >= 0),
  CONSTRAINT exports_expected_row_count_check CHECK (expected_row_count >= 0),
  CONSTRAINT exports_snapshot_count_check CHECK (snapshot_count >= 0),
  CONSTRAINT exports_lease_id_check CHECK ((lease_id IS NULL) = (status <> 'running')),
  CONSTRAINT exports_lease_until_check CHECK ((lease_until IS NULL) = (lease_id IS NULL)),
  CONSTRAINT exports_attempts_check CHECK (attempts >= 0),
  CONSTRAINT exports_error_code_check CHECK ((error_code IS NULL) = (status <> 'failed')),
  CONSTRAINT exports_error_message_check CHECK ((error_message IS NULL) = (error_code IS NULL)),
  CONSTRAINT exports_started_at_check CHECK (started_at IS NOT NULL OR status IN ('queued', 'cancelled')),
  CONSTRAINT exports_finished_at_check CHECK ((finished_at IS NULL) = (status IN ('queued', 'running'))),
  CONSTRAINT exports_expires_at_check CHECK ((expires_at IS NULL) = (status NOT IN ('completed', 'expired')))
);
COMMENT ON TABLE ops.exports IS 'A list written into a file in the background, for whoever asked for it alone: with what they may see at the moment at which each page is read, masked as in lists.';
COMMENT ON COLUMN ops.exports.organization_id IS 'Organization that the export belongs to.';
COMMENT ON COLUMN ops.exports.id IS 'Identity of the export, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN ops.exports.user_id IS 'Person who asked for it; null where an API key did.';
COMMENT ON COLUMN ops.exports.session_id IS 'Session in which the person asked for it: the export ends with it.';
COMMENT ON COLUMN ops.exports.api_key_id IS 'API key that asked for it; null where a person did.';
COMMENT ON COLUMN ops.exports.ip_address IS 'Internet address from which it was asked for, on which rights may depend; null when not known.';
COMMENT ON COLUMN ops.exports.format IS 'How the file is written: a JSON object per line, or comma-separated values. One of: ndjson, csv.';
COMMENT ON COLUMN ops.exports.document IS 'GraphQL document whose list is exported.';
COMMENT ON COLUMN ops.exports.variables IS 'Values of the document''s variables, as a JSON object.';
COMMENT ON COLUMN ops.exports.status IS 'How far it is: waiting, being written, ready to be downloaded, given up for a reason that is told, cancelled, or its file is gone. One of: queued, running, completed, failed, cancelled, expired. Default: queued.';
COMMENT ON COLUMN ops.exports.row_count IS 'Number of records written so far. Default: 0.';
COMMENT ON COLUMN ops.exports.byte_count IS 'Size of the file so far, in bytes. Default: 0.';
COMMENT ON COLUMN ops.exports.part_count IS 'Number of parts in which the file lies. Default: 0.';
COMMENT ON COLUMN ops.exports.expected_row_count IS 'How many records there were when it began; null before.';
COMMENT ON COLUMN ops.exports.snapshot_count IS 'Of how many moments the records are. One: all of them are of one moment. More: a right changed meanwhile, a server was stopped, or it took long; then whatever was there all the time and kept its place is in the file once, and what was made or moved meanwhile may be missing or stand there twice. Default: 0.';
COMMENT ON COLUMN ops.exports.cursor IS 'Place in the list up to which it is written; null at the beginning.';
COMMENT ON COLUMN ops.exports.lease_id IS 'Names the server that writes it; null while none does.';
COMMENT ON COLUMN ops.exports.lease_until IS 'When another server goes on with it, unless the one that writes it has said by then that it does.';
COMMENT ON COLUMN ops.exports.attempts IS 'How many servers have begun with it or gone on. Default: 0.';
COMMENT ON COLUMN ops.exports.error_code IS 'Why it was given up, for programs; null unless it was.';
COMMENT ON COLUMN ops.exports.error_message IS 'Why it was given up, for people; null unless it was.';
COMMENT ON COLUMN ops.exports.created_at IS 'When it was asked for.';
COMMENT ON COLUMN ops.exports.started_at IS 'When a server began with it; null before.';
COMMENT ON COLUMN ops.exports.finished_at IS 'When it was completed, given up or cancelled; null before.';
COMMENT ON COLUMN ops.exports.expires_at IS 'Until when the file can be downloaded; null unless it is complete.';
COMMENT ON CONSTRAINT exports_pkey ON ops.exports IS 'An export is found by its organization and id.';
COMMENT ON CONSTRAINT exports_organization_id_fkey ON ops.exports IS 'The organization exists.';
COMMENT ON CONSTRAINT exports_user_id_fkey ON ops.exports IS 'The person is a member of the same organization.';
COMMENT ON CONSTRAINT exports_api_key_id_fkey ON ops.exports IS 'The API key belongs to the same organization.';
COMMENT ON CONSTRAINT exports_user_id_check ON ops.exports IS 'Either a person or an API key asked for it.';
COMMENT ON CONSTRAINT exports_session_id_check ON ops.exports IS 'A person, and nobody else, asks in a session.';
COMMENT ON CONSTRAINT exports_format_check ON ops.exports IS 'The format is one of: ndjson, csv.';
COMMENT ON CONSTRAINT exports_document_check ON ops.exports IS 'The document has 1 to 100,000 characters.';
COMMENT ON CONSTRAINT exports_variables_check ON ops.exports IS 'The variables are a JSON object.';
COMMENT ON CONSTRAINT exports_status_check ON ops.exports IS 'The status is one of: queued, running, completed, failed, cancelled, expired.';
COMMENT ON CONSTRAINT exports_row_count_check ON ops.exports IS 'The row count is not negative.';
COMMENT ON CONSTRAINT exports_byte_count_check ON ops.exports IS 'The byte count is not negative.';
COMMENT ON CONSTRAINT exports_part_count_check ON ops.exports IS 'The part count is not negative.';
COMMENT ON CONSTRAINT exports_expected_row_count_check ON ops.exports IS 'The expected row count is not negative.';
COMMENT ON CONSTRAINT exports_snapshot_count_check ON ops.exports IS 'The snapshot count is not negative.';
COMMENT ON CONSTRAINT exports_lease_id_check ON ops.exports IS 'A running export, and no other, is in the hands of a server.';
COMMENT ON CONSTRAINT exports_lease_until_check ON ops.exports IS 'A server has an export for a time.';
COMMENT ON CONSTRAINT exports_attempts_check ON ops.exports IS 'The attempts are not negative.';
COMMENT ON CONSTRAINT exports_error_code_check ON ops.exports IS 'A failed export, and no other, tells why.';
COMMENT ON CONSTRAINT exports_error_message_check ON ops.exports IS 'Why it failed is told to programs and people.';
COMMENT ON CONSTRAINT exports_started_at_check ON ops.exports IS 'What runs or has run was begun.';
COMMENT ON CONSTRAINT exports_finished_at_check ON ops.exports IS 'An ended export, and no other, tells when that was.';
COMMENT ON CONSTRAINT exports_expires_at_check ON ops.exports IS 'A complete export, and no other, can be downloaded until some time.';
CREATE INDEX exports_created_at_id_idx ON ops.exports (organization_id, created_at, id);
CREATE INDEX exports_user_id_created_at_id_idx ON ops.exports (organization_id, user_id, created_at, id);
CREATE INDEX exports_api_key_id_created_at_id_idx ON ops.exports (organization_id, api_key_id, created_at, id);
CREATE INDEX exports_open_idx ON ops.exports (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX exports_expires_at_idx ON ops.exports (expires_at) WHERE status = 'completed';
GRANT SELECT, INSERT, UPDATE (status, row_count, byte_count, part_count, expected_row_count, snapshot_count, cursor, lease_id, lease_until, attempts, error_code, error_message, started_at, finished_at, expires_at) ON ops.exports TO portico_app;
GRANT SELECT (organization_id, status, lease_until, created_at, expires_at) ON ops.exports TO portico_worker;
CALL ops.isolate('ops.exports', 'tenant');
CREATE POLICY own ON ops.exports AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.jobs', true)) = 'all' OR user_id = (SELECT ops.actor())
  OR api_key_id = (SELECT nullif(current_setting('app.api_key_id', true), '')::uuid));
COMMENT ON POLICY own ON ops.exports IS 'People and API keys have their own exports; all of them only the server itself has, which writes them.';
CREATE POLICY exports_worker ON ops.exports FOR SELECT TO portico_worker
  USING (status IN ('queued', 'running') OR status = 'completed' AND expires_at <= now());
COMMENT ON POLICY exports_worker ON ops.exports IS 'Background work sees that exports wait or are over, and nothing else of them.';

CREATE FUNCTION ops.check_export() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
    ('queued', 'running'), ('queued', 'cancelled'), ('running', 'completed'), ('running', 'failed'),
    ('running', 'cancelled'), ('completed', 'expired'))
  THEN
    PERFORM ops.refuse(format('An export that is %s does not become %s.', OLD.status, NEW.status),
      'exports_status_transition', 'ops.exports', 'status');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.check_export() IS 'Trigger: an export goes on, and what has ended does not begin anew.';
CREATE TRIGGER check_export BEFORE UPDATE OF status ON ops.exports FOR EACH ROW EXECUTE FUNCTION ops.check_export();
COMMENT ON TRIGGER check_export ON ops.exports IS 'Judges every change of status.';

CREATE TABLE ops.export_parts (
  organization_id uuid NOT NULL,
  export_id uuid NOT NULL,
  seq integer NOT NULL,
  content bytea NOT NULL,
  CONSTRAINT export_parts_pkey PRIMARY KEY (organization_id, export_id, seq),
  CONSTRAINT export_parts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT export_parts_export_id_fkey FOREIGN KEY (organization_id, export_id) REFERENCES ops.exports (organization_id, id),
  CONSTRAINT export_parts_seq_check CHECK (seq >= 0)
);
COMMENT ON TABLE ops.export_parts IS 'A part of the file of an export.';
COMMENT ON COLUMN ops.export_parts.organization_id IS 'Organization that the part belongs to.';
COMMENT ON COLUMN ops.export_parts.export_id IS 'Export whose file it is a part of.';
COMMENT ON COLUMN ops.export_parts.seq IS 'Place of the part in the file, counted from 0.';
COMMENT ON COLUMN ops.export_parts.content IS 'The bytes.';
COMMENT ON CONSTRAINT export_parts_pkey ON ops.export_parts IS 'A part is found by its organization, export and place.';
COMMENT ON CONSTRAINT export_parts_organization_id_fkey ON ops.export_parts IS 'The organization exists.';
COMMENT ON CONSTRAINT export_parts_export_id_fkey ON ops.export_parts IS 'The export belongs to the same organization.';
COMMENT ON CONSTRAINT export_parts_seq_check ON ops.export_parts IS 'The place is not negative.';
GRANT SELECT, INSERT, DELETE ON ops.export_parts TO portico_app;
CALL ops.isolate('ops.export_parts', 'tenant');
CREATE POLICY own ON ops.export_parts AS RESTRICTIVE FOR ALL TO portico_app USING (
  EXISTS (SELECT FROM ops.exports e WHERE e.organization_id = export_parts.organization_id AND e.id = export_parts.export_id));
COMMENT ON POLICY own ON ops.export_parts IS 'The parts of a file are seen with their export.';
