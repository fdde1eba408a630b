//! Plans: what organizations can subscribe to. They are the platform's, and its administrators alone change them (002).
use std::collections::BTreeSet;

use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use crate::{
    domains::{
        billing::quota::{QuotaEnforcement, QuotaMetric, QuotaPeriod},
        money::{Money, MoneyInput},
        prelude::*,
    },
    store::{select::PLATFORM, tables::billing::plans},
};

text_enum! {
    /// How often something is paid.
    BillingCycle {
        /// Every month.
        Monthly = "monthly",
        /// Every year.
        Annual = "annual",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = plans, check_for_backend(Pg))]
pub struct Plan {
    pub id: Id<Plan>,
    pub key: String,
    pub name: String,
    pub features: Json,
    pub amount_cents: i64,
    pub currency: Currency,
    pub billing_cycle: BillingCycle,
    pub trial_days: i32,
    pub default_quotas: Json,
    pub is_default: bool,
    pub is_active: bool,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(Plan, "plan", billing::plans, needs "plan.read", owner OrganizationOrPlatform, version revision, limited never);

impl Entity for Plan {
    fn fields(plan: &mut Fields<Self>) {
        columns! { plan: Plan {
            id, key, name, features, billing_cycle, trial_days, is_default, is_active,
            revision as "version", created_at, updated_at,
        } keeps { amount_cents, currency, default_quotas } }
        plan.part("price", |plan, _| Some(price(plan.amount_cents, plan.currency)))
            .about("What a cycle costs.");
        plan.parts("quotas", |plan, _| plan.quotas()).about_column("default_quotas");
        plan.aggregate()
            .ranges(&["trialDays"])
            .by(&["billingCycle", "isDefault", "isActive"])
            .by_period(&["createdAt"]);
    }
}

filter! { PlanFilter for Plan in plans {
    id: Compare<Id<Plan>>,
    key: Compare<String>,
    is_active: Compare<bool>,
    is_default: Compare<bool>,
} }

order! { PlanOrder, PlanOrderField for Plan {
    /// When the record was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
} default [CreatedAt Asc] }

/// An amount in hundredths of its currency.
pub fn price(cents: i64, currency: Currency) -> Money {
    Money::of(Decimal::new(cents, 2), currency)
}

/// How much of something a plan allows.
#[derive(Clone, Copy)]
pub struct PlanQuota {
    pub metric: QuotaMetric,
    pub period: QuotaPeriod,
    pub limit: i64,
    pub enforcement: QuotaEnforcement,
}

impl PlanQuota {
    fn read(kept: &Value) -> Option<Self> {
        let text = |name: &str| kept.get(name)?.as_str();
        Some(Self {
            metric: QuotaMetric::named(text("metric")?)?,
            period: QuotaPeriod::named(text("period")?)?,
            limit: kept.get("limit")?.as_i64()?,
            enforcement: QuotaEnforcement::named(text("enforcement")?)?,
        })
    }

    fn keep(self) -> Value {
        json!({
            "metric": self.metric.as_str(), "period": self.period.as_str(),
            "limit": self.limit, "enforcement": self.enforcement.as_str(),
        })
    }
}

impl Object for PlanQuota {
    const NAME: &'static str = "PlanQuota";

    fn about() -> String {
        "How much of something a plan allows.".to_owned()
    }

    fn fields(quota: &mut Fields<Self>) {
        quota.column("metric", |quota| &quota.metric).about("What is limited.");
        quota.column("period", |quota| &quota.period).about("What it is counted over.");
        quota.column("limit", |quota| &quota.limit).about("How much is allowed within the period.");
        quota.column("enforcement", |quota| &quota.enforcement).about("What happens beyond the limit.");
    }
}

impl Plan {
    pub fn quotas(&self) -> Vec<PlanQuota> {
        let kept = self.default_quotas.0.as_array();
        kept.into_iter().flatten().filter_map(PlanQuota::read).collect()
    }

    /// The plan that new organizations begin with.
    pub async fn default_one(write: &mut Write) -> Outcome<Self> {
        let plan = plans::table.filter(plans::is_default).select(Self::as_select()).first(write).await?;
        Ok(plan)
    }

    /// A plan that can be subscribed to. Rows of the platform can be read but not locked.
    pub async fn on_offer(write: &mut Write, id: Id<Self>) -> Outcome<Self> {
        const PATH: &[&str] = &["input", "planId"];
        let found = plans::table.find((PLATFORM, id)).select(Self::as_select()).first(write).await;
        let plan: Self = found.optional()?.ok_or_else(|| UserError::not_found(id, PATH))?;
        if !plan.is_active {
            return Err(UserError::state(say!("the plan is no longer offered"), PATH, &[]).into());
        }
        Ok(plan)
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Plan>("plan").about("A plan by its id; null when there is none that you may see.");
    query
        .list::<Plan>("plans")
        .about("Plans, those that are no longer offered included, oldest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("planCreate", create)
        .for_platform_admins()
        .about("Makes a plan. Errors: INVALID, NOT_UNIQUE, OUT_OF_RANGE.");
    mutations.change("planUpdate", update).for_platform_admins().about(
        "Changes a plan; who has subscribed to it keeps what they have. \
         Errors: NOT_FOUND, CONFLICT, INVALID, NOT_UNIQUE, OUT_OF_RANGE, STATE.",
    );
}

/// How much of something a plan allows.
#[derive(InputObject)]
struct PlanQuotaInput {
    /// What is limited.
    metric: QuotaMetric,
    /// What it is counted over: seats for a lifetime, everything else by day or month.
    period: QuotaPeriod,
    /// How much is allowed within the period.
    limit: i32,
    /// What happens beyond the limit.
    enforcement: QuotaEnforcement,
}

/// A plan to be made.
#[derive(InputObject)]
struct PlanCreateInput {
    /// Short name for programs: small letters, digits and underscores; it never changes.
    key: String,
    /// Name as people read it.
    name: String,
    /// What it contains, by name.
    features: Option<Json>,
    /// What a cycle costs.
    price: MoneyInput,
    /// How often it is paid; monthly when absent.
    billing_cycle: Option<BillingCycle>,
    /// How many days an organization may try it, 1 to 365; 14 when absent.
    trial_days: Option<i32>,
    /// How much of everything it allows; what is absent is not limited.
    quotas: Vec<PlanQuotaInput>,
}

async fn create(write: &mut Write, input: PlanCreateInput) -> Outcome<Id<Plan>> {
    write.enter_organization(PLATFORM).await?;
    let plan = Changes::default()
        .set(plans::key, input.key)
        .set(plans::name, input.name)
        .given(plans::features, input.features)
        .set(plans::amount_cents, cents(&input.price)?)
        .set(plans::currency, input.price.currency)
        .given(plans::billing_cycle, input.billing_cycle)
        .given(plans::trial_days, input.trial_days)
        .set(plans::default_quotas, quotas(input.quotas)?);
    record::create(write, plan).await
}

/// What to change of a plan. Absent: unchanged.
#[derive(InputObject)]
struct PlanUpdateInput {
    /// Which plan.
    id: Id<Plan>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Name as people read it.
    name: Option<String>,
    /// What it contains, by name.
    features: Option<Json>,
    /// What a cycle costs.
    price: Option<MoneyInput>,
    /// How often it is paid.
    billing_cycle: Option<BillingCycle>,
    /// How many days an organization may try it, 1 to 365.
    trial_days: Option<i32>,
    /// How much of everything it allows; what is absent is not limited.
    quotas: Option<Vec<PlanQuotaInput>>,
    /// True makes it the plan that new organizations begin with, in place of the one before.
    is_default: Option<bool>,
    /// Whether it can be subscribed to.
    is_active: Option<bool>,
}

async fn update(write: &mut Write, input: PlanUpdateInput) -> Outcome<Id<Plan>> {
    write.enter_organization(PLATFORM).await?;
    let before: Plan = record::lock(write, input.id, input.expected_version).await?;
    match input.is_default {
        Some(true) if !before.is_default => {
            let other = Plan::default_one(write).await?;
            let no_longer = Changes::default().set(plans::is_default, false);
            let other = record::lock(write, other.id, None).await?;
            record::update(write, other, no_longer).await?;
        }
        Some(false) if before.is_default => {
            let message =
                say!("new organizations begin with this plan: make another one the default instead");
            return Err(UserError::state(message, &["input", "isDefault"], &[]).into());
        }
        _ => {}
    }
    let changes = Changes::default()
        .given(plans::name, input.name)
        .given(plans::features, input.features)
        .given(plans::amount_cents, input.price.as_ref().map(cents).transpose()?)
        .given(plans::currency, input.price.map(|price| price.currency))
        .given(plans::billing_cycle, input.billing_cycle)
        .given(plans::trial_days, input.trial_days)
        .given(plans::default_quotas, input.quotas.map(quotas).transpose()?)
        .given(plans::is_default, input.is_default)
        .given(plans::is_active, input.is_active);
    record::update(write, before, changes).await
}

/// The price in hundredths.
fn cents(price: &MoneyInput) -> Outcome<i64> {
    let cents = price.amount.checked_mul(Decimal::ONE_HUNDRED).filter(|cents| cents.fract().is_zero());
    cents.and_then(|cents| cents.to_i64()).ok_or_else(|| {
        let message = say!("a price has at most two digits behind the point");
        UserError::new(UserErrorCode::Invalid, message, &["input", "price", "amount"]).into()
    })
}

/// The quotas as they are kept: one for a metric and period.
fn quotas(wanted: Vec<PlanQuotaInput>) -> Outcome<Json> {
    let refuse = |code, message| Err(UserError::new(code, message, &["input", "quotas"]).into());
    let mut known = BTreeSet::new();
    for quota in &wanted {
        if (quota.metric == QuotaMetric::Seats) != (quota.period == QuotaPeriod::Lifetime) {
            let message = say!("seats are limited for a lifetime, everything else by day or month");
            return refuse(UserErrorCode::Invalid, message);
        }
        if quota.limit < 0 {
            return refuse(UserErrorCode::OutOfRange, say!("a limit is not negative"));
        }
        if !known.insert((quota.metric.as_str(), quota.period.as_str())) {
            return refuse(UserErrorCode::NotUnique, say!("a metric is limited once in a period"));
        }
    }
    let keep = |quota: PlanQuotaInput| {
        let PlanQuotaInput { metric, period, limit, enforcement } = quota;
        PlanQuota { metric, period, limit: limit.into(), enforcement }.keep()
    };
    Ok(Json(wanted.into_iter().map(keep).collect()))
}
