//! Deals: what an organization hopes to sell, and what became of it (004 §3.2).
use crate::{
    domains::{money::{Money, MoneyInput}, prelude::*},
    store::tables::sales::deals,
};

text_enum! {
    /// Where a deal is sold.
    DealRegion {
        /// Canada, Mexico and the United States.
        NorthAmerica = "north_america",
        /// Europe.
        Europe = "europe",
        /// The Middle East.
        MiddleEast = "middle_east",
        /// Asia and the Pacific.
        AsiaPacific = "asia_pacific",
        /// Central and South America.
        LatinAmerica = "latin_america",
    }
}

text_enum! {
    /// The size of customer a deal is made with.
    DealSegment {
        /// More than 1,000 people.
        Enterprise = "enterprise",
        /// 100 to 1,000 people.
        MidMarket = "mid_market",
        /// Fewer than 100 people.
        Smb = "smb",
    }
}

text_enum! {
    /// The line of business a deal belongs to.
    DealLob {
        /// Licences and subscriptions.
        Software = "software",
        /// Work.
        Services = "services",
    }
}

text_enum! {
    /// What became of a deal.
    DealStatus {
        /// Still being worked on.
        Open = "open",
        /// The customer bought.
        Won = "won",
        /// The customer did not buy.
        Lost = "lost",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = deals, check_for_backend(Pg))]
pub struct Deal {
    pub id: Id<Deal>,
    pub external_deal_id: Option<String>,
    pub external_system: Option<String>,
    pub name: Option<String>,
    pub region: DealRegion,
    pub segment: DealSegment,
    pub lob: DealLob,
    pub vertical: Option<String>,
    pub revenue_type: Option<String>,
    pub status: DealStatus,
    pub stage_entered_at: DateTime<Utc>,
    pub value: Decimal,
    pub currency: Currency,
    pub probability: Decimal,
    pub weighted_value: Decimal,
    pub pipeline_entered_at: DateTime<Utc>,
    pub expected_close_date: Option<Date>,
    pub actual_close_date: Option<Date>,
    pub channel: Option<String>,
    pub campaign_source: Option<String>,
    pub close_reason: Option<String>,
    pub competitor_lost_to: Option<String>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub synced_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
}

entity!(Deal, "deal", sales::deals, needs "deal.read", version revision, deleted deleted_at);

impl Entity for Deal {
    fn fields(deal: &mut Fields<Self>) {
        columns! { deal: Deal {
            id, external_deal_id, external_system, name, region, segment, lob, vertical, revenue_type, status,
            stage_entered_at, probability, pipeline_entered_at, expected_close_date, actual_close_date,
            channel, campaign_source, close_reason, competitor_lost_to,
            revision as "version", created_at, updated_at, synced_at, deleted_at,
        } keeps { value, currency, weighted_value } }
        deal.part("value", |deal, _| Some(Money::of(deal.value, &deal.currency)))
            .about_column("value")
            .needs("deal.value.read")
            .required();
        deal.part("weightedValue", |deal, _| Some(Money::of(deal.weighted_value, &deal.currency)))
            .about_column("weighted_value")
            .needs("deal.value.read");
        deal.derived("daysInPipeline", |deal| {
            i32::try_from((clock::now() - deal.pipeline_entered_at).num_days()).unwrap_or_default()
        })
        .about("Whole days since it entered the pipeline.");
    }
}

impl Listed for Deal {
    type Filter = DealFilter;
    type Order = DealOrderField;
}

filter! { DealFilter for Deal in deals {
    id: Compare<Id<Deal>>,
    name: Compare<String>,
    region: Compare<DealRegion>,
    segment: Compare<DealSegment>,
    status: Compare<DealStatus>,
    value: Compare<Decimal> => needs "deal.value.read",
    probability: Compare<Decimal>,
    expected_close_date: Compare<Date>,
    created_at: Compare<DateTime<Utc>>,
} }

order! { DealOrder, DealOrderField for Deal {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// What it would bring in.
    Value = value needs "deal.value.read",
    /// How likely it is won.
    Probability = probability,
    /// When it should be won.
    ExpectedCloseDate = expected_close_date,
    /// Its name.
    Name = name,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.by_id::<Deal>("deal").about("A deal by its id; null when there is none that you may see.");
    query.list::<Deal>("deals").about("Deals, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("dealUpdate", "deal", |write, input| update(write, input).boxed())
        .needs("deal.write")
        .about("Changes a deal. Errors: NOT_FOUND, CONFLICT, INVALID.");
}

/// What to change of a deal. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
struct DealUpdateInput {
    /// Which deal.
    id: Id<Deal>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Its name.
    name: MaybeUndefined<String>,
    /// What it would bring in.
    value: Option<MoneyInput>,
}

async fn update(write: &mut Write, input: DealUpdateInput) -> Outcome<Id<Deal>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let (value, currency) = input.value.map(|money| (money.amount, money.currency)).unzip();
    let changes = Changes::default()
        .patch(deals::name, input.name)
        .given(deals::value, value)
        .given(deals::currency, currency);
    let after = diesel::update(deals::table.find((write.organization(), input.id)))
        .set(changes)
        .returning(Deal::as_returning())
        .get_result(write)
        .await?;
    record::updated(write, &before, &after).await
}
