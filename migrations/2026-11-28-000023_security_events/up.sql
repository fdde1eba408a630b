-- What was noticed of attacks, and of changes that weaken the protection.

CREATE TABLE security.security_events (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  event_type text NOT NULL,
  severity text NOT NULL,
  title text NOT NULL,
  description text,
  source_user_id uuid,
  target_user_id uuid,
  source_ip inet,
  target_resource text,
  detection_method text NOT NULL DEFAULT 'automated_rule',
  detection_rule text,
  burst_key text,
  occurrences integer NOT NULL DEFAULT 1,
  occurred_at timestamptz NOT NULL DEFAULT now(),
  last_occurred_at timestamptz NOT NULL DEFAULT now(),
  detected_at timestamptz NOT NULL DEFAULT now(),
  potential_impact text,
  affected_systems text[] NOT NULL DEFAULT '{}',
  affected_data_types text[] NOT NULL DEFAULT '{}',
  status text NOT NULL DEFAULT 'open',
  assigned_to uuid,
  resolution_notes text,
  resolved_at timestamptz,
  resolved_by uuid,
  regulatory_notification_required boolean NOT NULL DEFAULT false,
  notification_sent_at timestamptz,
  event_data jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT security_events_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT security_events_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT security_events_event_type_check CHECK (event_type IN ('failed_login', 'credential_reuse', 'privilege_change', 'protection_weakened', 'cross_tenant_attempt', 'suspicious_activity', 'data_breach', 'other')),
  CONSTRAINT security_events_severity_check CHECK (severity IN ('info', 'low', 'medium', 'high', 'critical')),
  CONSTRAINT security_events_title_check CHECK (length(btrim(title)) BETWEEN 1 AND 255),
  CONSTRAINT security_events_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 10000),
  CONSTRAINT security_events_source_user_id_fkey FOREIGN KEY (source_user_id) REFERENCES identity.users (id),
  CONSTRAINT security_events_target_user_id_fkey FOREIGN KEY (target_user_id) REFERENCES identity.users (id),
  CONSTRAINT security_events_target_resource_check CHECK (length(btrim(target_resource)) BETWEEN 1 AND 255),
  CONSTRAINT security_events_detection_method_check CHECK (detection_method IN ('automated_rule', 'manual_review', 'external_alert')),
  CONSTRAINT security_events_detection_rule_check CHECK (length(btrim(detection_rule)) BETWEEN 1 AND 100),
  CONSTRAINT security_events_burst_key_check CHECK (length(burst_key) BETWEEN 1 AND 400),
  CONSTRAINT security_events_occurrences_check CHECK (occurrences > 0),
  CONSTRAINT security_events_potential_impact_check CHECK (length(btrim(potential_impact)) BETWEEN 1 AND 10000),
  CONSTRAINT security_events_affected_systems_check CHECK (cardinality(affected_systems) <= 100),
  CONSTRAINT security_events_affected_data_types_check CHECK (cardinality(affected_data_types) <= 100),
  CONSTRAINT security_events_status_check CHECK (status IN ('open', 'investigating', 'resolved', 'false_positive')),
  CONSTRAINT security_events_assigned_to_fkey FOREIGN KEY (organization_id, assigned_to) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT security_events_resolution_notes_check CHECK (length(btrim(resolution_notes)) BETWEEN 1 AND 10000),
  CONSTRAINT security_events_resolved_by_fkey FOREIGN KEY (resolved_by) REFERENCES identity.users (id),
  CONSTRAINT security_events_event_data_check CHECK (jsonb_typeof(event_data) = 'object'),
  CONSTRAINT security_events_resolved CHECK (((status IN ('resolved', 'false_positive')) = (resolved_at IS NOT NULL)) AND ((resolved_at IS NOT NULL) = (resolution_notes IS NOT NULL)) AND (resolved_by IS NULL OR resolved_at IS NOT NULL)),
  CONSTRAINT security_events_notified CHECK (notification_sent_at IS NULL OR regulatory_notification_required)
);
COMMENT ON TABLE security.security_events IS 'Something that was noticed: a sign of an attack, or a change that weakens the protection. What repeats itself while nobody has ended it is one event with a count.';
COMMENT ON COLUMN security.security_events.organization_id IS 'Organization that the event concerns; the platform where it concerns none.';
COMMENT ON COLUMN security.security_events.id IS 'Identity of the event, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN security.security_events.event_type IS 'What kind of thing it is. One of: failed_login, credential_reuse, privilege_change, protection_weakened, cross_tenant_attempt, suspicious_activity, data_breach, other.';
COMMENT ON COLUMN security.security_events.severity IS 'How bad it is. One of: info, low, medium, high, critical.';
COMMENT ON COLUMN security.security_events.title IS 'The event in a few words.';
COMMENT ON COLUMN security.security_events.description IS 'What happened; null when the title says it all.';
COMMENT ON COLUMN security.security_events.source_user_id IS 'Person who did it; null when it is not known, or was nobody.';
COMMENT ON COLUMN security.security_events.target_user_id IS 'Person to whom it was done; null when it concerns nobody in particular.';
COMMENT ON COLUMN security.security_events.source_ip IS 'Internet address that it came from last; null when unknown.';
COMMENT ON COLUMN security.security_events.target_resource IS 'What it was done to: the id of a record, or the name of an operation; null when nothing in particular.';
COMMENT ON COLUMN security.security_events.detection_method IS 'How it was noticed: by a rule of the server, by a person, or told by another system. One of: automated_rule, manual_review, external_alert. Default: automated_rule.';
COMMENT ON COLUMN security.security_events.detection_rule IS 'Name of the rule that noticed it; null when none did.';
COMMENT ON COLUMN security.security_events.burst_key IS 'What makes a repetition the same event; null once it was ended, and for what people report.';
COMMENT ON COLUMN security.security_events.occurrences IS 'How many times it happened. Default: 1.';
COMMENT ON COLUMN security.security_events.occurred_at IS 'When it happened first.';
COMMENT ON COLUMN security.security_events.last_occurred_at IS 'When it happened last.';
COMMENT ON COLUMN security.security_events.detected_at IS 'When it was noticed.';
COMMENT ON COLUMN security.security_events.potential_impact IS 'What harm can come of it; null when not told.';
COMMENT ON COLUMN security.security_events.affected_systems IS 'Systems that it concerns, at most 100.';
COMMENT ON COLUMN security.security_events.affected_data_types IS 'Kinds of data that it concerns, at most 100.';
COMMENT ON COLUMN security.security_events.status IS 'State of the event: from open to investigating, then resolved or false_positive; from there it may be opened again. One of: open, investigating, resolved, false_positive. Default: open.';
COMMENT ON COLUMN security.security_events.assigned_to IS 'Person who is to look into it; null for nobody yet.';
COMMENT ON COLUMN security.security_events.resolution_notes IS 'What came of it, or why it is none; null as long as it has not ended.';
COMMENT ON COLUMN security.security_events.resolved_at IS 'When it was ended; null before.';
COMMENT ON COLUMN security.security_events.resolved_by IS 'Person who ended it; null before, or when a program did.';
COMMENT ON COLUMN security.security_events.regulatory_notification_required IS 'Whether an authority has to be told, within 72 hours. Default: false.';
COMMENT ON COLUMN security.security_events.notification_sent_at IS 'When the authority was told; null before.';
COMMENT ON COLUMN security.security_events.event_data IS 'Further facts, as a JSON object; never a secret.';
COMMENT ON COLUMN security.security_events.created_at IS 'When the record was made.';
COMMENT ON COLUMN security.security_events.updated_at IS 'When the record was last changed by somebody.';
COMMENT ON COLUMN security.security_events.revision IS 'Version of the event: starts at 1 and grows by one with every change that somebody makes; repetitions do not count. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT security_events_pkey ON security.security_events IS 'An event is found by its organization and id.';
COMMENT ON CONSTRAINT security_events_organization_id_fkey ON security.security_events IS 'The organization exists.';
COMMENT ON CONSTRAINT security_events_event_type_check ON security.security_events IS 'The event type is one of: failed_login, credential_reuse, privilege_change, protection_weakened, cross_tenant_attempt, suspicious_activity, data_breach, other.';
COMMENT ON CONSTRAINT security_events_severity_check ON security.security_events IS 'The severity is one of: info, low, medium, high, critical.';
COMMENT ON CONSTRAINT security_events_title_check ON security.security_events IS 'The title has 1 to 255 characters.';
COMMENT ON CONSTRAINT security_events_description_check ON security.security_events IS 'The description has 1 to 10000 characters.';
COMMENT ON CONSTRAINT security_events_source_user_id_fkey ON security.security_events IS 'Who did it has an account.';
COMMENT ON CONSTRAINT security_events_target_user_id_fkey ON security.security_events IS 'To whom it was done has an account.';
COMMENT ON CONSTRAINT security_events_target_resource_check ON security.security_events IS 'The target has 1 to 255 characters.';
COMMENT ON CONSTRAINT security_events_detection_method_check ON security.security_events IS 'The detection method is one of: automated_rule, manual_review, external_alert.';
COMMENT ON CONSTRAINT security_events_detection_rule_check ON security.security_events IS 'The name of the rule has 1 to 100 characters.';
COMMENT ON CONSTRAINT security_events_burst_key_check ON security.security_events IS 'The key has 1 to 400 characters.';
COMMENT ON CONSTRAINT security_events_occurrences_check ON security.security_events IS 'It happened at least once.';
COMMENT ON CONSTRAINT security_events_potential_impact_check ON security.security_events IS 'The impact has 1 to 10000 characters.';
COMMENT ON CONSTRAINT security_events_affected_systems_check ON security.security_events IS 'There are at most 100 systems.';
COMMENT ON CONSTRAINT security_events_affected_data_types_check ON security.security_events IS 'There are at most 100 kinds of data.';
COMMENT ON CONSTRAINT security_events_status_check ON security.security_events IS 'The status is one of: open, investigating, resolved, false_positive.';
COMMENT ON CONSTRAINT security_events_assigned_to_fkey ON security.security_events IS 'Who looks into it is a member of the same organization.';
COMMENT ON CONSTRAINT security_events_resolution_notes_check ON security.security_events IS 'The notes have 1 to 10000 characters.';
COMMENT ON CONSTRAINT security_events_resolved_by_fkey ON security.security_events IS 'Who ended it has an account.';
COMMENT ON CONSTRAINT security_events_event_data_check ON security.security_events IS 'The data are a JSON object.';
COMMENT ON CONSTRAINT security_events_resolved ON security.security_events IS 'An ended event, and no other, tells when that was and what came of it.';
COMMENT ON CONSTRAINT security_events_notified ON security.security_events IS 'An authority is told of what it has to be told of.';
CREATE INDEX security_events_detected_at_id_idx ON security.security_events (organization_id, detected_at, id);
CREATE INDEX security_events_last_occurred_at_id_idx ON security.security_events (organization_id, last_occurred_at, id);
CREATE INDEX security_events_status_detected_at_id_idx ON security.security_events (organization_id, status, detected_at, id);
CREATE INDEX security_events_source_user_id_detected_at_id_idx ON security.security_events (organization_id, source_user_id, detected_at, id);
CREATE INDEX security_events_target_user_id_detected_at_id_idx ON security.security_events (organization_id, target_user_id, detected_at, id);
CREATE INDEX security_events_assigned_to_detected_at_id_idx ON security.security_events (organization_id, assigned_to, detected_at, id);
CREATE INDEX security_events_resolved_by_detected_at_id_idx ON security.security_events (organization_id, resolved_by, detected_at, id);
CREATE UNIQUE INDEX security_events_burst_key_key ON security.security_events (organization_id, burst_key);
COMMENT ON INDEX security.security_events_burst_key_key IS 'What repeats itself is one event as long as nobody has ended it.';
GRANT SELECT, INSERT, UPDATE (severity, source_ip, burst_key, occurrences, last_occurred_at, potential_impact, affected_systems, affected_data_types, status, assigned_to, resolution_notes, regulatory_notification_required, notification_sent_at) ON security.security_events TO portico_app;
CALL ops.isolate('security.security_events', 'tenant');
CREATE POLICY platform_admins ON security.security_events FOR SELECT
  USING (organization_id = '00000000-0000-0000-0000-000000000000' AND EXISTS (SELECT FROM identity.platform_admins a WHERE a.user_id = (SELECT ops.actor())));
COMMENT ON POLICY platform_admins ON security.security_events IS 'What concerns no organization is seen by those who administer the platform.';

CREATE FUNCTION security.advance_event() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'open' AND ops.serving() THEN
      PERFORM ops.refuse('An event begins open.', 'security_events_status_transition', 'security.security_events', 'status');
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.status = OLD.status THEN
    RETURN NEW;
  END IF;
  IF (OLD.status, NEW.status) NOT IN (('open', 'investigating'), ('open', 'false_positive'), ('investigating', 'resolved'),
    ('investigating', 'false_positive'), ('resolved', 'open'), ('false_positive', 'open'))
  THEN
    PERFORM ops.refuse(format('An event that is %s cannot become %s.', replace(OLD.status, '_', ' '), replace(NEW.status, '_', ' ')),
      'security_events_status_transition', 'security.security_events', 'status');
  END IF;
  IF NEW.status IN ('resolved', 'false_positive') THEN
    NEW.resolved_at := now();
    NEW.resolved_by := ops.actor();
    -- What happens after the end is another event.
    NEW.burst_key := NULL;
  ELSE
    NEW.resolved_at := NULL;
    NEW.resolved_by := NULL;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION security.advance_event() IS 'Trigger: an event goes from open over investigating to resolved or false positive, and may be opened again; it tells by whom and when it ended.';
CREATE TRIGGER advance_event BEFORE INSERT OR UPDATE ON security.security_events
  FOR EACH ROW EXECUTE FUNCTION security.advance_event();
COMMENT ON TRIGGER advance_event ON security.security_events IS 'Keeps the states of an event in order.';
-- A repetition is no change that anybody made.
CREATE TRIGGER touch BEFORE UPDATE ON security.security_events FOR EACH ROW
  WHEN (NEW.occurrences = OLD.occurrences) EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON security.security_events IS 'Keeps the time and the number of the last change that somebody made.';

CREATE TABLE security.signals (
  organization_id uuid NOT NULL,
  rule text NOT NULL,
  signal_key text NOT NULL,
  subjects text[] NOT NULL,
  seen integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT signals_pkey PRIMARY KEY (organization_id, rule, signal_key),
  CONSTRAINT signals_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT signals_rule_check CHECK (length(rule) BETWEEN 1 AND 100),
  CONSTRAINT signals_signal_key_check CHECK (length(signal_key) BETWEEN 1 AND 200),
  CONSTRAINT signals_subjects_check CHECK (cardinality(subjects) BETWEEN 1 AND 1000),
  CONSTRAINT signals_seen_check CHECK (seen > 0)
);
COMMENT ON TABLE security.signals IS 'Counts what is no security event yet: a rule that needs several of a kind within a time counts them here.';
COMMENT ON COLUMN security.signals.organization_id IS 'Organization that it concerns; the platform where it concerns none.';
COMMENT ON COLUMN security.signals.rule IS 'Name of the rule that counts.';
COMMENT ON COLUMN security.signals.signal_key IS 'Of whom or what it is counted.';
COMMENT ON COLUMN security.signals.subjects IS 'The different things that were tried, as hashes, as many as the rule needs to know.';
COMMENT ON COLUMN security.signals.seen IS 'How many times within the time. Default: 1.';
COMMENT ON COLUMN security.signals.first_at IS 'When the time began.';
COMMENT ON COLUMN security.signals.last_at IS 'When it was counted last.';
COMMENT ON CONSTRAINT signals_pkey ON security.signals IS 'A rule counts of each thing once.';
COMMENT ON CONSTRAINT signals_organization_id_fkey ON security.signals IS 'The organization exists.';
COMMENT ON CONSTRAINT signals_rule_check ON security.signals IS 'The name of the rule has 1 to 100 characters.';
COMMENT ON CONSTRAINT signals_signal_key_check ON security.signals IS 'The key has 1 to 200 characters.';
COMMENT ON CONSTRAINT signals_subjects_check ON security.signals IS 'There are 1 to 1000 subjects.';
COMMENT ON CONSTRAINT signals_seen_check ON security.signals IS 'It was seen at least once.';
CREATE INDEX signals_last_at_idx ON security.signals (last_at);
GRANT SELECT, INSERT, UPDATE (subjects, seen, first_at, last_at) ON security.signals TO portico_app;
CALL ops.isolate('security.signals', 'tenant');
GRANT USAGE ON SCHEMA security TO portico_worker;
GRANT SELECT (last_at), DELETE ON security.signals TO portico_worker;
CREATE POLICY signals_worker ON security.signals TO portico_worker USING (true);
COMMENT ON POLICY signals_worker ON security.signals IS 'Background work deletes counts that count no more.';
