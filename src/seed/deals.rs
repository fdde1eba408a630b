//! The course of a deal: its row as it stands today, and the history of how it came there, as the triggers write it.
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::rows::{Deal, DealHistory, Pipeline, PipelineStage};
use super::tenant::Tenant;

/// Name, kind and usual probability of the stages, in order.
const STAGES: &[(&str, &str, i64)] = &[
    ("prospecting", "open", 10),
    ("discovery", "open", 20),
    ("proposal", "open", 40),
    ("negotiation", "open", 60),
    ("legal_review", "open", 80),
    ("closed_won", "won", 100),
    ("closed_lost", "lost", 0),
];
/// How many of them come before the end.
pub(super) const OPEN_STAGES: usize = 5;

/// One change of a deal.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// To the open stage of that place.
    To(usize),
    Won,
    Lost {
        reason: &'static str,
        to: Option<&'static str>,
    },
    Value(Decimal),
    Expected(NaiveDate),
}

/// A change, when it came and who made it.
pub(super) struct Event {
    pub(super) at: DateTime<Utc>,
    pub(super) by: Uuid,
    pub(super) source: &'static str,
    pub(super) step: Step,
}

/// Adds the pipeline with its seven stages.
pub(super) fn add_pipeline(tenant: &mut Tenant, name: &'static str) {
    let (organization_id, created_at) = (tenant.id, tenant.organization.created_at);
    let pipeline_id = tenant.ids.at(created_at);
    tenant.pipelines.push(Pipeline { organization_id, id: pipeline_id, name, is_default: true, created_at });
    for (&(name, kind, probability), position) in STAGES.iter().zip(0..) {
        let id = tenant.ids.at(created_at);
        let default_probability = Decimal::new(probability * 100, 2);
        tenant.stages.push(PipelineStage {
            organization_id,
            id,
            pipeline_id,
            name,
            kind,
            position,
            default_probability,
            created_at,
        });
    }
}

/// The stage at which a deal begins.
pub(super) fn first_stage(tenant: &Tenant) -> Option<PipelineStage> {
    tenant.stages.first().cloned()
}

/// Lets a deal go through what happened to it, and keeps both.
pub(super) fn add_deal(tenant: &mut Tenant, mut deal: Deal, events: &[Event]) {
    for event in events {
        let before = deal.clone();
        match event.step {
            Step::Value(value) => deal.value = value,
            Step::Expected(day) => deal.expected_close_date = day,
            Step::To(place) => enter(&mut deal, tenant.stages.get(place), event.at),
            Step::Won => enter(&mut deal, tenant.stages.get(OPEN_STAGES), event.at),
            Step::Lost { reason, to } => {
                enter(&mut deal, tenant.stages.get(OPEN_STAGES + 1), event.at);
                (deal.close_reason, deal.competitor_lost_to) = (Some(reason), to);
            }
        }
        deal.updated_at = event.at;
        deal.synced_at = event.at;
        deal.revision += 1;
        for ((field_changed, old_value), (_, new_value)) in tracked(&before).into_iter().zip(tracked(&deal)) {
            if old_value != new_value {
                tenant.history.push(DealHistory {
                    organization_id: tenant.id,
                    id: tenant.ids.at(event.at),
                    deal_id: deal.id,
                    field_changed,
                    old_value,
                    new_value,
                    changed_by: event.by,
                    change_source: event.source,
                    changed_at: event.at,
                });
            }
        }
    }
    tenant.deals.push(deal);
}

fn enter(deal: &mut Deal, stage: Option<&PipelineStage>, at: DateTime<Utc>) {
    let Some(stage) = stage else { return };
    deal.stage_id = stage.id;
    deal.status = stage.kind;
    deal.probability = stage.default_probability;
    deal.stage_entered_at = at;
    deal.actual_close_date = (stage.kind != "open").then(|| at.date_naive());
}

/// The columns that the events above change, in the order and form in which the trigger records them.
fn tracked(deal: &Deal) -> [(&'static str, Option<String>); 8] {
    [
        ("value", Some(deal.value.to_string())),
        ("status", Some(deal.status.to_owned())),
        ("stage_id", Some(deal.stage_id.to_string())),
        ("probability", Some(deal.probability.to_string())),
        ("close_reason", deal.close_reason.map(ToOwned::to_owned)),
        ("actual_close_date", deal.actual_close_date.map(|day| day.to_string())),
        ("competitor_lost_to", deal.competitor_lost_to.map(ToOwned::to_owned)),
        ("expected_close_date", Some(deal.expected_close_date.to_string())),
    ]
}
