-- The audit log, sealed into one chain per organization, and reviews of its entries.

CREATE TABLE audit.audit_logs (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  seq bigint,
  actor_type text NOT NULL,
  actor_id uuid,
  actor_name text NOT NULL,
  actor_email text,
  event_type text NOT NULL,
  action text NOT NULL,
  action_category text,
  resource_type text,
  resource_id text,
  resource_name text,
  old_values jsonb,
  new_values jsonb,
  changed_fields text[],
  details jsonb NOT NULL DEFAULT '{}',
  action_description text,
  business_context text,
  success boolean NOT NULL DEFAULT true,
  error_message text,
  risk_level text NOT NULL DEFAULT 'low',
  requires_review boolean NOT NULL DEFAULT false,
  ip_address inet,
  user_agent text,
  session_id uuid,
  request_id text,
  application_name text,
  service_name text,
  api_endpoint text,
  compliance_relevant boolean NOT NULL DEFAULT false,
  retention_period_days integer NOT NULL DEFAULT 2555,
  additional_data jsonb NOT NULL DEFAULT '{}',
  occurred_at timestamptz NOT NULL DEFAULT now(),
  prev_hash bytea,
  hash bytea,
  CONSTRAINT audit_logs_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT audit_logs_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT audit_logs_seq_check CHECK (seq > 0),
  CONSTRAINT audit_logs_actor_type_check CHECK (actor_type IN ('human', 'ai_agent', 'system', 'api_key')),
  CONSTRAINT audit_logs_actor_name_check CHECK (length(actor_name) <= 500),
  CONSTRAINT audit_logs_actor_email_check CHECK (length(actor_email) <= 320),
  CONSTRAINT audit_logs_event_type_check CHECK (length(btrim(event_type)) BETWEEN 1 AND 100),
  CONSTRAINT audit_logs_action_check CHECK (length(btrim(action)) BETWEEN 1 AND 200),
  CONSTRAINT audit_logs_action_category_check CHECK (length(btrim(action_category)) BETWEEN 1 AND 100),
  CONSTRAINT audit_logs_resource_type_check CHECK (length(btrim(resource_type)) BETWEEN 1 AND 100),
  CONSTRAINT audit_logs_resource_id_check CHECK (length(btrim(resource_id)) BETWEEN 1 AND 200),
  CONSTRAINT audit_logs_resource_name_check CHECK (length(resource_name) <= 1000),
  CONSTRAINT audit_logs_details_check CHECK (jsonb_typeof(details) = 'object'),
  CONSTRAINT audit_logs_risk_level_check CHECK (risk_level IN ('low', 'medium', 'high', 'critical')),
  CONSTRAINT audit_logs_request_id_check CHECK (length(btrim(request_id)) BETWEEN 1 AND 200),
  CONSTRAINT audit_logs_application_name_check CHECK (length(btrim(application_name)) BETWEEN 1 AND 200),
  CONSTRAINT audit_logs_service_name_check CHECK (length(btrim(service_name)) BETWEEN 1 AND 200),
  CONSTRAINT audit_logs_api_endpoint_check CHECK (length(btrim(api_endpoint)) BETWEEN 1 AND 500),
  CONSTRAINT audit_logs_retention_period_days_check CHECK (retention_period_days > 0),
  CONSTRAINT audit_logs_additional_data_check CHECK (jsonb_typeof(additional_data) = 'object'),
  CONSTRAINT audit_logs_sealed CHECK (((seq IS NULL) = (hash IS NULL)) AND (prev_hash IS NULL OR hash IS NOT NULL))
) PARTITION BY RANGE (id);
COMMENT ON TABLE audit.audit_logs IS 'One act in the organization: who did what to which record, when, from where, with the values before and after. Never changed, and deleted only with the whole organization, when that is purged.';
COMMENT ON COLUMN audit.audit_logs.organization_id IS 'Organization that the audit entry belongs to.';
COMMENT ON COLUMN audit.audit_logs.id IS 'Identity of the audit entry, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN audit.audit_logs.seq IS 'Number of the entry in the organization''s chain; null for the few seconds until it is sealed.';
COMMENT ON COLUMN audit.audit_logs.actor_type IS 'What kind of actor it was. One of: human, ai_agent, system, api_key.';
COMMENT ON COLUMN audit.audit_logs.actor_id IS 'Person, agent or key that acted; null when unknown or the platform itself.';
COMMENT ON COLUMN audit.audit_logs.actor_name IS 'Name of the actor at that time.';
COMMENT ON COLUMN audit.audit_logs.actor_email IS 'E-mail address of the actor at that time; null for none.';
COMMENT ON COLUMN audit.audit_logs.event_type IS 'Kind of event, such as mutation, sign_in or access_denied.';
COMMENT ON COLUMN audit.audit_logs.action IS 'What was done, such as dealUpdate.';
COMMENT ON COLUMN audit.audit_logs.action_category IS 'Field of the act, such as sales or access; null when none fits.';
COMMENT ON COLUMN audit.audit_logs.resource_type IS 'Kind of record concerned; null when none is.';
COMMENT ON COLUMN audit.audit_logs.resource_id IS 'Id of the record concerned; null when none is.';
COMMENT ON COLUMN audit.audit_logs.resource_name IS 'Name of the record at that time; null when it has none.';
COMMENT ON COLUMN audit.audit_logs.old_values IS 'Changed fields before the act, as a JSON object; null when the record is new.';
COMMENT ON COLUMN audit.audit_logs.new_values IS 'Changed fields after the act, as a JSON object; null when the record was deleted.';
COMMENT ON COLUMN audit.audit_logs.changed_fields IS 'Names of the changed fields; null when nothing was changed.';
COMMENT ON COLUMN audit.audit_logs.details IS 'Further facts about the act, as a JSON object.';
COMMENT ON COLUMN audit.audit_logs.action_description IS 'The act in a sentence; null when the other fields say it all.';
COMMENT ON COLUMN audit.audit_logs.business_context IS 'Why it was done, in words of the actor; null when not told.';
COMMENT ON COLUMN audit.audit_logs.success IS 'Whether the act succeeded. Default: true.';
COMMENT ON COLUMN audit.audit_logs.error_message IS 'Why it failed; null when it succeeded.';
COMMENT ON COLUMN audit.audit_logs.risk_level IS 'How much harm such an act could do. One of: low, medium, high, critical. Default: low.';
COMMENT ON COLUMN audit.audit_logs.requires_review IS 'Whether somebody should look at the entry. Default: false.';
COMMENT ON COLUMN audit.audit_logs.ip_address IS 'Internet address that the act came from; null when unknown.';
COMMENT ON COLUMN audit.audit_logs.user_agent IS 'Program that was used, as it names itself; null when unknown.';
COMMENT ON COLUMN audit.audit_logs.session_id IS 'Session in which it was done; null when there was none.';
COMMENT ON COLUMN audit.audit_logs.request_id IS 'Request in which it was done, as told to the client; null outside of requests.';
COMMENT ON COLUMN audit.audit_logs.application_name IS 'Application that was used; null when unknown.';
COMMENT ON COLUMN audit.audit_logs.service_name IS 'Part of Portico that acted; null when it does not matter.';
COMMENT ON COLUMN audit.audit_logs.api_endpoint IS 'Address or operation that was called; null outside of requests.';
COMMENT ON COLUMN audit.audit_logs.compliance_relevant IS 'Whether the entry matters for compliance reports. Default: false.';
COMMENT ON COLUMN audit.audit_logs.retention_period_days IS 'How many days the entry is kept; 2555 days are seven years. Default: 2555.';
COMMENT ON COLUMN audit.audit_logs.additional_data IS 'Free data of integrations, as a JSON object.';
COMMENT ON COLUMN audit.audit_logs.occurred_at IS 'When it was done.';
COMMENT ON COLUMN audit.audit_logs.prev_hash IS 'Hash of the entry before in the chain; null for the first one, and until the entry is sealed.';
COMMENT ON COLUMN audit.audit_logs.hash IS 'Hash over this entry and the one before, which shows any later change; null until the entry is sealed.';
COMMENT ON CONSTRAINT audit_logs_pkey ON audit.audit_logs IS 'An audit entry is found by its organization and id.';
COMMENT ON CONSTRAINT audit_logs_organization_id_fkey ON audit.audit_logs IS 'The organization exists.';
COMMENT ON CONSTRAINT audit_logs_seq_check ON audit.audit_logs IS 'The number is positive.';
COMMENT ON CONSTRAINT audit_logs_actor_type_check ON audit.audit_logs IS 'The actor type is one of: human, ai_agent, system, api_key.';
COMMENT ON CONSTRAINT audit_logs_actor_name_check ON audit.audit_logs IS 'The name has at most 500 characters.';
COMMENT ON CONSTRAINT audit_logs_actor_email_check ON audit.audit_logs IS 'The address has at most 320 characters.';
COMMENT ON CONSTRAINT audit_logs_event_type_check ON audit.audit_logs IS 'The event type has 1 to 100 characters.';
COMMENT ON CONSTRAINT audit_logs_action_check ON audit.audit_logs IS 'The action has 1 to 200 characters.';
COMMENT ON CONSTRAINT audit_logs_action_category_check ON audit.audit_logs IS 'The action category has 1 to 100 characters.';
COMMENT ON CONSTRAINT audit_logs_resource_type_check ON audit.audit_logs IS 'The resource type has 1 to 100 characters.';
COMMENT ON CONSTRAINT audit_logs_resource_id_check ON audit.audit_logs IS 'The resource id has 1 to 200 characters.';
COMMENT ON CONSTRAINT audit_logs_resource_name_check ON audit.audit_logs IS 'The name has at most 1000 characters.';
COMMENT ON CONSTRAINT audit_logs_details_check ON audit.audit_logs IS 'The details are a JSON object.';
COMMENT ON CONSTRAINT audit_logs_risk_level_check ON audit.audit_logs IS 'The risk level is one of: low, medium, high, critical.';
COMMENT ON CONSTRAINT audit_logs_request_id_check ON audit.audit_logs IS 'The request id has 1 to 200 characters.';
COMMENT ON CONSTRAINT audit_logs_application_name_check ON audit.audit_logs IS 'The application name has 1 to 200 characters.';
COMMENT ON CONSTRAINT audit_logs_service_name_check ON audit.audit_logs IS 'The service name has 1 to 200 characters.';
COMMENT ON CONSTRAINT audit_logs_api_endpoint_check ON audit.audit_logs IS 'The api endpoint has 1 to 500 characters.';
COMMENT ON CONSTRAINT audit_logs_retention_period_days_check ON audit.audit_logs IS 'The number of days is positive.';
COMMENT ON CONSTRAINT audit_logs_additional_data_check ON audit.audit_logs IS 'The data are a JSON object.';
COMMENT ON CONSTRAINT audit_logs_sealed ON audit.audit_logs IS 'An entry is sealed completely or not at all.';
CREATE INDEX audit_logs_occurred_at_id_idx ON audit.audit_logs (organization_id, occurred_at, id);
CREATE INDEX audit_logs_seq_idx ON audit.audit_logs (organization_id, seq);
CREATE INDEX audit_logs_unsealed_idx ON audit.audit_logs (organization_id, id) WHERE seq IS NULL;
CREATE INDEX audit_logs_resource_type_resource_id_id_idx ON audit.audit_logs (organization_id, resource_type, resource_id, id);
CREATE INDEX audit_logs_actor_id_id_idx ON audit.audit_logs (organization_id, actor_id, id);
CREATE INDEX audit_logs_review_idx ON audit.audit_logs (organization_id, id) WHERE requires_review;
GRANT SELECT, INSERT, UPDATE (seq, prev_hash, hash) ON audit.audit_logs TO portico_app;
CALL ops.isolate('audit.audit_logs', 'tenant');

CREATE TABLE audit.audit_reviews (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  audit_log_id uuid NOT NULL,
  reviewed_by uuid NOT NULL,
  outcome text NOT NULL,
  notes text,
  reviewed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT audit_reviews_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT audit_reviews_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT audit_reviews_audit_log_id_fkey FOREIGN KEY (organization_id, audit_log_id) REFERENCES audit.audit_logs (organization_id, id),
  CONSTRAINT audit_reviews_outcome_check CHECK (outcome IN ('acknowledged', 'escalated')),
  CONSTRAINT audit_reviews_notes_check CHECK (length(btrim(notes)) BETWEEN 1 AND 10000)
);
COMMENT ON TABLE audit.audit_reviews IS 'What somebody concluded from looking at an audit entry. Never changed.';
COMMENT ON COLUMN audit.audit_reviews.organization_id IS 'Organization that the review belongs to.';
COMMENT ON COLUMN audit.audit_reviews.id IS 'Identity of the review, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN audit.audit_reviews.audit_log_id IS 'Entry that was looked at.';
COMMENT ON COLUMN audit.audit_reviews.reviewed_by IS 'Person who looked at it.';
COMMENT ON COLUMN audit.audit_reviews.outcome IS 'What the person concluded. One of: acknowledged, escalated.';
COMMENT ON COLUMN audit.audit_reviews.notes IS 'What the person noted; null for nothing.';
COMMENT ON COLUMN audit.audit_reviews.reviewed_at IS 'When it was looked at.';
COMMENT ON CONSTRAINT audit_reviews_pkey ON audit.audit_reviews IS 'A review is found by its organization and id.';
COMMENT ON CONSTRAINT audit_reviews_organization_id_fkey ON audit.audit_reviews IS 'The organization exists.';
COMMENT ON CONSTRAINT audit_reviews_audit_log_id_fkey ON audit.audit_reviews IS 'The audit log belongs to the same organization.';
COMMENT ON CONSTRAINT audit_reviews_outcome_check ON audit.audit_reviews IS 'The outcome is one of: acknowledged, escalated.';
COMMENT ON CONSTRAINT audit_reviews_notes_check ON audit.audit_reviews IS 'The notes has 1 to 10000 characters.';
CREATE INDEX audit_reviews_audit_log_id_reviewed_at_id_idx ON audit.audit_reviews (organization_id, audit_log_id, reviewed_at, id);
CREATE INDEX audit_reviews_reviewed_at_id_idx ON audit.audit_reviews (organization_id, reviewed_at, id);
CREATE INDEX audit_reviews_reviewed_by_reviewed_at_id_idx ON audit.audit_reviews (organization_id, reviewed_by, reviewed_at, id);
GRANT SELECT, INSERT ON audit.audit_reviews TO portico_app;
CALL ops.isolate('audit.audit_reviews', 'tenant');

CREATE FUNCTION audit.append_only() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  unsealed audit.audit_logs;
BEGIN
  IF TG_LEVEL = 'ROW' AND TG_OP = 'UPDATE' THEN
    -- Sealing fills three empty fields, once, and touches nothing else.
    IF OLD.seq IS NULL AND NEW.seq IS NOT NULL THEN
      unsealed := NEW;
      unsealed.seq := NULL;
      unsealed.prev_hash := NULL;
      unsealed.hash := NULL;
      IF unsealed IS NOT DISTINCT FROM OLD THEN
        RETURN NEW;
      END IF;
    END IF;
  END IF;
  IF TG_LEVEL = 'ROW' AND TG_OP = 'DELETE' AND ops.purging(OLD.organization_id) THEN
    RETURN OLD;
  END IF;
  PERFORM ops.refuse('Audit entries are never changed or deleted.', 'audit_logs_append_only', 'audit.audit_logs', NULL);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit.append_only() IS 'Trigger: refuses every change of an audit entry, whoever asks, but the one that seals it; it goes only with all of its organization.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.audit_logs
  FOR EACH ROW EXECUTE FUNCTION audit.append_only();
COMMENT ON TRIGGER append_only ON audit.audit_logs IS 'Nobody changes or deletes an audit entry, not even the owner.';
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON audit.audit_logs
  FOR EACH STATEMENT EXECUTE FUNCTION audit.append_only();
COMMENT ON TRIGGER append_only_all ON audit.audit_logs IS 'Nobody empties the audit log.';
SELECT ops.ensure_partitions('audit.audit_logs', now(), now() + interval '3 months');
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.audit_reviews
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('audit_reviews');
COMMENT ON TRIGGER append_only ON audit.audit_reviews IS 'A review is a fact: never changed or deleted.';
CREATE TRIGGER append_only_all BEFORE TRUNCATE ON audit.audit_reviews
  FOR EACH STATEMENT EXECUTE FUNCTION ops.append_only('audit_reviews');
COMMENT ON TRIGGER append_only_all ON audit.audit_reviews IS 'Nobody empties the table.';

GRANT SELECT (organization_id, id, seq) ON audit.audit_logs TO portico_worker;
CREATE POLICY audit_logs_worker ON audit.audit_logs FOR SELECT TO portico_worker USING (seq IS NULL);
COMMENT ON POLICY audit_logs_worker ON audit.audit_logs IS 'Background work finds the organizations that have entries to seal.';

-- Written so, their bodies were read when they were made: names are bound, and without settings of their own they are put
-- in place of their calls.
CREATE FUNCTION audit.actor_name(person uuid, api_key uuid, otherwise text) RETURNS text LANGUAGE sql STABLE
RETURN left(coalesce(
  (SELECT k.name FROM identity.api_keys k WHERE k.id = api_key),
  (SELECT coalesce(nullif(btrim(u.display_name), ''), nullif(concat_ws(' ', u.first_name, u.last_name), ''), u.email)
   FROM identity.users u WHERE u.id = person),
  otherwise), 500);
COMMENT ON FUNCTION audit.actor_name(uuid, uuid, text) IS 'What a key, or else a person, is called at this moment; the last argument where neither acts.';
CREATE FUNCTION audit.actor_email(person uuid) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT u.email FROM identity.users u WHERE u.id = person);
COMMENT ON FUNCTION audit.actor_email(uuid) IS 'The address of a person at this moment; null where none acts.';
