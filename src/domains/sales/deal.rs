//! Deals: what an organization hopes to sell, and what became of it (004 §3.2).
use crate::{
    domains::{
        identity::user::{User, UserFilter},
        money::{Money, MoneyInput},
        prelude::*,
        sales::{
            account::{Account, AccountFilter},
            deal_history::DealHistoryEntry,
            pipeline::{Pipeline, PipelineFilter, PipelineStage, PipelineStageFilter},
        },
    },
    store::tables::sales::{deal_history, deals},
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
    pub account_id: Option<Id<Account>>,
    pub region: DealRegion,
    pub segment: DealSegment,
    pub lob: DealLob,
    pub vertical: Option<String>,
    pub revenue_type: Option<String>,
    pub pipeline_id: Id<Pipeline>,
    pub stage_id: Id<PipelineStage>,
    pub status: DealStatus,
    pub stage_entered_at: DateTime<Utc>,
    pub value: Decimal,
    pub currency: Currency,
    pub probability: Decimal,
    pub weighted_value: Decimal,
    pub pipeline_entered_at: DateTime<Utc>,
    pub expected_close_date: Option<Date>,
    pub actual_close_date: Option<Date>,
    pub owner_id: Option<Id<User>>,
    pub channel: Option<String>,
    pub campaign_source: Option<String>,
    pub close_reason: Option<String>,
    pub competitor_lost_to: Option<String>,
    pub revision: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub synced_at: Option<DateTime<Utc>>,
    pub deleted_at: Option<DateTime<Utc>>,
    pub synced_revision: Option<i32>,
}

entity!(Deal, "deal", sales::deals, needs "deal.read", version revision, deleted deleted_at);
external!(Deal, deals: external_system, external_deal_id);

impl Entity for Deal {
    const SEARCHED: &'static [&'static str] = &["name", "external_deal_id", "vertical", "close_reason"];

    fn fields(deal: &mut Fields<Self>) {
        columns! { deal: Deal {
            id, external_deal_id, external_system, name, region, segment, lob, vertical, revenue_type, status,
            stage_entered_at, probability, pipeline_entered_at, expected_close_date, actual_close_date,
            channel, campaign_source, close_reason, competitor_lost_to,
            revision as "version", created_at, updated_at, synced_at, deleted_at, synced_revision as "syncedVersion",
        } keeps { account_id, pipeline_id, stage_id, value, currency, weighted_value, owner_id } }
        deal.part("value", |deal, _| Some(Money::of(deal.value, deal.currency)))
            .of_column("value")
            .about_column("value")
            .needs("deal.value.read");
        deal.part("weightedValue", |deal, _| Some(Money::of(deal.weighted_value, deal.currency)))
            .of_column("weighted_value")
            .about_column("weighted_value")
            .needs("deal.value.read")
            .follows(&[("Deal", "value")]);
        deal.derived("daysInPipeline", days_in_pipeline)
            .about("Whole days since it entered the pipeline, until it was closed; null where you are not shown when that was.")
            .follows(&[("Deal", "actualCloseDate")]);
        deal.one("account", |deal| deal.account_id).about_column("account_id");
        deal.one("owner", |deal| deal.owner_id).about_column("owner_id");
        deal.one("pipeline", |deal| Some(deal.pipeline_id)).about_column("pipeline_id").required();
        deal.one("stage", |deal| Some(deal.stage_id)).about_column("stage_id").required();
        deal.children::<DealHistoryEntry>("history", deal_history::deal_id)
            .about("What was changed, newest first unless ordered otherwise.");
        deal.aggregate()
            .money::<Money>(&["value", "weightedValue"])
            .ranges(&["probability", "expectedCloseDate", "actualCloseDate", "createdAt"])
            .by(&["region", "segment", "lob", "status", "pipeline", "stage", "owner", "account"])
            .by_period(&["expectedCloseDate", "actualCloseDate", "createdAt"]);
    }
}

fn days_in_pipeline(deal: &Deal) -> Option<i32> {
    let until = deal.actual_close_date.map_or_else(|| clock::now().date_naive(), |closed| closed.0);
    i32::try_from((until - deal.pipeline_entered_at.date_naive()).num_days()).ok()
}

filter! { DealFilter for Deal in deals {
    id: Compare<Id<Deal>>,
    name: Compare<String>,
    region: Compare<DealRegion>,
    segment: Compare<DealSegment>,
    lob: Compare<DealLob>,
    status: Compare<DealStatus>,
    value: Compare<Decimal> => needs "deal.value.read",
    probability: Compare<Decimal>,
    expected_close_date: Compare<Date>,
    actual_close_date: Compare<Date>,
    created_at: Compare<DateTime<Utc>>,
    updated_at: Compare<DateTime<Utc>>,
    stage: PipelineStageFilter => through stage_id,
    account: AccountFilter => through account_id,
    owner: UserFilter => through owner_id,
    pipeline: PipelineFilter => through pipeline_id,
    history: Related<DealHistoryEntry> => by deal_history::deal_id,
} }

order! { DealOrder, DealOrderField for Deal {
    /// When the record was made.
    CreatedAt = created_at,
    /// When the record was changed last.
    UpdatedAt = updated_at,
    /// What it would bring in, whatever the currency.
    Value = value needs "deal.value.read",
    /// How likely it is won.
    Probability = probability,
    /// When it should be won.
    ExpectedCloseDate = expected_close_date,
    /// Its name.
    Name = name,
    /// The name of its account.
    AccountName = account_id -> Account.name,
    /// The name of whoever works on it.
    OwnerName = owner_id -> User.display_name,
    /// How far its stage is along the pipeline.
    StagePosition = stage_id -> PipelineStage.position,
} default [CreatedAt Desc] }

pub fn queries(query: &mut Fields<Query>) {
    query.one_by::<Deal>("deal", [By::external(deals::external_system, deals::external_deal_id)]).about(
        "A deal by its id, or by that of the system it comes from; null when there is none that you may see.",
    );
    query.list::<Deal>("deals").about("Deals, newest first unless ordered otherwise.");
}

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .change("dealCreate", create)
        .needs("deal.write")
        .about("Makes a deal. Errors: INVALID, OUT_OF_RANGE, NOT_FOUND.")
        .in_bulk();
    mutations
        .change("dealUpdate", update)
        .needs("deal.write")
        .about("Changes a deal. Errors: INVALID, OUT_OF_RANGE, NOT_FOUND, CONFLICT, STATE.")
        .in_bulk();
    mutations
        .change("dealStageChange", change_stage)
        .needs("deal.write")
        .about("Moves a deal to another stage, which may win, lose or reopen it. Errors: NOT_FOUND, CONFLICT, REQUIRED, STATE.");
    mutations
        .change("dealDelete", record::delete::<Deal>)
        .needs("deal.delete")
        .about("Deletes a deal; it can be restored. Errors: NOT_FOUND, CONFLICT, STATE.")
        .in_bulk();
    mutations
        .change("dealRestore", record::restore::<Deal>)
        .needs("deal.delete")
        .about("Brings a deleted deal back. Errors: NOT_FOUND, CONFLICT, STATE.");
}

/// A deal to be made.
#[derive(InputObject)]
pub(super) struct DealCreateInput {
    /// What to call it.
    pub(super) name: Option<String>,
    /// The company it is made with.
    pub(super) account_id: Option<Id<Account>>,
    /// Where it is sold.
    pub(super) region: DealRegion,
    /// The size of customer.
    pub(super) segment: DealSegment,
    /// The line of business.
    pub(super) lob: DealLob,
    /// The industry of the customer.
    pub(super) vertical: Option<String>,
    /// The stage it begins at, which also says in which pipeline.
    pub(super) stage_id: Id<PipelineStage>,
    /// What it would bring in.
    pub(super) value: MoneyInput,
    /// How likely it is won, in percent; that of its stage when absent.
    pub(super) probability: Option<Decimal>,
    /// When it should be won.
    pub(super) expected_close_date: Option<Date>,
    /// Who works on it.
    pub(super) owner_id: Option<Id<User>>,
    /// How the customer came.
    pub(super) channel: Option<String>,
    /// The campaign that brought the customer.
    pub(super) campaign_source: Option<String>,
}

async fn create(write: &mut Write, input: DealCreateInput) -> Outcome<Id<Deal>> {
    let deal = begun(write, input).await?;
    record::create(write, deal).await
}

/// A deal at its first stage.
pub(super) async fn begun(write: &mut Write, input: DealCreateInput) -> Outcome<Changes<deals::table>> {
    let stage = record::find(write, input.stage_id, &["input", "stageId"]).await?;
    Ok(Changes::default()
        .set(deals::name, input.name)
        .set(deals::account_id, input.account_id)
        .set(deals::region, input.region)
        .set(deals::segment, input.segment)
        .set(deals::lob, input.lob)
        .set(deals::vertical, input.vertical)
        .set(deals::pipeline_id, stage.pipeline_id)
        .set(deals::stage_id, stage.id)
        .set(deals::value, input.value.amount)
        .set(deals::currency, input.value.currency)
        .set(deals::probability, input.probability.or(stage.default_probability).unwrap_or_default())
        .set(deals::expected_close_date, input.expected_close_date)
        .set(deals::owner_id, input.owner_id)
        .set(deals::channel, input.channel)
        .set(deals::campaign_source, input.campaign_source))
}

/// What to change of a deal. Absent: unchanged. Null: cleared.
#[derive(InputObject)]
pub(super) struct DealUpdateInput {
    /// Which deal.
    pub(super) id: Id<Deal>,
    /// The version you read; refused when it is another by now.
    pub(super) expected_version: Option<i32>,
    /// What to call it.
    pub(super) name: MaybeUndefined<String>,
    /// The company it is made with.
    pub(super) account_id: MaybeUndefined<Id<Account>>,
    /// Where it is sold.
    pub(super) region: Option<DealRegion>,
    /// The size of customer.
    pub(super) segment: Option<DealSegment>,
    /// The line of business.
    pub(super) lob: Option<DealLob>,
    /// The industry of the customer.
    pub(super) vertical: MaybeUndefined<String>,
    /// What it would bring in.
    pub(super) value: Option<MoneyInput>,
    /// How likely it is won, in percent.
    pub(super) probability: Option<Decimal>,
    /// When it should be won.
    pub(super) expected_close_date: MaybeUndefined<Date>,
    /// Who works on it.
    pub(super) owner_id: MaybeUndefined<Id<User>>,
}

async fn update(write: &mut Write, input: DealUpdateInput) -> Outcome<Id<Deal>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    record::update(write, before, changed(input)).await
}

pub(super) fn changed(input: DealUpdateInput) -> Changes<deals::table> {
    let (value, currency) = input.value.map(|money| (money.amount, money.currency)).unzip();
    Changes::default()
        .patch(deals::name, input.name)
        .patch(deals::account_id, input.account_id)
        .given(deals::region, input.region)
        .given(deals::segment, input.segment)
        .given(deals::lob, input.lob)
        .patch(deals::vertical, input.vertical)
        .given(deals::value, value)
        .given(deals::currency, currency)
        .given(deals::probability, input.probability)
        .patch(deals::expected_close_date, input.expected_close_date)
        .patch(deals::owner_id, input.owner_id)
}

/// Where a deal goes.
#[derive(InputObject)]
struct DealStageChangeInput {
    /// Which deal.
    id: Id<Deal>,
    /// The version you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// The stage to go to, of the same pipeline.
    stage_id: Id<PipelineStage>,
    /// Why it was won or lost; required to lose it.
    close_reason: Option<String>,
    /// To whom it was lost.
    competitor_lost_to: Option<String>,
}

/// What the new stage means for status, probability and dates is the database's business (B080).
async fn change_stage(write: &mut Write, input: DealStageChangeInput) -> Outcome<Id<Deal>> {
    let before = record::lock(write, input.id, input.expected_version).await?;
    let changes = Changes::default()
        .set(deals::stage_id, input.stage_id)
        .given(deals::close_reason, input.close_reason.map(Some))
        .given(deals::competitor_lost_to, input.competitor_lost_to.map(Some));
    record::change(write, "stage_changed", before, changes).await
}
