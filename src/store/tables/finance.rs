// @generated automatically by Diesel CLI.

pub mod finance {
    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// One line of a budget: what is to be spent on one thing in each quarter.
        finance.budget_line_items (organization_id, id) {
            /// Organization that the budget line belongs to.
            organization_id -> Uuid,
            /// Identity of the budget line, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Budget that the line is part of.
            budget_id -> Uuid,
            /// What the money is for, such as Payroll or Software.
            category -> Text,
            /// What it is for more precisely; null when not told.
            subcategory -> Nullable<Text>,
            /// Explanation of the line; null for none.
            description -> Nullable<Text>,
            /// Amount of the first quarter, in the budget's currency; negative amounts are income. Default: 0.
            q1_amount -> Numeric,
            /// Amount of the second quarter, in the budget's currency. Default: 0.
            q2_amount -> Numeric,
            /// Amount of the third quarter, in the budget's currency. Default: 0.
            q3_amount -> Numeric,
            /// Amount of the fourth quarter, in the budget's currency. Default: 0.
            q4_amount -> Numeric,
            /// Sum of the four quarters, in the budget's currency; kept by the database.
            annual_amount -> Numeric,
            /// What the amounts rest on, as a JSON value; null when not told.
            assumptions -> Nullable<Jsonb>,
            /// When the budget line was created.
            created_at -> Timestamptz,
            /// When the budget line was last changed.
            updated_at -> Timestamptz,
            /// Version of the budget line: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A plan of spending for one fiscal year, for a department or region or the whole organization. It is drafted, submitted, approved by another person, and finally locked.
        finance.budgets (organization_id, id) {
            /// Organization that the budget belongs to.
            organization_id -> Uuid,
            /// Identity of the budget, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the budget.
            name -> Text,
            /// Fiscal year that the budget plans, such as 2026.
            fiscal_year -> Int4,
            /// Name of this version of the plan; several versions may stand side by side. Default: v1.
            version -> Text,
            /// State of the budget: lines change only in a draft, a locked budget never changes again. One of: draft, submitted, approved, locked. Default: draft.
            status -> Text,
            /// Department that the budget is for; null for the whole organization.
            department_id -> Nullable<Uuid>,
            /// Region that the budget is for; null for all regions. One of: north_america, europe, middle_east, asia_pacific, latin_america.
            region -> Nullable<Text>,
            /// Currency of all amounts of the budget, as an ISO 4217 code. Default: USD.
            currency -> Text,
            /// Sum of the yearly amounts of all lines, in the budget's currency; kept by the database. Default: 0.
            total_amount -> Numeric,
            /// Person who submitted the budget; null while it is a draft.
            submitted_by -> Nullable<Uuid>,
            /// When the budget was submitted; null while it is a draft.
            submitted_at -> Nullable<Timestamptz>,
            /// Person who approved the budget, never the one who submitted it; null until then.
            approved_by -> Nullable<Uuid>,
            /// When the budget was approved; null until then.
            approved_at -> Nullable<Timestamptz>,
            /// Person who locked the budget; null until then.
            locked_by -> Nullable<Uuid>,
            /// When the budget was locked; null until then.
            locked_at -> Nullable<Timestamptz>,
            /// Person who drafted the budget; null when a program did.
            created_by -> Nullable<Uuid>,
            /// When the budget was created.
            created_at -> Timestamptz,
            /// When the budget was last changed.
            updated_at -> Timestamptz,
            /// Version of the budget: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A place that costs are booked to; cost centers form a tree.
        finance.cost_centers (organization_id, id) {
            /// Organization that the cost center belongs to.
            organization_id -> Uuid,
            /// Identity of the cost center, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the cost center.
            name -> Text,
            /// What the cost center is for; null when not told.
            description -> Nullable<Text>,
            /// Short code in bookkeeping; null for none. Unique in the organization.
            code -> Nullable<Text>,
            /// Cost center that this one is part of; null at the top.
            parent_cost_center_id -> Nullable<Uuid>,
            /// Money planned per month, in the organization's currency; null when none is planned.
            monthly_budget -> Nullable<Numeric>,
            /// Money planned per year, in the organization's currency; null when none is planned.
            annual_budget -> Nullable<Numeric>,
            /// Person who is responsible for the costs; null for nobody.
            manager_id -> Nullable<Uuid>,
            /// Whether costs may still be booked. Default: true.
            is_active -> Bool,
            /// When the cost center was created.
            created_at -> Timestamptz,
            /// When the cost center was last changed.
            updated_at -> Timestamptz,
            /// Version of the cost center: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::table! {
        use diesel::sql_types::*;
        use crate::store::sql_types::*;

        /// A unit of the organization that people work in and budgets are made for; departments form a tree.
        finance.departments (organization_id, id) {
            /// Organization that the department belongs to.
            organization_id -> Uuid,
            /// Identity of the department, given by the server; it never changes and orders by time of creation.
            id -> Uuid,
            /// Name of the department.
            name -> Text,
            /// Short code of the department; null for none. Unique in the organization.
            code -> Nullable<Text>,
            /// Department that this one is part of; null at the top.
            parent_id -> Nullable<Uuid>,
            /// Cost center that the department's costs are booked to; null when not settled.
            cost_center_id -> Nullable<Uuid>,
            /// Person who leads the department; null while nobody does.
            head_user_id -> Nullable<Uuid>,
            /// Money planned per year, in the organization's currency; null when none is planned.
            annual_budget -> Nullable<Numeric>,
            /// When the department was created.
            created_at -> Timestamptz,
            /// When the department was last changed.
            updated_at -> Timestamptz,
            /// Version of the department: starts at 1 and grows by one with every change. Send it back as the expected version to refuse overwriting somebody else's change.
            revision -> Int4,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(budget_line_items, budgets, cost_centers, departments,);
}
