//! What was deleted is purged some time after (B002, B012): organizations as a whole, and of people what is personal. The
//! log of the platform tells when it began, when it was done, and of how many rows.
use std::sync::Arc;

use serde_json::Value;

use crate::{
    domains::{
        identity::{organization::Organization, user::User},
        prelude::*,
    },
    store::{
        door::{Caller, Door},
        journal::Audit,
        purge,
        select::PLATFORM,
    },
};

/// What the platform's log says when the purge of an organization begins.
pub const STARTED: &str = "organization.purge_started";

/// How much was purged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    pub organizations: usize,
    pub people: usize,
    /// Rows of organizations.
    pub rows: i64,
}

/// Purges all that is due, organizations before people: who worked in one only is due afterwards.
pub async fn sweep(door: &Door) -> Outcome<Purged> {
    let mut done = Purged::default();
    while let Some(step) = organization(door).await? {
        done.rows += step.deleted;
        done.organizations += usize::from(step.finished);
    }
    while person(door).await? {
        done.people += 1;
    }
    Ok(done)
}

/// One part of one organization; other servers may be at the next.
async fn organization(door: &Door) -> Outcome<Option<purge::Step>> {
    let mut write = server(door).await?;
    let Some(step) = purge::organization(&mut write).await? else {
        write.roll_back().await;
        return Ok(None);
    };
    let (id, chain) = (Id::<Organization>::of(step.purged), step.report.get("chain").cloned());
    let about = |action: &str, after: Option<Value>| {
        note(action, <Organization as Object>::NAME, id.to_string(), after)
    };
    if step.started {
        write.audit(&about(STARTED, chain)).await?;
    }
    if step.finished {
        write.audit(&about("organization.purged", Some(step.report.clone()))).await?;
    }
    write.commit().await?;
    Ok(Some(step))
}

async fn person(door: &Door) -> Outcome<bool> {
    let mut write = server(door).await?;
    let Some(erased) = purge::person(&mut write).await? else {
        write.roll_back().await;
        return Ok(false);
    };
    let id = Id::<User>::of(erased.purged).to_string();
    write.audit(&note("user.purged", <User as Object>::NAME, id, Some(erased.report))).await?;
    write.commit().await?;
    Ok(true)
}

/// The server itself, in the platform's own organization.
async fn server(door: &Door) -> Outcome<Write> {
    let caller = Caller { organization: Some(PLATFORM), request: "purge".to_owned(), ..Caller::default() };
    Ok(door.write(Arc::new(caller)).await?)
}

fn note(action: &str, kind: &'static str, id: String, after: Option<Value>) -> Audit {
    Audit {
        organization: PLATFORM,
        action: action.to_owned(),
        resource_type: Some(kind),
        resource_id: Some(id),
        resource_name: None,
        before: None,
        after: after.map(Into::into),
        changed: Vec::new(),
        error: None,
    }
}
