//! What a subscriber is told of: records that they may see, as every list would show them. That something happened to
//! somebody else's conversation, or to a deal of another region, is itself not theirs to know.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use uuid::Uuid;

use super::{rows, subscription::Told};
use crate::store::{
    door::Snapshot,
    error::Result,
    events::Event,
    grants::{ALL_APPROVALS, ALL_CONVERSATIONS, Grants},
};

/// What is between a few people, unless somebody may see all of it.
const FEW: [&str; 2] = ["ApprovalRequest", "ApprovalDecision"];

/// What is nobody's but whoever made it: there is no right to see all of it.
const OWN: [&str; 2] = ["Export", "Import"];

/// Of `told` what the caller of `snapshot` may know.
pub(super) async fn by(snapshot: &Snapshot, grants: &Grants, mut told: Vec<Told>) -> Result<Vec<Told>> {
    let standing = snapshot.standing().await?;
    // that there is a record of some kinds is itself not for everybody to know
    let limits = snapshot.limits();
    told.retain(|told| {
        let needs = told.event().and_then(|event| rows::secret(&event.subject_type));
        needs.is_none_or(|permission| {
            grants.hold(permission) || limits.as_ref().is_some_and(|limits| limits.may_hold(permission))
        })
    });
    let limited = standing.region.is_some() || standing.department.is_some() || grants.are_limited();
    let is = |kinds: &'static [&str]| move |event: &Arc<Event>| kinds.contains(&event.subject_type.as_str());
    let any = |kinds| told.iter().filter_map(Told::event).any(is(kinds));
    let all = !any(&OWN) && (grants.hold(ALL_APPROVALS) || !any(&FEW));
    if !limited && all && grants.hold(ALL_CONVERSATIONS) {
        return Ok(told);
    }
    let mut concerned = HashMap::<&str, HashSet<Uuid>>::new();
    for event in told.iter().filter_map(Told::event) {
        concerned.entry(&event.subject_type).or_default().insert(event.subject_id);
    }
    let mut seen = HashMap::new();
    for (name, ids) in concerned {
        seen.insert(name.to_owned(), rows::seen(snapshot, name, ids).await?);
    }
    let may_know = |told: &Told| {
        told.event().is_none_or(|event| {
            // what is gone for good nobody sees any more: it is told to those who see everything
            (event.kind.ends_with(".removed") && !limited)
                || seen.get(&event.subject_type).is_some_and(|seen| seen.contains(&event.subject_id))
        })
    };
    Ok(told.into_iter().filter(may_know).collect())
}
