//! Many rows, to measure with: organizations of people, conversations, deals, budgets and controls, always the same.
mod talk;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Datelike, Duration as Span, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use self::talk::Talk;
use super::deals::{Event, OPEN_STAGES, Step, add_deal, add_pipeline, first_stage};
use super::load::Loader;
use super::rows::{
    Account, Budget, BudgetLine, Control, ControlTest, Deal, Department, Issue, Membership, User,
};
use super::tenant::{Given, Outline, Tenant};
use crate::store::clock;

/// How much to make.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub organizations: u32,
    /// 1 makes organizations of 50 people with 20,000 messages and 2,000 deals each.
    pub scale: Decimal,
}

/// What became of one organization.
#[derive(Clone, Debug)]
pub struct Progress {
    pub slug: String,
    /// How many rows it has; none when it was there before.
    pub rows: u64,
    /// How many of them are messages.
    pub messages: u64,
    pub took: Duration,
}

/// How many rows an organization has.
#[derive(Clone, Copy, Debug)]
struct Size {
    people: usize,
    conversations: usize,
    messages: usize,
    deals: usize,
    budgets: usize,
    controls: usize,
}

/// Lines of a budget, tests and issues of a control.
const LINES: usize = 20;
const ISSUES: usize = 5;
/// So far back the rows go.
const DAYS: i64 = 730;

impl Size {
    fn of(scale: Decimal) -> Result<Self> {
        if scale <= Decimal::ZERO || scale > Decimal::ONE_HUNDRED {
            bail!("The scale must be above 0 and at most 100; more organizations make more rows.");
        }
        let times =
            |count: u32| (Decimal::from(count) * scale).ceil().to_usize().context("the scale is too large");
        Ok(Self {
            people: times(50)?,
            conversations: times(400)?,
            messages: times(20_000)?,
            deals: times(2_000)?,
            budgets: times(50)?,
            controls: times(100)?,
        })
    }
}

/// Adds organizations `org-0001`, `org-0002` and so on, as far as they are missing; each is there as a whole or not at all.
pub async fn bulk(owner_url: &str, plan: &Plan, mut done: impl FnMut(Progress) -> Result<()>) -> Result<()> {
    let size = Size::of(plan.scale)?;
    let loader = Loader::connect(owner_url).await?;
    // on their own, so that nobody waits for the locks as long as filling takes
    loader.months(clock::now() - Span::days(DAYS)).await?;
    for number in 1..=plan.organizations {
        let begun = Instant::now();
        loader.begin().await?;
        let tenant = Tenant::new(outline(number)?);
        let slug = tenant.organization.slug.clone();
        let there = loader.organizations().await?.contains(&tenant.id);
        let (mut rows, mut messages) = (0, 0);
        if there {
            loader.roll_back().await?;
        } else {
            rows = fill(tenant, &loader, &size).await?;
            messages = u64::try_from(size.messages)?;
            loader.commit().await?;
        }
        done(Progress { slug, rows, messages, took: begun.elapsed() })?;
    }
    loader.analyze().await
}

/// Whether rows go straight into their tables, or, where the owner is no superuser, through one that is temporary.
pub async fn is_fast(owner_url: &str) -> Result<bool> {
    Ok(Loader::connect(owner_url).await?.superuser())
}

fn outline(number: u32) -> Result<Outline> {
    // The id is made of this day, which therefore does not move.
    let founded = NaiveDate::from_ymd_opt(2024, 1, 1)
        .and_then(|day| day.and_hms_opt(0, 0, 0))
        .context("no such day")?;
    Ok(Outline {
        name: format!("Organization {number:04}"),
        slug: format!("org-{number:04}"),
        business_type: "Measurement",
        industry: "Technology",
        timezone: "UTC",
        locale: "en-US",
        currency: "USD",
        founded: founded.and_utc(),
    })
}

async fn fill(mut tenant: Tenant, loader: &Loader, size: &Size) -> Result<u64> {
    let until = clock::now();
    let people = add_people(&mut tenant, size.people);
    add_accounts(&mut tenant, &people, size.deals.div_ceil(10));
    add_pipeline(&mut tenant, "Sales pipeline");
    add_deals(&mut tenant, &people, size.deals, until);
    add_departments(&mut tenant, &people, size.people.div_ceil(10));
    add_budgets(&mut tenant, &people, size.budgets);
    let frameworks = loader
        .client()
        .query("SELECT organization_id, id FROM governance.compliance_frameworks ORDER BY id LIMIT 1", &[])
        .await?;
    if let Some(framework) = frameworks.first() {
        add_controls(&mut tenant, &people, size.controls, (framework.get(0), framework.get(1)), until);
    }
    let talk =
        Talk { organization: tenant.id, people, size: *size, until, slug: tenant.organization.slug.clone() };
    talk.add_conversations(&mut tenant);
    // Conversations know the sums of their messages, which are made one by one while they are sent.
    tenant.load(loader, talk.messages()).await
}

/// A moment of the past two years: the `part`-th of `whole` equal steps.
fn moment(until: DateTime<Utc>, part: usize, whole: usize) -> DateTime<Utc> {
    let (part, whole) = (i64::try_from(part).unwrap_or_default(), i64::try_from(whole).unwrap_or(1).max(1));
    let seconds = DAYS * 86_400;
    until - Span::seconds(seconds) + Span::milliseconds(seconds * 1_000 / whole * part)
}

fn of<T: Copy + Default>(all: &[T], number: usize) -> T {
    all.get(number % all.len().max(1)).copied().unwrap_or_default()
}

const REGIONS: &[&str] = &["north_america", "europe", "asia_pacific", "middle_east", "latin_america"];
const ROLES: &[&str] = &["user", "user", "user", "manager", "analyst", "viewer", "user", "finance_manager"];

fn add_people(tenant: &mut Tenant, count: usize) -> Vec<Uuid> {
    let at = tenant.organization.created_at;
    let mut people = Vec::with_capacity(count);
    for number in 0..count {
        let id = tenant.ids.at(at);
        people.push(id);
        tenant.users.push(User {
            id,
            email: format!("person{}@{}.example", number + 1, tenant.organization.slug),
            password_hash: None,
            first_name: "Person",
            last_name: "Number",
            display_name: format!("Person {}", number + 1),
            timezone: "UTC",
            status: "active",
            email_verified_at: Some(at),
            password_changed_at: None,
            created_at: at,
            updated_at: at,
        });
        let manager = (number > 0).then(|| of(&people, number / 8));
        tenant.memberships.push(Membership {
            organization_id: tenant.id,
            user_id: id,
            manager_id: manager.filter(|above| *above != id),
            region: Some(of(REGIONS, number)),
            title: None,
            joined_at: at,
            created_at: at,
            updated_at: at,
        });
        let role = match number {
            0 => "owner",
            1 => "cfo",
            2 => "admin",
            _ => of(ROLES, number),
        };
        tenant.given.push(Given {
            user_id: id,
            role,
            by: people.first().copied().filter(|first| *first != id),
            at,
        });
    }
    people
}

fn add_accounts(tenant: &mut Tenant, people: &[Uuid], count: usize) {
    let at = tenant.organization.created_at;
    for number in 0..count {
        tenant.accounts.push(Account {
            organization_id: tenant.id,
            id: tenant.ids.at(at),
            name: format!("Customer {:05}", number + 1),
            domain: format!("customer{}.example", number + 1),
            vertical: "Manufacturing",
            owner_id: Some(of(people, number)),
            external_system: "crm",
            external_id: format!("ACC-{number}"),
            created_at: at,
            updated_at: at,
        });
    }
}

/// Deals with three changes of fields each on average: five of eight are open, two won, one lost.
fn add_deals(tenant: &mut Tenant, people: &[Uuid], count: usize, until: DateTime<Utc>) {
    let Some(first) = first_stage(tenant) else { return };
    let accounts: Vec<Uuid> = tenant.accounts.iter().map(|account| account.id).collect();
    for number in 0..count {
        let at = moment(until, number, count);
        let owner = of(people, number);
        let deal = Deal {
            organization_id: tenant.id,
            id: tenant.ids.at(at),
            external_deal_id: format!("OPP-{number}"),
            external_system: "crm",
            name: format!("Deal {:06}", number + 1),
            account_id: of(&accounts, number / 3),
            region: of(REGIONS, number),
            segment: of(&["enterprise", "mid_market", "smb"], number / 2),
            lob: of(&["software", "services"], number / 5),
            vertical: "Manufacturing",
            revenue_type: "subscription",
            pipeline_id: first.pipeline_id,
            stage_id: first.id,
            status: first.kind,
            stage_entered_at: at,
            value: Decimal::new(tenant.dice.between(500_000, 90_000_000), 2),
            currency: tenant.organization.currency,
            probability: first.default_probability,
            pipeline_entered_at: at,
            expected_close_date: at.date_naive() + Span::days(90),
            actual_close_date: None,
            owner_id: owner,
            channel: "direct",
            campaign_source: None,
            close_reason: None,
            competitor_lost_to: None,
            created_at: at,
            updated_at: at,
            revision: 1,
            synced_at: at,
        };
        let open = number % (OPEN_STAGES - 1) + 1;
        let steps = match number % 8 {
            0..4 => vec![Step::To(open)],
            4 => vec![Step::Value(deal.value + Decimal::ONE_THOUSAND), Step::To(open)],
            5 | 6 => vec![Step::Won],
            _ => vec![Step::Lost { reason: "Price above budget", to: None }],
        };
        // No change may come after today.
        let days = (until - at).num_days().clamp(0, 30);
        let event = |step| Event { at: at + Span::days(days), by: owner, source: "user", step };
        let events: Vec<Event> = steps.into_iter().map(event).collect();
        add_deal(tenant, deal, &events);
    }
}

fn add_departments(tenant: &mut Tenant, people: &[Uuid], count: usize) {
    let at = tenant.organization.created_at;
    for number in 0..count {
        tenant.departments.push(Department {
            organization_id: tenant.id,
            id: tenant.ids.at(at),
            name: format!("Department {:03}", number + 1),
            code: format!("D-{:03}", number + 1),
            parent_id: None,
            cost_center_id: None,
            head_user_id: Some(of(people, number)),
            annual_budget: Decimal::from(1_000_000),
            created_at: at,
            updated_at: at,
        });
    }
}

/// Budgets of departments, submitted but for each fifth, which is a draft.
fn add_budgets(tenant: &mut Tenant, people: &[Uuid], count: usize) {
    let at = tenant.organization.created_at;
    let departments: Vec<Uuid> = tenant.departments.iter().map(|department| department.id).collect();
    for number in 0..count {
        let submitted = number % 5 != 0;
        let id = tenant.ids.at(at);
        let amounts = [1, 2, 3, 4].map(|_| Decimal::new(tenant.dice.between(100_000, 9_000_000), 2));
        let [q1, q2, q3, q4] = amounts;
        for _ in 0..LINES {
            tenant.lines.push(BudgetLine {
                organization_id: tenant.id,
                id: tenant.ids.at(at),
                budget_id: id,
                category: "Personnel",
                subcategory: None,
                description: None,
                q1_amount: q1,
                q2_amount: q2,
                q3_amount: q3,
                q4_amount: q4,
                assumptions: None,
                created_at: at,
                updated_at: at,
            });
        }
        let lines = Decimal::from(u32::try_from(LINES).unwrap_or_default());
        tenant.budgets.push(Budget {
            organization_id: tenant.id,
            id,
            name: format!("Budget {:04}", number + 1),
            // One budget a year and region at most: so many that the years go far back.
            fiscal_year: at.year() - i32::try_from(number / REGIONS.len() % 100).unwrap_or_default(),
            version: of(
                &["v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10"],
                number / (REGIONS.len() * 100),
            ),
            status: if submitted { "submitted" } else { "draft" },
            department_id: Some(of(&departments, number)),
            region: Some(of(REGIONS, number)),
            currency: tenant.organization.currency,
            total_amount: (q1 + q2 + q3 + q4) * lines,
            submitted_by: submitted.then(|| of(people, number + 1)),
            submitted_at: submitted.then_some(at),
            approved_by: None,
            approved_at: None,
            locked_by: None,
            locked_at: None,
            created_by: of(people, number),
            created_at: at,
            updated_at: at,
            revision: 2,
        });
    }
}

fn add_controls(
    tenant: &mut Tenant,
    people: &[Uuid],
    count: usize,
    (framework_org_id, framework_id): (Uuid, Uuid),
    until: DateTime<Utc>,
) {
    for number in 0..count {
        let at = moment(until, number, count * 2);
        let id = tenant.ids.at(at);
        let result = of(&["pass", "pass", "warning", "fail"], number);
        let owner = of(people, number);
        tenant.controls.push(Control {
            organization_id: tenant.id,
            id,
            control_id: format!("C-{:05}", number + 1),
            framework_id,
            framework_org_id,
            category: "Measurement",
            name: format!("Control {:05}", number + 1),
            description: None,
            objective: None,
            frequency: "weekly",
            automated: true,
            test_procedure: None,
            status: result,
            last_verified_at: Some(at),
            next_verification_at: Some(at + Span::days(7)),
            owner_id: owner,
            evidence_required: &[],
            created_at: at,
            updated_at: at,
            revision: 2,
        });
        tenant.tests.push(ControlTest {
            organization_id: tenant.id,
            id: tenant.ids.at(at),
            control_id: id,
            result,
            performed_by: None,
            performed_at: at,
            automated: true,
            evidence: serde_json::json!({}),
            notes: None,
        });
        for place in 0..ISSUES {
            tenant.issues.push(Issue {
                organization_id: tenant.id,
                id: tenant.ids.at(at),
                control_id: id,
                description: format!("Finding {} of control {}", place + 1, number + 1),
                severity: of(&["low", "medium", "high", "critical"], number + place),
                detected_at: at,
                due_date: Some(at.date_naive() + Span::days(30)),
                assigned_to: Some(owner),
                status: "open",
                remediation_plan: None,
                resolved_at: None,
                resolved_by: None,
                resolution_notes: None,
                created_at: at,
                updated_at: at,
                revision: 1,
            });
        }
    }
}
