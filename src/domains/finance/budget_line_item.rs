//! Budget lines: what is to be spent on one thing, quarter by quarter (004 §3.3).
use serde::{Deserialize, Serialize};

use crate::{
    domains::{
        finance::budget::{Budget, BudgetFilter},
        money::{Money, MoneyInput},
        prelude::*,
    },
    graph::{mutation::Payload, rows::Last},
    store::tables::finance::{budget_line_items, budgets},
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = budget_line_items, check_for_backend(Pg))]
pub struct BudgetLineItem {
    pub id: Id<BudgetLineItem>,
    pub budget_id: Id<Budget>,
    pub category: String,
    pub subcategory: Option<String>,
    pub description: Option<String>,
    pub q1_amount: Decimal,
    pub q2_amount: Decimal,
    pub q3_amount: Decimal,
    pub q4_amount: Decimal,
    pub annual_amount: Decimal,
    #[diesel(select_expression = Referred::<budget_line_items::budget_id, budgets::currency>::column())]
    #[diesel(select_expression_type = Referred<budget_line_items::budget_id, budgets::currency>)]
    pub currency: Currency,
    pub assumptions: Option<Json>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(BudgetLineItem, "line", finance::budget_line_items, needs "budget.read", version revision, part budget_id of Budget);

impl Entity for BudgetLineItem {
    fn fields(line: &mut Fields<Self>) {
        columns! { line: BudgetLineItem {
            id, category, subcategory, description, assumptions, revision as "version", created_at, updated_at,
        } keeps { budget_id, q1_amount, q2_amount, q3_amount, q4_amount, annual_amount, currency } }
        amount(line.part("q1Amount", |line, _| Some(Money::of(line.q1_amount, line.currency))), "q1_amount");
        amount(line.part("q2Amount", |line, _| Some(Money::of(line.q2_amount, line.currency))), "q2_amount");
        amount(line.part("q3Amount", |line, _| Some(Money::of(line.q3_amount, line.currency))), "q3_amount");
        amount(line.part("q4Amount", |line, _| Some(Money::of(line.q4_amount, line.currency))), "q4_amount");
        amount(
            line.part("annualAmount", |line, _| Some(Money::of(line.annual_amount, line.currency))),
            "annual_amount",
        );
        line.one("budget", |line| Some(line.budget_id)).about_column("budget_id").required();
        line.aggregate()
            .money::<Money>(&["q1Amount", "q2Amount", "q3Amount", "q4Amount", "annualAmount"])
            .by(&["category", "subcategory", "budget"]);
    }
}

fn amount(field: Last<'_, BudgetLineItem>, column: &'static str) {
    field.of_column(column).about_column(column).needs("budget.amount.read").required();
}

filter! { BudgetLineItemFilter for BudgetLineItem in budget_line_items {
    id: Compare<Id<BudgetLineItem>>,
    category: Compare<String>,
    subcategory: Compare<String>,
    annual_amount: Compare<Decimal> => needs "budget.amount.read",
    created_at: Compare<DateTime<Utc>>,
    budget: BudgetFilter => through budget_id,
} }

order! { BudgetLineItemOrder, BudgetLineItemOrderField for BudgetLineItem {
    /// When the line was entered.
    CreatedAt = created_at,
    /// What the money is for.
    Category = category,
    /// The amount of the year.
    AnnualAmount = annual_amount needs "budget.amount.read",
} default [CreatedAt Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<BudgetLineItem>("budgetLineItem")
        .about("A line of a budget by its id; null when there is none that you may see.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("budgetLineItemCreate", create, kept)
        .needs("budget.write")
        .about("Adds a line to a draft. Errors: INVALID, OUT_OF_RANGE, NOT_FOUND, CURRENCY_MISMATCH, STATE.")
        .in_bulk();
    mutations
        .action("budgetLineItemUpdate", update, kept)
        .needs("budget.write")
        .about(
            "Changes a line of a draft. Errors: INVALID, OUT_OF_RANGE, NOT_FOUND, CONFLICT, CURRENCY_MISMATCH, STATE.",
        )
        .in_bulk();
    mutations
        .action("budgetLineItemDelete", delete, gone)
        .needs("budget.write")
        .about("Removes a line from a draft for good. Errors: NOT_FOUND, CONFLICT, STATE.")
        .in_bulk();
}

/// A line that was added, changed or removed, and the budget whose total follows.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct LineChange {
    line: Id<BudgetLineItem>,
    budget: Id<Budget>,
}

fn kept(payload: &mut Fields<Payload<LineChange>>) {
    payload
        .one("budgetLineItem", |payload| payload.result.map(|change| change.line))
        .about("The line as it is now; null when nothing was done.");
    budget(payload);
}

fn gone(payload: &mut Fields<Payload<LineChange>>) {
    payload
        .derived("deletedId", |payload| payload.result.map(|change| change.line))
        .about("The line that is gone; null when nothing was done.");
    budget(payload);
}

fn budget(payload: &mut Fields<Payload<LineChange>>) {
    payload
        .one("budget", |payload| payload.result.map(|change| change.budget))
        .about("The budget with its new total; null when nothing was done.");
}

/// A line to be added to a draft.
#[derive(InputObject)]
struct BudgetLineItemCreateInput {
    /// To which budget.
    budget_id: Id<Budget>,
    /// What the money is for, such as Payroll or Software.
    category: String,
    /// What it is for more precisely.
    subcategory: Option<String>,
    /// An explanation.
    description: Option<String>,
    /// The amount of the first quarter, in the budget's currency; zero when absent.
    q1_amount: Option<MoneyInput>,
    /// The amount of the second quarter, in the budget's currency; zero when absent.
    q2_amount: Option<MoneyInput>,
    /// The amount of the third quarter, in the budget's currency; zero when absent.
    q3_amount: Option<MoneyInput>,
    /// The amount of the fourth quarter, in the budget's currency; zero when absent.
    q4_amount: Option<MoneyInput>,
    /// What the amounts rest on.
    assumptions: Option<Json>,
}

async fn create(write: &mut Write, input: BudgetLineItemCreateInput) -> Outcome<LineChange> {
    let budget = record::find(write, input.budget_id, &["input", "budgetId"]).await?;
    let amount = |money: Option<MoneyInput>, field| {
        money.map_or(Ok(Decimal::ZERO), |money| money.amount_in(budget.currency, field))
    };
    let line = Changes::default()
        .set(budget_line_items::budget_id, budget.id)
        .set(budget_line_items::category, input.category)
        .set(budget_line_items::subcategory, input.subcategory)
        .set(budget_line_items::description, input.description)
        .set(budget_line_items::q1_amount, amount(input.q1_amount, "q1Amount")?)
        .set(budget_line_items::q2_amount, amount(input.q2_amount, "q2Amount")?)
        .set(budget_line_items::q3_amount, amount(input.q3_amount, "q3Amount")?)
        .set(budget_line_items::q4_amount, amount(input.q4_amount, "q4Amount")?)
        .set(budget_line_items::assumptions, input.assumptions);
    let line = BudgetLineItem::insert(write, Id::fresh(), line)
        .await
        .map_err(|error| Stop::from(error).allowing(budget.status.allows()).at(&["input", "budgetId"]))?;
    record::created(write, &line).await?;
    totalled(write, line.id, &budget).await
}

/// What to change of a line. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct BudgetLineItemUpdateInput {
    /// Which line.
    id: Id<BudgetLineItem>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// What the money is for, such as Payroll or Software.
    category: Option<String>,
    /// What it is for more precisely.
    subcategory: MaybeUndefined<String>,
    /// An explanation.
    description: MaybeUndefined<String>,
    /// The amount of the first quarter, in the budget's currency.
    q1_amount: Option<MoneyInput>,
    /// The amount of the second quarter, in the budget's currency.
    q2_amount: Option<MoneyInput>,
    /// The amount of the third quarter, in the budget's currency.
    q3_amount: Option<MoneyInput>,
    /// The amount of the fourth quarter, in the budget's currency.
    q4_amount: Option<MoneyInput>,
    /// What the amounts rest on.
    assumptions: MaybeUndefined<Json>,
}

async fn update(write: &mut Write, input: BudgetLineItemUpdateInput) -> Outcome<LineChange> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let budget = record::find(write, before.budget_id, &["input", "id"]).await?;
    let amount = |money: Option<MoneyInput>, field| {
        money.map(|money| money.amount_in(budget.currency, field)).transpose()
    };
    let changes = Changes::default()
        .given(budget_line_items::category, input.category)
        .patch(budget_line_items::subcategory, input.subcategory)
        .patch(budget_line_items::description, input.description)
        .given(budget_line_items::q1_amount, amount(input.q1_amount, "q1Amount")?)
        .given(budget_line_items::q2_amount, amount(input.q2_amount, "q2Amount")?)
        .given(budget_line_items::q3_amount, amount(input.q3_amount, "q3Amount")?)
        .given(budget_line_items::q4_amount, amount(input.q4_amount, "q4Amount")?)
        .patch(budget_line_items::assumptions, input.assumptions);
    let after = BudgetLineItem::update(write, before.id, changes)
        .await
        .map_err(|error| Stop::from(error).allowing(budget.status.allows()))?;
    record::updated(write, &before, &after).await?;
    totalled(write, after.id, &budget).await
}

async fn delete(write: &mut Write, input: RecordInput<BudgetLineItem>) -> Outcome<LineChange> {
    let line = input.lock_living(write).await?;
    let budget = record::find(write, line.budget_id, &["input", "id"]).await?;
    diesel::delete(budget_line_items::table.find((write.organization(), line.id)))
        .execute(write)
        .await
        .map_err(|error| Stop::from(error).allowing(budget.status.allows()))?;
    record::removed(write, &line).await?;
    totalled(write, line.id, &budget).await
}

/// The database has added the lines up (B071): who follows the budget hears of its new total.
async fn totalled(write: &mut Write, line: Id<BudgetLineItem>, before: &Budget) -> Outcome<LineChange> {
    let after = record::find(write, before.id, &["input"]).await?;
    if after.revision != before.revision {
        record::updated(write, before, &after).await?;
    }
    Ok(LineChange { line, budget: after.id })
}
