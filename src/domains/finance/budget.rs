//! Budgets: what is to be spent in a year, drafted by one person and approved by another (004 §3.3).
use crate::{
    domains::{
        finance::{
            budget_line_item::BudgetLineItem,
            cost_center::currency_of,
            department::{Department, DepartmentFilter},
        },
        identity::user::{User, UserFilter},
        money::Money,
        prelude::*,
        sales::deal::DealRegion,
    },
    store::tables::finance::{budget_line_items, budgets},
};

text_enum! {
    /// How far a budget has come.
    BudgetStatus {
        /// It and its lines can be changed.
        Draft = "draft",
        /// It waits for somebody else's approval.
        Submitted = "submitted",
        /// It holds.
        Approved = "approved",
        /// It never changes again.
        Locked = "locked",
    }
}

impl BudgetStatus {
    /// What can be done with a budget that stands so; the database enforces it (B070).
    pub const fn allows(self) -> &'static [&'static str] {
        match self {
            Self::Draft => &["update", "submit"],
            Self::Submitted => &["approve", "reject"],
            Self::Approved => &["lock"],
            Self::Locked => &[],
        }
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = budgets, check_for_backend(Pg))]
pub struct Budget {
    pub id: Id<Budget>,
    pub name: String,
    pub fiscal_year: i32,
    pub version: String,
    pub status: BudgetStatus,
    pub department_id: Option<Id<Department>>,
    pub region: Option<DealRegion>,
    pub currency: Currency,
    pub total_amount: Decimal,
    pub submitted_by: Option<Id<User>>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub approved_by: Option<Id<User>>,
    pub approved_at: Option<DateTime<Utc>>,
    pub locked_by: Option<Id<User>>,
    pub locked_at: Option<DateTime<Utc>>,
    pub created_by: Option<Id<User>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(Budget, "budget", finance::budgets, needs "budget.read", version revision);

impl Entity for Budget {
    const SEARCHED: &'static [&'static str] = &["name"];

    fn fields(budget: &mut Fields<Self>) {
        columns! { budget: Budget {
            id, name, fiscal_year, version as "versionName", status, region, currency,
            submitted_at, approved_at, locked_at, revision as "version", created_at, updated_at,
        } keeps { department_id, total_amount, submitted_by, approved_by, locked_by, created_by } }
        budget
            .part("total", |budget, _| Some(Money::of(budget.total_amount, budget.currency)))
            .of_column("total_amount")
            .about_column("total_amount")
            .needs("budget.amount.read")
            .required();
        budget.one("department", |budget| budget.department_id).about_column("department_id");
        budget.one("submittedBy", |budget| budget.submitted_by).about_column("submitted_by");
        budget.one("approvedBy", |budget| budget.approved_by).about_column("approved_by");
        budget.one("lockedBy", |budget| budget.locked_by).about_column("locked_by");
        budget.one("createdBy", |budget| budget.created_by).about_column("created_by");
        budget
            .children::<BudgetLineItem>("lineItems", budget_line_items::budget_id)
            .about("What the total is made of, in the order it was entered unless ordered otherwise.");
        budget
            .aggregate()
            .money::<Money>(&["total"])
            .by(&["status", "region", "fiscalYear", "department", "submittedBy", "approvedBy"])
            .by_period(&["submittedAt", "approvedAt", "createdAt"]);
    }

    fn allows(&self) -> &'static [&'static str] {
        self.status.allows()
    }

    /// Nobody approves what they submitted themselves.
    fn bars(&self, permission: &str, caller: &Caller, _: &Grants) -> bool {
        match permission {
            "budget.write" | "budget.submit" => self.status != BudgetStatus::Draft,
            "budget.approve" => {
                self.status != BudgetStatus::Submitted || self.submitted_by.map(|by| by.0) == caller.user
            }
            "budget.reject" => self.status != BudgetStatus::Submitted,
            "budget.lock" => self.status != BudgetStatus::Approved,
            _ => false,
        }
    }
}

filter! { BudgetFilter for Budget in budgets {
    id: Compare<Id<Budget>>,
    name: Compare<String>,
    fiscal_year: Compare<i32>,
    status: Compare<BudgetStatus>,
    region: Compare<DealRegion>,
    total_amount: Compare<Decimal> => needs "budget.amount.read",
    submitted_at: Compare<DateTime<Utc>>,
    approved_at: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    department: DepartmentFilter => through department_id,
    submitted_by: UserFilter => through submitted_by,
    approved_by: UserFilter => through approved_by,
    locked_by: UserFilter => through locked_by,
    created_by: UserFilter => through created_by,
    line_items: Related<BudgetLineItem> => by budget_line_items::budget_id,
} }

order! { BudgetOrder, BudgetOrderField for Budget {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// The year it plans.
    FiscalYear = fiscal_year,
    /// Its name.
    Name = name,
    /// What it adds up to, whatever the currency.
    TotalAmount = total_amount needs "budget.amount.read",
    /// The name of its department.
    DepartmentName = department_id -> Department.name,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Budget>("budget").about("A budget by its id; null when there is none that you may see.");
    query.list::<Budget>("budgets").about("Budgets, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("budgetCreate", create)
        .needs("budget.write")
        .about("Drafts a budget. Errors: INVALID, NOT_UNIQUE, NOT_FOUND.");
    mutations
        .change("budgetUpdate", update)
        .needs("budget.write")
        .about("Changes a draft. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("budgetSubmit", submit)
        .needs("budget.submit")
        .in_person()
        .about("Asks for a draft to be approved. Errors: INVALID, NOT_FOUND, CONFLICT, STATE.");
    mutations.change("budgetApprove", approve).needs("budget.approve").in_person().about(
        "Approves what somebody else submitted. Errors: INVALID, NOT_FOUND, CONFLICT, STATE, SELF_APPROVAL.",
    );
    mutations
        .change("budgetReject", reject)
        .needs("budget.reject")
        .in_person()
        .about("Makes a draft again of what was submitted. Errors: NOT_FOUND, CONFLICT, STATE.");
    mutations
        .change("budgetLock", lock)
        .needs("budget.lock")
        .about("Fixes an approved budget for good. Errors: INVALID, NOT_FOUND, CONFLICT, STATE.");
}

/// A budget to be drafted.
#[derive(InputObject)]
struct BudgetCreateInput {
    /// What to call it.
    name: String,
    /// The year it plans, such as 2026.
    fiscal_year: i32,
    /// Which version of that year's plan it is; `v1` when absent.
    version_name: Option<String>,
    /// The department it is for; the whole organization when absent.
    department_id: Option<Id<Department>>,
    /// The region it is for; all of them when absent.
    region: Option<DealRegion>,
    /// The currency of all its amounts; the organization's own when absent.
    currency: Option<Currency>,
}

async fn create(write: &mut Write, input: BudgetCreateInput) -> Outcome<Id<Budget>> {
    let currency = match input.currency {
        Some(currency) => currency,
        None => currency_of(write).await?,
    };
    let budget = Changes::default()
        .set(budgets::name, input.name)
        .set(budgets::fiscal_year, input.fiscal_year)
        .given(budgets::version, input.version_name)
        .set(budgets::department_id, input.department_id)
        .set(budgets::region, input.region)
        .set(budgets::currency, currency)
        .set(budgets::created_by, write.caller().user);
    record::create(write, budget).await
}

/// What to change of a draft. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct BudgetUpdateInput {
    /// Which budget.
    id: Id<Budget>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What to call it.
    name: Option<String>,
    /// The year it plans, such as 2026.
    fiscal_year: Option<i32>,
    /// Which version of that year's plan it is.
    version_name: Option<String>,
    /// The department it is for; null for the whole organization.
    department_id: MaybeUndefined<Id<Department>>,
    /// The region it is for; null for all of them.
    region: MaybeUndefined<DealRegion>,
}

async fn update(write: &mut Write, input: BudgetUpdateInput) -> Outcome<Id<Budget>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(budgets::name, input.name)
        .given(budgets::fiscal_year, input.fiscal_year)
        .given(budgets::version, input.version_name)
        .patch(budgets::department_id, input.department_id)
        .patch(budgets::region, input.region);
    record::update(write, before, changes).await
}

async fn submit(write: &mut Write, input: RecordInput<Budget>) -> Outcome<Id<Budget>> {
    advance(write, "submitted", input, BudgetStatus::Submitted).await
}

async fn approve(write: &mut Write, input: RecordInput<Budget>) -> Outcome<Id<Budget>> {
    advance(write, "approved", input, BudgetStatus::Approved).await
}

async fn reject(write: &mut Write, input: RecordInput<Budget>) -> Outcome<Id<Budget>> {
    advance(write, "rejected", input, BudgetStatus::Draft).await
}

async fn lock(write: &mut Write, input: RecordInput<Budget>) -> Outcome<Id<Budget>> {
    advance(write, "locked", input, BudgetStatus::Locked).await
}

/// Which state may follow which, who may bring it about, and the marks of who did and when are the database's business
/// (B070).
async fn advance(
    write: &mut Write,
    what: &str,
    input: RecordInput<Budget>,
    to: BudgetStatus,
) -> Outcome<Id<Budget>> {
    let before = input.lock_living(write).await?;
    if before.status == to {
        let message = say!("the budget is {status} already", status = to.as_str());
        return Err(UserError::state(message, &["input", "id"], to.allows()).into());
    }
    record::change(write, what, before, Changes::default().set(budgets::status, to)).await
}
