-- The words of messages. Appending one is what is done most, so it writes no words: servers do that a second later, in the
-- order of commits. They lie in months as the messages do, apart from the words of other records, whose writers never wait
-- for them.

CREATE TABLE ops.message_words (
  organization_id uuid NOT NULL,
  message_id uuid NOT NULL,
  words tsvector NOT NULL,
  CONSTRAINT message_words_pkey PRIMARY KEY (organization_id, message_id),
  CONSTRAINT message_words_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id)
) PARTITION BY RANGE (message_id);
COMMENT ON TABLE ops.message_words IS 'The words of a message, as they are searched for.';
COMMENT ON COLUMN ops.message_words.organization_id IS 'Organization that the message belongs to.';
COMMENT ON COLUMN ops.message_words.message_id IS 'The message.';
COMMENT ON COLUMN ops.message_words.words IS 'Its words, each with its organization and kind in front.';
COMMENT ON CONSTRAINT message_words_pkey ON ops.message_words IS 'The words of a message are found by its organization and id.';
COMMENT ON CONSTRAINT message_words_organization_id_fkey ON ops.message_words IS 'The organization exists.';
CREATE INDEX message_words_words_idx ON ops.message_words USING gin (words);
GRANT SELECT, INSERT ON ops.message_words TO portico_app;
CALL ops.isolate('ops.message_words', 'tenant');
-- as many months as there are of messages
SELECT ops.ensure_partitions('ops.message_words',
  greatest(least((SELECT min(to_timestamp(right(c.relname, 7) || ' +00', 'YYYY_MM TZH')) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                  WHERE i.inhparent = 'chat.messages'::regclass AND c.relname ~ '_\d{4}_\d{2}$'), now()), now() - interval '19 years'),
  now() + interval '3 months');

CREATE TABLE ops.search_progress (
  organization_id uuid NOT NULL,
  xact xid8 NOT NULL DEFAULT '0',
  id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  through uuid,
  CONSTRAINT search_progress_pkey PRIMARY KEY (organization_id),
  CONSTRAINT search_progress_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id)
);
COMMENT ON TABLE ops.search_progress IS 'How far the words of an organization''s messages are written.';
COMMENT ON COLUMN ops.search_progress.organization_id IS 'Organization whose messages they are.';
COMMENT ON COLUMN ops.search_progress.xact IS 'Transaction of the last event that was looked at. Default: 0.';
COMMENT ON COLUMN ops.search_progress.id IS 'Identity of that event. Default: 00000000-0000-0000-0000-000000000000.';
COMMENT ON COLUMN ops.search_progress.through IS 'Messages up to this one have their words, while all of them are gone through, the oldest first; null when that is done.';
COMMENT ON CONSTRAINT search_progress_pkey ON ops.search_progress IS 'The progress is found by its organization.';
COMMENT ON CONSTRAINT search_progress_organization_id_fkey ON ops.search_progress IS 'The organization exists.';
CREATE INDEX search_progress_through_idx ON ops.search_progress (organization_id) WHERE through IS NOT NULL;
GRANT SELECT, INSERT, UPDATE (xact, id, through) ON ops.search_progress TO portico_app;

-- What was written before there was an index of it: records now, messages by the servers.
INSERT INTO ops.search_progress (organization_id, through)
SELECT o.id, '00000000-0000-0000-0000-000000000000' FROM identity.organizations o
WHERE o.id <> '00000000-0000-0000-0000-000000000000' AND o.purge_started_at IS NULL;
DO $$
DECLARE
  place uuid;
BEGIN
  FOR place IN SELECT p.organization_id FROM ops.search_progress p LOOP
    CALL ops.index_all_words(place);
  END LOOP;
END
$$;

CALL ops.isolate('ops.search_progress', 'tenant');
GRANT SELECT (organization_id, through) ON ops.search_progress TO portico_worker;
CREATE POLICY search_progress_worker ON ops.search_progress FOR SELECT TO portico_worker USING (true);
COMMENT ON POLICY search_progress_worker ON ops.search_progress IS 'Background work sees which organizations have messages without words.';

CREATE FUNCTION ops.message_vector(organization uuid, content text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
  most integer := 100000;
BEGIN
  IF length(content) < 10000 THEN
    RETURN ops.search_vector(organization, 'Message', ARRAY[content]);
  END IF;
  LOOP
    BEGIN
      RETURN ops.search_vector(organization, 'Message', ARRAY[left(content, most)]);
    EXCEPTION WHEN program_limit_exceeded THEN
      -- a text of nothing but different words can be too much for one index entry
      most := most / 4;
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION ops.message_vector(uuid, text) IS 'The words of a message: of its first 100,000 characters, or of fewer where that is too much.';

CREATE FUNCTION ops.lock_words(organization uuid) RETURNS bigint LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
RETURN hashtextextended('words of messages ' || organization, 0);
COMMENT ON FUNCTION ops.lock_words(uuid) IS 'What is locked by whoever writes or deletes words of an organization''s messages, so that no words outlive what was said.';

CREATE FUNCTION ops.reindex_message() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  -- Who writes its words just now is waited for: they are deleted too.
  PERFORM pg_advisory_xact_lock(ops.lock_words(OLD.organization_id));
  DELETE FROM ops.message_words w WHERE w.organization_id = OLD.organization_id AND w.message_id = OLD.id;
  IF TG_OP = 'UPDATE' THEN
    INSERT INTO ops.message_words (organization_id, message_id, words)
    VALUES (NEW.organization_id, NEW.id, ops.message_vector(NEW.organization_id, NEW.content));
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.reindex_message() IS 'Trigger: a message that is erased, in whole or in part, is not found by what it said from the same transaction on.';
CREATE TRIGGER reindex AFTER DELETE OR UPDATE OF content ON chat.messages FOR EACH ROW EXECUTE FUNCTION ops.reindex_message();
COMMENT ON TRIGGER reindex ON chat.messages IS 'What a message no longer says is not found.';

CREATE FUNCTION ops.index_messages(patience interval, OUT indexed integer, OUT finished boolean) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  here constant uuid := nullif(current_setting('app.organization_id', true), '')::uuid;
  deadline constant timestamptz := clock_timestamp() + patience;
  horizon xid8;
  late boolean := false;
  most integer := 1;
  place ops.search_progress;
  appended record;
BEGIN
  indexed := 0;
  finished := false;
  IF NOT pg_try_advisory_xact_lock(ops.lock_words(here)) THEN
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM identity.organizations o WHERE o.id = here AND o.purge_started_at IS NULL) THEN
    finished := true;
    RETURN;
  END IF;
  INSERT INTO ops.search_progress (organization_id) VALUES (here) ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT place FROM ops.search_progress p WHERE p.organization_id = here;
  horizon := pg_snapshot_xmin(pg_current_snapshot());
  IF place.xact > horizon THEN
    -- restored into another cluster, where transactions count anew
    place.xact := '0';
  END IF;
  PERFORM set_config('app.conversations', 'all', true);
  LOOP
    SELECT array_agg(e.subject_id ORDER BY e.subject_id) AS messages,
      (array_agg(e.xact ORDER BY e.xact DESC, e.id DESC))[1] AS xact, (array_agg(e.id ORDER BY e.xact DESC, e.id DESC))[1] AS id
    INTO appended FROM (
      SELECT e.xact, e.id, e.subject_id FROM ops.events e
      WHERE e.organization_id = here AND (e.xact, e.id) > (place.xact, place.id) AND e.xact < horizon AND e.subject_type = 'Message'
      ORDER BY e.xact, e.id LIMIT most) e;
    EXIT WHEN appended.messages IS NULL;
    INSERT INTO ops.message_words (organization_id, message_id, words)
    SELECT m.organization_id, m.id, ops.message_vector(m.organization_id, m.content)
    FROM chat.messages m WHERE m.organization_id = here AND m.id = ANY (appended.messages)
      AND m.id BETWEEN appended.messages[1] AND appended.messages[cardinality(appended.messages)]
    ON CONFLICT DO NOTHING;
    indexed := indexed + cardinality(appended.messages);
    place.xact := appended.xact;
    place.id := appended.id;
    late := clock_timestamp() > deadline;
    EXIT WHEN late;
    -- the last statement takes no longer than all before it
    most := least(2 * most, 64);
  END LOOP;
  PERFORM set_config('app.conversations', '', true);
  IF NOT late THEN
    -- whatever comes now is not before this
    finished := true;
    place.xact := horizon;
    place.id := '00000000-0000-0000-0000-000000000000';
  END IF;
  UPDATE ops.search_progress p SET xact = place.xact, id = place.id WHERE p.organization_id = here;
END
$$;
COMMENT ON FUNCTION ops.index_messages(interval) IS 'Writes the words of messages that were appended to the current organization since it was called last, in the order of commits, for about so long; says how many, and whether that is all. None and not all where another server is at it.';
REVOKE EXECUTE ON FUNCTION ops.index_messages(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.index_messages(interval) TO portico_app;

CREATE FUNCTION ops.index_older_messages(patience interval, OUT indexed integer, OUT finished boolean) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  here constant uuid := nullif(current_setting('app.organization_id', true), '')::uuid;
  deadline constant timestamptz := clock_timestamp() + patience;
  most integer := 1;
  written integer;
  after uuid;
  latest uuid;
BEGIN
  indexed := 0;
  finished := false;
  IF NOT pg_try_advisory_xact_lock(ops.lock_words(here)) THEN
    RETURN;
  END IF;
  SELECT p.through INTO after FROM ops.search_progress p WHERE p.organization_id = here;
  PERFORM set_config('app.conversations', 'all', true);
  LOOP
    SELECT next.id INTO latest FROM (
      SELECT m.id FROM chat.messages m WHERE m.organization_id = here AND m.id > after ORDER BY m.id LIMIT most) AS next
    ORDER BY next.id DESC LIMIT 1;
    finished := NOT FOUND;
    EXIT WHEN finished;
    INSERT INTO ops.message_words (organization_id, message_id, words)
    SELECT m.organization_id, m.id, ops.message_vector(m.organization_id, m.content)
    FROM chat.messages m WHERE m.organization_id = here AND m.id > after AND m.id <= latest
      AND NOT EXISTS (SELECT FROM ops.message_words w WHERE w.organization_id = here AND w.message_id = m.id);
    GET DIAGNOSTICS written = ROW_COUNT;
    indexed := indexed + written;
    after := latest;
    EXIT WHEN clock_timestamp() > deadline;
    most := least(2 * most, 64);
  END LOOP;
  PERFORM set_config('app.conversations', '', true);
  UPDATE ops.search_progress p SET through = CASE WHEN NOT finished THEN after END
  WHERE p.organization_id = here AND p.through IS NOT NULL;
END
$$;
COMMENT ON FUNCTION ops.index_older_messages(interval) IS 'Writes the words of the current organization''s messages that have none, the oldest first, from where it stood, for about so long; says how many, and whether that is all. None and not all where another server is at it.';
REVOKE EXECUTE ON FUNCTION ops.index_older_messages(interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.index_older_messages(interval) TO portico_app;

CREATE FUNCTION ops.drop_old_words() RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
DECLARE
  part text;
  dropped integer := 0;
BEGIN
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'ops.message_words'::regclass AND c.relname ~ '_\d{4}_\d{2}$'
      AND right(c.relname, 7) < (
        SELECT min(right(m.relname, 7)) FROM pg_inherits o JOIN pg_class m ON m.oid = o.inhrelid
        WHERE o.inhparent = 'chat.messages'::regclass AND m.relname ~ '_\d{4}_\d{2}$')
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE ops.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;
COMMENT ON FUNCTION ops.drop_old_words() IS 'Drops the words of months whose messages were dropped: those before the oldest month that there is. Returns how many.';
REVOKE EXECUTE ON FUNCTION ops.drop_old_words() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.drop_old_words() TO portico_worker;

-- Where a record was found.

CREATE FUNCTION ops.search_any(organization uuid, kind text, words text, labels text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
RETURN (
  SELECT coalesce(string_agg(format('''%s%s:%s'':*%s', right(organization::text, 12), kind, found.parts[2], labels), ' | '), '')::tsquery
  FROM regexp_matches(websearch_to_tsquery('simple', ops.search_words(words))::text, '(!?)''((?:[^'']|'''')+)''', 'g') AS found(parts)
  WHERE found.parts[1] = '');
COMMENT ON FUNCTION ops.search_any(uuid, text, text, text) IS 'Any of the words that are looked for, in texts with these labels.';

CREATE FUNCTION ops.search_terms(words text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog
RETURN ARRAY(
  SELECT DISTINCT replace(replace(found.parts[2], '''''', ''''), '\\', '\')
  FROM regexp_matches(websearch_to_tsquery('simple', ops.search_words(words))::text, '(!?)''((?:[^'']|'''')+)''', 'g') AS found(parts)
  WHERE found.parts[1] = '');
COMMENT ON FUNCTION ops.search_terms(text) IS 'The words that are looked for, one by one.';

CREATE FUNCTION ops.search_window(content text, terms text[], OUT part text, OUT folded text, OUT begins boolean, OUT ends boolean) LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
DECLARE
  start integer := 1;
BEGIN
  part := left(content, 100000);
  folded := ops.search_words(part);
  IF length(folded) = length(part) THEN
    -- around the first of the words, with room to choose
    start := greatest(1, regexp_instr(folded,
      '\m(?:' || array_to_string(ARRAY(SELECT regexp_replace(term, '([^[:alnum:]])', '\\\1', 'g') FROM unnest(terms) AS t(term)), '|') || ')') - 200);
    part := substr(part, start, 1000);
    folded := substr(folded, start, 1000);
  ELSE
    -- some of its characters are several without accents, or none: what stands where is found from the beginning
    part := left(part, 10000);
    folded := ops.search_words(part);
  END IF;
  begins := start = 1;
  ends := start - 1 + length(part) >= length(content);
END
$$;
COMMENT ON FUNCTION ops.search_window(text, text[]) IS 'The part of a text in which one of the words stands, as it is and as it is compared, and whether the text begins and ends with it.';
