//! Groups as they are read: the teams of the organization.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    QueryResult, QueryableByName,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid},
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    condition::{Condition, Place, Places},
    schema::{GROUP, GROUPS},
    user_rows::{told, user_id},
};
use crate::{
    domains::{access::team::Team, identity::user::User},
    store::id::Id,
};

const CHANGED: &str = "greatest(g.updated_at, g.members_changed_at)";

/// Where each attribute of a group stands.
pub const PLACES: &Places = &Places {
    resource: GROUPS,
    list: &[
        ("id", Place::Id("g.id", group_id)),
        ("externalId", Place::Text("g.external_id")),
        ("displayName", Place::Text("g.name")),
        (
            "members",
            Place::Several(
                "SELECT FROM access.team_members e JOIN identity.memberships f ON f.organization_id = e.organization_id AND f.user_id = e.user_id \
                 WHERE e.organization_id = g.organization_id AND e.team_id = g.id AND f.status <> 'left'",
                &[("value", Place::Id("e.user_id", user_id)), ("type", Place::Constant("User"))],
            ),
        ),
        (
            "schemas",
            Place::Several(
                "SELECT FROM (VALUES ('urn:ietf:params:scim:schemas:core:2.0:Group')) AS e (v) WHERE true",
                &[("schemas", Place::Text("e.v"))],
            ),
        ),
        (
            "meta",
            Place::Parts(&[
                ("resourceType", Place::Constant("Group")),
                ("created", Place::Time("g.created_at")),
                ("lastModified", Place::Time(CHANGED)),
            ]),
        ),
    ],
    hints: &[
        (
            "displayName",
            &[
                "g.id IN (SELECT h.id FROM access.teams h WHERE h.organization_id = g.organization_id AND lower(h.name) = lower(",
                "))",
            ],
        ),
        ("externalId", &["g.external_id = ", ""]),
    ],
};

fn group_id(text: &str) -> Option<Uuid> {
    Id::<Team>::parse(text).ok().map(|id| id.0)
}

/// Which groups.
#[derive(Debug)]
pub struct Which {
    pub organization: Uuid,
    pub only: Option<Uuid>,
    pub condition: Option<Condition>,
    /// How many are passed over, and how many are wanted.
    pub page: Option<(i64, i64)>,
}

impl Which {
    pub const fn one(organization: Uuid, group: Uuid) -> Self {
        Self { organization, only: Some(group), condition: None, page: None }
    }

    fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql(" FROM access.teams g WHERE g.organization_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        if let Some(group) = &self.only {
            out.push_sql(" AND g.id = ");
            out.push_bind_param::<SqlUuid, _>(group)?;
        }
        if let Some(condition) = &self.condition {
            out.push_sql(" AND ");
            condition.walk(out)?;
        }
        Ok(())
    }
}

/// The groups, in the order they were made.
pub struct Groups<'w>(pub &'w Which);

/// How many there are.
pub struct Count<'w>(pub &'w Which);

/// Who is in groups, by group.
pub struct Members {
    organization: Uuid,
    groups: Vec<Uuid>,
}

impl Members {
    /// Of the groups that were found.
    pub fn of(which: &Which, rows: &[Row]) -> Self {
        Self { organization: which.organization, groups: rows.iter().map(|row| row.id).collect() }
    }
}

/// A group as it is read.
#[derive(QueryableByName)]
pub struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Timestamptz)]
    created: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    changed: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    version: String,
}

/// Somebody who is in a group.
#[derive(Clone, Debug, QueryableByName)]
pub struct Member {
    #[diesel(sql_type = SqlUuid)]
    group: Uuid,
    #[diesel(sql_type = SqlUuid)]
    user: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    display: Option<String>,
}

impl Query for Groups<'_> {
    type SqlType = Untyped;
}
impl<C> diesel::RunQueryDsl<C> for Groups<'_> {}
impl QueryId for Groups<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Groups<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT g.id, g.external_id, g.name, g.created_at AS created, ");
        out.push_sql(CHANGED);
        out.push_sql(
            " AS changed, concat_ws('.', g.revision, (extract(epoch FROM g.members_changed_at) * 1000000)::bigint) AS version",
        );
        self.0.walk(&mut out)?;
        out.push_sql(" ORDER BY g.created_at, g.id");
        if let Some((passed, wanted)) = &self.0.page {
            out.push_sql(" OFFSET ");
            out.push_bind_param::<BigInt, _>(passed)?;
            out.push_sql(" LIMIT ");
            out.push_bind_param::<BigInt, _>(wanted)?;
        }
        Ok(())
    }
}

impl Query for Count<'_> {
    type SqlType = BigInt;
}
impl<C> diesel::RunQueryDsl<C> for Count<'_> {}
impl QueryId for Count<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Count<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT count(*)");
        self.0.walk(&mut out)
    }
}

impl Query for Members {
    type SqlType = Untyped;
}
impl<C> diesel::RunQueryDsl<C> for Members {}
impl QueryId for Members {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}
impl QueryFragment<Pg> for Members {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT e.team_id AS \"group\", e.user_id AS \"user\", coalesce(s.display_name, u.display_name) AS display \
             FROM access.team_members e \
             JOIN identity.memberships m ON m.organization_id = e.organization_id AND m.user_id = e.user_id AND m.status <> 'left' \
             JOIN identity.users u ON u.id = e.user_id AND u.deleted_at IS NULL \
             LEFT JOIN identity.scim_users s ON s.organization_id = e.organization_id AND s.user_id = e.user_id AND s.removed_at IS NULL \
             WHERE e.organization_id = ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.organization)?;
        out.push_sql(" AND e.team_id = ANY (");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.groups)?;
        out.push_sql(") ORDER BY e.team_id, e.added_at, e.user_id");
        Ok(())
    }
}

/// A group as it was read.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: Id<Team>,
    pub external_id: Option<String>,
    pub name: String,
    created: DateTime<Utc>,
    changed: DateTime<Utc>,
    version: String,
    /// Who is in it, where that was asked.
    members: Vec<Member>,
}

impl Known {
    /// The groups of rows, with who is in them.
    pub fn of(rows: Vec<Row>, members: Vec<Member>) -> Vec<Self> {
        let mut inside = HashMap::<Uuid, Vec<Member>>::new();
        for member in members {
            inside.entry(member.group).or_default().push(member);
        }
        let known = |row: Row| Self {
            id: Id::of(row.id),
            external_id: row.external_id,
            name: row.name,
            created: row.created,
            changed: row.changed,
            version: row.version,
            members: inside.remove(&row.id).unwrap_or_default(),
        };
        rows.into_iter().map(known).collect()
    }

    pub fn people(&self) -> Vec<Id<User>> {
        self.members.iter().map(|member| Id::of(member.user)).collect()
    }

    pub fn version(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    pub fn location(&self, base: &str) -> String {
        format!("{base}/Groups/{}", self.id)
    }

    /// The resource, as it is told.
    pub fn resource(&self, base: &str) -> Map<String, Value> {
        let member = |member: &Member| {
            let id = Id::<User>::of(member.user);
            Value::Object(told([
                ("value", json!(id.to_string())),
                ("$ref", json!(format!("{base}/Users/{id}"))),
                ("display", json!(member.display)),
                ("type", json!("User")),
            ]))
        };
        told([
            ("schemas", json!([GROUP])),
            ("id", json!(self.id.to_string())),
            ("externalId", json!(self.external_id)),
            ("displayName", json!(self.name)),
            ("members", self.members.iter().map(member).collect()),
            (
                "meta",
                json!({
                    "resourceType": "Group",
                    "created": self.created,
                    "lastModified": self.changed,
                    "location": self.location(base),
                    "version": self.version(),
                }),
            ),
        ])
    }
}
