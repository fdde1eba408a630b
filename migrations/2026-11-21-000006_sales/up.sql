-- Customers, pipelines and deals.

CREATE TABLE sales.accounts (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  domain text,
  vertical text,
  owner_id uuid,
  external_system text,
  external_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  deleted_at timestamptz,
  CONSTRAINT accounts_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT accounts_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT accounts_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 500),
  CONSTRAINT accounts_domain_check CHECK (length(btrim(domain)) BETWEEN 1 AND 253),
  CONSTRAINT accounts_vertical_check CHECK (length(btrim(vertical)) BETWEEN 1 AND 200),
  CONSTRAINT accounts_owner_id_fkey FOREIGN KEY (organization_id, owner_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT accounts_external_system_check CHECK (length(btrim(external_system)) BETWEEN 1 AND 100),
  CONSTRAINT accounts_external_id_check CHECK (length(btrim(external_id)) BETWEEN 1 AND 200),
  CONSTRAINT accounts_external CHECK (((external_system IS NULL) = (external_id IS NULL)))
);
COMMENT ON TABLE sales.accounts IS 'A customer, or a company that may become one.';
COMMENT ON COLUMN sales.accounts.organization_id IS 'Organization that the account belongs to.';
COMMENT ON COLUMN sales.accounts.id IS 'Identity of the account, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN sales.accounts.name IS 'Name of the company.';
COMMENT ON COLUMN sales.accounts.domain IS 'Internet domain of the company; null when unknown.';
COMMENT ON COLUMN sales.accounts.vertical IS 'Industry of the company; null when not told.';
COMMENT ON COLUMN sales.accounts.owner_id IS 'Person who looks after the company; null for nobody.';
COMMENT ON COLUMN sales.accounts.external_system IS 'System that the record comes from, such as salesforce; null when made here.';
COMMENT ON COLUMN sales.accounts.external_id IS 'Id of the record in that system; null when made here.';
COMMENT ON COLUMN sales.accounts.created_at IS 'When the account was created.';
COMMENT ON COLUMN sales.accounts.updated_at IS 'When the account was last changed.';
COMMENT ON COLUMN sales.accounts.revision IS 'Version of the account: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON COLUMN sales.accounts.deleted_at IS 'When the account was deleted; null while it lives.';
COMMENT ON CONSTRAINT accounts_pkey ON sales.accounts IS 'An account is found by its organization and id.';
COMMENT ON CONSTRAINT accounts_organization_id_fkey ON sales.accounts IS 'The organization exists.';
COMMENT ON CONSTRAINT accounts_name_check ON sales.accounts IS 'The name has 1 to 500 characters.';
COMMENT ON CONSTRAINT accounts_domain_check ON sales.accounts IS 'The domain has 1 to 253 characters.';
COMMENT ON CONSTRAINT accounts_vertical_check ON sales.accounts IS 'The vertical has 1 to 200 characters.';
COMMENT ON CONSTRAINT accounts_owner_id_fkey ON sales.accounts IS 'The owner is a member of the same organization.';
COMMENT ON CONSTRAINT accounts_external_system_check ON sales.accounts IS 'The external system has 1 to 100 characters.';
COMMENT ON CONSTRAINT accounts_external_id_check ON sales.accounts IS 'The external id has 1 to 200 characters.';
COMMENT ON CONSTRAINT accounts_external ON sales.accounts IS 'An external id is given together with its system.';
CREATE INDEX accounts_owner_id_name_id_idx ON sales.accounts (organization_id, owner_id, name, id);
CREATE INDEX accounts_created_at_id_idx ON sales.accounts (organization_id, created_at, id);
CREATE INDEX accounts_name_id_idx ON sales.accounts (organization_id, name, id);
CREATE INDEX accounts_living_idx ON sales.accounts (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX accounts_external_id_key ON sales.accounts (organization_id, external_system, external_id) WHERE deleted_at IS NULL AND external_id IS NOT NULL;
COMMENT ON INDEX sales.accounts_external_id_key IS 'A record of another system exists once among the living.';
CREATE TRIGGER touch BEFORE UPDATE OF name, domain, vertical, owner_id, external_system, external_id, deleted_at ON sales.accounts FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON sales.accounts IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, domain, vertical, owner_id, external_system, external_id, deleted_at) ON sales.accounts TO portico_app;
CALL ops.isolate('sales.accounts', 'tenant');

CREATE TABLE sales.pipelines (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  is_default boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pipelines_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT pipelines_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT pipelines_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200)
);
COMMENT ON TABLE sales.pipelines IS 'A way that deals go from the first contact to being won or lost, in stages.';
COMMENT ON COLUMN sales.pipelines.organization_id IS 'Organization that the pipeline belongs to.';
COMMENT ON COLUMN sales.pipelines.id IS 'Identity of the pipeline, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN sales.pipelines.name IS 'Name of the pipeline. Unique in the organization.';
COMMENT ON COLUMN sales.pipelines.is_default IS 'Whether new deals start in this pipeline unless told otherwise; true for at most one. Default: false.';
COMMENT ON COLUMN sales.pipelines.created_at IS 'When the pipeline was created.';
COMMENT ON CONSTRAINT pipelines_pkey ON sales.pipelines IS 'A pipeline is found by its organization and id.';
COMMENT ON CONSTRAINT pipelines_organization_id_fkey ON sales.pipelines IS 'The organization exists.';
COMMENT ON CONSTRAINT pipelines_name_check ON sales.pipelines IS 'The name has 1 to 200 characters.';
CREATE INDEX pipelines_created_at_id_idx ON sales.pipelines (organization_id, created_at, id);
CREATE UNIQUE INDEX pipelines_name_key ON sales.pipelines (organization_id, name);
COMMENT ON INDEX sales.pipelines_name_key IS 'No two pipelines of an organization share a name.';
CREATE UNIQUE INDEX pipelines_is_default_key ON sales.pipelines (organization_id) WHERE is_default;
COMMENT ON INDEX sales.pipelines_is_default_key IS 'An organization has at most one default pipeline.';
GRANT SELECT, INSERT, UPDATE (name, is_default) ON sales.pipelines TO portico_app;
CALL ops.isolate('sales.pipelines', 'tenant');

CREATE TABLE sales.pipeline_stages (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  pipeline_id uuid NOT NULL,
  name text NOT NULL,
  kind text NOT NULL DEFAULT 'open',
  position integer NOT NULL,
  default_probability numeric(5,2),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT pipeline_stages_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT pipeline_stages_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT pipeline_stages_pipeline_id_fkey FOREIGN KEY (organization_id, pipeline_id) REFERENCES sales.pipelines (organization_id, id),
  CONSTRAINT pipeline_stages_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT pipeline_stages_kind_check CHECK (kind IN ('open', 'won', 'lost')),
  CONSTRAINT pipeline_stages_position_check CHECK (position >= 0),
  CONSTRAINT pipeline_stages_default_probability_check CHECK (default_probability BETWEEN 0 AND 100)
);
COMMENT ON TABLE sales.pipeline_stages IS 'A step of a pipeline, open or final.';
COMMENT ON COLUMN sales.pipeline_stages.organization_id IS 'Organization that the stage belongs to.';
COMMENT ON COLUMN sales.pipeline_stages.id IS 'Identity of the stage, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN sales.pipeline_stages.pipeline_id IS 'Pipeline that the stage is part of.';
COMMENT ON COLUMN sales.pipeline_stages.name IS 'Name of the stage. Unique in the pipeline.';
COMMENT ON COLUMN sales.pipeline_stages.kind IS 'Whether deals in the stage are still open, or won or lost. One of: open, won, lost. Default: open.';
COMMENT ON COLUMN sales.pipeline_stages.position IS 'Place of the stage in its pipeline, counted from 0.';
COMMENT ON COLUMN sales.pipeline_stages.default_probability IS 'Probability of winning that deals take on when they enter the stage, in percent; null leaves theirs.';
COMMENT ON COLUMN sales.pipeline_stages.created_at IS 'When the stage was created.';
COMMENT ON CONSTRAINT pipeline_stages_pkey ON sales.pipeline_stages IS 'A stage is found by its organization and id.';
COMMENT ON CONSTRAINT pipeline_stages_organization_id_fkey ON sales.pipeline_stages IS 'The organization exists.';
COMMENT ON CONSTRAINT pipeline_stages_pipeline_id_fkey ON sales.pipeline_stages IS 'The pipeline belongs to the same organization.';
COMMENT ON CONSTRAINT pipeline_stages_name_check ON sales.pipeline_stages IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT pipeline_stages_kind_check ON sales.pipeline_stages IS 'The kind is one of: open, won, lost.';
COMMENT ON CONSTRAINT pipeline_stages_position_check ON sales.pipeline_stages IS 'The position is not negative.';
COMMENT ON CONSTRAINT pipeline_stages_default_probability_check ON sales.pipeline_stages IS 'The probability lies between 0 and 100.';
CREATE INDEX pipeline_stages_created_at_id_idx ON sales.pipeline_stages (organization_id, created_at, id);
CREATE INDEX pipeline_stages_pipeline_id_position_idx ON sales.pipeline_stages (organization_id, pipeline_id, position);
CREATE UNIQUE INDEX pipeline_stages_name_key ON sales.pipeline_stages (organization_id, pipeline_id, name);
COMMENT ON INDEX sales.pipeline_stages_name_key IS 'No two stages of a pipeline share a name.';
GRANT SELECT, INSERT, UPDATE (name, position, default_probability) ON sales.pipeline_stages TO portico_app;
CALL ops.isolate('sales.pipeline_stages', 'tenant');

CREATE TABLE sales.deals (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  external_deal_id text,
  external_system text,
  name text,
  account_id uuid,
  region text NOT NULL,
  segment text NOT NULL,
  lob text NOT NULL,
  vertical text,
  revenue_type text,
  pipeline_id uuid NOT NULL,
  stage_id uuid NOT NULL,
  status text NOT NULL DEFAULT 'open',
  stage_entered_at timestamptz NOT NULL DEFAULT now(),
  value numeric(20,2) NOT NULL,
  currency text NOT NULL DEFAULT 'USD',
  probability numeric(5,2) NOT NULL,
  weighted_value numeric(20,2) NOT NULL GENERATED ALWAYS AS (round(value * probability / 100, 2)) STORED,
  pipeline_entered_at timestamptz NOT NULL DEFAULT now(),
  expected_close_date date,
  actual_close_date date,
  owner_id uuid,
  channel text,
  campaign_source text,
  close_reason text,
  competitor_lost_to text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  synced_at timestamptz,
  deleted_at timestamptz,
  CONSTRAINT deals_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT deals_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT deals_external_deal_id_check CHECK (length(btrim(external_deal_id)) BETWEEN 1 AND 200),
  CONSTRAINT deals_external_system_check CHECK (length(btrim(external_system)) BETWEEN 1 AND 100),
  CONSTRAINT deals_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 500),
  CONSTRAINT deals_account_id_fkey FOREIGN KEY (organization_id, account_id) REFERENCES sales.accounts (organization_id, id),
  CONSTRAINT deals_region_check CHECK (region IN ('north_america', 'europe', 'middle_east', 'asia_pacific', 'latin_america')),
  CONSTRAINT deals_segment_check CHECK (segment IN ('enterprise', 'mid_market', 'smb')),
  CONSTRAINT deals_lob_check CHECK (lob IN ('software', 'services')),
  CONSTRAINT deals_vertical_check CHECK (length(btrim(vertical)) BETWEEN 1 AND 200),
  CONSTRAINT deals_revenue_type_check CHECK (length(btrim(revenue_type)) BETWEEN 1 AND 100),
  CONSTRAINT deals_pipeline_id_fkey FOREIGN KEY (organization_id, pipeline_id) REFERENCES sales.pipelines (organization_id, id),
  CONSTRAINT deals_stage_id_fkey FOREIGN KEY (organization_id, stage_id) REFERENCES sales.pipeline_stages (organization_id, id),
  CONSTRAINT deals_status_check CHECK (status IN ('open', 'won', 'lost')),
  CONSTRAINT deals_value_check CHECK (value >= 0),
  CONSTRAINT deals_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT deals_probability_check CHECK (probability BETWEEN 0 AND 100),
  CONSTRAINT deals_owner_id_fkey FOREIGN KEY (organization_id, owner_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT deals_channel_check CHECK (length(btrim(channel)) BETWEEN 1 AND 200),
  CONSTRAINT deals_campaign_source_check CHECK (length(btrim(campaign_source)) BETWEEN 1 AND 200),
  CONSTRAINT deals_close_reason_check CHECK (length(btrim(close_reason)) BETWEEN 1 AND 2000),
  CONSTRAINT deals_competitor_lost_to_check CHECK (length(btrim(competitor_lost_to)) BETWEEN 1 AND 200),
  CONSTRAINT deals_external CHECK (((external_system IS NULL) = (external_deal_id IS NULL))),
  CONSTRAINT deals_closed CHECK (((status = 'open') = (actual_close_date IS NULL))),
  CONSTRAINT deals_close_reason_required CHECK (status <> 'lost' OR close_reason IS NOT NULL)
);
COMMENT ON TABLE sales.deals IS 'A sale that is being worked on, won or lost.';
COMMENT ON COLUMN sales.deals.organization_id IS 'Organization that the deal belongs to.';
COMMENT ON COLUMN sales.deals.id IS 'Identity of the deal, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN sales.deals.external_deal_id IS 'Id of the deal in the system it comes from; null when made here.';
COMMENT ON COLUMN sales.deals.external_system IS 'System that the deal comes from, such as salesforce; null when made here.';
COMMENT ON COLUMN sales.deals.name IS 'Name of the deal; null when not told.';
COMMENT ON COLUMN sales.deals.account_id IS 'Customer that the deal is with; null when not known yet.';
COMMENT ON COLUMN sales.deals.region IS 'Region that the deal is made in. Some roles see deals of one region only. One of: north_america, europe, middle_east, asia_pacific, latin_america.';
COMMENT ON COLUMN sales.deals.segment IS 'Size of the customer. One of: enterprise, mid_market, smb.';
COMMENT ON COLUMN sales.deals.lob IS 'Line of business that sells. One of: software, services.';
COMMENT ON COLUMN sales.deals.vertical IS 'Industry of the customer; null when not told.';
COMMENT ON COLUMN sales.deals.revenue_type IS 'Kind of revenue, such as new, renewal or expansion; null when not told.';
COMMENT ON COLUMN sales.deals.pipeline_id IS 'Pipeline that the deal goes through.';
COMMENT ON COLUMN sales.deals.stage_id IS 'Stage that the deal has reached; a stage of its pipeline.';
COMMENT ON COLUMN sales.deals.status IS 'Whether the deal is open, won or lost; follows from the stage. One of: open, won, lost. Default: open.';
COMMENT ON COLUMN sales.deals.stage_entered_at IS 'When the deal entered its stage; kept by the database.';
COMMENT ON COLUMN sales.deals.value IS 'What the deal is worth, in its currency.';
COMMENT ON COLUMN sales.deals.currency IS 'Currency of the value, as an ISO 4217 code. Default: USD.';
COMMENT ON COLUMN sales.deals.probability IS 'Probability of winning, in percent; taken from the stage when the deal enters it, unless told otherwise.';
COMMENT ON COLUMN sales.deals.weighted_value IS 'Value times probability, in the deal''s currency; kept by the database.';
COMMENT ON COLUMN sales.deals.pipeline_entered_at IS 'When the deal entered its pipeline.';
COMMENT ON COLUMN sales.deals.expected_close_date IS 'Day on which the deal should be decided; null when not known.';
COMMENT ON COLUMN sales.deals.actual_close_date IS 'Day on which the deal was won or lost; null while it is open. Today when the deal enters a final stage, unless told otherwise.';
COMMENT ON COLUMN sales.deals.owner_id IS 'Person who works on the deal; null for nobody.';
COMMENT ON COLUMN sales.deals.channel IS 'Way by which the deal came, such as direct or partner; null when not told.';
COMMENT ON COLUMN sales.deals.campaign_source IS 'Campaign that brought the deal; null for none.';
COMMENT ON COLUMN sales.deals.close_reason IS 'Why the deal was won or lost; must be told for a lost one, null while it is open.';
COMMENT ON COLUMN sales.deals.competitor_lost_to IS 'Competitor that got the deal; null when none did or nobody knows.';
COMMENT ON COLUMN sales.deals.created_at IS 'When the deal was created.';
COMMENT ON COLUMN sales.deals.updated_at IS 'When the deal was last changed.';
COMMENT ON COLUMN sales.deals.revision IS 'Version of the deal: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON COLUMN sales.deals.synced_at IS 'When the deal was last compared with the system it comes from; null when made here.';
COMMENT ON COLUMN sales.deals.deleted_at IS 'When the deal was deleted; null while it lives.';
COMMENT ON CONSTRAINT deals_pkey ON sales.deals IS 'A deal is found by its organization and id.';
COMMENT ON CONSTRAINT deals_organization_id_fkey ON sales.deals IS 'The organization exists.';
COMMENT ON CONSTRAINT deals_external_deal_id_check ON sales.deals IS 'The external deal id has 1 to 200 characters.';
COMMENT ON CONSTRAINT deals_external_system_check ON sales.deals IS 'The external system has 1 to 100 characters.';
COMMENT ON CONSTRAINT deals_name_check ON sales.deals IS 'The name has 1 to 500 characters.';
COMMENT ON CONSTRAINT deals_account_id_fkey ON sales.deals IS 'The account belongs to the same organization.';
COMMENT ON CONSTRAINT deals_region_check ON sales.deals IS 'The region is one of: north_america, europe, middle_east, asia_pacific, latin_america.';
COMMENT ON CONSTRAINT deals_segment_check ON sales.deals IS 'The segment is one of: enterprise, mid_market, smb.';
COMMENT ON CONSTRAINT deals_lob_check ON sales.deals IS 'The lob is one of: software, services.';
COMMENT ON CONSTRAINT deals_vertical_check ON sales.deals IS 'The vertical has 1 to 200 characters.';
COMMENT ON CONSTRAINT deals_revenue_type_check ON sales.deals IS 'The revenue type has 1 to 100 characters.';
COMMENT ON CONSTRAINT deals_pipeline_id_fkey ON sales.deals IS 'The pipeline belongs to the same organization.';
COMMENT ON CONSTRAINT deals_stage_id_fkey ON sales.deals IS 'The stage belongs to the same organization.';
COMMENT ON CONSTRAINT deals_status_check ON sales.deals IS 'The status is one of: open, won, lost.';
COMMENT ON CONSTRAINT deals_value_check ON sales.deals IS 'The value is not negative.';
COMMENT ON CONSTRAINT deals_currency_check ON sales.deals IS 'The currency is an ISO 4217 code of three letters.';
COMMENT ON CONSTRAINT deals_probability_check ON sales.deals IS 'The probability lies between 0 and 100.';
COMMENT ON CONSTRAINT deals_owner_id_fkey ON sales.deals IS 'The owner is a member of the same organization.';
COMMENT ON CONSTRAINT deals_channel_check ON sales.deals IS 'The channel has 1 to 200 characters.';
COMMENT ON CONSTRAINT deals_campaign_source_check ON sales.deals IS 'The campaign source has 1 to 200 characters.';
COMMENT ON CONSTRAINT deals_close_reason_check ON sales.deals IS 'The close reason has 1 to 2000 characters.';
COMMENT ON CONSTRAINT deals_competitor_lost_to_check ON sales.deals IS 'The competitor lost to has 1 to 200 characters.';
COMMENT ON CONSTRAINT deals_external ON sales.deals IS 'An external id is given together with its system.';
COMMENT ON CONSTRAINT deals_closed ON sales.deals IS 'A won or lost deal, and no other, tells on which day that was.';
COMMENT ON CONSTRAINT deals_close_reason_required ON sales.deals IS 'A lost deal tells why.';
CREATE INDEX deals_account_id_created_at_id_idx ON sales.deals (organization_id, account_id, created_at, id);
CREATE INDEX deals_pipeline_id_created_at_id_idx ON sales.deals (organization_id, pipeline_id, created_at, id);
CREATE INDEX deals_owner_id_created_at_id_idx ON sales.deals (organization_id, owner_id, created_at, id);
CREATE INDEX deals_created_at_id_idx ON sales.deals (organization_id, created_at, id);
CREATE INDEX deals_stage_id_created_at_id_idx ON sales.deals (organization_id, stage_id, created_at, id);
CREATE INDEX deals_stage_id_value_id_idx ON sales.deals (organization_id, stage_id, value, id);
CREATE INDEX deals_value_id_idx ON sales.deals (organization_id, value, id);
CREATE INDEX deals_expected_close_date_id_idx ON sales.deals (organization_id, expected_close_date, id);
CREATE INDEX deals_region_created_at_id_idx ON sales.deals (organization_id, region, created_at, id);
CREATE INDEX deals_status_created_at_id_idx ON sales.deals (organization_id, status, created_at, id);
CREATE INDEX deals_updated_idx ON sales.deals (organization_id, updated_at, id);
CREATE INDEX deals_living_idx ON sales.deals (organization_id, created_at, id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX deals_external_deal_id_key ON sales.deals (organization_id, external_system, external_deal_id) WHERE deleted_at IS NULL AND external_deal_id IS NOT NULL;
COMMENT ON INDEX sales.deals_external_deal_id_key IS 'A deal of another system exists once among the living.';
CREATE TRIGGER touch BEFORE UPDATE OF external_deal_id, external_system, name, account_id, region, segment, lob, vertical, revenue_type, pipeline_id, stage_id, status, stage_entered_at, value, currency, probability, pipeline_entered_at, expected_close_date, actual_close_date, owner_id, channel, campaign_source, close_reason, competitor_lost_to, deleted_at ON sales.deals FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON sales.deals IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (external_deal_id, external_system, name, account_id, region, segment, lob, vertical, revenue_type, pipeline_id, stage_id, value, currency, probability, expected_close_date, actual_close_date, owner_id, channel, campaign_source, close_reason, competitor_lost_to, synced_at, deleted_at) ON sales.deals TO portico_app;
CALL ops.isolate('sales.deals', 'tenant');

CREATE TABLE sales.deal_history (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  deal_id uuid NOT NULL,
  field_changed text NOT NULL,
  old_value text,
  new_value text,
  changed_by uuid,
  change_source text NOT NULL DEFAULT 'user',
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT deal_history_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT deal_history_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT deal_history_deal_id_fkey FOREIGN KEY (organization_id, deal_id) REFERENCES sales.deals (organization_id, id),
  CONSTRAINT deal_history_field_changed_check CHECK (length(btrim(field_changed)) BETWEEN 1 AND 100),
  CONSTRAINT deal_history_change_source_check CHECK (change_source IN ('user', 'sync', 'system', 'ai'))
);
COMMENT ON TABLE sales.deal_history IS 'One change of one field of a deal: what it was, what it became, who changed it. Written by the database, never changed.';
COMMENT ON COLUMN sales.deal_history.organization_id IS 'Organization that the deal change belongs to.';
COMMENT ON COLUMN sales.deal_history.id IS 'Identity of the deal change, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN sales.deal_history.deal_id IS 'Deal that was changed.';
COMMENT ON COLUMN sales.deal_history.field_changed IS 'Field that was changed, by its column name.';
COMMENT ON COLUMN sales.deal_history.old_value IS 'Value before the change, as text; null when there was none.';
COMMENT ON COLUMN sales.deal_history.new_value IS 'Value after the change, as text; null when there is none.';
COMMENT ON COLUMN sales.deal_history.changed_by IS 'Person who made the change; null when no person did.';
COMMENT ON COLUMN sales.deal_history.change_source IS 'What kind of actor made the change. One of: user, sync, system, ai. Default: user.';
COMMENT ON COLUMN sales.deal_history.changed_at IS 'When the change was made.';
COMMENT ON CONSTRAINT deal_history_pkey ON sales.deal_history IS 'A deal change is found by its organization and id.';
COMMENT ON CONSTRAINT deal_history_organization_id_fkey ON sales.deal_history IS 'The organization exists.';
COMMENT ON CONSTRAINT deal_history_deal_id_fkey ON sales.deal_history IS 'The deal belongs to the same organization.';
COMMENT ON CONSTRAINT deal_history_field_changed_check ON sales.deal_history IS 'The field changed has 1 to 100 characters.';
COMMENT ON CONSTRAINT deal_history_change_source_check ON sales.deal_history IS 'The change source is one of: user, sync, system, ai.';
CREATE INDEX deal_history_deal_id_changed_at_id_idx ON sales.deal_history (organization_id, deal_id, changed_at, id);
CREATE INDEX deal_history_changed_at_id_idx ON sales.deal_history (organization_id, changed_at, id);
CREATE INDEX deal_history_changed_by_idx ON sales.deal_history (organization_id, changed_by);
GRANT SELECT, INSERT ON sales.deal_history TO portico_app;
CALL ops.isolate('sales.deal_history', 'tenant');

CREATE POLICY row_scope ON sales.deals AS RESTRICTIVE FOR ALL USING (
  (SELECT nullif(current_setting('app.region', true), '')) IS NULL
  OR region = (SELECT nullif(current_setting('app.region', true), '')));
COMMENT ON POLICY row_scope ON sales.deals IS 'People limited to a region have only its deals.';
CREATE POLICY row_scope ON sales.deal_history AS RESTRICTIVE FOR SELECT USING (
  (SELECT nullif(current_setting('app.region', true), '')) IS NULL
  OR EXISTS (SELECT FROM sales.deals d WHERE d.organization_id = deal_history.organization_id AND d.id = deal_history.deal_id OFFSET 0));
COMMENT ON POLICY row_scope ON sales.deal_history IS 'Changes are seen with their deal.';

CREATE FUNCTION sales.advance_deal() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  stage record;
  moved boolean := TG_OP = 'INSERT' OR (NEW.stage_id, NEW.pipeline_id) IS DISTINCT FROM (OLD.stage_id, OLD.pipeline_id);
BEGIN
  IF NOT moved THEN
    NEW.status := OLD.status;
    IF NEW.status = 'lost' AND NEW.close_reason IS NULL THEN
      PERFORM ops.refuse('A lost deal must tell why it was lost.', 'deals_close_reason_required', 'sales.deals', 'close_reason');
    END IF;
    RETURN NEW;
  END IF;
  SELECT s.pipeline_id, s.kind, s.default_probability INTO stage FROM sales.pipeline_stages s
  WHERE s.organization_id = NEW.organization_id AND s.id = NEW.stage_id;
  IF NOT FOUND THEN
    PERFORM ops.refuse('There is no such stage.', 'deals_stage_id_fkey', 'sales.deals', 'stage_id', '23503');
  ELSIF stage.pipeline_id <> NEW.pipeline_id THEN
    PERFORM ops.refuse('The stage is not part of the deal''s pipeline.', 'deals_stage_of_pipeline', 'sales.deals', 'stage_id');
  END IF;
  NEW.status := stage.kind;
  IF TG_OP = 'INSERT' THEN
    NEW.probability := coalesce(NEW.probability, stage.default_probability,
      CASE stage.kind WHEN 'won' THEN 100 ELSE 0 END);
  ELSE
    NEW.stage_entered_at := now();
    IF NEW.pipeline_id <> OLD.pipeline_id THEN
      NEW.pipeline_entered_at := now();
    END IF;
    IF NEW.probability IS NOT DISTINCT FROM OLD.probability THEN
      NEW.probability := coalesce(stage.default_probability, NEW.probability);
    END IF;
    -- What was told about one end does not hold for another, nor for a deal that is open again.
    IF NEW.status <> OLD.status THEN
      IF NEW.actual_close_date IS NOT DISTINCT FROM OLD.actual_close_date THEN NEW.actual_close_date := NULL; END IF;
      IF NEW.close_reason IS NOT DISTINCT FROM OLD.close_reason THEN NEW.close_reason := NULL; END IF;
      IF NEW.competitor_lost_to IS NOT DISTINCT FROM OLD.competitor_lost_to THEN NEW.competitor_lost_to := NULL; END IF;
    END IF;
  END IF;
  IF NEW.status = 'open' THEN
    IF TG_OP = 'UPDATE' AND OLD.status <> 'open' THEN
      NEW.actual_close_date := NULL;
      NEW.close_reason := NULL;
      NEW.competitor_lost_to := NULL;
    END IF;
  ELSE
    NEW.actual_close_date := coalesce(NEW.actual_close_date, (now() AT TIME ZONE 'UTC')::date);
    IF NEW.status = 'lost' AND NEW.close_reason IS NULL THEN
      PERFORM ops.refuse('A lost deal must tell why it was lost.', 'deals_close_reason_required', 'sales.deals', 'close_reason');
    END IF;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION sales.advance_deal() IS 'Trigger: a stage brings its status, time and probability with it; an end brings a date and, if lost, needs a reason; reopening clears both.';
CREATE TRIGGER advance_deal BEFORE INSERT OR UPDATE ON sales.deals
  FOR EACH ROW EXECUTE FUNCTION sales.advance_deal();
COMMENT ON TRIGGER advance_deal ON sales.deals IS 'Keeps everything that follows from the stage of a deal.';

CREATE FUNCTION sales.record_deal_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO sales.deal_history (organization_id, id, deal_id, field_changed, old_value, new_value, changed_by, change_source)
  SELECT NEW.organization_id, ops.uuid_v7(), NEW.id, n.key, o.value, n.value, ops.actor(),
    coalesce(nullif(current_setting('app.change_source', true), ''), 'system')
  FROM jsonb_each_text(to_jsonb(NEW)) n JOIN jsonb_each_text(to_jsonb(OLD)) o ON o.key = n.key
  WHERE o.value IS DISTINCT FROM n.value
    AND n.key <> ALL (ARRAY['updated_at', 'revision', 'synced_at', 'synced_revision', 'stage_entered_at', 'pipeline_entered_at', 'weighted_value']);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION sales.record_deal_change() IS 'Trigger: writes one line of history for every changed field of a deal, with the person and the kind of actor.';
CREATE TRIGGER record_deal_change AFTER UPDATE ON sales.deals
  FOR EACH ROW EXECUTE FUNCTION sales.record_deal_change();
COMMENT ON TRIGGER record_deal_change ON sales.deals IS 'Writes the history of deals.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON sales.deal_history
  FOR EACH ROW EXECUTE FUNCTION ops.append_only('deal_history');
COMMENT ON TRIGGER append_only ON sales.deal_history IS 'History is a fact: never changed or deleted.';
