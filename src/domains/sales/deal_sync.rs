//! Deals of another system, such as a CRM: made or changed by the id that they have there (B081).
use crate::{
    domains::{
        identity::user::User,
        money::MoneyInput,
        prelude::*,
        sales::{
            account::Account,
            deal::{
                Deal, DealCreateInput, DealLob, DealRegion, DealSegment, DealUpdateInput, begun, changed,
            },
            pipeline::PipelineStage,
        },
    },
    graph::sync::{self, Reference, Upserted, upserted},
    store::tables::sales::deals,
};

pub fn mutations(mutations: &mut Mutations) {
    mutations
        .action("dealUpsert", upsert, upserted)
        .needs("deal.write")
        .about(
            "Makes or changes the deal that another system calls so, as that system knows it, its stage included. Refused where \
             it was changed here since it was compared last, unless you say which version or time you know of. \
             Errors: CONFLICT, REQUIRED, INVALID, OUT_OF_RANGE, NOT_FOUND, NOT_UNIQUE.",
        )
        .in_bulk();
}

/// A deal as another system knows it. Absent: unchanged, or unknown where it is new. Null: cleared.
#[derive(InputObject)]
struct DealUpsertInput {
    /// The system, and its id there.
    external: ExternalRef,
    /// The version of the deal here that you read; refused when it is another by now.
    expected_version: Option<i32>,
    /// Until when you know the deal here; refused when it was changed after that.
    if_unchanged_since: Option<DateTime<Utc>>,
    /// What to call it.
    name: MaybeUndefined<String>,
    /// The company it is made with.
    account_id: MaybeUndefined<Id<Account>>,
    /// The same, as another system calls it, such as the one that this comes from; instead of `accountId`.
    account: MaybeUndefined<Reference<Account>>,
    /// Where it is sold; required where it is new.
    region: Option<DealRegion>,
    /// The size of customer; required where it is new.
    segment: Option<DealSegment>,
    /// The line of business; required where it is new.
    lob: Option<DealLob>,
    /// The industry of the customer.
    vertical: MaybeUndefined<String>,
    /// The stage that it has reached; required where it is new, else of the same pipeline.
    stage_id: Option<Id<PipelineStage>>,
    /// What it would bring in; required where it is new.
    value: Option<MoneyInput>,
    /// How likely it is won, in percent; that of its stage when absent.
    probability: Option<Decimal>,
    /// When it should be won.
    expected_close_date: MaybeUndefined<Date>,
    /// Who works on it.
    owner_id: MaybeUndefined<Id<User>>,
    /// How the customer came.
    channel: MaybeUndefined<String>,
    /// The campaign that brought the customer.
    campaign_source: MaybeUndefined<String>,
    /// Why it was won or lost; required to lose it.
    close_reason: MaybeUndefined<String>,
    /// To whom it was lost.
    competitor_lost_to: MaybeUndefined<String>,
}

async fn upsert(write: &mut Write, input: DealUpsertInput) -> Outcome<Upserted<Deal>> {
    let known = sync::find::<Deal>(write, &input.external, input.expected_version, input.if_unchanged_since);
    let known = known.await?;
    let account_id = sync::referred(write, "account", input.account, input.account_id).await?;
    let deal = match (&known, input.region, input.segment, input.lob, input.stage_id, input.value) {
        (None, Some(region), Some(segment), Some(lob), Some(stage_id), Some(value)) => {
            let create = DealCreateInput {
                name: input.name.take(),
                account_id: account_id.take(),
                region,
                segment,
                lob,
                vertical: input.vertical.take(),
                stage_id,
                value,
                probability: input.probability,
                expected_close_date: input.expected_close_date.take(),
                owner_id: input.owner_id.take(),
                channel: input.channel.take(),
                campaign_source: input.campaign_source.take(),
            };
            begun(write, create).await?
        }
        (None, region, segment, lob, stage, value) => {
            return Err(sync::missing(&[
                ("region", region.is_some()),
                ("segment", segment.is_some()),
                ("lob", lob.is_some()),
                ("stageId", stage.is_some()),
                ("value", value.is_some()),
            ]));
        }
        (Some(known), region, segment, lob, stage_id, value) => {
            let update = DealUpdateInput {
                id: known.id,
                expected_version: None,
                name: input.name,
                account_id,
                region,
                segment,
                lob,
                vertical: input.vertical,
                value,
                probability: input.probability,
                expected_close_date: input.expected_close_date,
                owner_id: input.owner_id,
            };
            changed(update)
                .given(deals::stage_id, stage_id)
                .patch(deals::channel, input.channel)
                .patch(deals::campaign_source, input.campaign_source)
        }
    };
    let deal = deal
        .patch(deals::close_reason, input.close_reason)
        .patch(deals::competitor_lost_to, input.competitor_lost_to);
    sync::write(write, input.external, known, deal).await
}
