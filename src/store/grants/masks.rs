//! Fields that somebody is not shown as they are (000 §9, B084).
use std::collections::HashMap;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Nullable, SmallInt, Text, Uuid as SqlUuid},
};
use uuid::Uuid;

/// How a field is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// Not at all.
    Redact,
    /// The last so many characters.
    Partial(usize),
    /// A value that cannot be turned back, another one for each field.
    Hash,
    /// The same token for the same value, wherever it stands.
    Tokenize,
}

/// The masked fields of each type.
#[derive(Debug, Default)]
pub struct Masks(HashMap<String, HashMap<String, Mask>>);

impl Masks {
    /// Of several policies about a field, the first counts.
    pub fn of(policies: Vec<(Vec<String>, String, i16)>) -> Self {
        let mut decided = HashMap::<String, HashMap<String, Option<Mask>>>::new();
        for (fields, method, keep) in policies {
            let mask = match method.as_str() {
                "none" => None,
                "partial" => Some(Mask::Partial(usize::try_from(keep).unwrap_or_default())),
                "hash" => Some(Mask::Hash),
                "tokenize" => Some(Mask::Tokenize),
                _ => Some(Mask::Redact),
            };
            for (ty, field) in fields.iter().filter_map(|field| field.split_once('.')) {
                decided.entry(ty.to_owned()).or_default().entry(field.to_owned()).or_insert(mask);
            }
        }
        let masked = |fields: HashMap<String, Option<Mask>>| {
            fields.into_iter().filter_map(|(field, mask)| Some((field, mask?))).collect::<HashMap<_, _>>()
        };
        let masks = decided.into_iter().map(|(ty, fields)| (ty, masked(fields)));
        Self(masks.filter(|(_, fields)| !fields.is_empty()).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `other` masks all these fields, each in the same way.
    pub fn are_within(&self, other: &Self) -> bool {
        let same = |ty: &str, fields: &HashMap<String, Mask>| {
            fields.iter().all(|(field, mask)| other.of_field(ty, field) == Some(*mask))
        };
        self.0.iter().all(|(ty, fields)| same(ty, fields))
    }

    /// How a field of a type is shown; none where as it is.
    pub fn of_field(&self, ty: &str, field: &str) -> Option<Mask> {
        self.0.get(ty)?.get(field).copied()
    }

    /// The masked fields of a type.
    pub fn of_type(&self, ty: &str) -> impl Iterator<Item = &str> {
        self.0.get(ty).into_iter().flat_map(|fields| fields.keys().map(String::as_str))
    }
}

/// The question for the policies that concern somebody, what counts most first.
#[derive(QueryId)]
pub struct AskMasks {
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub api_key: Option<Uuid>,
}

impl Query for AskMasks {
    type SqlType = (Array<Text>, Text, SmallInt);
}
impl<C> diesel::RunQueryDsl<C> for AskMasks {}
impl QueryFragment<Pg> for AskMasks {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH me(organization_id, user_id, api_key_id) AS (SELECT ");
        for (index, id) in [&self.organization, &self.user, &self.api_key].into_iter().enumerate() {
            if index > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Nullable<SqlUuid>, _>(id)?;
        }
        // a key without a role of its own is as good as who made it
        out.push_sql(
            "), who(user_id, role_id) AS (
               SELECT coalesce(me.user_id, CASE WHEN k.role_id IS NULL THEN k.created_by END), k.role_id
                 FROM me LEFT JOIN identity.api_keys k ON k.organization_id = me.organization_id AND k.id = me.api_key_id
             ), held(role_id) AS (
               SELECT a.role_id FROM me, who JOIN access.role_assignments a USING (user_id)
                WHERE a.organization_id = me.organization_id AND a.revoked_at IS NULL
                  AND a.valid_from <= now() AND (a.valid_until IS NULL OR a.valid_until > now())
               UNION ALL
               SELECT a.role_id FROM me, who JOIN access.team_members t USING (user_id)
                 JOIN access.role_assignments a ON a.organization_id = t.organization_id AND a.team_id = t.team_id
                WHERE t.organization_id = me.organization_id AND a.revoked_at IS NULL
                  AND a.valid_from <= now() AND (a.valid_until IS NULL OR a.valid_until > now())
               UNION ALL SELECT role_id FROM who WHERE role_id IS NOT NULL
             )
             SELECT p.fields, p.method, p.keep FROM me JOIN security.masking_policies p USING (organization_id)
              WHERE p.is_active
                AND (NOT EXISTS (SELECT FROM security.masking_policy_roles r WHERE r.organization_id = p.organization_id AND r.policy_id = p.id)
                       AND NOT EXISTS (SELECT FROM security.masking_policy_users u WHERE u.organization_id = p.organization_id AND u.policy_id = p.id)
                     OR EXISTS (SELECT FROM security.masking_policy_roles r JOIN held USING (role_id)
                                 WHERE r.organization_id = p.organization_id AND r.policy_id = p.id)
                     OR EXISTS (SELECT FROM security.masking_policy_users u JOIN who USING (user_id)
                                 WHERE u.organization_id = p.organization_id AND u.policy_id = p.id))
              ORDER BY p.priority, p.id",
        );
        Ok(())
    }
}
