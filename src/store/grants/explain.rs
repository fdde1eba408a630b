//! Why somebody may or may not do something: the same rules, looked at one by one, as they themselves would be let in.
use std::borrow::Cow;

use uuid::Uuid;

use super::{
    Ask, AskSubject, Circumstances, Extent, Facts, Held, Lack, Subject, end_with_its_reason,
    facts::SubjectRow,
};
use crate::store::{
    clock,
    door::{Caller, Member, Snapshot},
    error::Result,
    select::{self, Table},
};

/// Whether somebody may do something, and by which of their rights.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub allowed: bool,
    pub ways: Vec<Way>,
}

/// One way in which somebody holds a permission, and what it comes to.
#[derive(Clone, Debug)]
pub struct Way {
    pub held: Held,
    pub verdict: Verdict,
}

/// What one of somebody's rights comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allows,
    /// It has not begun.
    NotYet,
    /// It has ended.
    Over,
    /// The API key is limited to something else.
    OutOfScope,
    /// Its conditions, or the thing that it is limited to, leave this record out; without a record: it extends to some.
    Elsewhere,
    /// What its conditions ask of the person or the request is not so, or not known.
    Unmet,
    /// Its conditions cannot be understood.
    NotUnderstood,
    /// It would allow it, once a request for it is approved.
    NeedsApproval,
    /// It would allow it in a session in which a second factor was shown.
    NeedsMfa,
}

/// What the caller of `snapshot`, who asks from `caller`'s place, can do by `permission`: with `record`, or at all.
pub async fn explain(
    snapshot: &Snapshot,
    caller: &Caller,
    permission: &str,
    record: Option<(&'static Table, Uuid)>,
) -> Result<Explanation> {
    let who = snapshot.caller();
    let (organization, user, api_key) = (who.organization, who.user, who.api_key);
    let standing = snapshot.standing().await?.clone();
    let grants = standing.grants.clone();
    let mut held: Vec<Held> = snapshot.load(Ask { organization, user, api_key }).await?;
    end_with_its_reason(&mut held);
    let subject: Vec<SubjectRow> = snapshot.load(AskSubject { organization, user, api_key }).await?;
    let subject = Subject::of(subject.into_iter().next(), grants.roles().to_vec());
    let circumstances = Circumstances { at: clock::now(), ip: caller.ip, mfa: standing.mfa };
    let facts = Facts { subject: Cow::Owned(subject), circumstances };

    let mut ways = Vec::new();
    for held in held.into_iter().filter(|held| held.permission == permission) {
        let verdict = match (verdict(snapshot, &held, record, &facts).await?, held.lacks(standing.mfa)) {
            (Verdict::Allows, Some(Lack::Approval { .. })) => Verdict::NeedsApproval,
            (Verdict::Allows, Some(Lack::SecondFactor)) => Verdict::NeedsMfa,
            (verdict, _) => verdict,
        };
        ways.push(Way { held, verdict });
    }
    let whole = grants.hold(permission) || snapshot.limits().is_some_and(|limits| limits.hold(permission));
    let some = snapshot.limits().is_some_and(|limits| limits.may_hold(permission));
    let allowed = match record {
        Some((table, id)) if whole || some => !snapshot.extent(permission, table, vec![id]).await?.is_empty(),
        Some(_) => false,
        None => whole || some,
    };
    Ok(Explanation { allowed, ways })
}

/// The same of another member of the organization of `snapshot`, as they would be let in; none where they are no
/// member.
pub async fn explain_for(
    snapshot: &Snapshot,
    user: Uuid,
    permission: &str,
    record: Option<(&'static Table, Uuid)>,
) -> Result<Option<Explanation>> {
    let theirs = match snapshot.door().snapshot_as(snapshot.organization(), user).await? {
        Member::Active(theirs) => theirs,
        Member::Inactive => return Ok(Some(Explanation { allowed: false, ways: Vec::new() })),
        Member::Nobody => return Ok(None),
    };
    let told = explain(&theirs, theirs.caller(), permission, record).await;
    theirs.close();
    told.map(Some)
}

async fn verdict(
    snapshot: &Snapshot,
    held: &Held,
    record: Option<(&'static Table, Uuid)>,
    facts: &Facts<'_>,
) -> Result<Verdict> {
    let (grant, now) = (held.grant(), facts.circumstances.at);
    if held.is_out_of_scope() {
        return Ok(Verdict::OutOfScope);
    }
    if grant.window.until.is_some_and(|end| end <= now) {
        return Ok(Verdict::Over);
    }
    if !grant.window.holds(now) {
        return Ok(Verdict::NotYet);
    }
    if grant.extent == Extent::Nothing {
        return Ok(Verdict::NotUnderstood);
    }
    let about = select::about(&held.permission);
    match (grant.on(about, facts), record) {
        (None, _) => Ok(Verdict::Unmet),
        (Some(condition), _) if condition.is_anything() => Ok(Verdict::Allows),
        (Some(condition), _) if condition.is_nothing() => Ok(Verdict::Unmet),
        (Some(condition), Some((table, id))) if about == Some(select::top(table)) => {
            let met = snapshot.meets(table, id, condition).await?;
            Ok(if met { Verdict::Allows } else { Verdict::Elsewhere })
        }
        (Some(_), _) => Ok(Verdict::Elsewhere),
    }
}
