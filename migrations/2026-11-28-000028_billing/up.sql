-- What an organization has subscribed to, how much it may use of it, and how much it has used.

CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'Plans, subscriptions, and the quotas that come with them.';
GRANT USAGE ON SCHEMA billing TO portico_app, portico_worker;

CREATE TABLE billing.plans (
  organization_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  id uuid NOT NULL,
  key text NOT NULL,
  name text NOT NULL,
  features jsonb NOT NULL DEFAULT '{}',
  amount_cents bigint NOT NULL DEFAULT 0,
  currency char(3) NOT NULL DEFAULT 'USD',
  billing_cycle text NOT NULL DEFAULT 'monthly',
  trial_days integer NOT NULL DEFAULT 14,
  default_quotas jsonb NOT NULL DEFAULT '[]',
  is_default boolean NOT NULL DEFAULT false,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT plans_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT plans_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT plans_organization_id_check CHECK (organization_id = '00000000-0000-0000-0000-000000000000'),
  CONSTRAINT plans_key_check CHECK (key ~ '^[a-z][a-z0-9_]{0,49}$'),
  CONSTRAINT plans_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 100),
  CONSTRAINT plans_features_check CHECK (jsonb_typeof(features) = 'object'),
  CONSTRAINT plans_amount_cents_check CHECK (amount_cents BETWEEN 0 AND 1000000000000),
  CONSTRAINT plans_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT plans_billing_cycle_check CHECK (billing_cycle IN ('monthly', 'annual')),
  CONSTRAINT plans_trial_days_check CHECK (trial_days BETWEEN 1 AND 365),
  CONSTRAINT plans_default_quotas_check CHECK (jsonb_typeof(default_quotas) = 'array'),
  CONSTRAINT plans_is_default_check CHECK (is_active OR NOT is_default)
);
COMMENT ON TABLE billing.plans IS 'What organizations can subscribe to: a price, features, and the quotas that come with it. Plans are the platform''s.';
COMMENT ON COLUMN billing.plans.organization_id IS 'The platform: plans are the same for all organizations.';
COMMENT ON COLUMN billing.plans.id IS 'Identity of the plan, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN billing.plans.key IS 'Short name for programs: small letters, digits and underscores; it never changes.';
COMMENT ON COLUMN billing.plans.name IS 'Name as people read it.';
COMMENT ON COLUMN billing.plans.features IS 'What the plan contains, by name, as a JSON object.';
COMMENT ON COLUMN billing.plans.amount_cents IS 'Price of a cycle in hundredths of the currency. Default: 0.';
COMMENT ON COLUMN billing.plans.currency IS 'Currency of the price. Default: USD.';
COMMENT ON COLUMN billing.plans.billing_cycle IS 'How often it is paid. One of: monthly, annual. Default: monthly.';
COMMENT ON COLUMN billing.plans.trial_days IS 'How many days an organization may try it, 1 to 365. Default: 14.';
COMMENT ON COLUMN billing.plans.default_quotas IS 'How much of everything the plan allows.';
COMMENT ON COLUMN billing.plans.is_default IS 'Whether new organizations begin with it; one plan is the default. Default: false.';
COMMENT ON COLUMN billing.plans.is_active IS 'Whether it can be subscribed to; those who have it keep it. Default: true.';
COMMENT ON COLUMN billing.plans.created_at IS 'When the plan was created.';
COMMENT ON COLUMN billing.plans.updated_at IS 'When the plan was last changed.';
COMMENT ON COLUMN billing.plans.revision IS 'Version of the plan: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT plans_pkey ON billing.plans IS 'A plan is found by its organization and id.';
COMMENT ON CONSTRAINT plans_organization_id_fkey ON billing.plans IS 'The organization exists.';
COMMENT ON CONSTRAINT plans_organization_id_check ON billing.plans IS 'Only the platform has plans.';
COMMENT ON CONSTRAINT plans_key_check ON billing.plans IS 'The key has 1 to 50 small letters, digits and underscores, and begins with a letter.';
COMMENT ON CONSTRAINT plans_name_check ON billing.plans IS 'The name has 1 to 100 characters.';
COMMENT ON CONSTRAINT plans_features_check ON billing.plans IS 'The features are a JSON object.';
COMMENT ON CONSTRAINT plans_amount_cents_check ON billing.plans IS 'The price is not negative.';
COMMENT ON CONSTRAINT plans_currency_check ON billing.plans IS 'The currency is a code of three capital letters.';
COMMENT ON CONSTRAINT plans_billing_cycle_check ON billing.plans IS 'The billing cycle is one of: monthly, annual.';
COMMENT ON CONSTRAINT plans_trial_days_check ON billing.plans IS 'A trial lasts 1 to 365 days.';
COMMENT ON CONSTRAINT plans_default_quotas_check ON billing.plans IS 'The quotas are a JSON array.';
COMMENT ON CONSTRAINT plans_is_default_check ON billing.plans IS 'The default plan can be subscribed to.';
CREATE INDEX plans_created_at_id_idx ON billing.plans (organization_id, created_at, id);
CREATE UNIQUE INDEX plans_key_key ON billing.plans (organization_id, key);
COMMENT ON INDEX billing.plans_key_key IS 'No two plans share a key.';
CREATE UNIQUE INDEX plans_is_default_key ON billing.plans (organization_id) WHERE is_default;
COMMENT ON INDEX billing.plans_is_default_key IS 'One plan is the default.';
CREATE TRIGGER touch BEFORE UPDATE ON billing.plans FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON billing.plans IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, features, amount_cents, currency, billing_cycle, trial_days, default_quotas, is_default, is_active) ON billing.plans TO portico_app;
CALL ops.isolate('billing.plans', 'owner');

CREATE TABLE billing.subscriptions (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  plan_id uuid NOT NULL,
  plan_org_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  plan_features jsonb NOT NULL DEFAULT '{}',
  billing_cycle text NOT NULL DEFAULT 'monthly',
  amount_cents bigint NOT NULL,
  currency char(3) NOT NULL DEFAULT 'USD',
  status text NOT NULL DEFAULT 'trialing',
  current_period_start timestamptz NOT NULL,
  current_period_end timestamptz NOT NULL,
  trial_end timestamptz,
  canceled_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT subscriptions_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT subscriptions_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT subscriptions_plan_id_fkey FOREIGN KEY (plan_org_id, plan_id) REFERENCES billing.plans (organization_id, id),
  CONSTRAINT subscriptions_plan_org_id_check CHECK (plan_org_id = '00000000-0000-0000-0000-000000000000'),
  CONSTRAINT subscriptions_plan_features_check CHECK (jsonb_typeof(plan_features) = 'object'),
  CONSTRAINT subscriptions_billing_cycle_check CHECK (billing_cycle IN ('monthly', 'annual')),
  CONSTRAINT subscriptions_amount_cents_check CHECK (amount_cents BETWEEN 0 AND 1000000000000),
  CONSTRAINT subscriptions_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT subscriptions_status_check CHECK (status IN ('trialing', 'active', 'past_due', 'suspended', 'canceled')),
  CONSTRAINT subscriptions_current_period_end_check CHECK (current_period_end > current_period_start),
  CONSTRAINT subscriptions_trial_end_check CHECK (status <> 'trialing' OR trial_end IS NOT NULL),
  CONSTRAINT subscriptions_canceled_at_check CHECK ((status = 'canceled') = (canceled_at IS NOT NULL))
);
COMMENT ON TABLE billing.subscriptions IS 'What an organization has subscribed to: one plan at a time, at the price of the day on which it was taken.';
COMMENT ON COLUMN billing.subscriptions.organization_id IS 'Organization that has subscribed.';
COMMENT ON COLUMN billing.subscriptions.id IS 'Identity of the subscription, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN billing.subscriptions.plan_id IS 'Plan that was subscribed to.';
COMMENT ON COLUMN billing.subscriptions.plan_org_id IS 'The platform, whose plan it is.';
COMMENT ON COLUMN billing.subscriptions.plan_features IS 'What the plan contained when it was taken, by name, as a JSON object.';
COMMENT ON COLUMN billing.subscriptions.billing_cycle IS 'How often it is paid. One of: monthly, annual. Default: monthly.';
COMMENT ON COLUMN billing.subscriptions.amount_cents IS 'Price of a cycle in hundredths of the currency.';
COMMENT ON COLUMN billing.subscriptions.currency IS 'Currency of the price. Default: USD.';
COMMENT ON COLUMN billing.subscriptions.status IS 'State of the subscription: trialing until the trial ends, active while it is paid, past due when it should have been, suspended where the platform waits no longer, canceled for good. One of: trialing, active, past_due, suspended, canceled. Default: trialing.';
COMMENT ON COLUMN billing.subscriptions.current_period_start IS 'When the present cycle began, or the trial.';
COMMENT ON COLUMN billing.subscriptions.current_period_end IS 'When the present cycle ends, or the trial.';
COMMENT ON COLUMN billing.subscriptions.trial_end IS 'When the trial ends or ended; null for a subscription that began without.';
COMMENT ON COLUMN billing.subscriptions.canceled_at IS 'When it was canceled; null while it lives.';
COMMENT ON COLUMN billing.subscriptions.created_at IS 'When the subscription was created.';
COMMENT ON COLUMN billing.subscriptions.updated_at IS 'When the subscription was last changed.';
COMMENT ON COLUMN billing.subscriptions.revision IS 'Version of the subscription: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT subscriptions_pkey ON billing.subscriptions IS 'A subscription is found by its organization and id.';
COMMENT ON CONSTRAINT subscriptions_organization_id_fkey ON billing.subscriptions IS 'The organization exists.';
COMMENT ON CONSTRAINT subscriptions_plan_id_fkey ON billing.subscriptions IS 'The plan exists.';
COMMENT ON CONSTRAINT subscriptions_plan_org_id_check ON billing.subscriptions IS 'The plan is the platform''s.';
COMMENT ON CONSTRAINT subscriptions_plan_features_check ON billing.subscriptions IS 'The features are a JSON object.';
COMMENT ON CONSTRAINT subscriptions_billing_cycle_check ON billing.subscriptions IS 'The billing cycle is one of: monthly, annual.';
COMMENT ON CONSTRAINT subscriptions_amount_cents_check ON billing.subscriptions IS 'The price is not negative.';
COMMENT ON CONSTRAINT subscriptions_currency_check ON billing.subscriptions IS 'The currency is a code of three capital letters.';
COMMENT ON CONSTRAINT subscriptions_status_check ON billing.subscriptions IS 'The status is one of: trialing, active, past_due, suspended, canceled.';
COMMENT ON CONSTRAINT subscriptions_current_period_end_check ON billing.subscriptions IS 'A cycle ends after it begins.';
COMMENT ON CONSTRAINT subscriptions_trial_end_check ON billing.subscriptions IS 'A trial ends.';
COMMENT ON CONSTRAINT subscriptions_canceled_at_check ON billing.subscriptions IS 'A canceled subscription, and no other, tells when that was.';
CREATE INDEX subscriptions_created_at_id_idx ON billing.subscriptions (organization_id, created_at, id);
CREATE INDEX subscriptions_plan_org_id_plan_id_idx ON billing.subscriptions (plan_org_id, plan_id);
CREATE INDEX subscriptions_due_idx ON billing.subscriptions (current_period_end) WHERE status IN ('trialing', 'active');
CREATE UNIQUE INDEX subscriptions_living_key ON billing.subscriptions (organization_id) WHERE status <> 'canceled';
COMMENT ON INDEX billing.subscriptions_living_key IS 'An organization has one subscription at a time.';
CREATE TRIGGER touch BEFORE UPDATE ON billing.subscriptions FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON billing.subscriptions IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (plan_id, plan_features, billing_cycle, amount_cents, currency, status, current_period_start, current_period_end, canceled_at) ON billing.subscriptions TO portico_app;
CALL ops.isolate('billing.subscriptions', 'tenant');

CREATE FUNCTION billing.check_subscription() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF OLD.status = 'canceled' THEN
    PERFORM ops.refuse('The subscription is canceled for good.', 'subscriptions_status_transition', 'billing.subscriptions', NULL);
  END IF;
  IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
    ('trialing', 'active'), ('trialing', 'past_due'), ('trialing', 'canceled'),
    ('active', 'past_due'), ('active', 'canceled'),
    ('past_due', 'active'), ('past_due', 'suspended'), ('past_due', 'canceled'),
    ('suspended', 'active'), ('suspended', 'canceled'))
  THEN
    PERFORM ops.refuse(format('A subscription that is %s cannot become %s.', OLD.status, NEW.status),
      'subscriptions_status_transition', 'billing.subscriptions', NULL);
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION billing.check_subscription() IS 'Trigger: says which state of a subscription may follow which.';
CREATE TRIGGER check_subscription BEFORE UPDATE ON billing.subscriptions
  FOR EACH ROW EXECUTE FUNCTION billing.check_subscription();
COMMENT ON TRIGGER check_subscription ON billing.subscriptions IS 'Refuses states that do not follow.';

-- Background work finds the organizations whose trial or cycle is over.
GRANT SELECT (organization_id, status, current_period_end) ON billing.subscriptions TO portico_worker;
CREATE POLICY subscriptions_worker ON billing.subscriptions FOR SELECT TO portico_worker
  USING (status IN ('trialing', 'active') AND current_period_end <= now());
COMMENT ON POLICY subscriptions_worker ON billing.subscriptions IS 'Background work sees that cycles are over, and nothing else of them.';

CREATE TABLE billing.quotas (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  metric text NOT NULL,
  period text NOT NULL DEFAULT 'day',
  limit_value bigint NOT NULL,
  enforcement text NOT NULL DEFAULT 'hard',
  is_custom boolean NOT NULL DEFAULT false,
  exceeded_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT quotas_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT quotas_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT quotas_metric_check CHECK (metric IN ('messages', 'seats')),
  CONSTRAINT quotas_period_check CHECK (CASE metric WHEN 'seats' THEN period = 'lifetime' ELSE period IN ('day', 'month') END),
  CONSTRAINT quotas_limit_value_check CHECK (limit_value >= 0),
  CONSTRAINT quotas_enforcement_check CHECK (enforcement IN ('hard', 'soft'))
);
COMMENT ON TABLE billing.quotas IS 'How much an organization may use of something in a day, in a month or at all. What has no quota is not limited.';
COMMENT ON COLUMN billing.quotas.organization_id IS 'Organization that is limited.';
COMMENT ON COLUMN billing.quotas.id IS 'Identity of the quota, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN billing.quotas.metric IS 'What is limited. One of: messages, seats.';
COMMENT ON COLUMN billing.quotas.period IS 'What it is counted over. Days and months begin at midnight UTC. One of: day, month, lifetime. Default: day.';
COMMENT ON COLUMN billing.quotas.limit_value IS 'How much is allowed within the period.';
COMMENT ON COLUMN billing.quotas.enforcement IS 'What happens beyond the limit: hard refuses, soft allows and tells. One of: hard, soft. Default: hard.';
COMMENT ON COLUMN billing.quotas.is_custom IS 'Whether the platform has set it for this organization alone; a change of plan leaves it. Default: false.';
COMMENT ON COLUMN billing.quotas.exceeded_at IS 'When a soft limit was exceeded last, told once a period; null while it never was.';
COMMENT ON COLUMN billing.quotas.created_at IS 'When the quota was created.';
COMMENT ON COLUMN billing.quotas.updated_at IS 'When the quota was last changed.';
COMMENT ON COLUMN billing.quotas.revision IS 'Version of the quota: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT quotas_pkey ON billing.quotas IS 'A quota is found by its organization and id.';
COMMENT ON CONSTRAINT quotas_organization_id_fkey ON billing.quotas IS 'The organization exists.';
COMMENT ON CONSTRAINT quotas_metric_check ON billing.quotas IS 'The metric is one of: messages, seats.';
COMMENT ON CONSTRAINT quotas_period_check ON billing.quotas IS 'Seats are limited at all, everything else by day or month.';
COMMENT ON CONSTRAINT quotas_limit_value_check ON billing.quotas IS 'The limit is not negative.';
COMMENT ON CONSTRAINT quotas_enforcement_check ON billing.quotas IS 'The enforcement is one of: hard, soft.';
CREATE INDEX quotas_created_at_id_idx ON billing.quotas (organization_id, created_at, id);
CREATE UNIQUE INDEX quotas_metric_key ON billing.quotas (organization_id, metric, period);
COMMENT ON INDEX billing.quotas_metric_key IS 'An organization has one quota for a metric and period.';
CREATE TRIGGER touch BEFORE UPDATE OF limit_value, enforcement, is_custom ON billing.quotas FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON billing.quotas IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (limit_value, enforcement, is_custom, exceeded_at), DELETE ON billing.quotas TO portico_app;
CALL ops.isolate('billing.quotas', 'tenant');

CREATE TABLE billing.usage (
  organization_id uuid NOT NULL,
  period text NOT NULL,
  starts_on date NOT NULL,
  shard smallint NOT NULL,
  messages bigint NOT NULL DEFAULT 0,
  tokens_used bigint NOT NULL DEFAULT 0,
  cost_usd numeric(20,10) NOT NULL DEFAULT 0,
  CONSTRAINT usage_pkey PRIMARY KEY (organization_id, period, starts_on, shard),
  CONSTRAINT usage_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT usage_period_check CHECK (period IN ('day', 'month')),
  CONSTRAINT usage_shard_check CHECK (shard BETWEEN 0 AND 7)
);
COMMENT ON TABLE billing.usage IS 'Counts what an organization has used by day and by month. Several rows share a period, so that writers do not wait for each other: their sum counts.';
COMMENT ON COLUMN billing.usage.organization_id IS 'Organization that is counted.';
COMMENT ON COLUMN billing.usage.period IS 'Whether a day or a month is counted. One of: day, month.';
COMMENT ON COLUMN billing.usage.starts_on IS 'First day of the period, in UTC.';
COMMENT ON COLUMN billing.usage.shard IS 'Which of the rows that share the period; it follows from the conversation.';
COMMENT ON COLUMN billing.usage.messages IS 'How many messages were written. Default: 0.';
COMMENT ON COLUMN billing.usage.tokens_used IS 'How many tokens language models have read and written. Default: 0.';
COMMENT ON COLUMN billing.usage.cost_usd IS 'What that cost, in US dollars. Default: 0.';
COMMENT ON CONSTRAINT usage_pkey ON billing.usage IS 'A count is found by its organization, period and shard.';
COMMENT ON CONSTRAINT usage_organization_id_fkey ON billing.usage IS 'The organization exists.';
COMMENT ON CONSTRAINT usage_period_check ON billing.usage IS 'The period is one of: day, month.';
COMMENT ON CONSTRAINT usage_shard_check ON billing.usage IS 'Eight rows share a period.';
GRANT SELECT, INSERT, UPDATE (messages, tokens_used, cost_usd) ON billing.usage TO portico_app;
CALL ops.isolate('billing.usage', 'tenant');

CREATE FUNCTION billing.shard(conversation uuid) RETURNS smallint LANGUAGE sql IMMUTABLE
RETURN (get_byte(uuid_send(conversation), 15) & 7)::smallint;
COMMENT ON FUNCTION billing.shard(uuid) IS 'In which of the rows that share a period the messages of a conversation are counted.';

CREATE FUNCTION billing.period_start(period text, moment timestamptz) RETURNS date LANGUAGE sql IMMUTABLE
RETURN CASE period WHEN 'day' THEN date_trunc('day', moment AT TIME ZONE 'UTC') WHEN 'month' THEN date_trunc('month', moment AT TIME ZONE 'UTC') END::date;
COMMENT ON FUNCTION billing.period_start(text, timestamptz) IS 'The first day of the period in which a moment lies; null for lifetime.';

CREATE FUNCTION billing.used(organization uuid, metric text, period text, moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN CASE metric
  WHEN 'seats' THEN
    (SELECT count(*) FROM identity.memberships m WHERE m.organization_id = organization AND m.status = 'active')
  ELSE
    (SELECT coalesce(sum(u.messages), 0)::bigint FROM billing.usage u
     WHERE u.organization_id = organization AND u.period = used.period AND u.starts_on = billing.period_start(used.period, moment))
END;
COMMENT ON FUNCTION billing.used(uuid, text, text, timestamptz) IS 'How much of something was used in the period in which a moment lies: active members, or messages.';

CREATE FUNCTION billing.refuse(organization uuid, what text, moment timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  quota record;
BEGIN
  SELECT q.period, q.limit_value, billing.used(q.organization_id, q.metric, q.period, moment) AS used,
    CASE q.period
      WHEN 'day' THEN billing.period_start('day', moment)::timestamp AT TIME ZONE 'UTC' + interval '1 day'
      WHEN 'month' THEN (billing.period_start('month', moment) + interval '1 month') AT TIME ZONE 'UTC'
    END AS resets_at
  INTO quota
  FROM billing.quotas q
  WHERE q.organization_id = organization AND q.metric = what AND q.enforcement = 'hard'
  ORDER BY q.limit_value - billing.used(q.organization_id, q.metric, q.period, moment), q.period DESC LIMIT 1;
  RAISE EXCEPTION USING
    MESSAGE = CASE quota.period
      WHEN 'lifetime' THEN format('All %s seats of the organization are taken.', quota.limit_value)
      ELSE format('The organization has sent the %s messages that it may send in a %s.', quota.limit_value, quota.period)
    END,
    DETAIL = jsonb_build_object('metric', what, 'limit', quota.limit_value, 'used', quota.used, 'resetsAt', quota.resets_at)::text,
    ERRCODE = '23514', CONSTRAINT = 'quotas_exceeded', SCHEMA = 'billing', TABLE = 'quotas';
END
$$;
COMMENT ON FUNCTION billing.refuse(uuid, text, timestamptz) IS 'Refuses what a hard quota does not allow, and says how much it allows, how much was used and when it begins anew.';

CREATE FUNCTION billing.tell(organization uuid, what text, moment timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog AS $$
  -- Of several at once that exceed a limit the first one tells; the others wait for it and find it told.
  WITH exceeded AS (
    UPDATE billing.quotas q SET exceeded_at = moment
    WHERE q.organization_id = organization AND q.metric = what AND q.enforcement = 'soft'
      AND (q.period = 'lifetime' OR q.exceeded_at IS NULL OR (q.exceeded_at AT TIME ZONE 'UTC')::date < billing.period_start(q.period, moment))
      AND billing.used(q.organization_id, q.metric, q.period, moment) >= q.limit_value
    RETURNING q.organization_id, q.id, q.limit_value
  ), event AS (
    INSERT INTO ops.events (organization_id, id, topic, subject_type, subject_id, kind, payload)
    SELECT e.organization_id, ops.uuid_v7(), 'Quota', 'Quota', e.id, 'quota.exceeded', '{"changedFields": ["exceededAt"]}' FROM exceeded e
  )
  INSERT INTO audit.audit_logs (organization_id, id, actor_type, actor_name, event_type, action, resource_type, resource_id, new_values, changed_fields)
  SELECT e.organization_id, ops.uuid_v7(), 'system', 'Portico', 'change', 'quota.exceeded', 'Quota', e.id::text,
    jsonb_build_object('exceededAt', moment), '{exceededAt}' FROM exceeded e
$$;
COMMENT ON FUNCTION billing.tell(uuid, text, timestamptz) IS 'Tells, once a period, that a soft quota is exceeded: in the quota, in the audit trail, and to whoever follows.';

CREATE FUNCTION billing.count_message() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  turn constant bigint := hashtextextended('messages of ' || NEW.organization_id, 0);
  -- What transactions that still run may have counted besides, one message each.
  running constant bigint := current_setting('max_connections')::bigint;
  today constant date := billing.period_start('day', NEW.created_at);
  month constant date := billing.period_start('month', NEW.created_at);
  allowed bigint;
  exceeds boolean;
  far boolean;
BEGIN
  -- Far from the limit writers only note that they are there. Close to it they take turns, each after all others, so that
  -- no more are let in than are allowed: that many messages of a period wait for each other, and no others.
  LOOP
    SELECT min(q.limit_value - u.used) FILTER (WHERE q.enforcement = 'hard'),
      bool_or(q.enforcement = 'soft' AND u.used >= q.limit_value
        AND (q.exceeded_at IS NULL OR (q.exceeded_at AT TIME ZONE 'UTC')::date < p.since))
    INTO allowed, exceeds
    FROM billing.quotas q
    CROSS JOIN LATERAL (SELECT CASE q.period WHEN 'day' THEN today ELSE month END AS since) p
    CROSS JOIN LATERAL (SELECT coalesce(sum(c.messages), 0)::bigint AS used FROM billing.usage c
      WHERE c.organization_id = q.organization_id AND c.period = q.period AND c.starts_on = p.since) u
    WHERE q.organization_id = NEW.organization_id AND q.metric = 'messages';
    EXIT WHEN allowed IS NULL OR allowed <= 0 OR far IS NOT NULL;
    far := allowed > 2 * running;
    IF far THEN
      PERFORM pg_advisory_xact_lock_shared(turn);
    ELSE
      PERFORM pg_advisory_xact_lock(turn);
    END IF;
  END LOOP;
  IF allowed <= 0 THEN
    PERFORM billing.refuse(NEW.organization_id, 'messages', NEW.created_at);
  END IF;
  IF far AND allowed <= running THEN
    RAISE EXCEPTION 'the limit came close meanwhile' USING ERRCODE = 'serialization_failure';
  END IF;
  IF exceeds THEN
    PERFORM billing.tell(NEW.organization_id, 'messages', NEW.created_at);
  END IF;
  INSERT INTO billing.usage AS u (organization_id, period, starts_on, shard, messages, tokens_used, cost_usd)
  SELECT NEW.organization_id, p.period, p.since, billing.shard(NEW.conversation_id), 1, NEW.total_tokens, NEW.estimated_cost
  FROM (VALUES ('day', today), ('month', month)) AS p (period, since)
  ON CONFLICT (organization_id, period, starts_on, shard) DO UPDATE SET
    messages = u.messages + 1, tokens_used = u.tokens_used + excluded.tokens_used, cost_usd = u.cost_usd + excluded.cost_usd;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION billing.count_message() IS 'Trigger: counts messages by day and month, refuses those that a hard quota does not allow, and tells of those beyond a soft one.';
-- After the conversation is locked (number_message), which takes longest.
CREATE TRIGGER used BEFORE INSERT ON chat.messages
  FOR EACH ROW EXECUTE FUNCTION billing.count_message();
COMMENT ON TRIGGER used ON chat.messages IS 'Counts messages, within the quotas of the organization.';

CREATE FUNCTION billing.protect_usage() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ops.serving() AND pg_trigger_depth() < 2 THEN
    PERFORM ops.refuse('What was used follows from the messages.', 'usage_counted', 'billing.usage', 'messages');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION billing.protect_usage() IS 'Trigger: what was used is counted by messages alone.';
CREATE TRIGGER protect BEFORE INSERT OR UPDATE ON billing.usage
  FOR EACH ROW EXECUTE FUNCTION billing.protect_usage();
COMMENT ON TRIGGER protect ON billing.usage IS 'Keeps the counts equal to the messages.';

CREATE FUNCTION billing.take_seat() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  quota record;
BEGIN
  SELECT q.limit_value, q.enforcement INTO quota FROM billing.quotas q
  WHERE q.organization_id = NEW.organization_id AND q.metric = 'seats';
  IF NEW.status <> 'active' OR quota.limit_value IS NULL THEN
    RETURN NEW;
  END IF;
  -- One after the other: of several who join at once none is counted too few.
  PERFORM pg_advisory_xact_lock(hashtextextended('seats of ' || NEW.organization_id, 0));
  IF billing.used(NEW.organization_id, 'seats', 'lifetime', now()) >= quota.limit_value THEN
    IF quota.enforcement = 'hard' THEN
      PERFORM billing.refuse(NEW.organization_id, 'seats', now());
    END IF;
    PERFORM billing.tell(NEW.organization_id, 'seats', now());
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION billing.take_seat() IS 'Trigger: an active member takes a seat; refuses the one for whom none is left, and tells of those beyond a soft quota.';
CREATE TRIGGER take_seat BEFORE INSERT ON identity.memberships
  FOR EACH ROW EXECUTE FUNCTION billing.take_seat();
COMMENT ON TRIGGER take_seat ON identity.memberships IS 'Whoever becomes a member takes a seat.';
CREATE TRIGGER take_seat_again BEFORE UPDATE OF status ON identity.memberships
  FOR EACH ROW WHEN (OLD.status <> 'active') EXECUTE FUNCTION billing.take_seat();
COMMENT ON TRIGGER take_seat_again ON identity.memberships IS 'Whoever becomes active again takes a seat.';

-- What is built in. The ids are fixed, so that they are the same in every installation.
SELECT set_config('app.organization_id', '00000000-0000-0000-0000-000000000000', true);
SELECT set_config('app.user_id', '', true);

INSERT INTO billing.plans (id, key, name, features, amount_cents, trial_days, default_quotas, is_default)
SELECT ('00000000-0000-7000-8000-0000000e000' || p.n)::uuid, p.key, p.name, p.features::jsonb, p.cents, 14, p.quotas::jsonb, p.n = 1
FROM (VALUES
  (1, 'starter', 'Starter', '{"support": "mail"}', 4900,
    '[{"metric": "messages", "period": "day", "limit": 500, "enforcement": "hard"}, {"metric": "seats", "period": "lifetime", "limit": 10, "enforcement": "hard"}]'),
  (2, 'growth', 'Growth', '{"support": "mail and telephone"}', 49900,
    '[{"metric": "messages", "period": "day", "limit": 20000, "enforcement": "hard"}, {"metric": "messages", "period": "month", "limit": 200000, "enforcement": "soft"}, {"metric": "seats", "period": "lifetime", "limit": 100, "enforcement": "hard"}]'),
  (3, 'scale', 'Scale', '{"support": "mail and telephone", "contact": true}', 249900,
    '[{"metric": "messages", "period": "month", "limit": 5000000, "enforcement": "soft"}, {"metric": "seats", "period": "lifetime", "limit": 2000, "enforcement": "soft"}]')
) AS p (n, key, name, features, cents, quotas);
