//! Subscriptions: the plan that an organization has, from the trial on (002 §Billing, B101).
use std::collections::HashMap;

use chrono::{Duration, Months};
use uuid::Uuid;

use crate::{
    domains::{
        billing::{
            enter,
            plan::{BillingCycle, Plan, PlanFilter, price},
            quota, tell_platform,
        },
        identity::organization::Organization,
        prelude::*,
    },
    graph::mutation::Payload,
    store::tables::billing::subscriptions,
};

text_enum! {
    /// How a subscription stands.
    BillingSubscriptionStatus {
        /// It is tried, until the trial ends.
        Trialing = "trialing",
        /// It is paid.
        Active = "active",
        /// It should have been paid.
        PastDue = "past_due",
        /// The platform waits no longer for it to be paid.
        Suspended = "suspended",
        /// It has ended for good.
        Canceled = "canceled",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = subscriptions, check_for_backend(Pg))]
pub struct BillingSubscription {
    pub id: Id<BillingSubscription>,
    pub plan_id: Id<Plan>,
    pub plan_features: Json,
    pub billing_cycle: BillingCycle,
    pub amount_cents: i64,
    pub currency: Currency,
    pub status: BillingSubscriptionStatus,
    pub current_period_start: DateTime<Utc>,
    pub current_period_end: DateTime<Utc>,
    pub trial_end: Option<DateTime<Utc>>,
    pub canceled_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(BillingSubscription, "sub", billing::subscriptions, needs "subscription.read", version revision);

impl Entity for BillingSubscription {
    fn fields(subscription: &mut Fields<Self>) {
        columns! { subscription: BillingSubscription {
            id, plan_features, billing_cycle, status, current_period_start, current_period_end, trial_end, canceled_at,
            revision as "version", created_at, updated_at,
        } keeps { plan_id, amount_cents, currency } }
        subscription
            .part("price", |subscription, _| Some(price(subscription.amount_cents, subscription.currency)))
            .about("What a cycle costs, at the price of the day on which the plan was taken.");
        subscription
            .one("plan", |subscription| Some(subscription.plan_id))
            .about_column("plan_id")
            .required();
        subscription
            .aggregate()
            .ranges(&["currentPeriodEnd", "trialEnd"])
            .by(&["plan", "billingCycle", "status"])
            .by_period(&["createdAt", "currentPeriodEnd", "canceledAt"]);
    }

    fn bars(&self, permission: &str, _: &Caller, _: &Grants) -> bool {
        permission == "subscription.write" && self.status == BillingSubscriptionStatus::Canceled
    }

    /// What its status may become, as `billing.check_subscription` holds.
    fn allows(&self) -> &'static [&'static str] {
        match self.status {
            BillingSubscriptionStatus::Trialing => &["ACTIVE", "PAST_DUE", "CANCELED"],
            BillingSubscriptionStatus::Active => &["PAST_DUE", "CANCELED"],
            BillingSubscriptionStatus::PastDue => &["ACTIVE", "SUSPENDED", "CANCELED"],
            BillingSubscriptionStatus::Suspended => &["ACTIVE", "CANCELED"],
            BillingSubscriptionStatus::Canceled => &[],
        }
    }
}

filter! { BillingSubscriptionFilter for BillingSubscription in subscriptions {
    id: Compare<Id<BillingSubscription>>,
    status: Compare<BillingSubscriptionStatus>,
    current_period_end: Compare<DateTime<Utc>>,
    created_at: Compare<DateTime<Utc>>,
    plan: PlanFilter => through plan_id,
} }

order! { BillingSubscriptionOrder, BillingSubscriptionOrderField for BillingSubscription {
    /// When the record was made.
    CreatedAt = created_at,
} default [CreatedAt Desc] }

/// The subscription of an organization that is not canceled.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Living(Uuid);

impl Batch for Living {
    type Value = BillingSubscription;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let query = subscriptions::table
            .filter(subscriptions::organization_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .filter(subscriptions::status.ne(BillingSubscriptionStatus::Canceled))
            .select(subscriptions::id);
        let living: Vec<Id<BillingSubscription>> = db.load(query).await?;
        // the rows are read as any others are, as far as the caller's rights extend
        let rows = <Id<BillingSubscription> as Batch>::load(db, &living).await?;
        Ok(rows.into_values().map(|row| (Self(db.organization()), row)).collect())
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<BillingSubscription>("billingSubscription")
        .about("A subscription by its id; null when there is none that you may see.");
    query
        .list::<BillingSubscription>("billingSubscriptions")
        .about("The organization's subscriptions, those of the past included, newest first unless ordered otherwise.");
}

pub fn of_organization(organization: &mut Fields<Organization>) {
    organization
        .lookup("subscription", |_, organization| Ok(Some(Living(organization.id.0))))
        .about("What it has subscribed to; null when nothing, or unless you work in it now.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("billingSubscriptionPlanChange", change_plan)
        .needs("subscription.write")
        .in_person()
        .about(
            "Changes to another plan, with its price and quotas from now on; quotas that the platform has set for the \
             organization alone stay. Errors: NOT_FOUND, CONFLICT, STATE, QUOTA_EXCEEDED where it has more members than \
             the plan has seats.",
        );
    mutations
        .change("billingSubscriptionCancel", cancel)
        .needs("subscription.write")
        .in_person()
        .about("Ends the subscription for good; quotas stay. Errors: NOT_FOUND, CONFLICT, STATE.");
    let told = |payload: &mut Fields<Payload<Id<BillingSubscription>>>| {
        payload
            .derived("subscriptionId", |payload| payload.result)
            .about("Which subscription; null when nothing was done.");
    };
    mutations.action("billingSubscriptionBegin", begin, told).for_platform_admins().about(
        "Begins a paid subscription for an organization that has none, with the quotas of the plan. \
             Errors: NOT_FOUND, STATE, QUOTA_EXCEEDED where it has more members than the plan has seats.",
    );
    mutations
        .action("billingSubscriptionStatusChange", change_status, told)
        .for_platform_admins()
        .about("Says how the subscription of an organization stands. Errors: NOT_FOUND, STATE.");
}

/// Which plan to change to.
#[derive(InputObject)]
struct BillingSubscriptionPlanChangeInput {
    /// Which subscription.
    id: Id<BillingSubscription>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// The plan to change to.
    plan_id: Id<Plan>,
}

async fn change_plan(
    write: &mut Write,
    input: BillingSubscriptionPlanChangeInput,
) -> Outcome<Id<BillingSubscription>> {
    let before: BillingSubscription = record::lock(write, input.id, input.expected_version).await?;
    let plan = Plan::on_offer(write, input.plan_id).await?;
    if matches!(before.status, BillingSubscriptionStatus::Suspended | BillingSubscriptionStatus::Canceled) {
        let message = say!("the subscription is {status}", status = before.status.as_str());
        return Err(UserError::state(message, &["input", "id"], before.allows()).into());
    }
    quota::follow(write, &plan).await?;
    quota::seats_suffice(write).await?;
    record::change(write, "plan_changed", before, of_plan(&plan)).await
}

async fn cancel(
    write: &mut Write,
    input: RecordInput<BillingSubscription>,
) -> Outcome<Id<BillingSubscription>> {
    let before = input.lock_living(write).await?;
    advance(write, before, BillingSubscriptionStatus::Canceled, &["input", "id"]).await
}

/// What to begin for whom.
#[derive(InputObject)]
struct BillingSubscriptionBeginInput {
    /// Which organization.
    organization_id: Id<Organization>,
    /// The plan that it gets.
    plan_id: Id<Plan>,
    /// Why, for the audit trail.
    reason: String,
}

async fn begin(write: &mut Write, input: BillingSubscriptionBeginInput) -> Outcome<Id<BillingSubscription>> {
    enter(write, input.organization_id).await?;
    let plan = Plan::on_offer(write, input.plan_id).await?;
    if living(write).await?.is_some() {
        let message = say!("the organization has a subscription already");
        return Err(UserError::state(message, &["input", "organizationId"], &[]).into());
    }
    quota::follow(write, &plan).await?;
    quota::seats_suffice(write).await?;
    let paid = cycle(of_plan(&plan), clock::now(), plan.billing_cycle)
        .set(subscriptions::status, BillingSubscriptionStatus::Active);
    let id = record::create(write, paid).await?;
    tell_platform(write, "billing_subscription.begun", BillingSubscription::NAME, id.0, input.reason).await?;
    Ok(id)
}

/// How a subscription stands from now on.
#[derive(InputObject)]
struct BillingSubscriptionStatusChangeInput {
    /// Whose subscription.
    organization_id: Id<Organization>,
    /// How it stands.
    status: BillingSubscriptionStatus,
    /// Why, for the audit trail.
    reason: String,
}

async fn change_status(
    write: &mut Write,
    input: BillingSubscriptionStatusChangeInput,
) -> Outcome<Id<BillingSubscription>> {
    const PATH: &[&str] = &["input", "organizationId"];
    enter(write, input.organization_id).await?;
    let before = living(write).await?.ok_or_else(|| {
        UserError::new(UserErrorCode::NotFound, say!("the organization has no subscription"), PATH)
    })?;
    let id = advance(write, before, input.status, &["input", "status"]).await?;
    let action = format!("billing_subscription.{}", input.status.as_str());
    tell_platform(write, &action, BillingSubscription::NAME, id.0, input.reason).await?;
    Ok(id)
}

/// Begins with a trial of `plan`.
pub async fn begin_trial(write: &mut Write, plan: &Plan) -> Outcome<Id<BillingSubscription>> {
    let (now, days) = (clock::now(), Duration::days(plan.trial_days.into()));
    let trial = of_plan(plan)
        .set(subscriptions::current_period_start, now)
        .set(subscriptions::current_period_end, now + days)
        .set(subscriptions::trial_end, Some(now + days));
    record::create(write, trial).await
}

/// What a subscription has of its plan.
fn of_plan(plan: &Plan) -> Changes<subscriptions::table> {
    Changes::default()
        .set(subscriptions::plan_id, plan.id)
        .set(subscriptions::plan_features, plan.features.clone())
        .set(subscriptions::billing_cycle, plan.billing_cycle)
        .set(subscriptions::amount_cents, plan.amount_cents)
        .set(subscriptions::currency, plan.currency)
}

/// A cycle that begins at `start`.
fn cycle(
    changes: Changes<subscriptions::table>,
    start: DateTime<Utc>,
    cycle: BillingCycle,
) -> Changes<subscriptions::table> {
    let months = Months::new(if cycle == BillingCycle::Annual { 12 } else { 1 });
    let end = start.checked_add_months(months).unwrap_or(DateTime::<Utc>::MAX_UTC);
    changes.set(subscriptions::current_period_start, start).set(subscriptions::current_period_end, end)
}

/// The subscription of the organization of `write` that is not canceled, locked.
async fn living(write: &mut Write) -> Outcome<Option<BillingSubscription>> {
    let living = subscriptions::table
        .filter(subscriptions::organization_id.eq(write.organization()))
        .filter(subscriptions::status.ne(BillingSubscriptionStatus::Canceled))
        .for_update()
        .select(BillingSubscription::as_select());
    Ok(living.first(write).await.optional()?)
}

/// Which status may follow which is the database's business.
async fn advance(
    write: &mut Write,
    before: BillingSubscription,
    to: BillingSubscriptionStatus,
    path: &[&str],
) -> Outcome<Id<BillingSubscription>> {
    if before.status == to {
        let message = say!("the subscription is {status} already", status = to.as_str());
        return Err(UserError::state(message, path, before.allows()).into());
    }
    let changes = Changes::default().set(subscriptions::status, to);
    let (what, changes) = match to {
        BillingSubscriptionStatus::Trialing => ("trialing", changes),
        BillingSubscriptionStatus::Active => {
            ("activated", cycle(changes, clock::now(), before.billing_cycle))
        }
        BillingSubscriptionStatus::PastDue => ("past_due", changes),
        BillingSubscriptionStatus::Suspended => ("suspended", changes),
        BillingSubscriptionStatus::Canceled => {
            ("canceled", changes.set(subscriptions::canceled_at, Some(clock::now())))
        }
    };
    record::change(write, what, before, changes).await.map_err(|stop| stop.at(path))
}

/// What time alone has changed: a trial that is over is to be paid, a cycle that is over is followed by the next.
pub async fn next_cycle(write: &mut Write, before: BillingSubscription) -> Outcome<()> {
    if before.status == BillingSubscriptionStatus::Trialing {
        let over = Changes::default().set(subscriptions::status, BillingSubscriptionStatus::PastDue);
        record::change(write, "trial_ended", before, over).await?;
    } else {
        let next = cycle(Changes::default(), before.current_period_end, before.billing_cycle);
        record::change(write, "renewed", before, next).await?;
    }
    Ok(())
}
