ALTER TABLE identity.memberships DROP CONSTRAINT memberships_department_id_fkey;
DROP TABLE finance.budget_line_items, finance.budgets, finance.departments, finance.cost_centers;
DROP FUNCTION finance.sum_budget();
DROP FUNCTION finance.check_budget_line();
DROP FUNCTION finance.advance_budget();
