//! What a caller holds: the permissions of their roles, of the roles above those, and of direct grants.
//!
//! Compiled once per person and access epoch. The epoch is read with every transaction's first round trip, so a
//! revoked right is gone on the next request, on every server; windows of validity are read by the clock, conditions
//! with each request. A right that does not hold for all rows becomes a condition of every statement that reads them.
mod ask;
mod explain;
mod facts;
mod kind;
mod masks;
mod rule;
mod scope;

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub use ask::{Ask, AskDeciding, Held};
pub use explain::{Explanation, Verdict, Way, explain, explain_for};
pub use facts::{AskSubject, Circumstances, Facts, Subject, SubjectRow};
pub use masks::{AskMasks, Mask, Masks, REVEALS};
pub use rule::{Malformed, Rule};
pub use scope::{RowScope, SCOPED, Scoped};

use super::{
    clock,
    door::Caller,
    error::Result,
    select::{self, Condition, Limited, Limits, Table},
};

/// Without it a person has their own conversations alone: row-level security keeps those of others from them.
pub const ALL_CONVERSATIONS: &str = "conversation.read_all";
/// Without it a person has those requests for approval alone that they made or may decide.
pub const ALL_APPROVALS: &str = "approval.read";
/// Who holds it decides about what has no workflow of its own.
pub const DECIDE: &str = "approval.decide";

/// The permissions of one caller, each with the times at which it holds.
#[derive(Debug, Default)]
pub struct Grants {
    /// Those that hold for everything come first.
    held: HashMap<String, Vec<Grant>>,
    /// Those that are held, but do not count as it is.
    lacking: HashMap<String, Vec<(Window, Lack)>>,
    /// The permissions by which they decide in steps of approvals, while they hold them.
    deciding: Vec<String>,
    /// The names of the roles they come from.
    roles: Vec<String>,
    /// Who holds them; of interest where something holds under conditions only.
    subject: Subject,
    /// Whether anything does.
    limited: bool,
    /// Whether they have shown a second factor.
    mfa: bool,
    /// The fields that they are not shown as they are.
    masks: Masks,
}

/// What a right that somebody holds needs besides, to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A session in which a second factor was shown.
    SecondFactor,
    /// That a request for this permission is approved.
    Approval { permission: Uuid },
}

/// One way in which a permission is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    pub window: Window,
    pub extent: Extent,
    /// It was given by an approval: to be used, not to be passed on.
    pub lent: bool,
}

/// To what a permission extends.
#[derive(Clone, Debug, PartialEq)]
pub enum Extent {
    Everything,
    /// To what lies within a thing, and meets all conditions.
    Some {
        resource: Option<Uuid>,
        rules: Vec<Rule>,
    },
    /// Its conditions are not understood: to nothing.
    Nothing,
}

/// When a permission holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

impl Window {
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|end| at < end)
    }

    fn covers(&self, other: Self) -> bool {
        let ends_later = match (self.until, other.until) {
            (None, _) => true,
            (Some(end), Some(other)) => end >= other,
            (Some(_), None) => false,
        };
        self.from <= other.from && ends_later
    }
}

/// What an approval has given ends with that for whose use it was asked: at once where nothing else gives the permission any
/// more, and with the last that does.
fn end_with_its_reason(rows: &mut [Held]) {
    let mut reasons = HashMap::<Uuid, Option<DateTime<Utc>>>::new();
    for held in rows.iter().filter(|held| !held.lent) {
        let latest = reasons.entry(held.permission_id).or_insert(held.until);
        *latest = latest.zip(held.until).map(|(one, other)| one.max(other));
    }
    for held in rows.iter_mut().filter(|held| held.lent) {
        held.until = match reasons.get(&held.permission_id) {
            Some(end) => held.until.into_iter().chain(*end).min(),
            None => Some(held.from),
        };
    }
}

impl Held {
    /// When and to what it extends.
    pub fn grant(&self) -> Grant {
        let window = Window { from: self.from, until: self.until };
        let extent = match (&self.conditions, self.resource) {
            (None, None) => Extent::Everything,
            (conditions, resource) => {
                let conditions = conditions.as_ref().and_then(serde_json::Value::as_array);
                let rules = conditions.into_iter().flatten().map(|one| self.rule(one));
                match rules.collect::<Result<Vec<_>, _>>() {
                    Ok(rules) => {
                        let mut kept: Vec<Rule> = Vec::with_capacity(rules.len());
                        for rule in rules.into_iter().filter(|rule| !rule.is_empty()) {
                            if !kept.contains(&rule) {
                                kept.push(rule);
                            }
                        }
                        match resource {
                            None if kept.is_empty() => Extent::Everything,
                            resource => Extent::Some { resource, rules: kept },
                        }
                    }
                    Err(_) => Extent::Nothing,
                }
            }
        };
        Grant { window, extent, lent: self.lent }
    }

    /// What it needs besides, to count for who has or has not shown a second factor.
    pub const fn lacks(&self, mfa: bool) -> Option<Lack> {
        if self.awaits_approval {
            return Some(Lack::Approval { permission: self.permission_id });
        }
        if self.requires_mfa && !mfa { Some(Lack::SecondFactor) } else { None }
    }

    /// What one of the conditions says; a row scope nothing, where the permission is about rows that have no such place.
    fn rule(&self, condition: &serde_json::Value) -> std::result::Result<Rule, Malformed> {
        match RowScope::read(condition) {
            Some(scope) if scope.column(select::about(&self.permission)).is_some() => Ok(Rule::Scope(scope)),
            Some(_) => Ok(Rule::All(Vec::new())),
            None => Rule::read(condition),
        }
    }

    /// The conditions that were written down, without the row scopes of roles; none where there are none.
    pub fn stated(&self) -> Option<serde_json::Value> {
        let conditions = self.conditions.as_ref()?.as_array()?;
        let stated: Vec<_> = conditions.iter().filter(|one| RowScope::read(one).is_none()).cloned().collect();
        let says = |one: &serde_json::Value| one.as_object().is_none_or(|object| !object.is_empty());
        stated.iter().any(says).then(|| stated.into())
    }

    /// By which row scopes of roles it is limited.
    pub fn row_scopes(&self) -> Vec<RowScope> {
        match self.grant().extent {
            Extent::Some { rules, .. } => rules.iter().filter_map(Rule::scope).collect(),
            Extent::Everything | Extent::Nothing => Vec::new(),
        }
    }

    /// Whether the API key, where it is held through one, is limited to something else.
    pub fn is_out_of_scope(&self) -> bool {
        let scopes = self.scopes.as_deref().unwrap_or_default();
        !scopes.is_empty() && !scopes.iter().any(|scope| covers(scope, &self.permission))
    }
}

impl Grant {
    /// Whether it is good for all that `other` is, both being for everything.
    fn covers(&self, other: &Self) -> bool {
        self.window.covers(other.window) && (!self.lent || other.lent)
    }

    /// What it says of rows of `table` now; none where it does not count at all.
    pub fn on(&self, table: Option<&'static Table>, facts: &Facts<'_>) -> Option<Condition> {
        if !self.window.holds(facts.circumstances.at) {
            return None;
        }
        let (resource, rules) = match &self.extent {
            Extent::Everything => return Some(Condition::ANYTHING),
            Extent::Nothing => return None,
            Extent::Some { resource, rules } => (resource, rules),
        };
        let within = match resource {
            // a thing lies in a table; what is in none cannot lie within it
            Some(resource) => table.map(|_| Condition::WithinResources(vec![*resource]))?,
            None => Condition::ANYTHING,
        };
        let rules = rules.iter().map(|rule| rule.on(table, facts)).collect::<Option<Vec<_>>>()?;
        Some(Condition::all(std::iter::once(within).chain(rules)))
    }
}

/// What several grants of one permission say of rows together.
pub fn any_of<'g>(
    grants: impl IntoIterator<Item = &'g Grant>,
    table: Option<&'static Table>,
    facts: &Facts<'_>,
) -> Condition {
    let (mut conditions, mut resources) = (Vec::new(), Vec::new());
    for condition in grants.into_iter().filter_map(|grant| grant.on(table, facts)) {
        match condition {
            // many things at once are one question
            Condition::WithinResources(more) => resources.extend(more),
            other => conditions.push(other),
        }
    }
    if !resources.is_empty() {
        conditions.push(Condition::WithinResources(resources));
    }
    Condition::any(conditions)
}

impl Grants {
    /// Whether the caller holds `permission` now, for everything.
    pub fn hold(&self, permission: &str) -> bool {
        let now = clock::now();
        let whole = |grant: &Grant| grant.extent == Extent::Everything && grant.window.holds(now);
        self.held.get(permission).is_some_and(|grants| grants.iter().any(whole))
    }

    /// What `permission`, which the caller does not hold now, would need besides to be held; none where they have it in
    /// no way. A second factor, where it is enough, is sooner had than an approval.
    pub fn lack(&self, permission: &str) -> Option<Lack> {
        let now = clock::now();
        let lacking = self.lacking.get(permission)?.iter();
        let mut lacking = lacking.filter(|(window, _)| window.holds(now)).map(|(_, lack)| *lack);
        let first = lacking.next()?;
        Some(lacking.find(|lack| *lack == Lack::SecondFactor).unwrap_or(first))
    }

    /// The permissions held now by which the caller decides in steps of approvals, joined by commas; none where there
    /// are no such.
    pub fn deciding(&self) -> Option<String> {
        let mut held = String::new();
        for permission in self.deciding.iter().filter(|permission| self.hold(permission)) {
            if !held.is_empty() {
                held.push(',');
            }
            held.push_str(permission);
        }
        (!held.is_empty()).then_some(held)
    }

    /// Whether they hold for everything now what `other` holds in any way, now or later, and mask no more.
    pub fn cover(&self, other: &Self) -> bool {
        let counts = |grants: &[Grant]| grants.iter().any(|grant| grant.extent != Extent::Nothing);
        let held = other.held.iter().filter(|(_, grants)| counts(grants));
        held.map(|(permission, _)| permission).all(|permission| self.hold(permission))
            && self.masks.are_within(&other.masks)
    }

    /// The fields that the caller is not shown as they are.
    pub const fn masks(&self) -> &Masks {
        &self.masks
    }

    /// Whether any right holds for some rows only, or under conditions.
    pub const fn are_limited(&self) -> bool {
        self.limited
    }

    /// What those permissions extend to now that do not hold for everything; none where there are no such.
    pub fn limits(&self, caller: &Caller) -> Option<Arc<Limits>> {
        if !self.limited {
            return None;
        }
        let circumstances = Circumstances { at: clock::now(), ip: caller.ip, mfa: self.mfa };
        let facts = Facts { subject: Cow::Borrowed(&self.subject), circumstances };
        let (mut of, mut seen) = (HashMap::new(), HashSet::new());
        for (permission, grants) in self.held.iter().filter(|(permission, _)| !self.hold(permission)) {
            let about = select::about(permission);
            of.insert(permission.clone(), any_of(grants, about, &facts));
            if about.is_some_and(|about| self.reaches_all_seen(about, grants)) {
                seen.insert(permission.clone());
            }
        }
        Some(Arc::new(Limits::new(of, seen)))
    }

    /// Whether `grants` extend to all rows of `table` that the caller sees: to whatever their rights to read extend to.
    fn reaches_all_seen(&self, table: &'static Table, grants: &[Grant]) -> bool {
        let Limited::By(read) = table.limited else { return false };
        let now = clock::now();
        let covers =
            |read: &Grant| grants.iter().any(|grant| grant.window.holds(now) && grant.extent == read.extent);
        self.held
            .get(read)
            .is_some_and(|reads| reads.iter().filter(|read| read.window.holds(now)).all(covers))
    }

    /// When time alone will change what is held.
    pub(super) fn until(&self) -> Option<DateTime<Utc>> {
        let now = clock::now();
        let edges =
            self.held.values().flatten().flat_map(|grant| [Some(grant.window.from), grant.window.until]);
        edges.flatten().filter(|edge| *edge > now).min()
    }

    /// All permissions held now, in order: for everything, or for some things.
    pub fn permissions(&self) -> Vec<String> {
        let now = clock::now();
        let holds = |grants: &Vec<Grant>| {
            grants.iter().any(|grant| grant.extent != Extent::Nothing && grant.window.holds(now))
        };
        let mut names: Vec<_> =
            self.held.iter().filter(|(_, grants)| holds(grants)).map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// The roles assigned, in order.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// What the caller holds, who has or has not shown a second factor.
    pub(super) async fn of(mut connection: &AsyncPgConnection, caller: &Caller, mfa: bool) -> Result<Self> {
        let (organization, user, api_key) = (caller.organization, caller.user, caller.api_key);
        let (mut second, mut third) = (connection, connection);
        let (held, masked, deciding) = futures_util::join!(
            Ask { organization, user, api_key }.load(&mut connection),
            AskMasks { organization, user, api_key }.load(&mut second),
            AskDeciding { organization }.load::<String>(&mut third),
        );
        let mut grants = Self::compile(held?, mfa);
        grants.masks = Masks::of(masked?, |permission| grants.hold(permission));
        // people decide, not keys
        if user.is_some() {
            grants.deciding = deciding?;
            grants.deciding.push(DECIDE.to_owned());
        }
        if grants.limited {
            let question = AskSubject { organization, user, api_key };
            let found = question.load(&mut connection).await?.into_iter().next();
            grants.subject = Subject::of(found, grants.roles.clone());
        }
        Ok(grants)
    }

    fn compile(mut rows: Vec<Held>, mfa: bool) -> Self {
        end_with_its_reason(&mut rows);
        let (mut grants, now) = (Self { mfa, ..Self::default() }, clock::now());
        for held in rows {
            if let Some(role) = &held.role
                && !grants.roles.contains(role)
            {
                grants.roles.push(role.clone());
            }
            let grant = held.grant();
            if held.is_out_of_scope() || grant.window.until.is_some_and(|end| end <= now) {
                continue;
            }
            if let Some(lack) = held.lacks(mfa) {
                if grant.extent != Extent::Nothing {
                    grants.lacking.entry(held.permission).or_default().push((grant.window, lack));
                }
                continue;
            }
            let known = grants.held.entry(held.permission).or_default();
            if grant.extent != Extent::Everything {
                grants.limited = true;
                known.push(grant);
            } else if !known.iter().any(|known| known.extent == Extent::Everything && known.covers(&grant)) {
                known.insert(0, grant);
            }
        }
        grants.roles.sort();
        grants
    }
}

/// Whether an API key's scope covers a permission: `deal.read` itself, `deal.*`, or `*`.
fn covers(scope: &str, permission: &str) -> bool {
    scope == permission
        || scope == "*"
        || scope.strip_suffix(".*").is_some_and(|resource| {
            permission.strip_prefix(resource).is_some_and(|action| action.starts_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_itself_and_what_is_below_it() {
        assert!(covers("deal.read", "deal.read"));
        assert!(covers("deal.*", "deal.value.read"));
        assert!(covers("*", "deal.read"));
        assert!(!covers("deal.*", "dealer.read"));
        assert!(!covers("deal.read", "deal.value.read"));
        assert!(!covers("deal", "deal.read"));
    }
}
