//! What refers to each other in the database leads to each other in the schema, in both directions.
use std::collections::{BTreeMap, BTreeSet};

use diesel::{QueryableByName, sql_query, sql_types::Text};
use diesel_async::RunQueryDsl;

use super::{owner, rust_files, sdl::Sdl};

/// Directions that are not in the schema, each with the reason.
const EXEMPT: &[(&str, &str)] = &[
    ("access.role_permissions.permission_id back", "Permission.roles leads on to the role at once"),
    ("billing.subscriptions.plan_id back", "an organization has one at a time: Organization.subscription"),
    ("access.role_permissions.granted_by back", "one looks at a role's contents by the role"),
    ("ops.exports.user_id back", "everybody sees their own exports only: Query.exports"),
    ("ops.exports.api_key_id back", "a key sees its own exports only: Query.exports"),
    ("ops.imports.user_id back", "everybody sees their own imports only: Query.imports"),
    ("ops.imports.api_key_id back", "a key sees its own imports only: Query.imports"),
    ("identity.organization_settings.updated_by back", "an organization has one row of settings"),
    ("identity.passkeys.user_id forth", "everybody sees their own passkeys only"),
    ("identity.passkeys.user_id back", "everybody sees their own passkeys only: Viewer.passkeys"),
    ("identity.recovery_codes.user_id forth", "everybody sees their own codes only"),
    ("identity.recovery_codes.user_id back", "everybody sees their own codes only: Viewer.recoveryCodes"),
    ("identity.sessions.impersonated_by back", "everybody sees their own sessions only"),
    ("identity.sessions.impersonator_session_id forth", "Session.impersonatedBy tells who it is"),
    ("identity.sessions.impersonator_session_id back", "Session.impersonatedBy tells who it is"),
    ("identity.sessions.user_id forth", "everybody sees their own sessions only"),
    ("identity.sessions.user_id back", "everybody sees their own sessions only: Viewer.sessions"),
    ("identity.sessions.organization_id back", "everybody sees their own sessions only: Viewer.sessions"),
    ("identity.sso_accounts.user_id forth", "everybody sees their own accounts only"),
    ("identity.sso_accounts.user_id back", "everybody sees their own accounts only: Viewer.ssoAccounts"),
    ("identity.sso_accounts.provider_id back", "everybody sees their own accounts only: Viewer.ssoAccounts"),
    ("identity.memberships.user_id back", "a person has one place in the organization: User.membership"),
];

/// Tables that are not types of their own, each with the reason.
const NO_TYPE: &[(&str, &str)] = &[
    ("access.epochs", "internal: counts changes of rights"),
    ("access.team_members", "pairs: Team.members and User.teams"),
    (
        "governance.control_requirements",
        "pairs: ComplianceControl.requirements and ComplianceRequirement.controls",
    ),
    ("identity.invitation_quotas", "internal: counts what is sent"),
    ("identity.one_time_tokens", "secrets: they are shown in the mail that brings them and nowhere else"),
    ("identity.phone_codes", "secrets: what was sent to a telephone"),
    ("identity.passkey_challenges", "secrets: what a device has to sign"),
    ("identity.scim_users", "what directories say of people: told to them alone, over SCIM"),
    ("identity.sso_provider_roles", "pairs: SsoProvider.roles"),
    ("identity.sso_requests", "secrets: a sign-in on its way to a provider and back"),
    ("identity.platform_admins", "Viewer.isPlatformAdmin is all that is told"),
    ("ops.events", "told by subscriptions"),
    ("ops.export_parts", "the content of a file: Export.downloadUrl"),
    ("ops.import_parts", "the content of a file: Import.uploadUrl"),
    ("security.masking_policy_roles", "pairs: MaskingPolicy.roles"),
    ("security.masking_policy_users", "pairs: MaskingPolicy.people"),
    ("ops.idempotency_keys", "internal: answers of repeated requests"),
];

#[derive(QueryableByName, Debug)]
struct Key {
    #[diesel(sql_type = Text)]
    from: String,
    #[diesel(sql_type = Text)]
    column: String,
    #[diesel(sql_type = Text)]
    to: String,
}

/// All foreign keys, but for the one that says which organization a row belongs to.
async fn keys() -> Vec<Key> {
    let keys = "SELECT k.conrelid::regclass::text AS from, a.attname::text AS column, k.confrelid::regclass::text AS to
          FROM pg_constraint k
          JOIN pg_class c ON c.oid = k.conrelid AND NOT c.relispartition
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[cardinality(k.conkey)]
         WHERE k.contype = 'f' AND k.conparentid = 0
           AND NOT (a.attname = 'organization_id' AND k.conrelid <> 'identity.sessions'::regclass)
         ORDER BY 1, 2";
    sql_query(keys).load(&mut owner().await).await.unwrap()
}

/// The types of tables, as the entities say.
fn types() -> BTreeMap<String, String> {
    let mut types = BTreeMap::new();
    for (_, text) in rust_files("src/domains") {
        for entity in text.split("entity!(").skip(1) {
            let mut parts = entity.split(',').map(str::trim);
            let (name, _, table) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            types.insert(table.replace("::", "."), name.to_owned());
        }
    }
    types
}

#[tokio::test]
async fn every_foreign_key_can_be_followed_in_both_directions() {
    let (sdl, types) = (Sdl::read(), types());
    let leads = |from: &str, to: &str| {
        let targets = [to.to_owned(), format!("{to}Connection")];
        sdl.0[from].fields.values().filter(|field| targets.contains(&field.target)).count()
    };
    // keys between the same two types need as many fields: which field is which key's, their names say
    let mut between = BTreeMap::<(String, String), Vec<String>>::new();
    let mut faults = BTreeSet::new();
    for key in keys().await {
        // people are referred to by their membership, so that strangers cannot be
        let to = if key.to == "identity.memberships" { "identity.users" } else { &key.to };
        let no_type = |table: &str| NO_TYPE.iter().any(|(name, _)| *name == table);
        match (types.get(&key.from), types.get(to)) {
            (Some(from), Some(to)) => between
                .entry((from.clone(), to.clone()))
                .or_default()
                .push(format!("{}.{}", key.from, key.column)),
            _ if no_type(&key.from) || no_type(to) => {}
            _ => {
                faults.insert(format!("{} or {to} is no type", key.from));
            }
        }
    }
    for ((from, to), columns) in between {
        let wanted = |direction: &str| {
            let exempt =
                |column: &&String| !EXEMPT.iter().any(|(name, _)| *name == format!("{column} {direction}"));
            columns.iter().filter(exempt).count()
        };
        let (forth, back) = (wanted("forth"), wanted("back"));
        if from == to {
            let found = leads(&from, &to);
            if found < forth + back {
                faults.insert(format!(
                    "{from} leads to itself by {found} fields, and has to both ways for {columns:?}"
                ));
            }
            continue;
        }
        for (direction, wanted, found) in
            [("forth", forth, leads(&from, &to)), ("back", back, leads(&to, &from))]
        {
            if found < wanted {
                faults.insert(format!("{from} and {to}, {direction}: {found} fields for {columns:?}"));
            }
        }
    }
    assert_eq!(faults, BTreeSet::new());
}
