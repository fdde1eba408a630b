//! The catalogue of permissions, made from the schema: whatever a type, a field or a mutation needs is a row of
//! `access.permissions`, with words for people. `migrate up` and every start of the server bring it up to date.
use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;
use diesel::{sql_query, sql_types::Jsonb};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use serde::Serialize;
use uuid::Uuid;

use super::{authority, role_rows};
use crate::{
    domains::prelude::*,
    graph::schema,
    store::grants::{ALL_APPROVALS, ALL_CONVERSATIONS, DECIDE, REVEALS},
};

/// The permission that a directory's key needs.
pub const PROVISION: &str = "scim.provision";

/// Permissions that no field declares: mutations ask for them in code.
const ASKED_FOR_IN_CODE: &[&str] = &[authority::GRANT_ANY, ALL_CONVERSATIONS, DECIDE, PROVISION];

/// One permission, as people read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    id: Uuid,
    /// `deal.value.read`.
    pub name: String,
    /// `See the value of deals`.
    pub display_name: String,
    pub description: String,
    resource_type_id: Uuid,
    /// What comes before the first dot.
    #[serde(skip)]
    pub resource: String,
    /// What comes after it.
    pub action: String,
}

/// All permissions of the schema, by name.
pub fn entries() -> Vec<Entry> {
    let mut names = schema::permissions();
    names.extend(ASKED_FOR_IN_CODE.iter().chain(&REVEALS).map(|&name| name.to_owned()));
    names.into_iter().map(|name| entry(&name)).collect()
}

fn entry(name: &str) -> Entry {
    let (resource, action) = name.split_once('.').unwrap_or((name, "use"));
    let (display_name, description) = words(name, resource, action);
    Entry {
        id: id_of("permission", name),
        name: name.to_owned(),
        display_name,
        description,
        resource_type_id: id_of("resource type", resource),
        resource: resource.to_owned(),
        action: action.to_owned(),
    }
}

/// The same id for the same thing in every installation: a UUID of version 8 made of a hash of its name.
pub fn id_of(kind: &str, name: &str) -> Uuid {
    let hash = digest::digest(&digest::SHA256, format!("portico/{kind}/{name}").as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash.as_ref()).for_each(|(byte, of_hash)| *byte = *of_hash);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Permissions whose words cannot be told from their name.
const SPECIAL: &[(&str, &str, &str)] = &[
    ("access.explain", "Explain access", "See who may do what with a record, and by which of their rights."),
    (
        authority::GRANT_ANY,
        "Give others what one lacks oneself",
        "Give roles and permissions to other people beyond one's own. It never helps oneself, and does not reach into what roles contain.",
    ),
    (
        ALL_APPROVALS,
        "See all approvals",
        "See all requests for approval, and who decides about what. Everybody sees those that they made or may decide.",
    ),
    (
        DECIDE,
        "Decide about approvals",
        "Decide about the requests of others for what no workflow of its own decides on.",
    ),
    (
        "approval.workflow.write",
        "Make and change workflows of approval",
        "Say who must agree to what, step by step.",
    ),
    ("approval.workflow.delete", "Delete workflows of approval", "Delete workflows that nothing uses."),
    (
        "audit.personal.read",
        "See where people acted from",
        "See the address, program and e-mail address of whoever acted, in the audit trail.",
    ),
    (
        "audit.values.read",
        "See what records contained",
        "See the values before and after each change in the audit trail, those of protected fields included.",
    ),
    (
        ALL_CONVERSATIONS,
        "See everybody's conversations",
        "See and take part in the conversations of others with what one may do in one's own, which needs no more than `conversation.read`.",
    ),
    (
        PROVISION,
        "Provision from a directory",
        "Make people members of the organization, describe them, put them into teams and let them go, over SCIM. Give it to the key of a directory alone: it decides who works here.",
    ),
    (
        "user.profile.private.read",
        "See what people tell in private",
        "See people's day of birth, gender, address and settings. Everybody sees their own.",
    ),
    (
        "data.internal.read",
        "See internal data in clear",
        "See data in clear that are masked because they are classified as internal.",
    ),
    (
        "data.confidential.read",
        "See confidential data in clear",
        "See data in clear that are masked because they are classified as confidential.",
    ),
    (
        "data.restricted.read",
        "See restricted data in clear",
        "See data in clear that are masked because they are classified as restricted.",
    ),
    (
        "data.top_secret.read",
        "See top secret data in clear",
        "See data in clear that are masked because they are classified as top secret.",
    ),
    (
        "export.read",
        "See one's own exports",
        "See the exports that one has asked for, and download their files.",
    ),
    (
        "export.create",
        "Export lists",
        "Have lists written into files, with what one sees of them; and cancel that.",
    ),
    (
        "import.read",
        "See one's own imports",
        "See the imports that one has asked for, and what is wrong with their rows.",
    ),
    (
        "import.create",
        "Import files",
        "Have the rows of files given to mutations, as far as one may use those; and cancel that.",
    ),
    (
        "issue.accept_risk",
        "Accept risks",
        "End compliance issues without mending them: the organization bears the risk.",
    ),
];

/// Resources whose plural cannot be told from their name.
const THINGS: &[(&str, &str)] = &[
    ("audit", "the audit trail"),
    ("control", "compliance controls and their tests"),
    ("data", "masked data"),
    ("data_classification", "classifications of data and of fields"),
    ("framework", "compliance frameworks and requirements"),
    ("issue", "compliance issues"),
    ("membership", "memberships of people"),
    ("organization", "the organization"),
    ("scim", "people and teams of a directory"),
    ("sso_provider", "providers of single sign-on"),
    ("usage", "what was used"),
    ("user", "people"),
];

/// A short name and a sentence: `deal.value.read` lets one "See the value of deals".
fn words(name: &str, resource: &str, action: &str) -> (String, String) {
    if let Some((_, short, sentence)) = SPECIAL.iter().find(|(special, ..)| *special == name) {
        return ((*short).to_owned(), (*sentence).to_owned());
    }
    let things = THINGS.iter().find(|(known, _)| *known == resource);
    let things = things.map_or_else(|| plural(resource), |(_, plural)| (*plural).to_owned());
    let (part, verb) = match action.rsplit_once('.') {
        Some((part, verb)) => (Some(part.replace(['.', '_'], " ")), verb),
        None => (None, action),
    };
    let of = part.map_or_else(|| things.clone(), |part| format!("the {part} of {things}"));
    match verb {
        "read" if of == things => (
            format!("See {of}"),
            format!(
                "See {of}, in lists and wherever other records lead to them. Some fields need a permission of their own."
            ),
        ),
        "read" => (format!("See {of}"), format!("See {of}, and filter and order by it.")),
        "write" => (format!("Make and change {of}"), format!("Make {of} and change what is there.")),
        "delete" => {
            (format!("Delete {of}"), format!("Delete {of}, and bring back what can be brought back."))
        }
        _ => {
            let short = capital(&format!("{} {of}", verb.replace('_', " ")));
            (short.clone(), format!("{short}."))
        }
    }
}

/// `cost_center` as `cost centers`.
fn plural(resource: &str) -> String {
    let words = resource.replace('_', " ");
    match words.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if words.ends_with('s') => words,
        _ => format!("{words}s"),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[derive(Serialize)]
struct Kind<'c> {
    id: Uuid,
    name: &'c str,
    description: String,
    available_actions: Vec<&'c str>,
}

fn kinds(entries: &[Entry]) -> Vec<Kind<'_>> {
    let mut kinds = BTreeMap::<&str, Vec<&str>>::new();
    for entry in entries {
        kinds.entry(&entry.resource).or_default().push(&entry.action);
    }
    let kind = |(name, available_actions)| {
        let things = THINGS.iter().find(|(known, _)| *known == name);
        let things = things.map_or_else(|| plural(name), |(_, plural)| (*plural).to_owned());
        Kind { id: id_of("resource type", name), name, description: capital(&things), available_actions }
    };
    kinds.into_iter().map(kind).collect()
}

/// Brings resource types, permissions and built-in roles of the platform up to date, all or nothing. `owner` is the
/// connection that migrates: the server's own may not write what belongs to the platform.
pub async fn sync(owner: &mut AsyncPgConnection) -> StoreResult<()> {
    let entries = entries();
    let (kinds, permissions) = (json(&kinds(&entries)), json(&entries));
    owner.batch_execute("BEGIN").await?;
    let written = write(owner, &kinds, &permissions, &entries).await;
    owner.batch_execute(if written.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    written
}

fn json(rows: &impl Serialize) -> Json {
    Json(serde_json::json!(rows))
}

/// One server after the other.
const ALONE: &str = "
    SELECT pg_advisory_xact_lock(hashtextextended('portico permission catalogue', 0));
    SELECT set_config('app.organization_id', '00000000-0000-0000-0000-000000000000', true)";

const KINDS: &str = "
    INSERT INTO access.resource_types AS t (organization_id, id, name, description, available_actions)
    SELECT '00000000-0000-0000-0000-000000000000', k.id, k.name, k.description, k.available_actions
      FROM jsonb_to_recordset($1) AS k(id uuid, name text, description text, available_actions text[])
    ON CONFLICT (organization_id, id) DO UPDATE
      SET description = excluded.description, available_actions = excluded.available_actions
      WHERE (t.description, t.available_actions) IS DISTINCT FROM (excluded.description, excluded.available_actions)";

// Valid since always: a server whose clock is behind sees them at once.
const PERMISSIONS: &str = "
    INSERT INTO access.permissions AS p
      (organization_id, id, name, display_name, description, resource_type_id, resource_type_org_id, action,
       is_system_permission, valid_from)
    SELECT '00000000-0000-0000-0000-000000000000', e.id, e.name, e.display_name, e.description, e.resource_type_id,
           '00000000-0000-0000-0000-000000000000', e.action, true, '2000-01-01T00:00Z'
      FROM jsonb_to_recordset($1) AS e(id uuid, name text, display_name text, description text, resource_type_id uuid, action text)
    ON CONFLICT (organization_id, id) DO UPDATE
      SET display_name = excluded.display_name, description = excluded.description, valid_until = NULL
      WHERE (p.display_name, p.description, p.valid_until) IS DISTINCT FROM (excluded.display_name, excluded.description, NULL)";

const RETIRED: &str = "
    UPDATE access.permissions p SET valid_until = now()
     WHERE p.organization_id = '00000000-0000-0000-0000-000000000000' AND p.is_system_permission AND p.valid_until IS NULL
       AND NOT EXISTS (SELECT FROM jsonb_to_recordset($1) AS e(id uuid) WHERE e.id = p.id)";

async fn write(
    owner: &mut AsyncPgConnection,
    kinds: &Json,
    permissions: &Json,
    entries: &[Entry],
) -> StoreResult<()> {
    owner.batch_execute(ALONE).await?;
    sql_query(KINDS).bind::<Jsonb, _>(kinds).execute(owner).await?;
    for statement in [PERMISSIONS, RETIRED] {
        sql_query(statement).bind::<Jsonb, _>(permissions).execute(owner).await?;
    }
    role_rows::sync(owner, entries).await
}

/// The names of all permissions, for the laws.
pub fn names() -> BTreeSet<String> {
    entries().into_iter().map(|entry| entry.name).collect()
}
