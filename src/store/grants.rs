//! What a caller holds: the permissions of their roles, of the roles above those, and of direct grants.
//!
//! Compiled once per person and access epoch. The epoch is read with every transaction's first round trip, so a
//! revoked right is gone on the next request, on every server; windows of validity are read by the clock.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{clock, door::Caller, error::Result};

/// Without it a person has their own conversations alone: row-level security keeps those of others from them.
pub const ALL_CONVERSATIONS: &str = "conversation.read_all";

/// The permissions of one caller, each with the times at which it holds.
#[derive(Debug, Default)]
pub struct Grants {
    held: HashMap<String, Vec<Window>>,
    /// The names of the roles they come from.
    roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
}

impl Window {
    fn holds(&self, at: DateTime<Utc>) -> bool {
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

impl Grants {
    /// Whether the caller holds `permission` now.
    pub fn hold(&self, permission: &str) -> bool {
        let now = clock::now();
        self.held.get(permission).is_some_and(|windows| windows.iter().any(|window| window.holds(now)))
    }

    /// All permissions held now, in order.
    pub fn permissions(&self) -> Vec<String> {
        let now = clock::now();
        let holds = |windows: &Vec<Window>| windows.iter().any(|window| window.holds(now));
        let mut names: Vec<_> =
            self.held.iter().filter(|(_, windows)| holds(windows)).map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// The roles assigned, in order.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// What the caller holds.
    pub(super) async fn of(mut connection: &AsyncPgConnection, caller: &Caller) -> Result<Self> {
        let question = Ask { organization: caller.organization, user: caller.user, api_key: caller.api_key };
        Ok(Self::compile(question.load(&mut connection).await?))
    }

    fn compile(rows: Vec<GrantRow>) -> Self {
        let (mut grants, now) = (Self::default(), clock::now());
        for (permission, role, from, until, scopes) in rows {
            if let Some(role) = role
                && !grants.roles.contains(&role)
            {
                grants.roles.push(role);
            }
            if let Some(scopes) = scopes
                && !scopes.is_empty()
                && !scopes.iter().any(|scope| covers(scope, &permission))
            {
                continue;
            }
            let window = Window { from, until };
            if until.is_some_and(|end| end <= now) {
                continue;
            }
            let windows = grants.held.entry(permission).or_default();
            if !windows.iter().any(|known| known.covers(window)) {
                windows.push(window);
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

type GrantRow = (String, Option<String>, DateTime<Utc>, Option<DateTime<Utc>>, Option<Vec<String>>);

/// The one question: which permissions, through which role, when, and limited to which scopes.
#[derive(QueryId)]
struct Ask {
    organization: Option<Uuid>,
    user: Option<Uuid>,
    api_key: Option<Uuid>,
}

impl Query for Ask {
    type SqlType = (Text, Nullable<Text>, Timestamptz, Nullable<Timestamptz>, Nullable<Array<Text>>);
}
impl<C> diesel::RunQueryDsl<C> for Ask {}
impl QueryFragment<Pg> for Ask {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A key has the permissions of its role, else those of who made it, both limited to its scopes.
        // A system role takes its permissions from the platform's role of the same name. An assignment or grant that
        // is scoped to a resource or bound to a condition never counts for the whole organization.
        out.push_sql("WITH RECURSIVE me(organization_id, user_id, api_key_id) AS (SELECT ");
        for (index, id) in [&self.organization, &self.user, &self.api_key].into_iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Nullable<SqlUuid>, _>(id)?;
        }
        out.push_sql(
            "), who(organization_id, user_id, scopes) AS (
               SELECT me.organization_id, me.user_id, NULL::text[] FROM me WHERE me.api_key_id IS NULL
               UNION ALL
               SELECT k.organization_id, k.created_by, k.scopes
                 FROM me JOIN identity.api_keys k ON k.organization_id = me.organization_id AND k.id = me.api_key_id
                WHERE k.revoked_at IS NULL AND k.role_id IS NULL
             ), assigned(role_id, valid_from, valid_until, scopes) AS (
               SELECT a.role_id, a.valid_from, a.valid_until, w.scopes
                 FROM who w JOIN access.role_assignments a USING (organization_id, user_id)
                WHERE a.revoked_at IS NULL AND a.is_active
                  AND a.resource_scope IS NULL AND a.context_conditions = '{}'
               UNION ALL
               SELECT k.role_id, k.created_at, k.expires_at, k.scopes
                 FROM me JOIN identity.api_keys k ON k.organization_id = me.organization_id AND k.id = me.api_key_id
                WHERE k.revoked_at IS NULL AND k.role_id IS NOT NULL
             ), line(role_id, valid_from, valid_until, scopes, depth) AS (
               SELECT r.id, greatest(s.valid_from, r.valid_from), least(s.valid_until, r.valid_until), s.scopes, 0
                 FROM me, assigned s JOIN access.roles r ON r.id = s.role_id
                WHERE r.organization_id = me.organization_id
               UNION ALL
               SELECT p.id, greatest(l.valid_from, p.valid_from), least(l.valid_until, p.valid_until), l.scopes, l.depth + 1
                 FROM me, line l
                 JOIN access.roles r ON r.id = l.role_id
                 JOIN access.roles p ON p.organization_id = r.organization_id AND p.id = r.parent_role_id
                WHERE r.organization_id = me.organization_id AND l.depth < 32
             ), held(role_name, source_organization, source_role, valid_from, valid_until, scopes, depth) AS (
               SELECT r.name, s.organization_id, s.id, greatest(l.valid_from, s.valid_from), least(l.valid_until, s.valid_until), l.scopes, l.depth
                 FROM me, line l
                 JOIN access.roles r ON r.id = l.role_id
                 JOIN access.roles s ON CASE WHEN r.is_system_role
                        THEN s.organization_id = '00000000-0000-0000-0000-000000000000' AND s.name = r.name
                        ELSE s.organization_id = r.organization_id AND s.id = r.id END
                WHERE r.organization_id = me.organization_id
             )
             SELECT p.name, CASE WHEN h.depth = 0 THEN h.role_name END,
                    greatest(h.valid_from, rp.valid_from, p.valid_from), least(h.valid_until, rp.valid_until, p.valid_until), h.scopes
               FROM held h
               JOIN access.role_permissions rp ON rp.organization_id = h.source_organization AND rp.role_id = h.source_role
               JOIN access.permissions p ON p.organization_id = rp.permission_org_id AND p.id = rp.permission_id
              WHERE rp.additional_conditions = '{}' AND p.conditions = '{}' AND NOT p.requires_approval
             UNION ALL
             SELECT p.name, NULL, greatest(g.valid_from, p.valid_from), least(g.valid_until, p.valid_until), w.scopes
               FROM who w JOIN access.permission_grants g USING (organization_id, user_id)
               JOIN access.permissions p ON p.organization_id = g.permission_org_id AND p.id = g.permission_id
              WHERE g.revoked_at IS NULL AND g.is_active AND g.resource_id IS NULL
                AND g.additional_conditions = '{}' AND p.conditions = '{}'",
        );
        Ok(())
    }
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
