//! Pipelines: the stages that deals pass through (004 §3.2).
use std::collections::HashMap;

use crate::{
    domains::{prelude::*, sales::deal::Deal},
    store::tables::sales::{deals, pipeline_stages, pipelines},
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

entity!(Pipeline, "pipe", sales::pipelines, needs "deal.read", limited never);

impl Entity for Pipeline {
    fn fields(pipeline: &mut Fields<Self>) {
        columns! { pipeline: Pipeline { id, name, is_default, created_at } }
        pipeline
            .many("stages", |pipeline| StagesOf(pipeline.id))
            .about("Its stages, in the order that deals pass them.");
        pipeline.children::<Deal>("deals", deals::pipeline_id).about("The deals on their way through it.");
        pipeline.aggregate().by(&["isDefault"]).by_period(&["createdAt"]);
    }
}

filter! { PipelineFilter for Pipeline in pipelines {
    id: Compare<Id<Pipeline>>,
    name: Compare<String>,
    is_default: Compare<bool>,
    stages: Related<PipelineStage> => by pipeline_stages::pipeline_id,
    deals: Related<Deal> => by deals::pipeline_id,
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

entity!(PipelineStage, "stage", sales::pipeline_stages, needs "deal.read", limited never);

impl Entity for PipelineStage {
    fn fields(stage: &mut Fields<Self>) {
        columns! { stage: PipelineStage {
            id, name, kind, position, default_probability, created_at,
        } keeps { pipeline_id } }
        stage.one("pipeline", |stage| Some(stage.pipeline_id)).about_column("pipeline_id").required();
        stage.children::<Deal>("deals", deals::stage_id).about("The deals that stand at it.");
    }
}

filter! { PipelineStageFilter for PipelineStage in pipeline_stages {
    id: Compare<Id<PipelineStage>>,
    name: Compare<String>,
    kind: Compare<StageKind>,
    pipeline: PipelineFilter => through pipeline_id,
    deals: Related<Deal> => by deals::stage_id,
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

/// The stages that every organization begins with: what it means to stand there, and how likely the deal is won.
const STAGES: [(&str, StageKind, i64); 7] = [
    ("Prospecting", StageKind::Open, 10),
    ("Discovery", StageKind::Open, 25),
    ("Proposal", StageKind::Open, 50),
    ("Negotiation", StageKind::Open, 75),
    ("Legal Review", StageKind::Open, 90),
    ("Closed Won", StageKind::Won, 100),
    ("Closed Lost", StageKind::Lost, 0),
];

/// Gives the organization of `write` its first pipeline (B001).
pub async fn found(write: &mut Write) -> Outcome<Id<Pipeline>> {
    let (organization, pipeline) = (write.organization(), Id::<Pipeline>::fresh());
    diesel::insert_into(pipelines::table)
        .values((
            pipelines::organization_id.eq(organization),
            pipelines::id.eq(pipeline),
            pipelines::name.eq("Sales"),
            pipelines::is_default.eq(true),
        ))
        .execute(write)
        .await?;
    let stage = |(position, (name, kind, probability)): (i32, (&'static str, StageKind, i64))| {
        (
            pipeline_stages::organization_id.eq(organization),
            pipeline_stages::id.eq(Id::<PipelineStage>::fresh()),
            pipeline_stages::pipeline_id.eq(pipeline),
            pipeline_stages::name.eq(name),
            pipeline_stages::kind.eq(kind),
            pipeline_stages::position.eq(position),
            pipeline_stages::default_probability.eq(Decimal::from(probability)),
        )
    };
    let stages = (0..).zip(STAGES).map(stage).collect::<Vec<_>>();
    diesel::insert_into(pipeline_stages::table).values(stages).execute(write).await?;
    Ok(pipeline)
}

pub fn queries(query: &mut Fields<Query>) {
    query
        .one_by::<Pipeline>("pipeline", [By::text("name", pipelines::name, "What it is called.")])
        .about("A pipeline by its id or name; null when there is none that you may see.");
    query.list::<Pipeline>("pipelines").about("The pipelines of the organization.");
}
