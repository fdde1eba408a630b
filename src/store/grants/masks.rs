//! Fields that somebody is not shown as they are (000 §9, B084).
use std::collections::HashMap;

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Integer, Nullable, SmallInt, Text, Uuid as SqlUuid},
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

/// Who sees in clear what is masked because of its classification: holders of the permission of its level, 2 to 5.
pub const REVEALS: [&str; 4] =
    ["data.internal.read", "data.confidential.read", "data.restricted.read", "data.top_secret.read"];

/// Fields, how they are shown, how many characters of them, and the level of sensitivity if that is why.
pub type Masked = (Vec<String>, String, i16, Option<i32>);

/// The masked fields of each type.
#[derive(Debug, Default)]
pub struct Masks {
    of: HashMap<String, HashMap<String, Option<Mask>>>,
    any: bool,
}

impl Masks {
    /// Of several that say something of a field, the first counts. What is classified is masked only for whoever does
    /// not `hold` the permission of its level.
    pub fn of(masked: Vec<Masked>, hold: impl Fn(&str) -> bool) -> Self {
        let mut masks = Self::default();
        for (fields, method, keep, level) in masked {
            let reveals = level.map(|level| {
                // a level that there is not is seen by nobody
                let at = usize::try_from(level).unwrap_or_default().checked_sub(2);
                at.and_then(|at| REVEALS.get(at)).is_some_and(|permission| hold(permission))
            });
            if reveals == Some(true) {
                continue;
            }
            let mask = match method.as_str() {
                "none" => None,
                "partial" => Some(Mask::Partial(usize::try_from(keep).unwrap_or_default())),
                "hash" => Some(Mask::Hash),
                "tokenize" => Some(Mask::Tokenize),
                _ => Some(Mask::Redact),
            };
            for (ty, field) in fields.iter().filter_map(|field| field.split_once('.')) {
                let of_type = masks.of.entry(ty.to_owned()).or_default();
                masks.any |= of_type.entry(field.to_owned()).or_insert(mask).is_some();
            }
        }
        masks
    }

    /// Whether everything is shown as it is.
    pub const fn is_empty(&self) -> bool {
        !self.any
    }

    /// Whether `other` masks all these fields, each in the same way, and shows no other field as it is by exception.
    pub fn are_within(&self, other: &Self) -> bool {
        let same = |from: &Self, to: &Self, which: fn(&Option<Mask>) -> bool| {
            from.of.iter().all(|(ty, fields)| {
                let mut fields = fields.iter().filter(|(_, mask)| which(mask));
                fields.all(|(field, mask)| to.of_field(ty, field) == Some(*mask))
            })
        };
        same(self, other, Option::is_some) && same(other, self, Option::is_none)
    }

    /// What is said of a field of a type: how it is masked, or that it is shown as it is.
    pub fn of_field(&self, ty: &str, field: &str) -> Option<Option<Mask>> {
        self.of.get(ty)?.get(field).copied()
    }
}

/// The question for the policies that concern somebody, what counts most first, and then for what is classified so that
/// it is to be masked: by the organization, or by the platform where the organization says nothing of the field.
#[derive(QueryId)]
pub struct AskMasks {
    pub organization: Option<Uuid>,
    pub user: Option<Uuid>,
    pub api_key: Option<Uuid>,
}

impl Query for AskMasks {
    type SqlType = (Array<Text>, Text, SmallInt, Nullable<Integer>);
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
             ), classified AS (
               SELECT DISTINCT ON (e.field) e.* FROM me, security.data_elements e
                WHERE me.organization_id IS NOT NULL
                  AND e.organization_id IN (me.organization_id, '00000000-0000-0000-0000-000000000000')
                ORDER BY e.field, e.organization_id = me.organization_id DESC
             ), told(fields, method, keep, level, place, id) AS (
               SELECT CASE WHEN p.classification_id IS NULL THEN p.fields ELSE ARRAY(
                        SELECT e.field FROM classified e WHERE e.is_active
                           AND (e.classification_org_id, e.classification_id) = (p.classification_org_id, p.classification_id)) END,
                      p.method, p.keep, NULL::integer, p.priority, p.id
                 FROM me JOIN security.masking_policies p USING (organization_id)
                WHERE p.is_active
                  AND (NOT EXISTS (SELECT FROM security.masking_policy_roles r WHERE r.organization_id = p.organization_id AND r.policy_id = p.id)
                         AND NOT EXISTS (SELECT FROM security.masking_policy_users u WHERE u.organization_id = p.organization_id AND u.policy_id = p.id)
                       OR EXISTS (SELECT FROM security.masking_policy_roles r JOIN held USING (role_id)
                                   WHERE r.organization_id = p.organization_id AND r.policy_id = p.id)
                       OR EXISTS (SELECT FROM security.masking_policy_users u JOIN who USING (user_id)
                                   WHERE u.organization_id = p.organization_id AND u.policy_id = p.id))
               UNION ALL
               SELECT ARRAY[e.field], coalesce(e.masking_method, c.masking_method), coalesce(e.keep, c.keep), c.sensitivity_level, NULL, e.id
                 FROM me JOIN classified e ON e.is_active
                 JOIN security.data_classifications c ON c.organization_id = e.classification_org_id AND c.id = e.classification_id
                WHERE c.masking_required
                  AND NOT EXISTS (SELECT FROM identity.organization_settings s WHERE s.organization_id = me.organization_id AND NOT s.masking_enabled)
             )
             SELECT fields, method, keep, level FROM told ORDER BY place NULLS LAST, id",
        );
        Ok(())
    }
}
