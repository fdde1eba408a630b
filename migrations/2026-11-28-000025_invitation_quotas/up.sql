-- How many invitations an organization may send: a mail to strangers in its name.

CREATE TABLE identity.invitation_quotas (
  organization_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  sent integer NOT NULL,
  CONSTRAINT invitation_quotas_pkey PRIMARY KEY (organization_id),
  CONSTRAINT invitation_quotas_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT invitation_quotas_sent CHECK (sent BETWEEN 1 AND 100)
);
COMMENT ON TABLE identity.invitation_quotas IS 'Counts how many invitations an organization has sent within the hour.';
COMMENT ON COLUMN identity.invitation_quotas.organization_id IS 'Organization that sends.';
COMMENT ON COLUMN identity.invitation_quotas.hour IS 'Hour that is counted, by its beginning; a later one begins anew.';
COMMENT ON COLUMN identity.invitation_quotas.sent IS 'How many were sent within it, those that were sent again included.';
COMMENT ON CONSTRAINT invitation_quotas_pkey ON identity.invitation_quotas IS 'One hour of an organization is counted at a time.';
COMMENT ON CONSTRAINT invitation_quotas_organization_id_fkey ON identity.invitation_quotas IS 'The organization exists.';
COMMENT ON CONSTRAINT invitation_quotas_sent ON identity.invitation_quotas IS 'An organization sends at most 100 invitations an hour.';
GRANT SELECT, INSERT, UPDATE (hour, sent) ON identity.invitation_quotas TO portico_app;
CALL ops.isolate('identity.invitation_quotas', 'tenant');

-- Whoever counts holds the row until the end: of several at once none is counted too few, and none that was not sent.
CREATE FUNCTION identity.count_invitation() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO identity.invitation_quotas AS q (organization_id, hour, sent)
  VALUES (NEW.organization_id, date_trunc('hour', now()), 1)
  ON CONFLICT (organization_id) DO UPDATE SET
    hour = greatest(q.hour, excluded.hour),
    sent = CASE WHEN q.hour < excluded.hour THEN 1 ELSE q.sent + 1 END;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity.count_invitation() IS 'Trigger: counts the invitations that an organization sends.';
CREATE TRIGGER count_invitation BEFORE INSERT OR UPDATE OF sent_at ON identity.invitations
  FOR EACH ROW EXECUTE FUNCTION identity.count_invitation();
COMMENT ON TRIGGER count_invitation ON identity.invitations IS 'Refuses to send more than an organization may within an hour.';
