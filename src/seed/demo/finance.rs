//! Cost centers, departments and the budgets of three fiscal years.
use chrono::Datelike;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::{Calendar, Team, money, morning};
use crate::seed::rows::{Budget, BudgetLine, CostCenter, Department};
use crate::seed::tenant::Tenant;

/// Code, name, code of the unit above, mailbox of the head, annual budget in thousands.
pub(super) type Unit = (&'static str, &'static str, Option<&'static str>, &'static str, i64);

pub(super) const AETHER: &[Unit] = &[
    ("EXEC", "Executive Office", None, "eleanor.vance", 2_400),
    ("FIN", "Finance", Some("EXEC"), "sarah.chen", 3_100),
    ("COMP", "Compliance", Some("FIN"), "amara.okafor", 1_250),
    ("SALES", "Sales", Some("EXEC"), "marcus.webb", 9_800),
    ("MKT", "Marketing", Some("SALES"), "noah.kim", 4_600),
    ("CS", "Customer Success", Some("SALES"), "grace.adeyemi", 2_900),
    ("ENG", "Engineering", Some("EXEC"), "lena.fischer", 14_200),
    ("IT", "Information Technology", Some("ENG"), "raj.patel", 3_700),
];

pub(super) const NIMBUS: &[Unit] =
    &[("HQ", "Headquarters", None, "freya.olsen", 900), ("SALES", "Sales", Some("HQ"), "mei.zhang", 420)];

/// Category, subcategory, what it is for, and its share of a department's budget in thousandths.
const LINES: &[(&str, Option<&str>, &str, i64)] = &[
    ("Personnel", Some("Salaries"), "Salaries and social charges", 610),
    ("Personnel", Some("Bonus"), "Variable pay at target", 85),
    ("Software", None, "Licences and subscriptions", 95),
    ("Contractors", None, "External staff for peaks and projects", 80),
    ("Travel", None, "Customer visits and team meetings", 55),
    ("Training", None, "Courses, conferences and certifications", 25),
    ("Facilities", None, "Share of rent and office services", 50),
];
/// The quarters' shares of a year, in hundredths: pay rises in spring, projects end in autumn.
const QUARTERS: [i64; 4] = [23, 25, 25, 27];

/// The cost center and the department of each unit, who works where.
pub(super) fn add_units(tenant: &mut Tenant, team: &Team, units: &[Unit]) {
    let created_at = tenant.organization.created_at;
    let organization_id = tenant.id;
    for (number, &(code, name, above, head, thousands)) in (1..).zip(units) {
        let head = team.of(head);
        let annual_budget = Decimal::new(thousands * 100_000, 2);
        let above_of = |found: &dyn Fn(&str) -> Option<Uuid>| above.and_then(found);
        let center_above = above_of(&|code| {
            let center = tenant.departments.iter().find(|department| department.code == code)?;
            center.cost_center_id
        });
        let department_above = above_of(&|code| {
            tenant
                .departments
                .iter()
                .find(|department| department.code == code)
                .map(|department| department.id)
        });
        let center = tenant.ids.at(created_at);
        tenant.cost_centers.push(CostCenter {
            organization_id,
            id: center,
            name: format!("{name} costs"),
            description: Some("All costs of the department, from pay to travel."),
            code: format!("CC-{}", number * 100),
            parent_cost_center_id: center_above,
            monthly_budget: money(annual_budget / Decimal::from(12)),
            annual_budget,
            manager_id: Some(head),
            created_at,
            updated_at: created_at,
        });
        tenant.departments.push(Department {
            organization_id,
            id: tenant.ids.at(created_at),
            name: name.to_owned(),
            code: code.to_owned(),
            parent_id: department_above,
            cost_center_id: Some(center),
            head_user_id: Some(head),
            annual_budget,
            created_at,
            updated_at: created_at,
        });
    }
    for (person, department) in &team.departments {
        if let Some(department) = tenant.departments.iter().find(|one| one.code == *department) {
            tenant.places.push((*person, department.id));
        }
    }
}

/// Who does what with a budget.
pub(super) struct Desk {
    pub(super) drafts: Uuid,
    pub(super) submits: Uuid,
    pub(super) approves: Uuid,
}

/// The regions of a large sales department, and their shares of its budget in percent.
pub(super) const REGIONS: &[(&str, &str, i64)] = &[
    ("north_america", "North America", 40),
    ("europe", "Europe", 27),
    ("asia_pacific", "Asia Pacific", 15),
    ("middle_east", "Middle East", 10),
    ("latin_america", "Latin America", 8),
];

/// The same of the smaller organization.
pub(super) const NIMBUS_REGIONS: &[(&str, &str, i64)] =
    &[("europe", "Europe", 70), ("asia_pacific", "Asia Pacific", 30)];

/// The year before is locked, this year is in force, the next one is in the making.
pub(super) fn add_budgets(
    tenant: &mut Tenant,
    calendar: &Calendar,
    desk: &Desk,
    regions: &[(&'static str, &str, i64)],
) {
    let this_year = calendar.today().year();
    let departments: Vec<(Uuid, String, Decimal)> = tenant
        .departments
        .iter()
        .map(|department| (department.id, department.name.clone(), department.annual_budget))
        .collect();
    for (growth, fiscal_year) in [(92, this_year - 1), (100, this_year), (108, this_year + 1)] {
        for (number, (department, name, annual)) in (0..).zip(&departments) {
            let amount = *annual * Decimal::from(growth) / Decimal::ONE_HUNDRED;
            let status = match fiscal_year - this_year {
                -1 => "locked",
                0 => "approved",
                _ => ["draft", "submitted", "approved", "draft"]
                    .into_iter()
                    .cycle()
                    .nth(number)
                    .unwrap_or("draft"),
            };
            let place = Place { department: Some(*department), region: None, version: "v1" };
            add_budget(tenant, calendar, desk, &place, name, fiscal_year, status, amount);
        }
    }
    let Some((selling, _, annual)) = departments.iter().find(|(_, name, _)| name == "Sales") else { return };
    for &(region, name, percent) in regions {
        let amount = *annual * Decimal::new(percent, 2);
        let place = |version| Place { department: Some(*selling), region: Some(region), version };
        let name = format!("Sales {name}");
        add_budget(tenant, calendar, desk, &place("v1"), &name, this_year, "approved", amount);
        let next = amount * Decimal::new(111, 2);
        add_budget(tenant, calendar, desk, &place("v1"), &name, this_year + 1, "submitted", next);
        if region == "europe" {
            let name = format!("{name}, ambitious");
            add_budget(
                tenant,
                calendar,
                desk,
                &place("v2"),
                &name,
                this_year + 1,
                "draft",
                next * Decimal::new(112, 2),
            );
        }
    }
}

struct Place {
    department: Option<Uuid>,
    region: Option<&'static str>,
    version: &'static str,
}

#[expect(clippy::too_many_arguments, reason = "each is a fact of the one budget that is made")]
fn add_budget(
    tenant: &mut Tenant,
    calendar: &Calendar,
    desk: &Desk,
    place: &Place,
    name: &str,
    fiscal_year: i32,
    status: &'static str,
    amount: Decimal,
) {
    // Drafted in October, submitted in November, decided in December of the year before; the next year's are fresh.
    let next = fiscal_year > calendar.today().year();
    let moment = |month, fresh_days| match morning(fiscal_year - 1, month, 12) {
        Some(day) if !next => calendar.in_the_past(day),
        _ => calendar.at(fresh_days, 14, 15),
    };
    let created_at = moment(10, 34);
    let submitted_at = (status != "draft").then(|| moment(11, 12));
    let approved_at = matches!(status, "approved" | "locked").then(|| moment(12, 4));
    let closed = morning(fiscal_year + 1, 1, 31).map(|day| calendar.in_the_past(day));
    let locked_at = if status == "locked" { closed } else { None };
    let id = tenant.ids.at(created_at);
    let mut total_amount = Decimal::ZERO;
    for &(category, subcategory, description, share) in LINES {
        let year = (amount * Decimal::new(share, 3)).round_dp(0);
        let [q1, q2, q3, q4] = QUARTERS.map(|part| money(year * Decimal::new(part, 2)));
        total_amount += q1 + q2 + q3 + q4;
        tenant.lines.push(BudgetLine {
            organization_id: tenant.id,
            id: tenant.ids.at(created_at),
            budget_id: id,
            category,
            subcategory,
            description: Some(description.to_owned()),
            q1_amount: q1,
            q2_amount: q2,
            q3_amount: q3,
            q4_amount: q4,
            assumptions: (category == "Personnel").then(|| json!({ "payRise": "0.032", "from": "Q2" })),
            created_at,
            updated_at: created_at,
        });
    }
    let updated_at = locked_at.or(approved_at).or(submitted_at).unwrap_or(created_at);
    let changes = [submitted_at, approved_at, locked_at].into_iter().flatten().count();
    tenant.budgets.push(Budget {
        organization_id: tenant.id,
        id,
        name: format!("{name} {fiscal_year}"),
        fiscal_year,
        version: place.version,
        status,
        department_id: place.department,
        region: place.region,
        currency: tenant.organization.currency,
        total_amount,
        submitted_by: submitted_at.map(|_| desk.submits),
        submitted_at,
        approved_by: approved_at.map(|_| desk.approves),
        approved_at,
        locked_by: locked_at.map(|_| desk.approves),
        locked_at,
        created_by: desk.drafts,
        created_at,
        updated_at,
        revision: 2 + i32::try_from(changes).unwrap_or_default(),
    });
}
