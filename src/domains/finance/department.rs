//! Departments: the units that people work in and budgets are made for, as a tree (004 §3.3).
use crate::{
    domains::{
        finance::{
            budget::Budget,
            cost_center::{CostCenter, CostCenterFilter, planned},
        },
        identity::{
            membership::Membership,
            session::lower,
            user::{User, UserFilter},
        },
        money::{Money, MoneyInput},
        prelude::*,
    },
    store::tables::{
        finance::{budgets, departments},
        identity::{memberships, organizations},
    },
};

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = departments, check_for_backend(Pg))]
pub struct Department {
    pub id: Id<Department>,
    pub name: String,
    pub code: Option<String>,
    pub parent_id: Option<Id<Department>>,
    pub cost_center_id: Option<Id<CostCenter>>,
    pub head_user_id: Option<Id<User>>,
    pub annual_budget: Option<Decimal>,
    #[diesel(select_expression = Referred::<departments::organization_id, organizations::currency>::column())]
    #[diesel(select_expression_type = Referred<departments::organization_id, organizations::currency>)]
    pub currency: Currency,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(Department, "dept", finance::departments, needs "department.read", version revision);

impl Entity for Department {
    const SEARCHED: &'static [&'static str] = &["name", "code"];

    fn fields(department: &mut Fields<Self>) {
        columns! { department: Department {
            id, name, code, revision as "version", created_at, updated_at,
        } keeps { parent_id, cost_center_id, head_user_id, annual_budget, currency } }
        department
            .part("annualBudget", |department, _| {
                department.annual_budget.map(|plan| Money::of(plan, department.currency))
            })
            .of_column("annual_budget")
            .about_column("annual_budget")
            .needs("budget.amount.read");
        department.one("parent", |department| department.parent_id).about_column("parent_id");
        department.one("costCenter", |department| department.cost_center_id).about_column("cost_center_id");
        department.one("head", |department| department.head_user_id).about_column("head_user_id");
        department
            .children::<Department>("children", departments::parent_id)
            .about("The departments that are part of this one.");
        department
            .children::<Budget>("budgets", budgets::department_id)
            .about("What is planned for this department.");
        department
            .children::<Membership>("members", memberships::department_id)
            .about("Who works in this department.");
        department.aggregate().money::<Money>(&["annualBudget"]).by(&["parent", "costCenter", "head"]);
    }
}

filter! { DepartmentFilter for Department in departments {
    id: Compare<Id<Department>>,
    name: Compare<String>,
    code: Compare<String>,
    annual_budget: Compare<Decimal> => needs "budget.amount.read",
    parent_id: Compare<Id<Department>>,
    created_at: Compare<DateTime<Utc>>,
    cost_center: CostCenterFilter => through cost_center_id,
    head: UserFilter => through head_user_id,
    parent: DepartmentFilter => through parent_id,
    children: Related<Department> => by departments::parent_id,
    budgets: Related<Budget> => by budgets::department_id,
    members: Related<Membership> => by memberships::department_id,
} }

order! { DepartmentOrder, DepartmentOrderField for Department {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// Its name.
    Name = name,
    /// Its code.
    Code = code,
    /// The name of the department that it is part of.
    ParentName = parent_id -> Department.name,
    /// The name of its cost center.
    CostCenterName = cost_center_id -> CostCenter.name,
    /// The name of its head.
    HeadName = head_user_id -> User.display_name,
} default [Name Asc] }

/// The one department that has this name or code, whatever the case, if there is just one.
pub async fn called(write: &mut Write, name: Option<&str>) -> Outcome<Option<Id<Department>>> {
    let Some(name) = name else { return Ok(None) };
    let known = departments::table
        .filter(departments::organization_id.eq(write.organization()))
        .filter(
            lower(departments::name)
                .eq(lower(name))
                .or(lower(departments::code.assume_not_null()).eq(lower(name))),
        )
        .limit(2)
        .select(departments::id);
    let known: Vec<Id<Department>> = known.load(write).await?;
    Ok(if let [one] = known.as_slice() { Some(*one) } else { None })
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<Department>("department", [By::text("code", departments::code, "Its short code.")])
        .about("A department by its id or code; null when there is none that you may see.");
    query.list::<Department>("departments").about("Departments, by name unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("departmentCreate", create)
        .needs("department.write")
        .about("Makes a department. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, CURRENCY_MISMATCH, OUT_OF_RANGE.")
        .in_bulk();
    mutations
        .change("departmentUpdate", update)
        .needs("department.write")
        .about(
            "Changes a department. Errors: INVALID, NOT_UNIQUE, NOT_FOUND, CONFLICT, CURRENCY_MISMATCH, OUT_OF_RANGE.",
        )
        .in_bulk();
}

/// A department to be made.
#[derive(InputObject)]
struct DepartmentCreateInput {
    /// Its name.
    name: String,
    /// Its short code; no two have the same.
    code: Option<String>,
    /// The department that it is part of.
    parent_id: Option<Id<Department>>,
    /// Where its costs are booked.
    cost_center_id: Option<Id<CostCenter>>,
    /// Who leads it.
    head_user_id: Option<Id<User>>,
    /// What is planned per year, in the organization's currency.
    annual_budget: MaybeUndefined<MoneyInput>,
}

async fn create(write: &mut Write, input: DepartmentCreateInput) -> Outcome<Id<Department>> {
    let annual = planned(write, input.annual_budget, "annualBudget").await?.take();
    let department = Changes::default()
        .set(departments::name, input.name)
        .set(departments::code, input.code)
        .set(departments::parent_id, input.parent_id)
        .set(departments::cost_center_id, input.cost_center_id)
        .set(departments::head_user_id, input.head_user_id)
        .set(departments::annual_budget, annual);
    record::create(write, department).await
}

/// What to change of a department. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct DepartmentUpdateInput {
    /// Which department.
    id: Id<Department>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name.
    name: Option<String>,
    /// Its short code; no two have the same.
    code: MaybeUndefined<String>,
    /// The department that it is part of.
    parent_id: MaybeUndefined<Id<Department>>,
    /// Where its costs are booked.
    cost_center_id: MaybeUndefined<Id<CostCenter>>,
    /// Who leads it.
    head_user_id: MaybeUndefined<Id<User>>,
    /// What is planned per year, in the organization's currency.
    annual_budget: MaybeUndefined<MoneyInput>,
}

async fn update(write: &mut Write, input: DepartmentUpdateInput) -> Outcome<Id<Department>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .given(departments::name, input.name)
        .patch(departments::code, input.code)
        .patch(departments::parent_id, input.parent_id)
        .patch(departments::cost_center_id, input.cost_center_id)
        .patch(departments::head_user_id, input.head_user_id)
        .patch(departments::annual_budget, planned(write, input.annual_budget, "annualBudget").await?);
    record::update(write, before, changes).await
}
