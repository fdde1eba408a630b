-- Full-text search. The words of records stand in one table, written by triggers in the transaction that writes the record.
-- Each word bears its organization and the kind of record in front: so the index leads to the words of one organization
-- alone, and how much others have written neither costs time nor shows.

-- These two are called for whatever is written. All they name is found when they are made, so they need no path of their own.
CREATE FUNCTION ops.search_words(content text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(lower(normalize(content, NFD)), E'[\u0300-\u036f]', '', 'g');
COMMENT ON FUNCTION ops.search_words(text) IS 'Text as it is compared: in small letters, without accents.';

CREATE FUNCTION ops.search_vector(organization uuid, kind text, texts text[]) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  -- no word has a space in it: each begins after one
  SELECT replace(' ' || CASE
      -- with what stands in front, a word as long as PostgreSQL takes would be too long
      WHEN octet_length(written.words) > 2000 THEN ts_delete(written.words::tsvector, ARRAY(
        SELECT long.word FROM unnest(tsvector_to_array(written.words::tsvector)) AS long(word) WHERE octet_length(long.word) > 2000))::text
      ELSE written.words END,
    ' ''', format(' ''%s%s:', right(organization::text, 12), kind))::tsvector
  FROM (SELECT (
      coalesce(setweight(to_tsvector('simple', ops.search_words(texts[1])), 'A'), '')
      || coalesce(setweight(to_tsvector('simple', ops.search_words(texts[2])), 'B'), '')
      || coalesce(setweight(to_tsvector('simple', ops.search_words(texts[3])), 'C'), '')
      || coalesce(setweight(to_tsvector('simple', ops.search_words(texts[4])), 'D'), ''))::text OFFSET 0) AS written(words));
COMMENT ON FUNCTION ops.search_vector(uuid, text, text[]) IS 'The words of up to four texts of a record, labelled A to D in this order, each with its organization and kind in front.';

CREATE FUNCTION ops.search_query(organization uuid, kind text, words text, labels text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
RETURN (
  SELECT CASE WHEN querytree(asked.query) IN ('', 'T') THEN ''::tsquery
    ELSE regexp_replace(asked.query::text, '''((?:[^'']|'''')+)''', format('''%s%s:\1'':*%s', right(organization::text, 12), kind, labels), 'g')::tsquery END
  FROM (SELECT websearch_to_tsquery('simple', ops.search_words(words))) AS asked(query));
COMMENT ON FUNCTION ops.search_query(uuid, text, text, text) IS 'What is looked for, in texts with these labels: all words, "phrases", or, -not; each word stands for those that begin with it. Finds nothing where no word has to occur.';

CREATE TABLE ops.search_entries (
  organization_id uuid NOT NULL,
  subject_type text NOT NULL,
  subject_id uuid NOT NULL,
  words tsvector NOT NULL,
  CONSTRAINT search_entries_pkey PRIMARY KEY (organization_id, subject_type, subject_id),
  CONSTRAINT search_entries_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id)
);
COMMENT ON TABLE ops.search_entries IS 'The words of a record, as they are searched for.';
COMMENT ON COLUMN ops.search_entries.organization_id IS 'Organization that the record belongs to.';
COMMENT ON COLUMN ops.search_entries.subject_type IS 'Kind of record.';
COMMENT ON COLUMN ops.search_entries.subject_id IS 'The record.';
COMMENT ON COLUMN ops.search_entries.words IS 'Its words, each with its organization and kind in front.';
COMMENT ON CONSTRAINT search_entries_pkey ON ops.search_entries IS 'The words of a record are found by its organization, kind and id.';
COMMENT ON CONSTRAINT search_entries_organization_id_fkey ON ops.search_entries IS 'The organization exists.';
CREATE INDEX search_entries_words_idx ON ops.search_entries USING gin (words);
GRANT SELECT, INSERT, UPDATE (words), DELETE ON ops.search_entries TO portico_app;
CALL ops.isolate('ops.search_entries', 'tenant');

CREATE FUNCTION ops.index_words() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  content constant jsonb := to_jsonb(coalesce(NEW, OLD));
  kind constant text := TG_ARGV[0];
  subject constant uuid := (content->>'id')::uuid;
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM ops.search_entries e WHERE e.organization_id = OLD.organization_id AND e.subject_type = kind AND e.subject_id = subject;
    RETURN NULL;
  END IF;
  INSERT INTO ops.search_entries AS e (organization_id, subject_type, subject_id, words)
  VALUES (NEW.organization_id, kind, subject, ops.search_vector(NEW.organization_id, kind,
    ARRAY[content->>TG_ARGV[1], content->>TG_ARGV[2], content->>TG_ARGV[3], content->>TG_ARGV[4]]))
  ON CONFLICT ON CONSTRAINT search_entries_pkey DO UPDATE SET words = EXCLUDED.words;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.index_words() IS 'Trigger: the words of a record follow it; arguments: its kind, and up to four columns, the most telling first.';

CREATE PROCEDURE ops.make_searchable(target regclass, kind text, VARIADIC columns text[]) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  arguments constant text := (SELECT string_agg(quote_literal(argument), ', ' ORDER BY place) FROM unnest(kind || columns) WITH ORDINALITY AS given(argument, place));
  watched constant text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS given(name));
BEGIN
  EXECUTE format('CREATE TRIGGER index_words AFTER INSERT OR DELETE OR UPDATE OF %s ON %s FOR EACH ROW EXECUTE FUNCTION ops.index_words(%s)', watched, target, arguments);
  EXECUTE format('COMMENT ON TRIGGER index_words ON %s IS %L', target, 'Keeps the words of the record for searching.');
END
$$;
COMMENT ON PROCEDURE ops.make_searchable(regclass, text, text[]) IS 'Has the words of a table''s records searched for: kind of record, and up to four columns, the most telling first.';
REVOKE EXECUTE ON PROCEDURE ops.make_searchable(regclass, text, text[]) FROM PUBLIC;

CALL ops.make_searchable('sales.deals', 'Deal', 'name', 'external_deal_id', 'vertical', 'close_reason');
CALL ops.make_searchable('sales.accounts', 'Account', 'name', 'domain', 'external_id', 'vertical');
CALL ops.make_searchable('chat.conversations', 'Conversation', 'title', 'summary', 'description');
CALL ops.make_searchable('finance.departments', 'Department', 'name', 'code');
CALL ops.make_searchable('finance.cost_centers', 'CostCenter', 'name', 'code');
CALL ops.make_searchable('finance.budgets', 'Budget', 'name');
CALL ops.make_searchable('governance.compliance_frameworks', 'ComplianceFramework', 'name', 'description');
CALL ops.make_searchable('governance.compliance_requirements', 'ComplianceRequirement', 'title', 'code', 'description');
CALL ops.make_searchable('governance.compliance_controls', 'ComplianceControl', 'name', 'control_id', 'description', 'objective');
CALL ops.make_searchable('governance.compliance_issues', 'ComplianceIssue', 'description', 'remediation_plan', 'resolution_notes');
CALL ops.make_searchable('access.roles', 'Role', 'name', 'display_name', 'description');
CALL ops.make_searchable('access.teams', 'Team', 'name', 'description');

CREATE FUNCTION ops.index_member() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  here constant text := current_setting('app.organization_id', true);
  content constant jsonb := to_jsonb(NEW);
  person record;
  place uuid;
BEGIN
  SELECT u.id, u.display_name, u.email, u.username INTO person FROM identity.users u
  WHERE u.id = coalesce(content->>'user_id', content->>'id')::uuid;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  -- those who call themselves otherwise do so in all of their organizations
  FOR place IN SELECT m.organization_id FROM identity.memberships m WHERE m.user_id = person.id
    AND (TG_TABLE_NAME = 'users' OR m.organization_id = (content->>'organization_id')::uuid)
  LOOP
    PERFORM set_config('app.organization_id', place::text, true);
    INSERT INTO ops.search_entries AS e (organization_id, subject_type, subject_id, words)
    VALUES (place, 'User', person.id, ops.search_vector(place, 'User', ARRAY[person.display_name, person.email, person.username]))
    ON CONFLICT ON CONSTRAINT search_entries_pkey DO UPDATE SET words = EXCLUDED.words;
  END LOOP;
  PERFORM set_config('app.organization_id', coalesce(here, ''), true);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.index_member() IS 'Trigger: the words of people are kept in each organization that they are in.';
CREATE TRIGGER index_words AFTER INSERT ON identity.memberships FOR EACH ROW EXECUTE FUNCTION ops.index_member();
COMMENT ON TRIGGER index_words ON identity.memberships IS 'Keeps the words of the person for searching.';
CREATE TRIGGER index_words AFTER UPDATE OF display_name, email, username ON identity.users FOR EACH ROW EXECUTE FUNCTION ops.index_member();
COMMENT ON TRIGGER index_words ON identity.users IS 'Keeps the words of the person for searching.';

CREATE PROCEDURE ops.index_all_words(organization uuid) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  before constant text := coalesce(current_setting('app.organization_id', true), '');
  place record;
BEGIN
  -- an owner of the tables who is no superuser sees what these say
  PERFORM set_config('app.organization_id', organization::text, true), set_config('app.region', '', true),
    set_config('app.department_id', '', true), set_config('app.conversations', 'all', true);
  FOR place IN
    SELECT t.tgrelid::regclass AS target, given.arguments[1] AS kind,
      (SELECT string_agg(format('%I::text', argument), ', ' ORDER BY at)
         FROM unnest(given.arguments) WITH ORDINALITY AS a(argument, at) WHERE at > 1 AND argument <> '') AS columns
    FROM pg_trigger t, LATERAL (SELECT string_to_array(encode(t.tgargs, 'escape'), '\000') AS arguments) AS given
    WHERE t.tgfoid = 'ops.index_words()'::regprocedure AND NOT t.tgisinternal
  LOOP
    EXECUTE format(
      'INSERT INTO ops.search_entries AS e (organization_id, subject_type, subject_id, words)
       SELECT r.organization_id, %1$L, r.id, ops.search_vector(r.organization_id, %1$L, ARRAY[%2$s]) FROM %3$s AS r WHERE r.organization_id = $1
       ON CONFLICT DO NOTHING', place.kind, place.columns, place.target)
    USING organization;
  END LOOP;
  INSERT INTO ops.search_entries AS e (organization_id, subject_type, subject_id, words)
  SELECT m.organization_id, 'User', u.id, ops.search_vector(m.organization_id, 'User', ARRAY[u.display_name, u.email, u.username])
  FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id WHERE m.organization_id = organization
  ON CONFLICT DO NOTHING;
  PERFORM set_config('app.organization_id', before, true), set_config('app.conversations', '', true);
END
$$;
COMMENT ON PROCEDURE ops.index_all_words(uuid) IS 'Writes the words of all records of an organization that have none: for records that were written while triggers rested, or before there were any. What is written meanwhile is newer, and stays.';
REVOKE EXECUTE ON PROCEDURE ops.index_all_words(uuid) FROM PUBLIC;
