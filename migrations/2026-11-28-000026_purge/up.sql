-- What was deleted is gone for good some time after (B002, B012).
--
-- Of an organization only its row is left, which says that there was one: every row of every table that names it is
-- deleted, its audit log too: that tells of people as plainly as the records do, its hashes without what it says prove
-- nothing, and whoever leaves is owed that nothing stays. The log of the platform, which is sealed itself, keeps where the
-- chain ended and how many rows there were: the last checkpoint of the organization still fits, and a log that is gone
-- without that is a loss. Of a person their row is left without anything personal, for what others did with them refers to it.
--
-- Who runs the purge owns the tables; when it is due says the row itself, and neither function is told whom to purge.

ALTER TABLE identity.organizations
  ADD COLUMN purge_due_at timestamptz,
  ADD COLUMN purge_started_at timestamptz,
  ADD COLUMN purged_at timestamptz,
  ADD COLUMN purge_report jsonb,
  ADD CONSTRAINT organizations_purge_due_at_check CHECK (purge_due_at IS NULL OR deleted_at IS NOT NULL),
  ADD CONSTRAINT organizations_purge_started_at_check CHECK (purge_started_at IS NULL OR (status = 'deleted' AND purge_due_at IS NOT NULL AND purge_started_at >= purge_due_at)),
  ADD CONSTRAINT organizations_purged_at_check CHECK (purged_at IS NULL OR purge_started_at IS NOT NULL),
  ADD CONSTRAINT organizations_purge_report_check CHECK ((purge_report IS NULL) = (purge_started_at IS NULL) AND jsonb_typeof(purge_report) = 'object');
COMMENT ON COLUMN identity.organizations.purge_due_at IS 'When everything of the deleted organization is deleted for good; until then it can be restored. Null while it lives.';
COMMENT ON COLUMN identity.organizations.purge_started_at IS 'When deleting everything of it began: from then on it cannot be restored. Null before.';
COMMENT ON COLUMN identity.organizations.purged_at IS 'When nothing of it was left but this; null before.';
COMMENT ON COLUMN identity.organizations.purge_report IS 'How many rows of each table were deleted, and where the chain of its audit log ended, as a JSON object; null until then.';
COMMENT ON CONSTRAINT organizations_purge_due_at_check ON identity.organizations IS 'Only what was deleted is purged.';
COMMENT ON CONSTRAINT organizations_purge_started_at_check ON identity.organizations IS 'A purge begins when it is due, and nothing is restored after that.';
COMMENT ON CONSTRAINT organizations_purged_at_check ON identity.organizations IS 'A purge has begun before it ends.';
COMMENT ON CONSTRAINT organizations_purge_report_check ON identity.organizations IS 'A purge that has begun, and no other, tells what it deleted.';
CREATE INDEX organizations_purge_due_at_idx ON identity.organizations (purge_due_at) WHERE purged_at IS NULL;
GRANT UPDATE (purge_due_at) ON identity.organizations TO portico_app;
GRANT SELECT (purge_started_at) ON identity.organizations TO portico_worker;

ALTER TABLE identity.users
  ADD COLUMN purge_due_at timestamptz,
  ADD COLUMN purged_at timestamptz,
  ADD CONSTRAINT users_purge_due_at_check CHECK (purge_due_at IS NULL OR deleted_at IS NOT NULL),
  ADD CONSTRAINT users_purged_at_check CHECK (purged_at IS NULL OR (status = 'deleted' AND purge_due_at IS NOT NULL AND purged_at >= purge_due_at));
COMMENT ON COLUMN identity.users.purge_due_at IS 'When everything personal of the deleted account is erased for good; null while it lives.';
COMMENT ON COLUMN identity.users.purged_at IS 'When everything personal was erased; null before.';
COMMENT ON CONSTRAINT users_purge_due_at_check ON identity.users IS 'Only what was deleted is purged.';
COMMENT ON CONSTRAINT users_purged_at_check ON identity.users IS 'An account is purged when that is due, and not restored after that.';
CREATE INDEX users_purge_due_at_idx ON identity.users (purge_due_at) WHERE purged_at IS NULL;
GRANT UPDATE (purge_due_at) ON identity.users TO portico_app;

CREATE FUNCTION identity.date_purge() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.deleted_at IS NULL THEN
    NEW.purge_due_at := NULL;
    RETURN NEW;
  END IF;
  IF ops.serving() THEN
    -- What was said when it was deleted stays, and nobody is hurried.
    IF TG_OP = 'UPDATE' AND OLD.deleted_at IS NOT NULL THEN
      NEW.deleted_at := OLD.deleted_at;
      NEW.purge_due_at := OLD.purge_due_at;
      RETURN NEW;
    END IF;
    NEW.deleted_at := now();
    NEW.purge_due_at := greatest(NEW.purge_due_at, now() + interval '1 day');
  END IF;
  NEW.purge_due_at := coalesce(NEW.purge_due_at, NEW.deleted_at + interval '30 days');
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity.date_purge() IS 'Trigger: says when what is deleted will be purged, after a day at the earliest, and keeps to it.';
CREATE TRIGGER date_purge BEFORE INSERT OR UPDATE OF deleted_at, purge_due_at ON identity.organizations
  FOR EACH ROW EXECUTE FUNCTION identity.date_purge();
COMMENT ON TRIGGER date_purge ON identity.organizations IS 'A deleted organization is purged some time after, not at once.';
CREATE TRIGGER date_purge BEFORE INSERT OR UPDATE OF deleted_at, purge_due_at ON identity.users
  FOR EACH ROW EXECUTE FUNCTION identity.date_purge();
COMMENT ON TRIGGER date_purge ON identity.users IS 'A deleted account is purged some time after, not at once.';

CREATE FUNCTION identity.keep_administrators() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  -- Whoever changes an account sees whether it is an administrator's.
  IF ops.serving() AND EXISTS (SELECT FROM identity.platform_admins a WHERE a.user_id = NEW.id) THEN
    PERFORM ops.refuse('Administrators of the platform are never deleted.', 'users_administrator', 'identity.users', 'id');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity.keep_administrators() IS 'Trigger: refuses to delete the account of an administrator of the platform.';
CREATE TRIGGER keep_administrators BEFORE UPDATE OF deleted_at ON identity.users
  FOR EACH ROW WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION identity.keep_administrators();
COMMENT ON TRIGGER keep_administrators ON identity.users IS 'Administrators of the platform are never deleted.';

-- An owner of the tables that is no superuser is held by their policies too. Where those of an organization do not let
-- it delete, this does.
DO $$
DECLARE
  place text;
BEGIN
  FOR place IN
    SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relrowsecurity
      AND n.nspname IN ('identity', 'access', 'chat', 'sales', 'finance', 'governance', 'security', 'audit', 'ops')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'tenant_delete')
  LOOP
    EXECUTE pg_catalog.format('CREATE POLICY purge ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', place);
    EXECUTE pg_catalog.format('COMMENT ON POLICY purge ON %s IS %L', place, 'The owner of the tables purges what was deleted.');
  END LOOP;
END
$$;

UPDATE identity.organizations SET purge_due_at = deleted_at + interval '30 days' WHERE deleted_at IS NOT NULL;
UPDATE identity.users SET purge_due_at = deleted_at + interval '30 days' WHERE deleted_at IS NOT NULL;

CREATE FUNCTION ops.purge_plan() RETURNS TABLE (place text, newest text, leaves text, whole text)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  WITH tenant AS (
    SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS place,
      (SELECT array_agg(quote_ident(a.attname) ORDER BY key.place)
       FROM pg_constraint k CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS key (number, place)
       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.number
       WHERE k.conrelid = c.oid AND k.contype = 'p') AS keys
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema$)'
  ), reference AS (
    SELECT f.confrelid AS oid, f.conrelid = f.confrelid AS own,
      format(' AND NOT EXISTS (SELECT FROM %s r WHERE %s)', f.conrelid::regclass,
        (SELECT string_agg(format('r.%I = t.%I', here.attname, there.attname), ' AND ')
         FROM unnest(f.conkey, f.confkey) AS pair (mine, theirs)
         JOIN pg_attribute here ON here.attrelid = f.conrelid AND here.attnum = pair.mine
         JOIN pg_attribute there ON there.attrelid = f.confrelid AND there.attnum = pair.theirs)) AS none
    FROM pg_constraint f WHERE f.contype = 'f' AND f.conparentid = 0
  ), rule AS (
    SELECT t.oid, string_agg(r.none, '') FILTER (WHERE NOT r.own) AS others, string_agg(r.none, '') FILTER (WHERE r.own) AS own
    FROM tenant t LEFT JOIN reference r ON r.oid = t.oid GROUP BY t.oid
  ), statement AS (
    SELECT t.oid, format('DELETE FROM %1$s d USING (SELECT %2$s FROM %1$s t WHERE t.organization_id = $1%%s ORDER BY %3$s LIMIT $2) g WHERE %4$s',
      t.place, (SELECT string_agg('t.' || key, ', ') FROM unnest(t.keys) key),
      (SELECT string_agg('t.' || key || ' DESC', ', ') FROM unnest(t.keys) key),
      (SELECT string_agg(format('d.%1$s = g.%1$s', key), ' AND ') FROM unnest(t.keys) key)) AS remove
    FROM tenant t
  )
  SELECT t.place, format(s.remove, rule.others), CASE WHEN rule.own IS NOT NULL THEN format(s.remove, concat(rule.others, rule.own)) END,
    format('DELETE FROM %s t WHERE t.organization_id = $1', t.place)
  FROM tenant t JOIN rule USING (oid) JOIN statement s USING (oid) ORDER BY t.place
$$;
COMMENT ON FUNCTION ops.purge_plan() IS 'How to delete the rows of an organization ($1) from each table, no more than $2 at once: those that no other table refers to, the newest first; of them those that their own table does not refer to either; and all.';
REVOKE EXECUTE ON FUNCTION ops.purge_plan() FROM PUBLIC;

CREATE FUNCTION ops.purge_organization(batch integer, OUT purged uuid, OUT started boolean, OUT finished boolean, OUT deleted bigint, OUT report jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  before constant text := coalesce(current_setting('app.organization_id', true), '');
  due identity.organizations;
  step record;
  gone bigint;
  rest jsonb;
  round bigint;
BEGIN
  started := false;
  finished := false;
  deleted := 0;
  -- Policies that show people less hold for an owner too who may become the server.
  PERFORM set_config('app.region', '', true), set_config('app.department_id', '', true),
    set_config('app.conversations', 'all', true), set_config('app.approvals', 'all', true),
    set_config('app.jobs', 'all', true);
  -- One that has begun comes first. Another server may be at it: then the next.
  FOR due IN
    SELECT o.* FROM identity.organizations o
    WHERE o.status = 'deleted' AND o.purge_due_at <= now() AND o.purged_at IS NULL AND o.id <> '00000000-0000-0000-0000-000000000000'
    ORDER BY o.purge_started_at, o.purge_due_at, o.id FOR NO KEY UPDATE SKIP LOCKED
  LOOP
    PERFORM set_config('app.organization_id', due.id::text, true);
    -- What its log still has to tell is sealed first: the chain ends with it.
    IF due.purge_started_at IS NOT NULL OR NOT EXISTS (SELECT FROM audit.audit_logs l WHERE l.organization_id = due.id AND l.seq IS NULL) THEN
      purged := due.id;
      EXIT;
    END IF;
  END LOOP;
  report := due.purge_report;
  IF purged IS NOT NULL AND due.purge_started_at IS NULL THEN
    started := true;
    report := jsonb_build_object('rows', '{}'::jsonb, 'chain',
      (SELECT jsonb_build_object('seq', l.seq, 'hash', encode(l.hash, 'hex')) FROM audit.audit_logs l
       WHERE l.organization_id = purged AND l.seq IS NOT NULL ORDER BY l.seq DESC LIMIT 1));
    UPDATE identity.organizations SET name = 'Purged', slug = 'purged', logo_url = NULL, business_type = NULL, industry_vertical = NULL,
      target_market = NULL, timezone = DEFAULT, locale = DEFAULT, currency = DEFAULT, fiscal_year_start_month = DEFAULT,
      search_language = DEFAULT, content_storage_mode = DEFAULT, encryption_key_id = NULL, retention_days = NULL,
      settings = DEFAULT, metadata = DEFAULT, purge_started_at = now(), purge_report = report
    WHERE id = purged;
    -- Who acted as somebody elsewhere from a session here does so no more: that lasts an hour.
    DELETE FROM identity.sessions s USING identity.sessions own
    WHERE s.impersonator_session_id = own.id AND own.organization_id = purged;
  END IF;
  WHILE purged IS NOT NULL AND deleted < batch AND NOT finished LOOP
    round := 0;
    FOR step IN SELECT * FROM ops.purge_plan() LOOP
      BEGIN
        EXECUTE step.newest USING purged, batch - deleted;
        GET DIAGNOSTICS gone = ROW_COUNT;
      EXCEPTION WHEN foreign_key_violation THEN
        -- An older row refers to a newer one.
        IF step.leaves IS NULL THEN
          RAISE;
        END IF;
        EXECUTE step.leaves USING purged, batch - deleted;
        GET DIAGNOSTICS gone = ROW_COUNT;
      END;
      report := ops.count_purged(report, jsonb_build_object(step.place, gone));
      round := round + gone;
      deleted := deleted + gone;
      EXIT WHEN deleted >= batch;
    END LOOP;
    CONTINUE WHEN round > 0;
    -- What is left refers to itself in circles: all of it goes at once, since references are looked at in the end.
    EXECUTE (
      SELECT format('WITH %s SELECT jsonb_object_agg(place, gone) FROM (%s) AS counted',
        string_agg(format('%I AS (%s RETURNING 1)', place, whole), ', '),
        string_agg(format('SELECT %L AS place, count(*) AS gone FROM %I', place, place), ' UNION ALL '))
      FROM ops.purge_plan())
    INTO rest USING purged;
    report := ops.count_purged(report, rest);
    SELECT sum(value::bigint) INTO round FROM jsonb_each_text(rest);
    deleted := deleted + round;
    finished := round = 0;
  END LOOP;
  IF purged IS NOT NULL THEN
    UPDATE identity.organizations SET purge_report = report, purged_at = CASE WHEN finished THEN now() END WHERE id = purged;
  END IF;
  PERFORM set_config('app.organization_id', before, true),
    set_config('app.conversations', '', true), set_config('app.approvals', '', true), set_config('app.jobs', '', true);
END
$$;
COMMENT ON FUNCTION ops.purge_organization(integer) IS 'Deletes up to about so many rows of an organization that is due, which it finds itself; tells which, whether it began or ended now, and what was deleted until now. Null when none is due.';
REVOKE EXECUTE ON FUNCTION ops.purge_organization(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.purge_organization(integer) TO portico_worker;

CREATE FUNCTION ops.count_purged(report jsonb, gone jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
RETURN jsonb_set(report, '{rows}', (report -> 'rows') || coalesce(
  (SELECT jsonb_object_agg(g.key, coalesce((report -> 'rows' ->> g.key)::bigint, 0) + g.value::bigint)
   FROM jsonb_each_text(gone) g WHERE g.value <> '0'), '{}'));
COMMENT ON FUNCTION ops.count_purged(jsonb, jsonb) IS 'A report of a purge with more rows counted.';

CREATE FUNCTION ops.purge_person(OUT purged uuid, OUT report jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  before constant text := coalesce(current_setting('app.organization_id', true), '');
  due identity.users;
  place record;
  gone bigint;
BEGIN
  report := '{"rows": {}}';
  SELECT u.* INTO due FROM identity.users u
  WHERE u.status = 'deleted' AND u.purge_due_at <= now() AND u.purged_at IS NULL
    -- Who belongs to an organization still is its business; administrators of the platform are never changed.
    AND NOT EXISTS (SELECT FROM identity.memberships m JOIN identity.organizations o ON o.id = m.organization_id
                    WHERE m.user_id = u.id AND m.status <> 'left' AND o.status <> 'deleted')
    AND NOT EXISTS (SELECT FROM identity.platform_admins a WHERE a.user_id = u.id)
  ORDER BY u.purge_due_at, u.id LIMIT 1 FOR NO KEY UPDATE OF u SKIP LOCKED;
  purged := due.id;
  IF purged IS NULL THEN
    RETURN;
  END IF;
  -- What is theirs alone. Sessions in which they acted as somebody refer to their own.
  FOR place IN
    SELECT f.conrelid::regclass AS name, a.attname AS person FROM pg_constraint f
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
    WHERE f.contype = 'f' AND f.confrelid = 'identity.users'::regclass AND f.conparentid = 0
      AND (f.conrelid IN ('identity.sessions'::regclass, 'identity.sso_accounts'::regclass, 'identity.sso_requests'::regclass)
        OR NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = f.conrelid AND o.attname = 'organization_id'))
    ORDER BY f.conrelid::regclass::text, a.attname
  LOOP
    EXECUTE format('DELETE FROM %s WHERE %I = $1', place.name, place.person) USING purged;
    GET DIAGNOSTICS gone = ROW_COUNT;
    report := ops.count_purged(report, jsonb_build_object(place.name, gone));
  END LOOP;
  -- Somebody else may have the address by now.
  DELETE FROM identity.mail m
  WHERE (lower(m.recipient) = lower(due.email) OR m.recipient = due.phone) AND m.created_at <= due.deleted_at;
  GET DIAGNOSTICS gone = ROW_COUNT;
  report := ops.count_purged(report, jsonb_build_object('identity.mail', gone));
  -- What organizations keep of them.
  FOR place IN SELECT m.organization_id FROM identity.memberships m WHERE m.user_id = purged LOOP
    PERFORM set_config('app.organization_id', place.organization_id::text, true);
    DELETE FROM identity.scim_users s WHERE s.organization_id = place.organization_id AND s.user_id = purged;
    GET DIAGNOSTICS gone = ROW_COUNT;
    report := ops.count_purged(report, jsonb_build_object('identity.scim_users', gone));
    UPDATE identity.invitations i SET email = format('purged-%s@purged.invalid', purged)
    WHERE i.organization_id = place.organization_id AND i.accepted_by = purged;
    UPDATE identity.memberships m SET title = NULL, preferences = DEFAULT, notification_preferences = DEFAULT, last_seen_at = NULL
    WHERE m.organization_id = place.organization_id AND m.user_id = purged;
  END LOOP;
  UPDATE identity.users SET email = format('purged-%s@purged.invalid', purged), username = NULL, password_hash = NULL, first_name = NULL,
    last_name = NULL, display_name = NULL, avatar_url = NULL, phone = NULL, timezone = DEFAULT, locale = DEFAULT,
    email_verified_at = NULL, phone_verified_at = NULL, failed_login_attempts = DEFAULT, locked_at = NULL, locked_until = NULL,
    password_changed_at = NULL, last_login_at = NULL, last_login_ip = NULL, login_count = DEFAULT, mfa_enabled = DEFAULT,
    mfa_secret_encrypted = NULL, mfa_last_step = NULL, metadata = DEFAULT, purged_at = now()
  WHERE id = purged;
  PERFORM set_config('app.organization_id', before, true);
END
$$;
COMMENT ON FUNCTION ops.purge_person() IS 'Erases everything personal of an account that is due, which it finds itself: its own rows are deleted, its row stays without a name for what refers to it. Null when none is due. What organizations have recorded, their audit logs above all, stays with them.';
REVOKE EXECUTE ON FUNCTION ops.purge_person() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.purge_person() TO portico_worker;
