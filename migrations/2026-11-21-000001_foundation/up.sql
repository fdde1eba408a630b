-- Schemas, database roles and the procedures that every later migration calls.
-- The person who migrates owns everything; the server acts as portico_app, which owns nothing.

DO $$
DECLARE
  -- Since PostgreSQL 16 who makes a role is a member of it, but may not become it.
  becoming constant text := CASE WHEN pg_catalog.current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'portico_app') THEN
    CREATE ROLE portico_app LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
    COMMENT ON ROLE portico_app IS 'The server while it answers requests: sees one organization at a time, owns nothing.';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'portico_worker') THEN
    CREATE ROLE portico_worker NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
    COMMENT ON ROLE portico_worker IS 'Background work across organizations: reads a few columns to know which of them have something to do, delivers mail, and deletes what has ended.';
  END IF;
  -- An owner that is no superuser must be a member to be able to SET ROLE; the server must be one for background work.
  BEGIN
    IF NOT pg_catalog.pg_has_role(current_user, 'portico_app', becoming) THEN
      EXECUTE pg_catalog.format('GRANT portico_app TO %I', current_user);
    END IF;
    IF NOT pg_catalog.pg_has_role('portico_app', 'portico_worker', becoming) THEN
      GRANT portico_worker TO portico_app;
    END IF;
  EXCEPTION WHEN insufficient_privilege THEN
    RAISE WARNING 'a superuser must run: GRANT portico_app TO %; GRANT portico_worker TO portico_app', current_user;
  END;
END
$$;

CREATE SCHEMA identity;
CREATE SCHEMA access;
CREATE SCHEMA chat;
CREATE SCHEMA sales;
CREATE SCHEMA finance;
CREATE SCHEMA governance;
CREATE SCHEMA security;
CREATE SCHEMA audit;
CREATE SCHEMA ops;
COMMENT ON SCHEMA identity IS 'Organizations, people, their memberships and the credentials they sign in with.';
COMMENT ON SCHEMA access IS 'Who may do what: roles, permissions, assignments, grants and approvals.';
COMMENT ON SCHEMA chat IS 'Conversations with the assistant and their messages.';
COMMENT ON SCHEMA sales IS 'Customers, pipelines and deals.';
COMMENT ON SCHEMA finance IS 'Cost centers, departments and budgets.';
COMMENT ON SCHEMA governance IS 'Compliance frameworks, controls, tests of controls and issues.';
COMMENT ON SCHEMA security IS 'How sensitive data are shown and kept.';
COMMENT ON SCHEMA audit IS 'The record of who did what, which nobody can change.';
COMMENT ON SCHEMA ops IS 'The machinery beneath: live events, idempotency, partitions and shared procedures.';
GRANT USAGE ON SCHEMA identity, access, chat, sales, finance, governance, security, audit, ops TO portico_app;
GRANT USAGE ON SCHEMA identity, audit, ops TO portico_worker;

CREATE FUNCTION ops.refuse(message text, rule text, place text, field text, code text DEFAULT '23514')
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION USING
    MESSAGE = message, ERRCODE = code, CONSTRAINT = rule, COLUMN = coalesce(field, ''),
    SCHEMA = split_part(place, '.', 1), TABLE = split_part(place, '.', 2);
END
$$;
COMMENT ON FUNCTION ops.refuse(text, text, text, text, text) IS 'Refuses a change: a sentence for people, the name of the rule for programs, and the field it concerns.';

CREATE FUNCTION ops.actor() RETURNS uuid LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN nullif(current_setting('app.user_id', true), '')::uuid;
COMMENT ON FUNCTION ops.actor() IS 'The person on whose behalf the transaction runs; null for none.';

CREATE FUNCTION ops.serving() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN current_user IN ('portico_app', 'portico_worker');
COMMENT ON FUNCTION ops.serving() IS 'Whether the server acts (and not the owner, who migrates and maintains).';

CREATE FUNCTION ops.uuid_v7() RETURNS uuid LANGUAGE sql VOLATILE SET search_path = pg_catalog
RETURN encode(
  set_bit(set_bit(
    overlay(uuid_send(gen_random_uuid())
      PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
    52, 1), 53, 1), 'hex')::uuid;
COMMENT ON FUNCTION ops.uuid_v7() IS 'A time-ordered id for rows that triggers write; all other ids come from the server. (PostgreSQL has its own only from 18.)';

CREATE FUNCTION ops.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := now();
  NEW.revision := OLD.revision + 1;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.touch() IS 'Trigger: stamps the time of a change and counts it.';

CREATE FUNCTION ops.purging(organization uuid) RETURNS boolean LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
BEGIN
  -- The row itself says so, which the server cannot make it say.
  RETURN NOT ops.serving() AND EXISTS (SELECT FROM identity.organizations o WHERE o.id = organization AND o.purge_started_at IS NOT NULL);
END
$$;
COMMENT ON FUNCTION ops.purging(uuid) IS 'Whether the owner deletes everything of an organization that was deleted long enough ago.';

CREATE FUNCTION ops.append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  -- Erasure of a person's data is a maintenance act of the owner, never of the server.
  IF TG_LEVEL = 'ROW' AND NOT ops.serving() AND current_setting('app.erasure', true) = 'on' THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' AND NOT ops.serving() AND ops.purging((to_jsonb(OLD) ->> 'organization_id')::uuid) THEN
    RETURN OLD;
  END IF;
  PERFORM ops.refuse(
    'This record is a fact: it is never changed or deleted.',
    TG_ARGV[0] || '_append_only', TG_TABLE_SCHEMA || '.' || TG_ARGV[0], NULL);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION ops.append_only() IS 'Trigger: refuses every change and deletion of rows that are facts, unless their organization is purged; argument: the table.';

CREATE FUNCTION ops.refuse_cycle() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  -- Arguments: column of the identity, column of the superior, name of the rule, message.
  me uuid := to_jsonb(NEW) ->> TG_ARGV[0];
  above uuid := to_jsonb(NEW) ->> TG_ARGV[1];
  circle boolean;
BEGIN
  IF above IS NULL THEN
    RETURN NEW;
  END IF;
  -- Two transactions that each close half of a circle must not miss one another.
  PERFORM pg_advisory_xact_lock(hashtextextended(format('%s.%s %s', TG_TABLE_SCHEMA, TG_TABLE_NAME, NEW.organization_id), 0));
  EXECUTE format(
    'WITH RECURSIVE chain(id) AS (
       SELECT $2 UNION SELECT t.%2$I FROM chain c JOIN %3$I.%4$I t ON t.organization_id = $3 AND t.%1$I = c.id
     ) SELECT EXISTS (SELECT FROM chain WHERE id = $1)',
    TG_ARGV[0], TG_ARGV[1], TG_TABLE_SCHEMA, TG_TABLE_NAME)
  INTO circle USING me, above, NEW.organization_id;
  IF circle THEN
    PERFORM ops.refuse(TG_ARGV[3], TG_ARGV[2], TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, TG_ARGV[1]);
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION ops.refuse_cycle() IS 'Trigger: refuses a superior that is the row itself or stands beneath it, also under concurrency.';

CREATE PROCEDURE ops.isolate(target regclass, kind text) LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  here constant text := '(SELECT nullif(current_setting(''app.organization_id'', true), '''')::uuid)';
  mine constant text := 'organization_id = ' || here;
  readable text;
  seen text;
BEGIN
  CASE kind
    WHEN 'tenant' THEN
      readable := mine;
      seen := 'Only rows of the current organization are seen.';
    WHEN 'owner' THEN
      readable := format('organization_id = ANY (ARRAY[%s, %L::uuid])', here, '00000000-0000-0000-0000-000000000000');
      seen := 'Rows of the current organization and built-in rows of the platform are seen.';
    ELSE
      RAISE EXCEPTION 'unknown kind of isolation: %', kind;
  END CASE;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY tenant_select ON %s FOR SELECT USING (%s)', target, readable);
  EXECUTE format('CREATE POLICY tenant_insert ON %s FOR INSERT WITH CHECK (%s)', target, mine);
  EXECUTE format('CREATE POLICY tenant_update ON %s FOR UPDATE USING (%s) WITH CHECK (%s)', target, mine, mine);
  EXECUTE format('CREATE POLICY tenant_delete ON %s FOR DELETE USING (%s)', target, mine);
  EXECUTE format('COMMENT ON POLICY tenant_select ON %s IS %L', target, seen);
  EXECUTE format('COMMENT ON POLICY tenant_insert ON %s IS %L', target, 'Rows are added to the current organization only.');
  EXECUTE format('COMMENT ON POLICY tenant_update ON %s IS %L', target, 'Rows of the current organization only are changed, and stay in it.');
  EXECUTE format('COMMENT ON POLICY tenant_delete ON %s IS %L', target, 'Rows of the current organization only are deleted.');
END
$$;
COMMENT ON PROCEDURE ops.isolate(regclass, text) IS 'Confines a table to the current organization; kind: tenant, or owner when rows of the platform may be read by all.';
REVOKE EXECUTE ON PROCEDURE ops.isolate(regclass, text) FROM PUBLIC;

CREATE FUNCTION ops.month_bound(month timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE SET search_path = pg_catalog
RETURN (lpad(to_hex((extract(epoch FROM month) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;
COMMENT ON FUNCTION ops.month_bound(timestamptz) IS 'The smallest time-ordered id of an instant: the bound of a month''s partition.';

CREATE FUNCTION ops.ensure_partitions(target regclass, first timestamptz, last timestamptz)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' AS $$
DECLARE
  place record;
  guard record;
  month timestamptz := NULL;
  part text;
  made integer := 0;
BEGIN
  SELECT n.nspname AS schema, c.relname AS name INTO place
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = target AND c.relkind = 'p' AND n.nspname IN ('chat', 'audit', 'ops');
  IF NOT FOUND OR last < first OR last > now() + interval '2 years' OR first < now() - interval '20 years' THEN
    RAISE EXCEPTION 'no partitions can be made for % from % to %', target, first, last;
  END IF;
  -- Several servers may start at once.
  PERFORM pg_advisory_xact_lock(hashtextextended('partitions of ' || target, 0));
  LOOP
    -- The first turn makes the default partition, so that no row is ever refused for its time.
    part := place.name || coalesce(to_char(month, '_YYYY_MM'), '_default');
    IF NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = place.schema AND c.relname = part) THEN
      BEGIN
        IF month IS NULL THEN
          EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s DEFAULT', place.schema, part, target);
          EXECUTE format('COMMENT ON TABLE %I.%I IS %L', place.schema, part, format('Rows of %s from months without a partition of their own.', target));
        ELSE
          EXECUTE format('CREATE TABLE %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)', place.schema, part, target,
            ops.month_bound(month), ops.month_bound(month + interval '1 month'));
          EXECUTE format('COMMENT ON TABLE %I.%I IS %L', place.schema, part, format('Rows of %s made in %s.', target, to_char(month, 'YYYY-MM')));
        END IF;
        -- Whoever reads a partition directly, past its parent's policies, sees nothing.
        EXECUTE format('ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', place.schema, part);
        -- Partitions inherit the triggers of rows, but not those that keep a table from being emptied.
        FOR guard IN SELECT t.tgname, t.tgfoid::regproc AS function, obj_description(t.oid, 'pg_trigger') AS comment
                     FROM pg_trigger t WHERE t.tgrelid = target AND NOT t.tgisinternal AND t.tgtype & 32 > 0 LOOP
          EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I.%I FOR EACH STATEMENT EXECUTE FUNCTION %s(%L)',
            guard.tgname, place.schema, part, guard.function, place.name);
          EXECUTE format('COMMENT ON TRIGGER %I ON %I.%I IS %L', guard.tgname, place.schema, part, guard.comment);
        END LOOP;
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        -- Rows of that month came before its partition did, and stay where they are.
        RAISE WARNING 'rows of % lie in the default partition of %', to_char(month, 'YYYY-MM'), target;
      END;
    END IF;
    month := CASE WHEN month IS NULL THEN date_trunc('month', first) ELSE month + interval '1 month' END;
    EXIT WHEN month > last;
  END LOOP;
  RETURN made;
END
$$;
COMMENT ON FUNCTION ops.ensure_partitions(regclass, timestamptz, timestamptz) IS 'Makes the partitions of all months between two times, and the default one; returns how many were missing.';
REVOKE EXECUTE ON FUNCTION ops.ensure_partitions(regclass, timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ops.ensure_partitions(regclass, timestamptz, timestamptz) TO portico_worker;
