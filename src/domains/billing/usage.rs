//! What an organization has used, day by day: the counters that its quotas are checked against (001 §9.2). Messages count
//! themselves, in several rows per day so that their writers do not wait for each other.
use std::collections::HashMap;

use chrono::{Days, NaiveDate};
use diesel::dsl::sum;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::{
    domains::{identity::organization::Organization, prelude::*},
    store::tables::billing::usage,
};

/// So many days are shown.
const DAYS: u64 = 92;

/// What was used in one day.
#[derive(Clone)]
pub struct DailyUsage {
    date: Date,
    messages: i64,
    tokens_used: i64,
    cost_usd: Decimal,
}

impl Object for DailyUsage {
    const NAME: &'static str = "DailyUsage";
    const NEEDS: Option<&'static str> = Some("usage.read");

    fn about() -> String {
        "What an organization has used in one day.".to_owned()
    }

    fn fields(day: &mut Fields<Self>) {
        day.column("date", |day| &day.date).about("Which day, in UTC.");
        day.column("messages", |day| &day.messages).about("How many messages were written.");
        day.column("tokensUsed", |day| &day.tokens_used)
            .about("How many tokens language models have read and written.");
        day.column("costUsd", |day| &day.cost_usd).about("What that cost, in US dollars.");
    }
}

pub fn of_organization(organization: &mut Fields<Organization>) {
    organization.many::<ByDay, DailyUsage>("dailyUsage", |organization| ByDay(organization.id.0)).about(
        "What it has used in each of the last 92 days, the latest first; days on which nothing was used are left out. \
         Empty unless you work in it now.",
    );
}

/// What an organization has used lately.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct ByDay(Uuid);

/// Organization, day, messages, tokens and cost.
type Counted = (Uuid, NaiveDate, Option<Decimal>, Option<Decimal>, Option<Decimal>);

impl Batch for ByDay {
    type Value = Vec<DailyUsage>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let since = clock::now().date_naive() - Days::new(DAYS - 1);
        let counted = usage::table
            .filter(usage::organization_id.eq_any(keys.iter().map(|key| key.0).collect::<Vec<_>>()))
            .filter(usage::period.eq("day"))
            .filter(usage::starts_on.ge(since))
            .group_by((usage::organization_id, usage::starts_on))
            .order(usage::starts_on.desc())
            .select((
                usage::organization_id,
                usage::starts_on,
                sum(usage::messages),
                sum(usage::tokens_used),
                sum(usage::cost_usd),
            ));
        let number = |sum: Option<Decimal>| sum.and_then(|sum| sum.to_i64()).unwrap_or_default();
        let mut found: HashMap<_, _> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for (organization, date, messages, tokens, cost) in db.load::<_, Counted>(counted).await? {
            found.entry(Self(organization)).or_default().push(DailyUsage {
                date: Date(date),
                messages: number(messages),
                tokens_used: number(tokens),
                cost_usd: cost.unwrap_or_default(),
            });
        }
        Ok(found)
    }
}
