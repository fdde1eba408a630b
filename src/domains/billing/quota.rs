//! Quotas: how much an organization may use of something. The database counts and refuses (B033); here they are shown, come
//! with the plan, and are set otherwise by the platform.
use std::collections::HashMap;

use chrono::{Datelike, Months, NaiveTime};
use diesel::sql_types;

use crate::{
    domains::{
        billing::{
            enter,
            plan::{Plan, PlanQuota},
            tell_platform,
        },
        identity::organization::Organization,
        prelude::*,
    },
    graph::{mutation::Payload, user_error::Exceeded},
    store::tables::billing::quotas,
};

text_enum! {
    /// What a quota limits.
    QuotaMetric {
        /// Messages that are written.
        Messages = "messages",
        /// Active members.
        Seats = "seats",
    }
}

text_enum! {
    /// What a quota is counted over.
    QuotaPeriod {
        /// A day, from midnight to midnight UTC.
        Day = "day",
        /// A calendar month, in UTC.
        Month = "month",
        /// All there is at a time.
        Lifetime = "lifetime",
    }
}

text_enum! {
    /// What happens beyond the limit of a quota.
    QuotaEnforcement {
        /// It is refused.
        Hard = "hard",
        /// It is allowed, and told once a period.
        Soft = "soft",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = quotas, check_for_backend(Pg))]
pub struct Quota {
    pub id: Id<Quota>,
    pub metric: QuotaMetric,
    pub period: QuotaPeriod,
    pub limit_value: i64,
    pub enforcement: QuotaEnforcement,
    pub is_custom: bool,
    pub exceeded_at: Option<DateTime<Utc>>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

entity!(Quota, "quota", billing::quotas, needs "quota.read", version revision);

impl Entity for Quota {
    fn fields(quota: &mut Fields<Self>) {
        columns! { quota: Quota {
            id, metric, period, limit_value as "limit", enforcement, is_custom, exceeded_at,
            revision as "version", created_at, updated_at,
        } }
        quota.value("used", |quota| Some(Used(quota.id))).about("How much was used in the present period.");
        quota
            .value("remaining", |quota| Some(Remaining(quota.id, quota.limit_value)))
            .about("How much is left in the present period; none beyond the limit.")
            .follows(&[("Quota", "limit")]);
        quota
            .derived("resetsAt", |quota| quota.period.ends())
            .about("When the present period ends and it begins anew; null for a lifetime.")
            .follows(&[("Quota", "period")]);
        quota
            .aggregate()
            .ranges(&["limit", "exceededAt"])
            .by(&["metric", "period", "enforcement", "isCustom"])
            .by_period(&["exceededAt"]);
    }
}

impl QuotaPeriod {
    /// When the present one ends, as `billing.refuse` says it.
    fn ends(self) -> Option<DateTime<Utc>> {
        let today = clock::now().date_naive();
        let next = match self {
            Self::Day => today.succ_opt(),
            Self::Month => today.with_day(1)?.checked_add_months(Months::new(1)),
            Self::Lifetime => None,
        };
        next.map(|next| next.and_time(NaiveTime::MIN).and_utc())
    }
}

filter! { QuotaFilter for Quota in quotas {
    id: Compare<Id<Quota>>,
    metric: Compare<QuotaMetric>,
    period: Compare<QuotaPeriod>,
    enforcement: Compare<QuotaEnforcement>,
    is_custom: Compare<bool>,
    exceeded_at: Compare<DateTime<Utc>>,
} }

order! { QuotaOrder, QuotaOrderField for Quota {
    /// When the record was made.
    CreatedAt = created_at,
    /// What it limits.
    Metric = metric,
} default [Metric Asc] }

diesel::define_sql_function! {
    /// How much of something was used in the period in which a moment lies.
    #[sql_name = "billing.used"]
    fn used(organization: sql_types::Uuid, metric: sql_types::Text, period: sql_types::Text, moment: sql_types::Timestamptz) -> sql_types::BigInt;
}

/// How much was used of what a quota limits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Used(Id<Quota>);

impl Batch for Used {
    type Value = i64;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, i64>> {
        let used = used(quotas::organization_id, quotas::metric, quotas::period, clock::now());
        let query = quotas::table
            .filter(quotas::organization_id.eq(db.organization()))
            .filter(quotas::id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .select((quotas::id, used));
        let known: Vec<(Id<Quota>, i64)> = db.load(query).await?;
        Ok(known.into_iter().map(|(quota, used)| (Self(quota), used)).collect())
    }
}

/// How much is left of what a quota with this limit allows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Remaining(Id<Quota>, i64);

impl Batch for Remaining {
    type Value = i64;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, i64>> {
        let used = <Used as Batch>::load(db, &keys.iter().map(|key| Used(key.0)).collect::<Vec<_>>()).await?;
        let left = |key: &Self| Some((*key, (key.1 - used.get(&Used(key.0))?).max(0)));
        Ok(keys.iter().filter_map(left).collect())
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Quota>("quota").about("A quota by its id; null when there is none that you may see.");
    query
        .list::<Quota>("quotas")
        .about("Quotas of the organization, by what they limit unless ordered otherwise.");
}

pub fn of_organization(organization: &mut Fields<Organization>) {
    organization
        .children::<Quota>("quotas", quotas::organization_id)
        .about("How much it may use; empty unless you work in it now.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("quotaSet", set, |payload: &mut Fields<Payload<Id<Quota>>>| {
            payload
                .derived("quotaId", |payload| payload.result)
                .about("Which quota; null when nothing was done.");
        })
        .for_platform_admins()
        .about(
            "Sets how much an organization may use of something, whatever its plan says, now and after a change of plan. \
             Errors: NOT_FOUND, INVALID, OUT_OF_RANGE.",
        );
    mutations
        .action("quotaRemove", remove, |payload: &mut Fields<Payload<Id<Quota>>>| {
            payload
                .derived("removedId", |payload| payload.result)
                .about("Which quota is gone; null when nothing was done.");
        })
        .for_platform_admins()
        .about(
            "Lets an organization use something without limit, until its plan changes. Errors: NOT_FOUND.",
        );
}

/// How much an organization may use of something.
#[derive(InputObject)]
struct QuotaSetInput {
    /// Which organization.
    organization_id: Id<Organization>,
    /// What is limited.
    metric: QuotaMetric,
    /// What it is counted over: seats for a lifetime, everything else by day or month.
    period: QuotaPeriod,
    /// How much is allowed within the period.
    limit: i32,
    /// What happens beyond the limit; it is refused when absent.
    enforcement: Option<QuotaEnforcement>,
    /// Why, for the audit trail.
    reason: String,
}

async fn set(write: &mut Write, input: QuotaSetInput) -> Outcome<Id<Quota>> {
    enter(write, input.organization_id).await?;
    let before = all(write).await?.into_iter().find(|quota| quota.is_of(input.metric, input.period));
    let changes = Changes::default()
        .set(quotas::limit_value, i64::from(input.limit))
        .set(quotas::enforcement, input.enforcement.unwrap_or(QuotaEnforcement::Hard))
        .set(quotas::is_custom, true);
    let id = match before {
        Some(before) => record::update(write, before, changes).await?,
        None => {
            let quota = changes.set(quotas::metric, input.metric).set(quotas::period, input.period);
            record::create(write, quota).await?
        }
    };
    tell_platform(write, "quota.set", <Quota as Object>::NAME, id.0, input.reason).await?;
    Ok(id)
}

/// Which quota is to go.
#[derive(InputObject)]
struct QuotaRemoveInput {
    /// Which organization.
    organization_id: Id<Organization>,
    /// What is limited.
    metric: QuotaMetric,
    /// What it is counted over.
    period: QuotaPeriod,
    /// Why, for the audit trail.
    reason: String,
}

async fn remove(write: &mut Write, input: QuotaRemoveInput) -> Outcome<Id<Quota>> {
    enter(write, input.organization_id).await?;
    let found = all(write).await?.into_iter().find(|quota| quota.is_of(input.metric, input.period));
    let quota = found.ok_or_else(|| {
        UserError::new(UserErrorCode::NotFound, say!("there is no such quota"), &["input", "metric"])
    })?;
    let id = delete(write, &quota).await?;
    tell_platform(write, "quota.removed", <Quota as Object>::NAME, id.0, input.reason).await?;
    Ok(id)
}

impl Quota {
    fn is_of(&self, metric: QuotaMetric, period: QuotaPeriod) -> bool {
        (self.metric, self.period) == (metric, period)
    }

    fn allows_as(&self, wanted: &PlanQuota) -> bool {
        (self.limit_value, self.enforcement) == (wanted.limit, wanted.enforcement)
    }
}

/// All quotas of the organization of `write`, locked.
async fn all(write: &mut Write) -> Outcome<Vec<Quota>> {
    let all = quotas::table
        .filter(quotas::organization_id.eq(write.organization()))
        .order(quotas::id)
        .for_update()
        .select(Quota::as_select());
    Ok(all.load(write).await?)
}

async fn delete(write: &mut Write, quota: &Quota) -> Outcome<Id<Quota>> {
    diesel::delete(quotas::table.find((write.organization(), quota.id))).execute(&mut **write).await?;
    record::removed(write, quota).await
}

/// Gives the organization of `write` the quotas of its plan; those that the platform has set for it alone stay.
pub async fn follow(write: &mut Write, plan: &Plan) -> Outcome<()> {
    let (mut before, wanted) = (all(write).await?, plan.quotas());
    before.retain(|quota| !quota.is_custom || wanted.iter().any(|of| quota.is_of(of.metric, of.period)));
    for quota in wanted {
        let place = before.iter().position(|before| before.is_of(quota.metric, quota.period));
        let changes = Changes::default()
            .set(quotas::limit_value, quota.limit)
            .set(quotas::enforcement, quota.enforcement);
        match place.map(|place| before.swap_remove(place)) {
            Some(before) if before.is_custom || before.allows_as(&quota) => {}
            Some(before) => {
                record::update(write, before, changes).await?;
            }
            None => {
                let quota = changes.set(quotas::metric, quota.metric).set(quotas::period, quota.period);
                record::create::<Quota>(write, quota).await?;
            }
        }
    }
    for gone in before {
        delete(write, &gone).await?;
    }
    Ok(())
}

/// Refused where the organization of `write` has more members than a hard quota of its own allows.
pub async fn seats_suffice(write: &mut Write) -> Outcome<()> {
    let members = used(quotas::organization_id, quotas::metric, quotas::period, clock::now());
    let seats = quotas::table
        .filter(quotas::organization_id.eq(write.organization()))
        .filter(quotas::metric.eq(QuotaMetric::Seats))
        .filter(quotas::enforcement.eq(QuotaEnforcement::Hard))
        .select((quotas::limit_value, members));
    let (limit, used): (i64, i64) = seats.first(write).await.optional()?.unwrap_or((0, 0));
    if used <= limit {
        return Ok(());
    }
    let message = say!("the plan has {limit} seats, and the organization {used} members");
    let exceeded = Exceeded { metric: "seats".to_owned(), limit, used, resets_at: None };
    let error = UserError::new(UserErrorCode::QuotaExceeded, message, &["input", "planId"]);
    Err(UserError { exceeded: Some(exceeded), ..error }.into())
}
