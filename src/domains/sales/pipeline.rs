//! Pipelines: the stages that deals pass through (004 §3.2).
use std::collections::HashMap;

use crate::{
    domains::prelude::*,
    store::tables::sales::{pipeline_stages, pipelines},
};

text_enum! {
    /// What it means for a deal to stand at a stage.
    StageKind {
        /// The deal is being worked on.
        Open = "open",
        /// The customer has bought.
        Won = "won",
        /// The customer has not bought.
        Lost = "lost",
    }
}

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = pipelines, check_for_backend(Pg))]
pub struct Pipeline {
    pub id: Id<Pipeline>,
    pub name: String,
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
}

entity!(Pipeline, "pipe", sales::pipelines, needs "deal.read");

impl Entity for Pipeline {
    fn fields(pipeline: &mut Fields<Self>) {
        columns! { pipeline: Pipeline { id, name, is_default, created_at } }
        pipeline
            .many("stages", |pipeline| StagesOf(pipeline.id))
            .about("Its stages, in the order that deals pass them.");
    }
}

impl Listed for Pipeline {
    type Filter = PipelineFilter;
    type Order = PipelineOrderField;
}

filter! { PipelineFilter for Pipeline in pipelines {
    id: Compare<Id<Pipeline>>,
    name: Compare<String>,
    is_default: Compare<bool>,
} }

order! { PipelineOrder, PipelineOrderField for Pipeline {
    /// When the record was made.
    CreatedAt = created_at,
    /// Its name.
    Name = name,
} default [CreatedAt Asc] }

#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = pipeline_stages, check_for_backend(Pg))]
pub struct PipelineStage {
    pub id: Id<PipelineStage>,
    pub pipeline_id: Id<Pipeline>,
    pub name: String,
    pub kind: StageKind,
    pub position: i32,
    pub default_probability: Option<Decimal>,
    pub created_at: DateTime<Utc>,
}

entity!(PipelineStage, "stage", sales::pipeline_stages, needs "deal.read");

impl Entity for PipelineStage {
    fn fields(stage: &mut Fields<Self>) {
        columns! { stage: PipelineStage {
            id, name, kind, position, default_probability, created_at,
        } keeps { pipeline_id } }
        stage.one("pipeline", |stage| Some(stage.pipeline_id)).about_column("pipeline_id").required();
    }
}

filter! { PipelineStageFilter for PipelineStage in pipeline_stages {
    id: Compare<Id<PipelineStage>>,
    name: Compare<String>,
    kind: Compare<StageKind>,
} }

/// The stages of a pipeline, in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct StagesOf(Id<Pipeline>);

impl Batch for StagesOf {
    type Value = Vec<PipelineStage>;

    async fn load(db: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Self::Value>> {
        let pipelines = keys.iter().map(|key| key.0).collect::<Vec<_>>();
        let query = pipeline_stages::table
            .filter(pipeline_stages::organization_id.eq(db.organization()))
            .filter(pipeline_stages::pipeline_id.eq_any(pipelines))
            .order((pipeline_stages::position, pipeline_stages::id))
            .select(PipelineStage::as_select());
        let mut found = HashMap::<Self, Self::Value>::new();
        for stage in db.load(query).await? {
            found.entry(Self(stage.pipeline_id)).or_default().push(stage);
        }
        Ok(found)
    }
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .by_id::<Pipeline>("pipeline")
        .about("A pipeline by its id; null when there is none that you may see.");
    query.list::<Pipeline>("pipelines").about("The pipelines of the organization.");
}
