-- Operations that took too long, for whoever operates the server.

CREATE TABLE ops.slow_operations (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  request_id text NOT NULL,
  trace_id text,
  kind text,
  operation text,
  code text,
  took_ms bigint NOT NULL,
  database_ms bigint NOT NULL,
  waiting_ms bigint NOT NULL,
  cost bigint NOT NULL,
  statements jsonb NOT NULL,
  slowest text,
  slowest_ms bigint,
  plan text,
  noted_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT slow_operations_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT slow_operations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT slow_operations_kind_check CHECK (kind IN ('query', 'mutation', 'subscription')),
  CONSTRAINT slow_operations_operation_check CHECK (length(btrim(operation)) BETWEEN 1 AND 200),
  CONSTRAINT slow_operations_took_ms_check CHECK (took_ms >= 0 AND database_ms >= 0 AND waiting_ms >= 0),
  CONSTRAINT slow_operations_cost_check CHECK (cost >= 0),
  CONSTRAINT slow_operations_statements_check CHECK (jsonb_typeof(statements) = 'array'),
  CONSTRAINT slow_operations_slowest_check CHECK (num_nulls(slowest, slowest_ms) IN (0, 2) AND (plan IS NULL OR slowest IS NOT NULL))
);
COMMENT ON TABLE ops.slow_operations IS 'An operation that took longer than it should; only the latest are kept.';
COMMENT ON COLUMN ops.slow_operations.organization_id IS 'Organization in which it was asked for; the platform where in none.';
COMMENT ON COLUMN ops.slow_operations.id IS 'Identity, given by the server; it orders by time.';
COMMENT ON COLUMN ops.slow_operations.request_id IS 'Id of the request, as log and errors have it.';
COMMENT ON COLUMN ops.slow_operations.trace_id IS 'Id of its trace, where there is one.';
COMMENT ON COLUMN ops.slow_operations.kind IS 'What it does, as far as it was read. One of: query, mutation, subscription.';
COMMENT ON COLUMN ops.slow_operations.operation IS 'Name of the operation; null when it has none.';
COMMENT ON COLUMN ops.slow_operations.code IS 'Code of its first error; null when it has none.';
COMMENT ON COLUMN ops.slow_operations.took_ms IS 'How long it took, in milliseconds.';
COMMENT ON COLUMN ops.slow_operations.database_ms IS 'How long its statements took, one after the other, in milliseconds.';
COMMENT ON COLUMN ops.slow_operations.waiting_ms IS 'How long it waited for connections to the database, in milliseconds.';
COMMENT ON COLUMN ops.slow_operations.cost IS 'What it could cost, in points.';
COMMENT ON COLUMN ops.slow_operations.statements IS 'Its statements by class: how many, how long, how many rows.';
COMMENT ON COLUMN ops.slow_operations.slowest IS 'Class of the statement that took longest.';
COMMENT ON COLUMN ops.slow_operations.slowest_ms IS 'How long that took, in milliseconds.';
COMMENT ON COLUMN ops.slow_operations.plan IS 'How PostgreSQL carries that statement out, whatever its values are; null when it could not say.';
COMMENT ON COLUMN ops.slow_operations.noted_at IS 'When it was noted.';
COMMENT ON CONSTRAINT slow_operations_pkey ON ops.slow_operations IS 'A slow operation is found by its organization and id.';
COMMENT ON CONSTRAINT slow_operations_organization_id_fkey ON ops.slow_operations IS 'The organization exists.';
COMMENT ON CONSTRAINT slow_operations_kind_check ON ops.slow_operations IS 'The kind is one of the list.';
COMMENT ON CONSTRAINT slow_operations_operation_check ON ops.slow_operations IS 'The operation''s name has 1 to 200 characters.';
COMMENT ON CONSTRAINT slow_operations_took_ms_check ON ops.slow_operations IS 'Times are not negative.';
COMMENT ON CONSTRAINT slow_operations_cost_check ON ops.slow_operations IS 'The cost is not negative.';
COMMENT ON CONSTRAINT slow_operations_statements_check ON ops.slow_operations IS 'The statements are a list.';
COMMENT ON CONSTRAINT slow_operations_slowest_check ON ops.slow_operations IS 'Of the slowest statement it is known how long it took; a plan is that of the slowest statement.';
CREATE INDEX slow_operations_id_idx ON ops.slow_operations (id);
CREATE FUNCTION ops.plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
  -- one statement, and it is only thought through
  IF position(';' IN statement) = 0 THEN
    RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN) ' || statement;
  END IF;
END
$$;
COMMENT ON FUNCTION ops.plan_of(text) IS 'How a statement with parameters is carried out for whoever asks, whatever their values; PostgreSQL 16 and newer can say.';
REVOKE EXECUTE ON FUNCTION ops.plan_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.plan_of(text) TO portico_app;
GRANT SELECT, INSERT, DELETE ON ops.slow_operations TO portico_worker;
CALL ops.isolate('ops.slow_operations', 'tenant');
CREATE POLICY slow_operations_worker ON ops.slow_operations TO portico_worker USING (true) WITH CHECK (true);
COMMENT ON POLICY slow_operations_worker ON ops.slow_operations IS 'Whoever answers requests notes which of them were slow, and forgets the oldest.';
CREATE POLICY slow_operations_operator ON ops.slow_operations TO CURRENT_USER USING (true) WITH CHECK (true);
COMMENT ON POLICY slow_operations_operator ON ops.slow_operations IS 'The owner of the tables reads and clears them.';
