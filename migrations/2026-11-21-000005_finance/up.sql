-- Cost centers, departments, budgets and their lines.

CREATE TABLE finance.cost_centers (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  description text,
  code text,
  parent_cost_center_id uuid,
  monthly_budget numeric(20,2),
  annual_budget numeric(20,2),
  manager_id uuid,
  is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT cost_centers_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT cost_centers_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT cost_centers_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT cost_centers_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 5000),
  CONSTRAINT cost_centers_code_check CHECK (length(btrim(code)) BETWEEN 1 AND 50),
  CONSTRAINT cost_centers_parent_cost_center_id_fkey FOREIGN KEY (organization_id, parent_cost_center_id) REFERENCES finance.cost_centers (organization_id, id),
  CONSTRAINT cost_centers_monthly_budget_check CHECK (monthly_budget >= 0),
  CONSTRAINT cost_centers_annual_budget_check CHECK (annual_budget >= 0),
  CONSTRAINT cost_centers_manager_id_fkey FOREIGN KEY (organization_id, manager_id) REFERENCES identity.memberships (organization_id, user_id)
);
COMMENT ON TABLE finance.cost_centers IS 'A place that costs are booked to; cost centers form a tree.';
COMMENT ON COLUMN finance.cost_centers.organization_id IS 'Organization that the cost center belongs to.';
COMMENT ON COLUMN finance.cost_centers.id IS 'Identity of the cost center, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN finance.cost_centers.name IS 'Name of the cost center.';
COMMENT ON COLUMN finance.cost_centers.description IS 'What the cost center is for; null when not told.';
COMMENT ON COLUMN finance.cost_centers.code IS 'Short code in bookkeeping; null for none. Unique in the organization.';
COMMENT ON COLUMN finance.cost_centers.parent_cost_center_id IS 'Cost center that this one is part of; null at the top.';
COMMENT ON COLUMN finance.cost_centers.monthly_budget IS 'Money planned per month, in the organization''s currency; null when none is planned.';
COMMENT ON COLUMN finance.cost_centers.annual_budget IS 'Money planned per year, in the organization''s currency; null when none is planned.';
COMMENT ON COLUMN finance.cost_centers.manager_id IS 'Person who is responsible for the costs; null for nobody.';
COMMENT ON COLUMN finance.cost_centers.is_active IS 'Whether costs may still be booked. Default: true.';
COMMENT ON COLUMN finance.cost_centers.created_at IS 'When the cost center was created.';
COMMENT ON COLUMN finance.cost_centers.updated_at IS 'When the cost center was last changed.';
COMMENT ON COLUMN finance.cost_centers.revision IS 'Version of the cost center: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT cost_centers_pkey ON finance.cost_centers IS 'A cost center is found by its organization and id.';
COMMENT ON CONSTRAINT cost_centers_organization_id_fkey ON finance.cost_centers IS 'The organization exists.';
COMMENT ON CONSTRAINT cost_centers_name_check ON finance.cost_centers IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT cost_centers_description_check ON finance.cost_centers IS 'The description has 1 to 5000 characters.';
COMMENT ON CONSTRAINT cost_centers_code_check ON finance.cost_centers IS 'The code has 1 to 50 characters.';
COMMENT ON CONSTRAINT cost_centers_parent_cost_center_id_fkey ON finance.cost_centers IS 'The parent cost center belongs to the same organization.';
COMMENT ON CONSTRAINT cost_centers_monthly_budget_check ON finance.cost_centers IS 'The monthly budget is not negative.';
COMMENT ON CONSTRAINT cost_centers_annual_budget_check ON finance.cost_centers IS 'The annual budget is not negative.';
COMMENT ON CONSTRAINT cost_centers_manager_id_fkey ON finance.cost_centers IS 'The manager is a member of the same organization.';
CREATE INDEX cost_centers_parent_cost_center_id_name_id_idx ON finance.cost_centers (organization_id, parent_cost_center_id, name, id);
CREATE INDEX cost_centers_manager_id_name_id_idx ON finance.cost_centers (organization_id, manager_id, name, id);
CREATE INDEX cost_centers_created_at_id_idx ON finance.cost_centers (organization_id, created_at, id);
CREATE INDEX cost_centers_name_id_idx ON finance.cost_centers (organization_id, name, id);
CREATE UNIQUE INDEX cost_centers_code_key ON finance.cost_centers (organization_id, code);
COMMENT ON INDEX finance.cost_centers_code_key IS 'No two cost centers of an organization share a code.';
CREATE TRIGGER touch BEFORE UPDATE ON finance.cost_centers FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON finance.cost_centers IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, description, code, parent_cost_center_id, monthly_budget, annual_budget, manager_id, is_active) ON finance.cost_centers TO portico_app;
CALL ops.isolate('finance.cost_centers', 'tenant');

CREATE TABLE finance.departments (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  code text,
  parent_id uuid,
  cost_center_id uuid,
  head_user_id uuid,
  annual_budget numeric(20,2),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT departments_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT departments_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT departments_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT departments_code_check CHECK (length(btrim(code)) BETWEEN 1 AND 50),
  CONSTRAINT departments_parent_id_fkey FOREIGN KEY (organization_id, parent_id) REFERENCES finance.departments (organization_id, id),
  CONSTRAINT departments_cost_center_id_fkey FOREIGN KEY (organization_id, cost_center_id) REFERENCES finance.cost_centers (organization_id, id),
  CONSTRAINT departments_head_user_id_fkey FOREIGN KEY (organization_id, head_user_id) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT departments_annual_budget_check CHECK (annual_budget >= 0)
);
COMMENT ON TABLE finance.departments IS 'A unit of the organization that people work in and budgets are made for; departments form a tree.';
COMMENT ON COLUMN finance.departments.organization_id IS 'Organization that the department belongs to.';
COMMENT ON COLUMN finance.departments.id IS 'Identity of the department, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN finance.departments.name IS 'Name of the department.';
COMMENT ON COLUMN finance.departments.code IS 'Short code of the department; null for none. Unique in the organization.';
COMMENT ON COLUMN finance.departments.parent_id IS 'Department that this one is part of; null at the top.';
COMMENT ON COLUMN finance.departments.cost_center_id IS 'Cost center that the department''s costs are booked to; null when not settled.';
COMMENT ON COLUMN finance.departments.head_user_id IS 'Person who leads the department; null while nobody does.';
COMMENT ON COLUMN finance.departments.annual_budget IS 'Money planned per year, in the organization''s currency; null when none is planned.';
COMMENT ON COLUMN finance.departments.created_at IS 'When the department was created.';
COMMENT ON COLUMN finance.departments.updated_at IS 'When the department was last changed.';
COMMENT ON COLUMN finance.departments.revision IS 'Version of the department: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT departments_pkey ON finance.departments IS 'A department is found by its organization and id.';
COMMENT ON CONSTRAINT departments_organization_id_fkey ON finance.departments IS 'The organization exists.';
COMMENT ON CONSTRAINT departments_name_check ON finance.departments IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT departments_code_check ON finance.departments IS 'The code has 1 to 50 characters.';
COMMENT ON CONSTRAINT departments_parent_id_fkey ON finance.departments IS 'The parent belongs to the same organization.';
COMMENT ON CONSTRAINT departments_cost_center_id_fkey ON finance.departments IS 'The cost center belongs to the same organization.';
COMMENT ON CONSTRAINT departments_head_user_id_fkey ON finance.departments IS 'The head user is a member of the same organization.';
COMMENT ON CONSTRAINT departments_annual_budget_check ON finance.departments IS 'The annual budget is not negative.';
CREATE INDEX departments_parent_id_name_id_idx ON finance.departments (organization_id, parent_id, name, id);
CREATE INDEX departments_cost_center_id_name_id_idx ON finance.departments (organization_id, cost_center_id, name, id);
CREATE INDEX departments_head_user_id_name_id_idx ON finance.departments (organization_id, head_user_id, name, id);
CREATE INDEX departments_created_at_id_idx ON finance.departments (organization_id, created_at, id);
CREATE INDEX departments_name_id_idx ON finance.departments (organization_id, name, id);
CREATE UNIQUE INDEX departments_code_key ON finance.departments (organization_id, code);
COMMENT ON INDEX finance.departments_code_key IS 'No two departments of an organization share a code.';
CREATE TRIGGER touch BEFORE UPDATE ON finance.departments FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON finance.departments IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, code, parent_id, cost_center_id, head_user_id, annual_budget) ON finance.departments TO portico_app;
CALL ops.isolate('finance.departments', 'tenant');

CREATE TABLE finance.budgets (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  name text NOT NULL,
  fiscal_year integer NOT NULL,
  version text NOT NULL DEFAULT 'v1',
  status text NOT NULL DEFAULT 'draft',
  department_id uuid,
  region text,
  currency text NOT NULL DEFAULT 'USD',
  total_amount numeric(20,2) NOT NULL DEFAULT 0,
  submitted_by uuid,
  submitted_at timestamptz,
  approved_by uuid,
  approved_at timestamptz,
  locked_by uuid,
  locked_at timestamptz,
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT budgets_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT budgets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT budgets_name_check CHECK (length(btrim(name)) BETWEEN 1 AND 200),
  CONSTRAINT budgets_fiscal_year_check CHECK (fiscal_year BETWEEN 1900 AND 2200),
  CONSTRAINT budgets_version_check CHECK (length(btrim(version)) BETWEEN 1 AND 50),
  CONSTRAINT budgets_status_check CHECK (status IN ('draft', 'submitted', 'approved', 'locked')),
  CONSTRAINT budgets_department_id_fkey FOREIGN KEY (organization_id, department_id) REFERENCES finance.departments (organization_id, id),
  CONSTRAINT budgets_region_check CHECK (region IN ('north_america', 'europe', 'middle_east', 'asia_pacific', 'latin_america')),
  CONSTRAINT budgets_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
  CONSTRAINT budgets_submitted_by_fkey FOREIGN KEY (organization_id, submitted_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT budgets_approved_by_fkey FOREIGN KEY (organization_id, approved_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT budgets_locked_by_fkey FOREIGN KEY (organization_id, locked_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT budgets_created_by_fkey FOREIGN KEY (organization_id, created_by) REFERENCES identity.memberships (organization_id, user_id),
  CONSTRAINT budgets_submitted CHECK (((status = 'draft') = (submitted_at IS NULL)) AND ((submitted_at IS NULL) = (submitted_by IS NULL))),
  CONSTRAINT budgets_approved CHECK (((status IN ('approved', 'locked')) = (approved_at IS NOT NULL)) AND ((approved_at IS NULL) = (approved_by IS NULL))),
  CONSTRAINT budgets_locked CHECK (((status = 'locked') = (locked_at IS NOT NULL)) AND ((locked_at IS NULL) = (locked_by IS NULL))),
  CONSTRAINT budgets_approver_differs CHECK (approved_by <> submitted_by)
);
COMMENT ON TABLE finance.budgets IS 'A plan of spending for one fiscal year, for a department or region or the whole organization. It is drafted, submitted, approved by another person, and finally locked.';
COMMENT ON COLUMN finance.budgets.organization_id IS 'Organization that the budget belongs to.';
COMMENT ON COLUMN finance.budgets.id IS 'Identity of the budget, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN finance.budgets.name IS 'Name of the budget.';
COMMENT ON COLUMN finance.budgets.fiscal_year IS 'Fiscal year that the budget plans, such as 2026.';
COMMENT ON COLUMN finance.budgets.version IS 'Name of this version of the plan; several versions may stand side by side. Default: v1.';
COMMENT ON COLUMN finance.budgets.status IS 'State of the budget: lines change only in a draft, a locked budget never changes again. One of: draft, submitted, approved, locked. Default: draft.';
COMMENT ON COLUMN finance.budgets.department_id IS 'Department that the budget is for; null for the whole organization.';
COMMENT ON COLUMN finance.budgets.region IS 'Region that the budget is for; null for all regions. One of: north_america, europe, middle_east, asia_pacific, latin_america.';
COMMENT ON COLUMN finance.budgets.currency IS 'Currency of all amounts of the budget, as an ISO 4217 code. Default: USD.';
COMMENT ON COLUMN finance.budgets.total_amount IS 'Sum of the yearly amounts of all lines, in the budget''s currency; kept by the database. Default: 0.';
COMMENT ON COLUMN finance.budgets.submitted_by IS 'Person who submitted the budget; null while it is a draft.';
COMMENT ON COLUMN finance.budgets.submitted_at IS 'When the budget was submitted; null while it is a draft.';
COMMENT ON COLUMN finance.budgets.approved_by IS 'Person who approved the budget, never the one who submitted it; null until then.';
COMMENT ON COLUMN finance.budgets.approved_at IS 'When the budget was approved; null until then.';
COMMENT ON COLUMN finance.budgets.locked_by IS 'Person who locked the budget; null until then.';
COMMENT ON COLUMN finance.budgets.locked_at IS 'When the budget was locked; null until then.';
COMMENT ON COLUMN finance.budgets.created_by IS 'Person who drafted the budget; null when a program did.';
COMMENT ON COLUMN finance.budgets.created_at IS 'When the budget was created.';
COMMENT ON COLUMN finance.budgets.updated_at IS 'When the budget was last changed.';
COMMENT ON COLUMN finance.budgets.revision IS 'Version of the budget: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT budgets_pkey ON finance.budgets IS 'A budget is found by its organization and id.';
COMMENT ON CONSTRAINT budgets_organization_id_fkey ON finance.budgets IS 'The organization exists.';
COMMENT ON CONSTRAINT budgets_name_check ON finance.budgets IS 'The name has 1 to 200 characters.';
COMMENT ON CONSTRAINT budgets_fiscal_year_check ON finance.budgets IS 'The fiscal year lies between 1900 and 2200.';
COMMENT ON CONSTRAINT budgets_version_check ON finance.budgets IS 'The version has 1 to 50 characters.';
COMMENT ON CONSTRAINT budgets_status_check ON finance.budgets IS 'The status is one of: draft, submitted, approved, locked.';
COMMENT ON CONSTRAINT budgets_department_id_fkey ON finance.budgets IS 'The department belongs to the same organization.';
COMMENT ON CONSTRAINT budgets_region_check ON finance.budgets IS 'The region is one of: north_america, europe, middle_east, asia_pacific, latin_america.';
COMMENT ON CONSTRAINT budgets_currency_check ON finance.budgets IS 'The currency is an ISO 4217 code of three letters.';
COMMENT ON CONSTRAINT budgets_submitted_by_fkey ON finance.budgets IS 'The submitted is a member of the same organization.';
COMMENT ON CONSTRAINT budgets_approved_by_fkey ON finance.budgets IS 'The approved is a member of the same organization.';
COMMENT ON CONSTRAINT budgets_locked_by_fkey ON finance.budgets IS 'The locked is a member of the same organization.';
COMMENT ON CONSTRAINT budgets_created_by_fkey ON finance.budgets IS 'The created is a member of the same organization.';
COMMENT ON CONSTRAINT budgets_submitted ON finance.budgets IS 'Every budget but a draft tells by whom and when it was submitted.';
COMMENT ON CONSTRAINT budgets_approved ON finance.budgets IS 'An approved or locked budget, and no other, tells by whom and when it was approved.';
COMMENT ON CONSTRAINT budgets_locked ON finance.budgets IS 'A locked budget, and no other, tells by whom and when it was locked.';
COMMENT ON CONSTRAINT budgets_approver_differs ON finance.budgets IS 'A budget is approved by another person than the one who submitted it.';
CREATE INDEX budgets_department_id_created_at_id_idx ON finance.budgets (organization_id, department_id, created_at, id);
CREATE INDEX budgets_submitted_by_created_at_id_idx ON finance.budgets (organization_id, submitted_by, created_at, id);
CREATE INDEX budgets_approved_by_created_at_id_idx ON finance.budgets (organization_id, approved_by, created_at, id);
CREATE INDEX budgets_locked_by_created_at_id_idx ON finance.budgets (organization_id, locked_by, created_at, id);
CREATE INDEX budgets_created_by_created_at_id_idx ON finance.budgets (organization_id, created_by, created_at, id);
CREATE INDEX budgets_created_at_id_idx ON finance.budgets (organization_id, created_at, id);
CREATE INDEX budgets_status_idx ON finance.budgets (organization_id, status);
CREATE INDEX budgets_region_idx ON finance.budgets (organization_id, region);
CREATE UNIQUE INDEX budgets_version_key ON finance.budgets (organization_id, fiscal_year, version, department_id, region) NULLS NOT DISTINCT;
COMMENT ON INDEX finance.budgets_version_key IS 'A version of a year''s plan exists once for the same department and region.';
CREATE TRIGGER touch BEFORE UPDATE ON finance.budgets FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON finance.budgets IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (name, fiscal_year, version, status, department_id, region, currency, total_amount) ON finance.budgets TO portico_app;
CALL ops.isolate('finance.budgets', 'tenant');

CREATE TABLE finance.budget_line_items (
  organization_id uuid NOT NULL,
  id uuid NOT NULL,
  budget_id uuid NOT NULL,
  category text NOT NULL,
  subcategory text,
  description text,
  q1_amount numeric(20,2) NOT NULL DEFAULT 0,
  q2_amount numeric(20,2) NOT NULL DEFAULT 0,
  q3_amount numeric(20,2) NOT NULL DEFAULT 0,
  q4_amount numeric(20,2) NOT NULL DEFAULT 0,
  annual_amount numeric(20,2) NOT NULL GENERATED ALWAYS AS (q1_amount + q2_amount + q3_amount + q4_amount) STORED,
  assumptions jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  revision integer NOT NULL DEFAULT 1,
  CONSTRAINT budget_line_items_pkey PRIMARY KEY (organization_id, id),
  CONSTRAINT budget_line_items_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES identity.organizations (id),
  CONSTRAINT budget_line_items_budget_id_fkey FOREIGN KEY (organization_id, budget_id) REFERENCES finance.budgets (organization_id, id),
  CONSTRAINT budget_line_items_category_check CHECK (length(btrim(category)) BETWEEN 1 AND 200),
  CONSTRAINT budget_line_items_subcategory_check CHECK (length(btrim(subcategory)) BETWEEN 1 AND 200),
  CONSTRAINT budget_line_items_description_check CHECK (length(btrim(description)) BETWEEN 1 AND 5000)
);
COMMENT ON TABLE finance.budget_line_items IS 'One line of a budget: what is to be spent on one thing in each quarter.';
COMMENT ON COLUMN finance.budget_line_items.organization_id IS 'Organization that the budget line belongs to.';
COMMENT ON COLUMN finance.budget_line_items.id IS 'Identity of the budget line, given by the server; it never changes and orders by time of creation.';
COMMENT ON COLUMN finance.budget_line_items.budget_id IS 'Budget that the line is part of.';
COMMENT ON COLUMN finance.budget_line_items.category IS 'What the money is for, such as Payroll or Software.';
COMMENT ON COLUMN finance.budget_line_items.subcategory IS 'What it is for more precisely; null when not told.';
COMMENT ON COLUMN finance.budget_line_items.description IS 'Explanation of the line; null for none.';
COMMENT ON COLUMN finance.budget_line_items.q1_amount IS 'Amount of the first quarter, in the budget''s currency; negative amounts are income. Default: 0.';
COMMENT ON COLUMN finance.budget_line_items.q2_amount IS 'Amount of the second quarter, in the budget''s currency. Default: 0.';
COMMENT ON COLUMN finance.budget_line_items.q3_amount IS 'Amount of the third quarter, in the budget''s currency. Default: 0.';
COMMENT ON COLUMN finance.budget_line_items.q4_amount IS 'Amount of the fourth quarter, in the budget''s currency. Default: 0.';
COMMENT ON COLUMN finance.budget_line_items.annual_amount IS 'Sum of the four quarters, in the budget''s currency; kept by the database.';
COMMENT ON COLUMN finance.budget_line_items.assumptions IS 'What the amounts rest on, as a JSON value; null when not told.';
COMMENT ON COLUMN finance.budget_line_items.created_at IS 'When the budget line was created.';
COMMENT ON COLUMN finance.budget_line_items.updated_at IS 'When the budget line was last changed.';
COMMENT ON COLUMN finance.budget_line_items.revision IS 'Version of the budget line: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else''s change.';
COMMENT ON CONSTRAINT budget_line_items_pkey ON finance.budget_line_items IS 'A budget line is found by its organization and id.';
COMMENT ON CONSTRAINT budget_line_items_organization_id_fkey ON finance.budget_line_items IS 'The organization exists.';
COMMENT ON CONSTRAINT budget_line_items_budget_id_fkey ON finance.budget_line_items IS 'The budget belongs to the same organization.';
COMMENT ON CONSTRAINT budget_line_items_category_check ON finance.budget_line_items IS 'The category has 1 to 200 characters.';
COMMENT ON CONSTRAINT budget_line_items_subcategory_check ON finance.budget_line_items IS 'The subcategory has 1 to 200 characters.';
COMMENT ON CONSTRAINT budget_line_items_description_check ON finance.budget_line_items IS 'The description has 1 to 5000 characters.';
CREATE INDEX budget_line_items_budget_id_created_at_id_idx ON finance.budget_line_items (organization_id, budget_id, created_at, id);
CREATE INDEX budget_line_items_created_at_id_idx ON finance.budget_line_items (organization_id, created_at, id);
CREATE TRIGGER touch BEFORE UPDATE ON finance.budget_line_items FOR EACH ROW EXECUTE FUNCTION ops.touch();
COMMENT ON TRIGGER touch ON finance.budget_line_items IS 'Keeps the time and the number of the last change.';
GRANT SELECT, INSERT, UPDATE (category, subcategory, description, q1_amount, q2_amount, q3_amount, q4_amount, assumptions), DELETE ON finance.budget_line_items TO portico_app;
CALL ops.isolate('finance.budget_line_items', 'tenant');

ALTER TABLE identity.memberships ADD CONSTRAINT memberships_department_id_fkey
  FOREIGN KEY (organization_id, department_id) REFERENCES finance.departments (organization_id, id);
COMMENT ON CONSTRAINT memberships_department_id_fkey ON identity.memberships IS 'The department belongs to the same organization.';

CREATE TRIGGER parent_cycle BEFORE INSERT OR UPDATE OF parent_cost_center_id ON finance.cost_centers
  FOR EACH ROW WHEN (NEW.parent_cost_center_id IS NOT NULL) EXECUTE FUNCTION ops.refuse_cycle('id', 'parent_cost_center_id',
    'cost_centers_parent_cost_center_cycle', 'A cost center cannot be part of itself, directly or through others.');
COMMENT ON TRIGGER parent_cycle ON finance.cost_centers IS 'Cost centers form a tree.';
CREATE TRIGGER parent_cycle BEFORE INSERT OR UPDATE OF parent_id ON finance.departments
  FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION ops.refuse_cycle('id', 'parent_id',
    'departments_parent_cycle', 'A department cannot be part of itself, directly or through others.');
COMMENT ON TRIGGER parent_cycle ON finance.departments IS 'Departments form a tree.';

-- Rows for people whose roles see one region or department only.
CREATE POLICY row_scope ON finance.budgets AS RESTRICTIVE FOR ALL USING (
  ((SELECT nullif(current_setting('app.region', true), '')) IS NULL
    OR region = (SELECT nullif(current_setting('app.region', true), '')))
  AND ((SELECT nullif(current_setting('app.department_id', true), '')) IS NULL
    OR department_id = (SELECT nullif(current_setting('app.department_id', true), '')::uuid)));
COMMENT ON POLICY row_scope ON finance.budgets IS 'People limited to a region or department have only its budgets.';
CREATE POLICY row_scope ON finance.budget_line_items AS RESTRICTIVE FOR ALL USING (
  ((SELECT nullif(current_setting('app.region', true), '')) IS NULL
    AND (SELECT nullif(current_setting('app.department_id', true), '')) IS NULL)
  OR EXISTS (SELECT FROM finance.budgets b WHERE b.organization_id = budget_line_items.organization_id AND b.id = budget_line_items.budget_id OFFSET 0));
COMMENT ON POLICY row_scope ON finance.budget_line_items IS 'Lines are had with their budget.';
CREATE POLICY row_scope ON finance.departments AS RESTRICTIVE FOR ALL USING (
  (SELECT nullif(current_setting('app.department_id', true), '')) IS NULL
  OR id = (SELECT nullif(current_setting('app.department_id', true), '')::uuid));
COMMENT ON POLICY row_scope ON finance.departments IS 'People limited to a department have only that one.';

CREATE FUNCTION finance.advance_budget() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  -- Maintenance by the owner may name the person itself; the server cannot (it has no right to these columns).
  person uuid := ops.actor();
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'draft' THEN
      PERFORM ops.refuse('A budget begins as a draft.', 'budgets_status_transition', 'finance.budgets', 'status');
    END IF;
    NEW.total_amount := 0;
    RETURN NEW;
  END IF;
  IF NEW.total_amount IS DISTINCT FROM OLD.total_amount THEN
    -- Whatever is written, the sum of the lines is the total.
    SELECT coalesce(sum(l.annual_amount), 0) INTO NEW.total_amount FROM finance.budget_line_items l
    WHERE l.organization_id = NEW.organization_id AND l.budget_id = NEW.id;
  END IF;
  IF NEW.status = OLD.status THEN
    IF OLD.status <> 'draft' THEN
      PERFORM ops.refuse(format('The budget is %s; only a draft can be changed.', OLD.status), 'budgets_editable', 'finance.budgets', 'status');
    END IF;
    RETURN NEW;
  END IF;
  IF (OLD.status, NEW.status) NOT IN (('draft', 'submitted'), ('submitted', 'draft'), ('submitted', 'approved'), ('approved', 'locked')) THEN
    PERFORM ops.refuse(format('A budget that is %s cannot become %s.', OLD.status, NEW.status), 'budgets_status_transition', 'finance.budgets', 'status');
  END IF;
  IF OLD.status <> 'draft' AND (NEW.name, NEW.fiscal_year, NEW.version, NEW.department_id, NEW.region, NEW.currency, NEW.total_amount)
    IS DISTINCT FROM (OLD.name, OLD.fiscal_year, OLD.version, OLD.department_id, OLD.region, OLD.currency, OLD.total_amount)
  THEN
    PERFORM ops.refuse(format('The budget is %s; only a draft can be changed.', OLD.status), 'budgets_editable', 'finance.budgets', 'status');
  END IF;
  CASE NEW.status
    WHEN 'draft' THEN
      NEW.submitted_by := NULL;
      NEW.submitted_at := NULL;
    WHEN 'submitted' THEN
      NEW.submitted_by := coalesce(person, NEW.submitted_by);
      NEW.submitted_at := coalesce(NEW.submitted_at, now());
    WHEN 'approved' THEN
      NEW.approved_by := coalesce(person, NEW.approved_by);
      NEW.approved_at := coalesce(NEW.approved_at, now());
      IF NEW.approved_by = OLD.submitted_by THEN
        PERFORM ops.refuse('A budget is approved by another person than the one who submitted it.', 'budgets_approver_differs', 'finance.budgets', 'approved_by');
      END IF;
    WHEN 'locked' THEN
      NEW.locked_by := coalesce(person, NEW.locked_by);
      NEW.locked_at := coalesce(NEW.locked_at, now());
  END CASE;
  IF (NEW.status = 'submitted' AND NEW.submitted_by IS NULL) OR (NEW.status = 'approved' AND NEW.approved_by IS NULL)
    OR (NEW.status = 'locked' AND NEW.locked_by IS NULL)
  THEN
    PERFORM ops.refuse('Only a person can submit, approve or lock a budget.', 'budgets_person', 'finance.budgets', 'status');
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION finance.advance_budget() IS 'Trigger: a budget goes from draft over submitted and approved to locked, or back to draft when rejected, and tells by whom and when.';
CREATE TRIGGER advance_budget BEFORE INSERT OR UPDATE ON finance.budgets
  FOR EACH ROW EXECUTE FUNCTION finance.advance_budget();
COMMENT ON TRIGGER advance_budget ON finance.budgets IS 'Keeps the states of a budget in order and its total equal to its lines.';

CREATE FUNCTION finance.check_budget_line() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  line record;
  state text;
BEGIN
  IF TG_OP = 'DELETE' THEN line := OLD; ELSE line := NEW; END IF;
  IF TG_OP = 'DELETE' AND ops.purging(line.organization_id) THEN
    RETURN line;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.budget_id <> OLD.budget_id THEN
    PERFORM ops.refuse('A line stays in its budget.', 'budget_line_items_budget', 'finance.budget_line_items', 'budget_id');
  END IF;
  -- The lock keeps the budget a draft, and its total exact, until the transaction ends.
  SELECT b.status INTO state FROM finance.budgets b
  WHERE b.organization_id = line.organization_id AND b.id = line.budget_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    PERFORM ops.refuse('There is no such budget.', 'budget_line_items_budget_id_fkey', 'finance.budget_line_items', 'budget_id', '23503');
  ELSIF state <> 'draft' THEN
    PERFORM ops.refuse(format('The budget is %s; lines change only in a draft.', state), 'budget_line_items_draft', 'finance.budget_line_items', 'budget_id');
  END IF;
  RETURN line;
END
$$;
COMMENT ON FUNCTION finance.check_budget_line() IS 'Trigger: lines change only while their budget is a draft.';
CREATE TRIGGER check_budget_line BEFORE INSERT OR UPDATE OR DELETE ON finance.budget_line_items
  FOR EACH ROW EXECUTE FUNCTION finance.check_budget_line();
COMMENT ON TRIGGER check_budget_line ON finance.budget_line_items IS 'Keeps the lines of submitted, approved and locked budgets.';

CREATE FUNCTION finance.sum_budget() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  UPDATE finance.budgets b SET total_amount = s.total
  FROM (SELECT d.organization_id, d.budget_id,
          (SELECT coalesce(sum(l.annual_amount), 0) FROM finance.budget_line_items l
           WHERE l.organization_id = d.organization_id AND l.budget_id = d.budget_id) AS total
        FROM (SELECT DISTINCT c.organization_id, c.budget_id FROM changed c) d) s
  WHERE b.organization_id = s.organization_id AND b.id = s.budget_id AND b.total_amount <> s.total
    AND NOT ops.purging(b.organization_id);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION finance.sum_budget() IS 'Trigger: the total of a budget is the sum of its lines.';
CREATE TRIGGER sum_added AFTER INSERT ON finance.budget_line_items REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION finance.sum_budget();
COMMENT ON TRIGGER sum_added ON finance.budget_line_items IS 'Adds new lines to the total.';
CREATE TRIGGER sum_changed AFTER UPDATE ON finance.budget_line_items REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION finance.sum_budget();
COMMENT ON TRIGGER sum_changed ON finance.budget_line_items IS 'Takes changed lines over into the total.';
CREATE TRIGGER sum_removed AFTER DELETE ON finance.budget_line_items REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION finance.sum_budget();
COMMENT ON TRIGGER sum_removed ON finance.budget_line_items IS 'Takes removed lines out of the total.';
