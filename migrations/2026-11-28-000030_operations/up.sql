-- Documents that clients publish ahead, so that a server may answer those alone; and what else was asked for.

CREATE TABLE ops.trusted_documents (
  organization_id uuid NOT NULL,
  id text NOT NULL,
  sha256 text NOT NULL,
  client text NOT NULL,
  operation text,
  body text NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  last_used_on date,
  CONSTRAINT trusted_documents_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT trusted_documents_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT trusted_documents_id_check CHECK (length(btrim(id)) BETWEEN 1 AND 200),
  CONSTRAINT trusted_documents_sha256_check CHECK (sha256 = encode(sha256(convert_to(body, 'UTF8')), 'hex')),
  CONSTRAINT trusted_documents_client_check CHECK (length(btrim(client)) BETWEEN 1 AND 200),
  CONSTRAINT trusted_documents_operation_check CHECK (length(btrim(operation)) BETWEEN 1 AND 200),
  CONSTRAINT trusted_documents_body_check CHECK (length(body) BETWEEN 1 AND 1000000)
);
COMMENT ON TABLE ops.trusted_documents IS 'A GraphQL document that a client has published, to ask for it by its id.';
COMMENT ON COLUMN ops.trusted_documents.organization_id IS 'Organization whose clients may ask for it; the platform: everybody.';
COMMENT ON COLUMN ops.trusted_documents.id IS 'Identity that the client has given it, most often a hash of its text.';
COMMENT ON COLUMN ops.trusted_documents.sha256 IS 'SHA-256 of its text, in hexadecimal digits.';
COMMENT ON COLUMN ops.trusted_documents.client IS 'Client that has published it, such as web or ios.';
COMMENT ON COLUMN ops.trusted_documents.operation IS 'Name of its operation; null when it has none.';
COMMENT ON COLUMN ops.trusted_documents.body IS 'Its text.';
COMMENT ON COLUMN ops.trusted_documents.published_at IS 'When it was published.';
COMMENT ON COLUMN ops.trusted_documents.last_used_on IS 'Day on which it was asked for last; null when it never was.';
COMMENT ON CONSTRAINT trusted_documents_pkey ON ops.trusted_documents IS 'A document is found by its organization and id.';
COMMENT ON CONSTRAINT trusted_documents_organization_id_fkey ON ops.trusted_documents IS 'The organization exists.';
COMMENT ON CONSTRAINT trusted_documents_id_check ON ops.trusted_documents IS 'The id has 1 to 200 characters.';
COMMENT ON CONSTRAINT trusted_documents_sha256_check ON ops.trusted_documents IS 'The hash is that of the text.';
COMMENT ON CONSTRAINT trusted_documents_client_check ON ops.trusted_documents IS 'The client has a name of 1 to 200 characters.';
COMMENT ON CONSTRAINT trusted_documents_operation_check ON ops.trusted_documents IS 'The operation''s name has 1 to 200 characters.';
COMMENT ON CONSTRAINT trusted_documents_body_check ON ops.trusted_documents IS 'The text has 1 to 1,000,000 characters.';
CREATE INDEX trusted_documents_sha256_idx ON ops.trusted_documents (organization_id, sha256);
GRANT SELECT, UPDATE (last_used_on) ON ops.trusted_documents TO portico_worker;
CALL ops.isolate('ops.trusted_documents', 'owner');
CREATE POLICY trusted_documents_worker ON ops.trusted_documents TO portico_worker USING (true) WITH CHECK (true);
COMMENT ON POLICY trusted_documents_worker ON ops.trusted_documents IS 'Whoever answers requests finds the document that an organization''s client means.';
CREATE POLICY trusted_documents_operator ON ops.trusted_documents TO CURRENT_USER USING (true) WITH CHECK (true);
COMMENT ON POLICY trusted_documents_operator ON ops.trusted_documents IS 'The owner of the tables publishes documents for every organization.';

CREATE TABLE ops.unknown_documents (
  organization_id uuid NOT NULL,
  id text NOT NULL,
  operation text,
  times bigint NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT unknown_documents_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT unknown_documents_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT unknown_documents_id_check CHECK (length(btrim(id)) BETWEEN 1 AND 200),
  CONSTRAINT unknown_documents_operation_check CHECK (length(btrim(operation)) BETWEEN 1 AND 200),
  CONSTRAINT unknown_documents_times_check CHECK (times > 0),
  CONSTRAINT unknown_documents_last_seen_at_check CHECK (last_seen_at >= first_seen_at)
);
COMMENT ON TABLE ops.unknown_documents IS 'A document that was asked for and refused, since nobody has published it.';
COMMENT ON COLUMN ops.unknown_documents.organization_id IS 'Organization in which it was asked for; the platform where in none.';
COMMENT ON COLUMN ops.unknown_documents.id IS 'Identity by which it was asked for; the SHA-256 of its text where that came instead.';
COMMENT ON COLUMN ops.unknown_documents.operation IS 'Name of its operation, as far as it is known.';
COMMENT ON COLUMN ops.unknown_documents.times IS 'How often it was looked for; what is asked for again within seconds counts once.';
COMMENT ON COLUMN ops.unknown_documents.first_seen_at IS 'When it was asked for first.';
COMMENT ON COLUMN ops.unknown_documents.last_seen_at IS 'When it was asked for last.';
COMMENT ON CONSTRAINT unknown_documents_pkey ON ops.unknown_documents IS 'It is found by its organization and id.';
COMMENT ON CONSTRAINT unknown_documents_organization_id_fkey ON ops.unknown_documents IS 'The organization exists.';
COMMENT ON CONSTRAINT unknown_documents_id_check ON ops.unknown_documents IS 'The id has 1 to 200 characters.';
COMMENT ON CONSTRAINT unknown_documents_operation_check ON ops.unknown_documents IS 'The operation''s name has 1 to 200 characters.';
COMMENT ON CONSTRAINT unknown_documents_times_check ON ops.unknown_documents IS 'It was asked for at least once.';
COMMENT ON CONSTRAINT unknown_documents_last_seen_at_check ON ops.unknown_documents IS 'It was asked for last when it was asked for first, or later.';
GRANT SELECT, INSERT, UPDATE (operation, times, last_seen_at) ON ops.unknown_documents TO portico_worker;
CALL ops.isolate('ops.unknown_documents', 'tenant');
CREATE POLICY unknown_documents_worker ON ops.unknown_documents TO portico_worker USING (true) WITH CHECK (true);
COMMENT ON POLICY unknown_documents_worker ON ops.unknown_documents IS 'Whoever answers requests notes what nobody has published.';
CREATE POLICY unknown_documents_operator ON ops.unknown_documents TO CURRENT_USER USING (true) WITH CHECK (true);
COMMENT ON POLICY unknown_documents_operator ON ops.unknown_documents IS 'The owner of the tables reads and clears them.';
