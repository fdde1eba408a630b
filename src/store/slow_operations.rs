//! Operations that took too long, kept for whoever operates the server: what was asked of the database by class, and how
//! PostgreSQL carries the slowest statement out. The latest are kept, and none holds what anybody sent or stored.
use std::sync::Arc;

use anyhow::Result as Done;
use chrono::{DateTime, Utc};
use diesel::{
    QueryableByName, sql_query,
    sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    clock,
    connect::connect,
    door::{Caller, Door, Snapshot},
    error::Result,
};
use crate::telemetry::{Slowest, Statement, Summary};

/// So many are kept, of all organizations together.
pub const MOST: i64 = 1000;

/// One that was slow.
#[derive(Clone, Debug)]
pub struct Slow {
    pub caller: Arc<Caller>,
    pub summary: Summary,
    pub statements: Vec<Statement>,
    pub slowest: Option<Slowest>,
    /// The code of its first error.
    pub code: Option<String>,
}

const NOTE: &str = "
    INSERT INTO ops.slow_operations (organization_id, id, request_id, trace_id, kind, operation, code,
                                     took_ms, database_ms, waiting_ms, cost, statements, slowest, slowest_ms, plan)
    VALUES ($1, $2, $3, $4, $5, left($6, 200), $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const FORGET: &str = "
    DELETE FROM ops.slow_operations WHERE id <= (SELECT id FROM ops.slow_operations ORDER BY id DESC OFFSET $1 LIMIT 1)";

impl Slow {
    /// Asks how its slowest statement is carried out, and notes it; gives back the plan.
    pub async fn note(&self, door: &Door) -> Result<Option<String>> {
        let plan = match &self.slowest {
            // what cannot be explained was slow all the same
            Some(slowest) => explain(door, self.caller.clone(), slowest).await.ok(),
            None => None,
        };
        let operation = &self.summary.operation;
        let milliseconds = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        // who only says to be a key of an organization has no part in what is kept of it
        let organization = self.caller.organization.filter(|_| door.is_genuine(&self.caller));
        let note = sql_query(NOTE)
            .bind::<SqlUuid, _>(organization.unwrap_or_default())
            .bind::<SqlUuid, _>(clock::new_id())
            .bind::<Text, _>(&self.caller.request)
            .bind::<Nullable<Text>, _>(&self.summary.trace)
            .bind::<Nullable<Text>, _>(operation.kind)
            .bind::<Nullable<Text>, _>(&operation.name)
            .bind::<Nullable<Text>, _>(&self.code)
            .bind::<BigInt, _>(milliseconds(self.summary.took))
            .bind::<BigInt, _>(milliseconds(self.summary.database))
            .bind::<BigInt, _>(milliseconds(self.summary.waited))
            .bind::<BigInt, _>(i64::try_from(operation.requested).unwrap_or(i64::MAX))
            .bind::<Jsonb, _>(self.classes())
            .bind::<Nullable<Text>, _>(self.slowest.as_ref().map(|slowest| &slowest.class.name))
            .bind::<Nullable<BigInt>, _>(self.slowest.as_ref().map(|slowest| milliseconds(slowest.took)))
            .bind::<Nullable<Text>, _>(&plan);
        let mut work = door.work().await?;
        work.as_worker().await?;
        note.execute(&mut *work).await?;
        sql_query(FORGET).bind::<BigInt, _>(MOST).execute(&mut *work).await?;
        work.commit().await?;
        Ok(plan)
    }

    /// Its statements by class, in the order in which each came first.
    pub fn classes(&self) -> Value {
        let mut classes: Vec<(&str, u64, f64, u64)> = Vec::new();
        for Statement { class, took, rows, .. } in &self.statements {
            let (milliseconds, rows) = (took.as_secs_f64() * 1000.0, rows.unwrap_or_default());
            match classes.iter_mut().find(|(name, ..)| *name == class.name) {
                Some((_, times, all, found)) => {
                    (*times, *all, *found) = (*times + 1, *all + milliseconds, *found + rows);
                }
                None => classes.push((&class.name, 1, milliseconds, rows)),
            }
        }
        let told = classes.into_iter().map(|(class, times, milliseconds, rows)| {
            json!({ "class": class, "times": times, "ms": milliseconds.round(), "rows": rows })
        });
        told.collect()
    }
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// How PostgreSQL carries a statement out for this caller, whatever its values are: it is not done, only thought through,
/// in a transaction that reads, below the same row-level security.
async fn explain(door: &Door, caller: Arc<Caller>, slowest: &Slowest) -> Result<String> {
    let snapshot = door.snapshot(caller);
    let question = sql_query("SELECT ops.plan_of($1) AS line").bind::<Text, _>(slowest.text.clone());
    let told: Result<Vec<Line>> = Snapshot::load(&snapshot, question).await;
    snapshot.close();
    let lines = told?.into_iter().map(|told| without_literals(&told.line));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// A line of a plan without the texts in it. They are those of the server's own statements; nobody has to rely on it.
fn without_literals(line: &str) -> String {
    let parts = line.split('\'').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { part } else { "'…'" }).collect()
}

/// One that was noted.
#[derive(Debug, QueryableByName)]
pub struct Noted {
    #[diesel(sql_type = Nullable<Text>)]
    pub organization: Option<String>,
    #[diesel(sql_type = Text)]
    pub request_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub trace_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub operation: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    #[diesel(sql_type = BigInt)]
    pub took_ms: i64,
    #[diesel(sql_type = BigInt)]
    pub database_ms: i64,
    #[diesel(sql_type = BigInt)]
    pub waiting_ms: i64,
    #[diesel(sql_type = BigInt)]
    pub cost: i64,
    #[diesel(sql_type = Jsonb)]
    pub statements: Value,
    #[diesel(sql_type = Nullable<Text>)]
    pub slowest: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub slowest_ms: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub plan: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    pub noted_at: DateTime<Utc>,
}

/// The latest, of one organization where it is said, the last first.
pub async fn latest(owner_url: &str, organization: Option<Uuid>, limit: i64) -> Done<Vec<Noted>> {
    let latest = sql_query(
        "SELECT o.slug AS organization, s.request_id, s.trace_id, s.kind, s.operation, s.code, s.took_ms, s.database_ms,
                s.waiting_ms, s.cost, s.statements, s.slowest, s.slowest_ms, s.plan, s.noted_at
           FROM ops.slow_operations s LEFT JOIN identity.organizations o ON o.id = s.organization_id
          WHERE $1 IS NULL OR s.organization_id = $1 ORDER BY s.id DESC LIMIT $2",
    );
    let latest = latest.bind::<Nullable<SqlUuid>, _>(organization).bind::<BigInt, _>(limit);
    Ok(latest.load(&mut connect(owner_url).await?).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_told_without_texts() {
        let line = "  Filter: ((name = $1) AND (status = 'hunter2'::text))";
        assert_eq!(without_literals(line), "  Filter: ((name = $1) AND (status = '…'::text))");
    }
}
