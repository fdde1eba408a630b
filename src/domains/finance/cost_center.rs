//! Cost centers: the places that costs are booked to, as a tree (000 §3.8).
use crate::{
    domains::{
        finance::department::Department,
        identity::user::{User, UserFilter},
        money::{Money, MoneyInput},
        prelude::*,
    },
    store::tables::{
        finance::{cost_centers, departments},
        identity::organizations,
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = cost_centers, check_for_backend(Pg))]
pub struct CostCenter {
    pub id: Id<CostCenter>,
    pub name: String,
    pub description: Option<String>,
    pub code: Option<String>,
    pub parent_cost_center_id: Option<Id<CostCenter>>,
    pub monthly_budget: Option<Decimal>,
    pub annual_budget: Option<Decimal>,
    #[diesel(select_expression = Referred::<cost_centers::organization_id, organizations::currency>::column())]
    #[diesel(select_expression_type = Referred<cost_centers::organization_id, organizations::currency>)]
    pub currency: Currency,
    pub manager_id: Option<Id<User>>,
    pub is_active: bool,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(CostCenter, "costctr", finance::cost_centers, needs "cost_center.read", version revision);

impl Entity for CostCenter {
    const SEARCHED: &'static [&'static str] = &["name", "code"];

    fn fields(center: &mut Fields<Self>) {
        columns! { center: CostCenter {
            id, name, description, code, is_active, revision as "version", created_at, updated_at,
        } keeps { parent_cost_center_id, monthly_budget, annual_budget, currency, manager_id } }
        center
            .part("monthlyBudget", |center, _| {
                center.monthly_budget.map(|plan| Money::of(plan, center.currency))
            })
            .of_column("monthly_budget")
            .about_column("monthly_budget")
            .needs("budget.amount.read");
        center
            .part("annualBudget", |center, _| {
                center.annual_budget.map(|plan| Money::of(plan, center.currency))
            })
            .of_column("annual_budget")
            .about_column("annual_budget")
            .needs("budget.amount.read");
        center.one("parent", |center| center.parent_cost_center_id).about_column("parent_cost_center_id");
        center.one("manager", |center| center.manager_id).about_column("manager_id");
        center
            .children::<CostCenter>("children", cost_centers::parent_cost_center_id)
            .about("The cost centers that are part of this one.");
        center
            .children::<Department>("departments", departments::cost_center_id)
            .about("The departments whose costs are booked here.");
        center
            .aggregate()
            .money::<Money>(&["monthlyBudget", "annualBudget"])
            .by(&["isActive", "parent", "manager"])
            .by_period(&["createdAt"]);
    }
}

filter! { CostCenterFilter for CostCenter in cost_centers {
    id: Compare<Id<CostCenter>>,
    name: Compare<String>,
    code: Compare<String>,
    is_active: Compare<bool>,
    annual_budget: Compare<Decimal> => needs "budget.amount.read",
    parent_cost_center_id: Compare<Id<CostCenter>>,
    created_at: Compare<DateTime<Utc>>,
    manager: UserFilter => through manager_id,
    parent: CostCenterFilter => through parent_cost_center_id,
    children: Related<CostCenter> => by cost_centers::parent_cost_center_id,
    departments: Related<Department> => by departments::cost_center_id,
} }

order! { CostCenterOrder, CostCenterOrderField for CostCenter {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
    /// Its code in bookkeeping.
    Code = code,
    /// The name of the cost center that it is part of.
    ParentName = parent_cost_center_id -> CostCenter.name,
    /// The name of its manager.
    ManagerName = manager_id -> User.display_name,
} default [Name Asc] }

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<CostCenter>(
            "costCenter",
            [By::text("code", cost_centers::code, "Its code in bookkeeping.")],
        )
        .about("A cost center by its id or code; null when there is none that you may see.");
    query.list::<CostCenter>("costCenters").about("Cost centers, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("costCenterCreate", create)
        .needs("cost_center.write")
        .about(
            "Makes a cost center. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, CURRENCY_MISMATCH, OUT_OF_RANGE.",
        )
        .in_bulk();
    mutations
        .change("costCenterUpdate", update)
        .needs("cost_center.write")
        .about(
            "Changes a cost center. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, CONFLICT, CURRENCY_MISMATCH, OUT_OF_RANGE.",
        )
        .in_bulk();
}

/// The organization's own currency.
pub async fn currency_of(write: &mut Write) -> Outcome<Currency> {
    let currency = organizations::table.find(write.organization()).select(organizations::currency);
    Ok(currency.first(&mut **write).await?)
}

/// A planned amount, which has to be in the organization's currency.
pub async fn planned(
    write: &mut Write,
    plan: MaybeUndefined<MoneyInput>,
    field: &str,
) -> Outcome<MaybeUndefined<Decimal>> {
    Ok(match plan {
        MaybeUndefined::Value(money) => {
            MaybeUndefined::Value(money.amount_in(currency_of(write).await?, field)?)
        }
        MaybeUndefined::Null => MaybeUndefined::Null,
        MaybeUndefined::Undefined => MaybeUndefined::Undefined,
    })
}

/// A cost center to be made.
#[derive(InputObject)]
struct CostCenterCreateInput {
    /// Its name.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// Its short code in bookkeeping; no two have the same.
    code: Option<String>,
    /// The cost center that it is part of.
    parent_cost_center_id: Option<Id<CostCenter>>,
    /// What is planned per month, in the organization's currency.
    monthly_budget: MaybeUndefined<MoneyInput>,
    /// What is planned per year, in the organization's currency.
    annual_budget: MaybeUndefined<MoneyInput>,
    /// Who answers for the costs.
    manager_id: Option<Id<User>>,
}

async fn create(write: &mut Write, input: CostCenterCreateInput) -> Outcome<Id<CostCenter>> {
    let monthly = planned(write, input.monthly_budget, "monthlyBudget").await?.take();
    let annual = planned(write, input.annual_budget, "annualBudget").await?.take();
    let center = Changes::default()
        .set(cost_centers::name, input.name)
        .set(cost_centers::description, input.description)
        .set(cost_centers::code, input.code)
        .set(cost_centers::parent_cost_center_id, input.parent_cost_center_id)
        .set(cost_centers::monthly_budget, monthly)
        .set(cost_centers::annual_budget, annual)
        .set(cost_centers::manager_id, input.manager_id);
    record::create(write, center).await
}

/// What to change of a cost center. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct CostCenterUpdateInput {
    /// Which cost center.
    id: Id<CostCenter>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name.
    name: Option<String>,
    /// What it is for.
    description: MaybeUndefined<String>,
    /// Its short code in bookkeeping; no two have the same.
    code: MaybeUndefined<String>,
    /// The cost center that it is part of.
    parent_cost_center_id: MaybeUndefined<Id<CostCenter>>,
    /// What is planned per month, in the organization's currency.
    monthly_budget: MaybeUndefined<MoneyInput>,
    /// What is planned per year, in the organization's currency.
    annual_budget: MaybeUndefined<MoneyInput>,
    /// Who answers for the costs.
    manager_id: MaybeUndefined<Id<User>>,
    /// Whether costs may still be booked.
    is_active: Option<bool>,
}

async fn update(write: &mut Write, input: CostCenterUpdateInput) -> Outcome<Id<CostCenter>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(cost_centers::name, input.name)
        .patch(cost_centers::description, input.description)
        .patch(cost_centers::code, input.code)
        .patch(cost_centers::parent_cost_center_id, input.parent_cost_center_id)
        .patch(cost_centers::monthly_budget, planned(write, input.monthly_budget, "monthlyBudget").await?)
        .patch(cost_centers::annual_budget, planned(write, input.annual_budget, "annualBudget").await?)
        .patch(cost_centers::manager_id, input.manager_id)
        .given(cost_centers::is_active, input.is_active);
    record::update(write, before, changes).await
}
