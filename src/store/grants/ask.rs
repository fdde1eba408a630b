//! The one question: which permissions somebody holds, through which roles, when, of what, and under which conditions.
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use serde_json::Value as Json;
use uuid::Uuid;

#[derive(QueryId)]
pub struct Ask {
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub api_key: Option<Uuid>,
}

/// A right that somebody holds in one way.
#[derive(Clone, Debug, diesel::Queryable)]
pub struct Held {
    pub permission: String,
    /// The role that was given, if this one gives it itself.
    pub role: Option<String>,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    /// To what an API key is limited.
    pub scopes: Option<Vec<String>>,
    /// The thing within which it counts alone.
    pub resource: Option<Uuid>,
    /// The conditions of the assignment, with those that it was passed on from, or of the grant, the row scopes of the
    /// roles on the way, the conditions of what the role contains, and of the permission; none where all are empty.
    pub conditions: Option<Json>,
    /// The role that was given, and those above it up to the one that contains the permission; empty without a role.
    pub path: Vec<String>,
    /// `assignment`, `grant` or `key`.
    pub source: String,
    pub source_id: Uuid,
    /// The permission that gives it: the built-in one of its name, or one of the organization's own.
    pub permission_id: Uuid,
    /// It must be approved first, and this is not what an approval has given.
    pub awaits_approval: bool,
    pub requires_mfa: bool,
    /// An approval has given it, for a time.
    pub lent: bool,
}

impl Query for Ask {
    type SqlType = (
        Text,
        Nullable<Text>,
        Timestamptz,
        Nullable<Timestamptz>,
        Nullable<Array<Text>>,
        Nullable<SqlUuid>,
        Nullable<Jsonb>,
        Array<Text>,
        Text,
        SqlUuid,
        SqlUuid,
        Bool,
        Bool,
        Bool,
    );
}
impl<C> diesel::RunQueryDsl<C> for Ask {}
impl QueryFragment<Pg> for Ask {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A key has the permissions of its role, else those of who made it, both limited to its scopes.
        // A system role takes its permissions from the platform's role of the same name.
        // An assignment that was passed on counts with all those that it comes from; what a team has, its members have.
        // A role of a region or department says so among the conditions: `{"rowScope": "region"}`.
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
             ), assigned(role_id, valid_from, valid_until, scopes, resource, conditions, source, source_id) AS (
               SELECT a.role_id, coalesce(d.valid_from, a.valid_from),
                      CASE WHEN a.is_delegated THEN d.valid_until ELSE a.valid_until END, w.scopes, a.resource_scope,
                      coalesce(d.conditions, jsonb_build_array(a.context_conditions)), 'assignment', a.id
                 FROM who w
                 JOIN LATERAL (
                   SELECT o.* FROM access.role_assignments o
                    WHERE o.organization_id = w.organization_id AND o.user_id = w.user_id
                   UNION ALL
                   SELECT o.* FROM access.team_members t JOIN access.role_assignments o USING (organization_id, team_id)
                    WHERE t.organization_id = w.organization_id AND t.user_id = w.user_id
                 ) a ON true
                 LEFT JOIN LATERAL (SELECT c.* FROM access.delegation(a.organization_id, a.id) c WHERE a.is_delegated) d ON true
                WHERE a.revoked_at IS NULL AND a.is_active AND (NOT a.is_delegated OR d.valid_from IS NOT NULL)
               UNION ALL
               SELECT k.role_id, k.created_at, k.expires_at, k.scopes, NULL, '[{}]', 'key', k.id
                 FROM me JOIN identity.api_keys k ON k.organization_id = me.organization_id AND k.id = me.api_key_id
                WHERE k.revoked_at IS NULL AND k.role_id IS NOT NULL
             ), line(role_id, valid_from, valid_until, scopes, resource, conditions, source, source_id, path) AS (
               SELECT r.id, greatest(s.valid_from, r.valid_from), least(s.valid_until, r.valid_until),
                      s.scopes, s.resource, s.conditions
                        || CASE WHEN r.metadata ? 'row_scope'
                           THEN jsonb_build_array(jsonb_build_object('rowScope', r.metadata -> 'row_scope')) ELSE '[]' END,
                      s.source, s.source_id, ARRAY[r.name]
                 FROM me, assigned s JOIN access.roles r ON r.id = s.role_id
                WHERE r.organization_id = me.organization_id
               UNION ALL
               SELECT p.id, greatest(l.valid_from, p.valid_from), least(l.valid_until, p.valid_until),
                      l.scopes, l.resource, l.conditions
                        || CASE WHEN p.metadata ? 'row_scope'
                           THEN jsonb_build_array(jsonb_build_object('rowScope', p.metadata -> 'row_scope')) ELSE '[]' END,
                      l.source, l.source_id, l.path || p.name
                 FROM me, line l
                 JOIN access.roles r ON r.id = l.role_id
                 JOIN access.roles p ON p.organization_id = r.organization_id AND p.id = r.parent_role_id
                WHERE r.organization_id = me.organization_id AND cardinality(l.path) <= 32
             ), held AS (
               SELECT r.name, s.organization_id, s.id AS role_id, l.scopes, l.resource, l.conditions, l.source, l.source_id, l.path,
                      greatest(l.valid_from, s.valid_from) AS valid_from, least(l.valid_until, s.valid_until) AS valid_until
                 FROM me, line l
                 JOIN access.roles r ON r.id = l.role_id
                 JOIN access.roles s ON CASE WHEN r.is_system_role
                        THEN s.organization_id = '00000000-0000-0000-0000-000000000000' AND s.name = r.name
                        ELSE s.organization_id = r.organization_id AND s.id = r.id END
                WHERE r.organization_id = me.organization_id
             )
             SELECT p.right_name, CASE WHEN cardinality(h.path) = 1 THEN h.name END,
                    greatest(h.valid_from, rp.valid_from, p.valid_from), least(h.valid_until, rp.valid_until, p.valid_until),
                    h.scopes, h.resource, nullif(h.conditions || jsonb_build_array(rp.additional_conditions, p.conditions), '[{}, {}, {}]'),
                    h.path, h.source, h.source_id, p.id, p.requires_approval, p.requires_mfa, false
               FROM held h
               JOIN access.role_permissions rp ON rp.organization_id = h.organization_id AND rp.role_id = h.role_id
               JOIN access.permissions p ON p.organization_id = rp.permission_org_id AND p.id = rp.permission_id
             UNION ALL
             SELECT p.right_name, NULL, greatest(g.valid_from, p.valid_from), least(g.valid_until, p.valid_until),
                    w.scopes, g.resource_id, nullif(jsonb_build_array(g.additional_conditions, p.conditions), '[{}, {}]'),
                    '{}', 'grant', g.id, p.id, p.requires_approval AND g.approval_request_id IS NULL, p.requires_mfa,
                    g.approval_request_id IS NOT NULL
               FROM who w
               JOIN LATERAL (
                 SELECT o.* FROM access.permission_grants o
                  WHERE o.organization_id = w.organization_id AND o.user_id = w.user_id
                 UNION ALL
                 SELECT o.* FROM access.team_members t JOIN access.permission_grants o USING (organization_id, team_id)
                  WHERE t.organization_id = w.organization_id AND t.user_id = w.user_id
               ) g ON true
               JOIN access.permissions p ON p.organization_id = g.permission_org_id AND p.id = g.permission_id
              WHERE g.revoked_at IS NULL AND g.is_active",
        );
        Ok(())
    }
}

/// The question for the permissions by which people decide in the steps of approvals.
#[derive(QueryId)]
pub struct AskDeciding {
    pub organization: Option<Uuid>,
}

impl Query for AskDeciding {
    type SqlType = Text;
}
impl<C> diesel::RunQueryDsl<C> for AskDeciding {}
impl QueryFragment<Pg> for AskDeciding {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT DISTINCT unnest(w.deciding) FROM access.approval_workflows w WHERE w.organization_id = ",
        );
        out.push_bind_param::<Nullable<SqlUuid>, _>(&self.organization)
    }
}
