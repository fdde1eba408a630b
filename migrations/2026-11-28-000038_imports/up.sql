-- Imports: rows of a file given to a mutation one by one, in the background, with the rights of the moment at which each batch
-- is done. The file lies here in parts until it is done, since every server sees the database.

CREATE TABLE ops.imports (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  user_id uuid,
  session_id uuid,
  api_key_id uuid,
  ip_address inet,
  mutation text NOT NULL,
  format text NOT NULL,
  on_error text NOT NULL DEFAULT 'reject_failed',
  dry_run boolean NOT NULL DEFAULT false,
  status text NOT NULL DEFAULT 'awaiting_upload',
  upload_id uuid,
  byte_count bigint NOT NULL DEFAULT 0,
  part_count integer NOT NULL DEFAULT 0,
  expected_row_count integer,
  position bigint NOT NULL DEFAULT 0,
  row_count integer NOT NULL DEFAULT 0,
  created_count integer NOT NULL DEFAULT 0,
  updated_count integer NOT NULL DEFAULT 0,
  failed_count integer NOT NULL DEFAULT 0,
  lease_id uuid,
  lease_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  error_code text,
  error_message text,
  created_at timestamptz NOT NULL DEFAULT now(),
  upload_until timestamptz NOT NULL,
  started_at timestamptz,
  finished_at timestamptz,
  errors_until timestamptz,
  CONSTRAINT imports_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT imports_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT imports_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT imports_api_key_id_fkey FOREIGN KEY (organization_id, api_key_id) REFERENCES identity.api_keys (organization_id, id),
  CONSTRAINT imports_user_id_check CHECK (num_nonnulls(user_id, api_key_id) = 1),
  CONSTRAINT imports_session_id_check CHECK ((session_id IS NULL) = (user_id IS NULL)),
  CONSTRAINT imports_mutation_check CHECK (length(mutation) BETWEEN 1 AND 100000),
  CONSTRAINT imports_format_check CHECK (format IN ('ndjson', 'csv')),
  CONSTRAINT imports_on_error_check CHECK (on_error IN ('reject_all', 'reject_failed')),
  CONSTRAINT imports_status_check CHECK (status IN ('awaiting_upload', 'queued', 'running', 'completed', 'failed', 'cancelled', 'expired')),
  CONSTRAINT imports_byte_count_check CHECK (byte_count >= 0),
  CONSTRAINT imports_part_count_check CHECK (part_count >= 0),
  CONSTRAINT imports_expected_row_count_check CHECK ((expected_row_count IS NOT NULL AND expected_row_count >= 0) OR status IN ('awaiting_upload', 'cancelled', 'expired')),
  CONSTRAINT imports_position_check CHECK (position BETWEEN 0 AND byte_count),
  CONSTRAINT imports_row_count_check CHECK (row_count >= created_count + updated_count + failed_count),
  CONSTRAINT imports_created_count_check CHECK (created_count >= 0),
  CONSTRAINT imports_updated_count_check CHECK (updated_count >= 0),
  CONSTRAINT imports_failed_count_check CHECK (failed_count >= 0),
  CONSTRAINT imports_lease_id_check CHECK ((lease_id IS NULL) = (status <> 'running')),
  CONSTRAINT imports_lease_until_check CHECK ((lease_until IS NULL) = (lease_id IS NULL)),
  CONSTRAINT imports_attempts_check CHECK (attempts >= 0),
  CONSTRAINT imports_error_code_check CHECK ((error_code IS NULL) = (status <> 'failed')),
  CONSTRAINT imports_error_message_check CHECK ((error_message IS NULL) = (error_code IS NULL)),
  CONSTRAINT imports_started_at_check CHECK (started_at IS NOT NULL OR status IN ('awaiting_upload', 'queued', 'cancelled', 'expired')),
  CONSTRAINT imports_finished_at_check CHECK ((finished_at IS NULL) = (status IN ('awaiting_upload', 'queued', 'running'))),
  CONSTRAINT imports_errors_until_check CHECK (errors_until IS NULL OR finished_at IS NOT NULL)
);
COMMENT ON TABLE ops.imports IS 'Rows of a file that are given to a mutation one by one, in the background, by whoever asked for it alone: with what they may at the moment at which each batch is done.';
COMMENT ON COLUMN ops.imports.organization_id IS 'Organization that the import belongs to.';
COMMENT ON COLUMN ops.imports.id IS 'Identity of the import, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN ops.imports.user_id IS 'Person who asked for it; null where an API key did.';
COMMENT ON COLUMN ops.imports.session_id IS 'Session in which the person asked for it: the import ends with it.';
COMMENT ON COLUMN ops.imports.api_key_id IS 'API key that asked for it; null where a person did.';
COMMENT ON COLUMN ops.imports.ip_address IS 'Internet address from which it was asked for, on which rights may depend; null when not known.';
COMMENT ON COLUMN ops.imports.mutation IS 'GraphQL document with the mutation that each row is given to.';
COMMENT ON COLUMN ops.imports.format IS 'How the file is written: a JSON object per line, or comma-separated values. One of: ndjson, csv.';
COMMENT ON COLUMN ops.imports.on_error IS 'What becomes of the other rows where one cannot be done. One of: reject_all, reject_failed. Default: reject_failed.';
COMMENT ON COLUMN ops.imports.dry_run IS 'Whether it is only tried: each row is done and undone again. Default: false.';
COMMENT ON COLUMN ops.imports.status IS 'How far it is: waiting for its file, waiting for a server, being done, done, given up for a reason that is told, cancelled, or its file never came. One of: awaiting_upload, queued, running, completed, failed, cancelled, expired. Default: awaiting_upload.';
COMMENT ON COLUMN ops.imports.upload_id IS 'Names the upload of its file that is going on or was the last; null before one has begun.';
COMMENT ON COLUMN ops.imports.byte_count IS 'Size of the file, in bytes. Default: 0.';
COMMENT ON COLUMN ops.imports.part_count IS 'Number of parts in which the file lies. Default: 0.';
COMMENT ON COLUMN ops.imports.expected_row_count IS 'How many rows the file has; null before it has come.';
COMMENT ON COLUMN ops.imports.position IS 'Place in the file up to which it is done, in bytes. Default: 0.';
COMMENT ON COLUMN ops.imports.row_count IS 'Number of rows that were looked at so far. Default: 0.';
COMMENT ON COLUMN ops.imports.created_count IS 'Number of records made so far; where it is only tried, of those that would be. Default: 0.';
COMMENT ON COLUMN ops.imports.updated_count IS 'Number of rows whose record was there before: it was changed, or is as the row has it already. Default: 0.';
COMMENT ON COLUMN ops.imports.failed_count IS 'Number of rows that could not be done. Default: 0.';
COMMENT ON COLUMN ops.imports.lease_id IS 'Names the server that does it; null while none does.';
COMMENT ON COLUMN ops.imports.lease_until IS 'When another server goes on with it, unless the one that does it has said by then that it does.';
COMMENT ON COLUMN ops.imports.attempts IS 'How many servers have begun with it or gone on since it last came further. Default: 0.';
COMMENT ON COLUMN ops.imports.error_code IS 'Why it was given up, for programs; null unless it was.';
COMMENT ON COLUMN ops.imports.error_message IS 'Why it was given up, for people; null unless it was.';
COMMENT ON COLUMN ops.imports.created_at IS 'When it was asked for.';
COMMENT ON COLUMN ops.imports.upload_until IS 'Until when the upload of its file can begin and end.';
COMMENT ON COLUMN ops.imports.started_at IS 'When a server began with it; null before.';
COMMENT ON COLUMN ops.imports.finished_at IS 'When it was done, given up or cancelled, or its file was waited for no longer; null before.';
COMMENT ON COLUMN ops.imports.errors_until IS 'Until when it is kept what was wrong with its rows; null where nothing is kept.';
COMMENT ON CONSTRAINT imports_pkey ON ops.imports IS 'An import is found by its organization and id.';
COMMENT ON CONSTRAINT imports_organization_id_fkey ON ops.imports IS 'The organization exists.';
COMMENT ON CONSTRAINT imports_user_id_fkey ON ops.imports IS 'The person is a member of the same organization.';
COMMENT ON CONSTRAINT imports_api_key_id_fkey ON ops.imports IS 'The API key belongs to the same organization.';
COMMENT ON CONSTRAINT imports_user_id_check ON ops.imports IS 'Either a person or an API key asked for it.';
COMMENT ON CONSTRAINT imports_session_id_check ON ops.imports IS 'A person, and nobody else, asks in a session.';
COMMENT ON CONSTRAINT imports_mutation_check ON ops.imports IS 'The document has 1 to 100,000 characters.';
COMMENT ON CONSTRAINT imports_format_check ON ops.imports IS 'The format is one of: ndjson, csv.';
COMMENT ON CONSTRAINT imports_on_error_check ON ops.imports IS 'What becomes of the other rows is one of: reject_all, reject_failed.';
COMMENT ON CONSTRAINT imports_status_check ON ops.imports IS 'The status is one of: awaiting_upload, queued, running, completed, failed, cancelled, expired.';
COMMENT ON CONSTRAINT imports_byte_count_check ON ops.imports IS 'The byte count is not negative.';
COMMENT ON CONSTRAINT imports_part_count_check ON ops.imports IS 'The part count is not negative.';
COMMENT ON CONSTRAINT imports_expected_row_count_check ON ops.imports IS 'How many rows there are is known of each file that has come.';
COMMENT ON CONSTRAINT imports_position_check ON ops.imports IS 'The place lies in the file.';
COMMENT ON CONSTRAINT imports_row_count_check ON ops.imports IS 'Every record made, changed or failed is that of a row.';
COMMENT ON CONSTRAINT imports_created_count_check ON ops.imports IS 'The created count is not negative.';
COMMENT ON CONSTRAINT imports_updated_count_check ON ops.imports IS 'The updated count is not negative.';
COMMENT ON CONSTRAINT imports_failed_count_check ON ops.imports IS 'The failed count is not negative.';
COMMENT ON CONSTRAINT imports_lease_id_check ON ops.imports IS 'A running import, and no other, is in the hands of a server.';
COMMENT ON CONSTRAINT imports_lease_until_check ON ops.imports IS 'A server has an import for a time.';
COMMENT ON CONSTRAINT imports_attempts_check ON ops.imports IS 'The attempts are not negative.';
COMMENT ON CONSTRAINT imports_error_code_check ON ops.imports IS 'A failed import, and no other, tells why.';
COMMENT ON CONSTRAINT imports_error_message_check ON ops.imports IS 'Why it failed is told to programs and people.';
COMMENT ON CONSTRAINT imports_started_at_check ON ops.imports IS 'What runs or has run was begun.';
COMMENT ON CONSTRAINT imports_finished_at_check ON ops.imports IS 'An ended import, and no other, tells when that was.';
COMMENT ON CONSTRAINT imports_errors_until_check ON ops.imports IS 'What is wrong is deleted some time after the end.';
CREATE INDEX imports_created_at_id_idx ON ops.imports (organization_id, created_at, id);
CREATE INDEX imports_user_id_created_at_id_idx ON ops.imports (organization_id, user_id, created_at, id);
CREATE INDEX imports_api_key_id_created_at_id_idx ON ops.imports (organization_id, api_key_id, created_at, id);
CREATE INDEX imports_open_idx ON ops.imports (created_at) WHERE status IN ('queued', 'running');
CREATE INDEX imports_upload_until_idx ON ops.imports (upload_until) WHERE status = 'awaiting_upload';
CREATE INDEX imports_errors_until_idx ON ops.imports (errors_until) WHERE errors_until IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (status, upload_id, byte_count, part_count, expected_row_count, position, row_count, created_count, updated_count, failed_count, lease_id, lease_until, attempts, error_code, error_message, started_at, finished_at, errors_until) ON ops.imports TO portico_app;
GRANT SELECT (organization_id, status, lease_until, created_at, upload_until, errors_until) ON ops.imports TO portico_worker;
CALL ops.isolate('ops.imports', 'tenant');
CREATE POLICY own ON ops.imports AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.jobs', true)) = 'all' OR user_id = (SELECT ops.actor())
  OR api_key_id = (SELECT nullif(current_setting('app.api_key_id', true), '')::uuid));
COMMENT ON POLICY own ON ops.imports IS 'People and API keys have their own imports; all of them only the server itself has, which does them.';
CREATE POLICY imports_worker ON ops.imports FOR SELECT TO portico_worker
  USING (status IN ('queued', 'running') OR status = 'awaiting_upload' AND upload_until <= now() OR errors_until <= now());
COMMENT ON POLICY imports_worker ON ops.imports IS 'Background work sees that imports wait or are over, and nothing else of them.';

CREATE FUNCTION ops.check_import() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
    ('awaiting_upload', 'queued'), ('awaiting_upload', 'cancelled'), ('awaiting_upload', 'expired'), ('queued', 'running'),
    ('queued', 'cancelled'), ('running', 'completed'), ('running', 'failed'), ('running', 'cancelled'))
  THEN
    PERFORM ops.refuse(format('An import that is %s does not become %s.', OLD.status, NEW.status),
      'imports_status_transition', 'ops.imports', 'status');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.check_import() IS 'Trigger: an import goes on, and what has ended does not begin anew.';
CREATE TRIGGER check_import BEFORE UPDATE OF status ON ops.imports FOR EACH ROW EXECUTE FUNCTION ops.check_import();
COMMENT ON TRIGGER check_import ON ops.imports IS 'Judges every change of status.';

CREATE TABLE ops.import_parts (
  organization_id uuid NOT NULL,
  import_id uuid NOT NULL,
  seq integer NOT NULL,
  content bytea NOT NULL,
  CONSTRAINT import_parts_pkey PRIMARY KEY (organization_id, import_id, seq),
  CONSTRAINT import_parts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT import_parts_import_id_fkey FOREIGN KEY (organization_id, import_id) REFERENCES ops.imports (organization_id, id),
  CONSTRAINT import_parts_seq_check CHECK (seq >= 0)
);
COMMENT ON TABLE ops.import_parts IS 'A part of the file of an import that is not done yet.';
COMMENT ON COLUMN ops.import_parts.organization_id IS 'Organization that the part belongs to.';
COMMENT ON COLUMN ops.import_parts.import_id IS 'Import whose file it is a part of.';
COMMENT ON COLUMN ops.import_parts.seq IS 'Place of the part in the file, counted from 0.';
COMMENT ON COLUMN ops.import_parts.content IS 'The bytes.';
COMMENT ON CONSTRAINT import_parts_pkey ON ops.import_parts IS 'A part is found by its organization, import and place.';
COMMENT ON CONSTRAINT import_parts_organization_id_fkey ON ops.import_parts IS 'The organization exists.';
COMMENT ON CONSTRAINT import_parts_import_id_fkey ON ops.import_parts IS 'The import belongs to the same organization.';
COMMENT ON CONSTRAINT import_parts_seq_check ON ops.import_parts IS 'The place is not negative.';
GRANT SELECT, INSERT, DELETE ON ops.import_parts TO portico_app;
CALL ops.isolate('ops.import_parts', 'tenant');
CREATE POLICY own ON ops.import_parts AS RESTRICTIVE FOR ALL TO portico_app USING (
  EXISTS (SELECT FROM ops.imports i WHERE i.organization_id = import_parts.organization_id AND i.id = import_parts.import_id));
COMMENT ON POLICY own ON ops.import_parts IS 'The parts of a file are seen with their import.';

CREATE TABLE ops.import_errors (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  import_id uuid NOT NULL,
  row_number integer NOT NULL,
  code text NOT NULL,
  message text NOT NULL,
  path text[] NOT NULL DEFAULT '{}',
  CONSTRAINT import_errors_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT import_errors_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT import_errors_import_id_fkey FOREIGN KEY (organization_id, import_id) REFERENCES ops.imports (organization_id, id),
  CONSTRAINT import_errors_row_number_check CHECK (row_number > 0)
);
COMMENT ON TABLE ops.import_errors IS 'What is wrong with a row of an import.';
COMMENT ON COLUMN ops.import_errors.organization_id IS 'Organization that the import belongs to.';
COMMENT ON COLUMN ops.import_errors.id IS 'Identity, given by the server.';
COMMENT ON COLUMN ops.import_errors.import_id IS 'Import whose row it is.';
COMMENT ON COLUMN ops.import_errors.row_number IS 'Which row, counted from 1; blank lines, and the names of columns, are none.';
COMMENT ON COLUMN ops.import_errors.code IS 'What kind of mistake, for programs, as the user errors of the mutation have it.';
COMMENT ON COLUMN ops.import_errors.message IS 'What is wrong and what would be right, for people.';
COMMENT ON COLUMN ops.import_errors.path IS 'Where in the input of the mutation: input, value, amount.';
COMMENT ON CONSTRAINT import_errors_pkey ON ops.import_errors IS 'An error is found by its organization and id.';
COMMENT ON CONSTRAINT import_errors_organization_id_fkey ON ops.import_errors IS 'The organization exists.';
COMMENT ON CONSTRAINT import_errors_import_id_fkey ON ops.import_errors IS 'The import belongs to the same organization.';
COMMENT ON CONSTRAINT import_errors_row_number_check ON ops.import_errors IS 'Rows are counted from 1.';
CREATE INDEX import_errors_import_id_row_number_id_idx ON ops.import_errors (organization_id, import_id, row_number, id);
GRANT SELECT, INSERT, DELETE ON ops.import_errors TO portico_app;
CALL ops.isolate('ops.import_errors', 'tenant');
CREATE POLICY own ON ops.import_errors AS RESTRICTIVE FOR ALL TO portico_app USING (
  EXISTS (SELECT FROM ops.imports i WHERE i.organization_id = import_errors.organization_id AND i.id = import_errors.import_id));
COMMENT ON POLICY own ON ops.import_errors IS 'What is wrong with rows is seen with their import.';
