//! What each root field is told: made from the schema's input types where their names say enough, named here where not.
use std::collections::{BTreeMap, BTreeSet};

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition},
    },
};
use diesel::{QueryableByName, sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use portico::{graph::reference::kind_of, store::id};
use uuid::Uuid;

use super::super::rust_files;

/// Words that have to be right: field, argument, literal.
const LITERALS: &[(&str, &str, &str)] = &[
    ("maskingPolicyCreate", "fields", r#"["Account.domain"]"#),
    ("maskingPolicyUpdate", "fields", r#"["Account.domain"]"#),
    ("approvalDecide", "verdict", "REJECTED"),
    ("billingSubscriptionStatusChange", "status", "PAST_DUE"),
    ("planCreate", "quotas", "[{metric: SEATS, period: LIFETIME, limit: 5, enforcement: HARD}]"),
    ("approvalWorkflowCreate", "steps", r#"[{permission: "approval.decide"}]"#),
    ("permissionCreate", "right", "\"deal.delete\""),
    ("dataClassificationCreate", "sensitivityLevel", "3"),
    ("dataElementCreate", "field", "\"Account.domain\""),
    ("accountUpsert", "name", "\"doors\""),
    ("dealUpsert", "region", "EUROPE"),
    ("dealUpsert", "segment", "SMB"),
    ("dealUpsert", "lob", "SOFTWARE"),
    ("dealUpsert", "value", "{amount: \"1.00\", currency: \"USD\"}"),
    ("accountBulkUpsert", "name", "\"doors, many\""),
    ("dealBulkUpsert", "region", "EUROPE"),
    ("dealBulkUpsert", "segment", "SMB"),
    ("dealBulkUpsert", "lob", "SOFTWARE"),
    ("dealBulkUpsert", "value", "{amount: \"1.00\", currency: \"USD\"}"),
    ("apiKeyCreate", "scopes", r#"["deal.read"]"#),
    // a test that passes needs evidence
    ("controlTestRecord", "result", "FAIL"),
    ("exportCreate", "document", "\"{ deals { nodes { id } } }\""),
    (
        "importCreate",
        "mutation",
        "\"mutation($input: AccountCreateInput!) { accountCreate(input: $input) { account { id } } }\"",
    ),
    ("mfaChallenge", "code", "\"000000\""),
    ("mfaDisable", "code", "\"000000\""),
    ("mfaDisable", "password", "\"portico-demo\""),
    ("mfaEnroll", "password", "\"portico-demo\""),
    ("impersonationBegin", "minutes", "10"),
    ("recoveryCodesRenew", "code", "\"000000\""),
    ("invitationCreate", "email", "\"doors@example.com\""),
    ("passkeyDelete", "currentPassword", "\"portico-demo\""),
    ("passkeyRegistrationBegin", "currentPassword", "\"portico-demo\""),
    ("passwordChange", "currentPassword", "\"portico-demo\""),
    ("passwordChange", "newPassword", "\"an open door is no door\""),
    ("passwordResetRequest", "email", "\"sarah.chen@aether-demo.example\""),
    ("phoneUpdate", "phone", "\"+49 30 901820\""),
    ("recordEvents", "types", r#"["Deal"]"#),
    ("search", "query", "\"a\""),
    ("sessionsRevokeAll", "keepCurrent", "true"),
    ("signIn", "email", "\"sarah.chen@aether-demo.example\""),
    ("signIn", "password", "\"portico-demo\""),
    ("ssoAccountLink", "redirectUri", "\"https://portico.example.com/in\""),
    ("ssoProviderCreate", "discoveryUrl", "\"https://login.example.com/.well-known/openid-configuration\""),
    ("ssoProviderCreate", "providerType", "OIDC"),
    ("ssoSignInBegin", "redirectUri", "\"https://portico.example.com/in\""),
];

/// What any value of a type will do as.
const SCALARS: &[(&str, &str)] = &[
    ("Boolean", "true"),
    ("CurrencyCode", "\"USD\""),
    ("Date", "\"2031-01-01\""),
    ("DateTime", "\"2031-01-01T00:00:00Z\""),
    ("Decimal", "\"1\""),
    ("Int", "2031"),
    ("JSONObject", "{}"),
    ("MoneyInput", "{amount: \"1.00\", currency: \"USD\"}"),
];

const JORDAN: &str = "user_id = (SELECT id FROM identity.users WHERE email LIKE 'jordan.blake@%')";

const DRAFTED: &str =
    "category = 'doors' AND budget_id = (SELECT id FROM finance.budgets WHERE name = 'doors draft')";

/// Which record, where not any of its kind will do, or one is named although none need be.
const RECORDS: &[(&str, &str, &str)] = &[
    ("approvalDecide", "requestId", "reason = 'doors 2'"),
    ("approvalRequestCancel", "id", "reason = 'doors 1'"),
    ("approvalWorkflowDelete", "id", "name = 'doors 6'"),
    ("approvalWorkflowUpdate", "id", "name = 'doors 4'"),
    ("accessRequest", "permissionId", "name = 'doors 3'"),
    ("permissionDelete", "id", "name = 'doors 5'"),
    ("permissionUpdate", "id", "name = 'doors 4'"),
    ("accountDelete", "id", "name = 'doors unused'"),
    ("accountBulkDelete", "id", "name = 'doors unused, too'"),
    ("billingSubscriptionBegin", "organizationId", "slug = 'doors-open'"),
    ("billingSubscriptionCancel", "id", "status <> 'canceled'"),
    ("billingSubscriptionPlanChange", "id", "status <> 'canceled'"),
    ("billingSubscriptionPlanChange", "planId", "key = 'scale'"),
    ("billingSubscriptionStatusChange", "organizationId", "slug = 'doors-closed'"),
    ("accountRestore", "id", "name = 'doors gone'"),
    ("budgetApprove", "id", "status = 'submitted'"),
    ("budgetLineItemCreate", "budgetId", "name = 'doors draft'"),
    ("budgetLineItemBulkCreate", "budgetId", "name = 'doors draft'"),
    ("budgetLineItemBulkDelete", "id", "category = 'doors, too'"),
    ("budgetLineItemBulkUpdate", "id", DRAFTED),
    ("budgetLineItemDelete", "id", DRAFTED),
    ("budgetLineItemUpdate", "id", DRAFTED),
    ("budgetLock", "id", "status = 'approved'"),
    ("budgetReject", "id", "status = 'submitted' ORDER BY id DESC"),
    ("budgetSubmit", "id", "name = 'doors ready'"),
    ("budgetUpdate", "id", "name = 'doors draft'"),
    ("complianceIssueAcceptRisk", "id", "status = 'in_progress' ORDER BY id DESC"),
    ("complianceIssueReopen", "id", "status = 'resolved'"),
    ("complianceIssueResolve", "id", "status = 'in_progress' ORDER BY id"),
    ("complianceIssueStart", "id", "status = 'open'"),
    (
        "controlRequirementsSet",
        "requirementIds",
        "framework_id = (SELECT framework_id FROM governance.compliance_controls ORDER BY id LIMIT 1)",
    ),
    ("conversationArchive", "id", "status = 'active' ORDER BY id DESC"),
    ("conversationDelete", "id", "status = 'active' ORDER BY id DESC OFFSET 1"),
    ("conversationRestore", "id", "status = 'archived'"),
    ("conversationUpdate", "id", "status = 'active' ORDER BY id"),
    ("conversationShare", "conversationId", "title = 'doors shared'"),
    ("conversationShare", "userId", "email LIKE 'yuki.tanaka@%'"),
    ("conversationShareRevoke", "id", "team_id = (SELECT id FROM access.teams WHERE name = 'doors 1')"),
    ("conversationShareUpdate", "id", "team_id = (SELECT id FROM access.teams WHERE name = 'doors 2')"),
    ("dealBulkDelete", "id", "deleted_at IS NULL ORDER BY id DESC"),
    ("dealRestore", "id", "deleted_at IS NOT NULL"),
    ("dealStageChange", "id", "status = 'open' AND deleted_at IS NULL"),
    ("dealStageChange", "stageId", "name = 'doors'"),
    ("dealUpsert", "stageId", "name = 'doors'"),
    ("dealBulkUpsert", "stageId", "name = 'doors'"),
    ("exportCancel", "id", "status = 'queued'"),
    ("importCancel", "id", "status = 'awaiting_upload'"),
    ("impersonationBegin", "userId", "email LIKE 'yuki.tanaka@%'"),
    ("invitationCreate", "roleId", "name = 'viewer'"),
    ("invitationRevoke", "id", "email = 'doors-2@example.com'"),
    ("membershipUpdate", "id", JORDAN),
    ("messageSend", "conversationId", "status = 'active' ORDER BY id"),
    ("passkeyDelete", "id", "name = 'doors 1'"),
    ("passkeyRename", "id", "name = 'doors 2'"),
    ("organizationReactivate", "id", "slug = 'doors-closed'"),
    ("organizationRestore", "id", "slug = 'doors-gone'"),
    ("organizationSuspend", "id", "slug = 'doors-open'"),
    ("permissionGrant", "permissionId", "name = 'doors 1'"),
    ("permissionGrant", "userId", "true"),
    ("roleAssign", "roleId", "name = 'doors own'"),
    ("roleAssign", "userId", "true"),
    ("roleDelegate", "assignmentId", JORDAN),
    ("roleDelete", "id", "name = 'doors unused'"),
    ("rolePermissionAdd", "permissionId", "name = 'account.read'"),
    ("rolePermissionAdd", "roleId", "name = 'doors own'"),
    ("roleRevoke", "id", JORDAN),
    ("ssoProviderDelete", "id", "name = 'doors 5'"),
    ("ssoProviderUpdate", "id", "name = 'doors 4'"),
    ("roleUpdate", "id", "name = 'doors own'"),
    ("dataClassificationDelete", "id", "name = 'doors 5'"),
    ("dataClassificationUpdate", "id", "name = 'doors 4'"),
    ("dataElementDelete", "id", "field = 'Account.name'"),
    ("dataElementUpdate", "id", "field = 'Deal.name'"),
    ("platformSecurityEventEnd", "id", "title = 'doors platform'"),
    ("securityEventAssign", "id", "title = 'doors 1'"),
    ("securityEventDismiss", "id", "title = 'doors 2'"),
    ("securityEventInvestigate", "id", "title = 'doors 3'"),
    ("securityEventNotified", "id", "title = 'doors notified'"),
    ("securityEventReopen", "id", "title = 'doors ended'"),
    ("securityEventResolve", "id", "title = 'doors investigating'"),
    ("securityEventUpdate", "id", "title = 'doors 1'"),
    // nothing is classified as it
    ("dataClassificationDelete", "id", "name = 'doors 5'"),
    ("maskingPolicyDelete", "id", "name = 'doors 5'"),
    ("maskingPolicyUpdate", "id", "name = 'doors 4'"),
    ("teamDelete", "id", "name = 'doors 5'"),
    ("teamMembersAdd", "teamId", "name = 'doors 1'"),
    ("teamMembersRemove", "teamId", "name = 'doors 1'"),
    ("userDelete", "id", "email LIKE 'doors-leaving@%'"),
    ("userLock", "id", "email LIKE 'doors-open@%'"),
    ("userRestore", "id", "email LIKE 'doors-deleted@%'"),
    ("userUnlock", "id", "email LIKE 'doors-locked@%'"),
];

/// Rows that are not of an organization: which of them are meant.
const SCOPES: &[(&str, &str)] = &[
    ("identity.organizations", "id = $1 OR slug LIKE 'doors-%'"),
    (
        "identity.users",
        "id IN (SELECT user_id FROM identity.memberships WHERE organization_id = $1) AND email LIKE 'yuki.tanaka@%'
         OR email LIKE 'doors-%'",
    ),
    ("identity.passkeys", "name LIKE 'doors%' AND $1 IS NOT NULL"),
    ("identity.sessions", "refresh_token_hash = 'doors' AND $1 IS NOT NULL"),
];

/// A type of record, as its `entity!` declares it.
pub struct Kind {
    pub name: String,
    pub prefix: String,
    pub table: String,
    pub key: String,
    /// Its rows can be kept from whoever holds its permission under conditions; by this one.
    pub limited: Option<String>,
    /// Its rows go with those of another.
    pub is_part: bool,
}

impl Kind {
    pub fn id(&self, uuid: Uuid) -> String {
        let mut text = Vec::new();
        id::write(&self.prefix, uuid, &mut text);
        String::from_utf8(text).unwrap()
    }
}

/// One call: a root field with its arguments.
#[derive(Debug)]
pub struct Call {
    pub field: String,
    /// With parentheses; empty where the field takes nothing.
    pub arguments: String,
    /// Whether it names a record of the organization itself, which no stranger can know.
    pub names_ours: bool,
}

/// What the schema says of arguments.
pub struct Words {
    pub(super) roots: BTreeMap<String, Vec<FieldDefinition>>,
    pub(super) inputs: BTreeMap<String, Vec<Positioned<InputValueDefinition>>>,
    enums: BTreeMap<String, String>,
    pub kinds: Vec<Kind>,
}

#[derive(QueryableByName)]
pub(super) struct Found {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
}

impl Words {
    pub fn read() -> Self {
        let (mut roots, mut inputs, mut enums) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for definition in parse_schema(portico::graph::schema::sdl()).unwrap().definitions {
            let TypeSystemDefinition::Type(ty) = definition else { continue };
            let name = ty.node.name.node.to_string();
            match ty.node.kind {
                TypeKind::InputObject(input) => drop(inputs.insert(name, input.fields)),
                TypeKind::Enum(values) => {
                    drop(enums.insert(name, values.values[0].node.value.node.to_string()));
                }
                TypeKind::Object(object)
                    if matches!(name.as_str(), "Query" | "Mutation" | "Subscription") =>
                {
                    roots.insert(name, object.fields.into_iter().map(|field| field.node).collect());
                }
                _ => {}
            }
        }
        Self { roots, inputs, enums, kinds: kinds() }
    }

    /// Calls of all fields of `Query`, `Mutation` or `Subscription`, with valid arguments about records of `organization`.
    pub async fn calls(&self, root: &str, owner: &mut AsyncPgConnection, organization: Uuid) -> Vec<Call> {
        let mut calls = Vec::new();
        for field in &self.roots[root] {
            let name = field.name.node.as_str();
            let mut told = Vec::new();
            let mut organizations = BTreeSet::new();
            for argument in &field.arguments {
                let argument = &argument.node;
                let of = target(&argument.ty.node);
                let value = match self.inputs.get(of).filter(|_| argument.name.node == "input") {
                    None => self.value(owner, organization, name, argument, &mut organizations).await,
                    Some(fields) => {
                        let mut parts = Vec::new();
                        for field in fields {
                            let field = &field.node;
                            if let Some(value) =
                                self.value(owner, organization, name, field, &mut organizations).await
                            {
                                parts.push(format!("{}: {value}", field.name.node));
                            }
                        }
                        Some(format!("{{{}}}", parts.join(", ")))
                    }
                };
                told.extend(value.map(|value| format!("{}: {value}", argument.name.node)));
            }
            let arguments = if told.is_empty() { String::new() } else { format!("({})", told.join(", ")) };
            let names_ours = organizations.contains(&organization);
            calls.push(Call { field: name.to_owned(), arguments, names_ours });
        }
        calls
    }

    /// What one argument says; nothing where it need not be said.
    pub(super) async fn value(
        &self,
        owner: &mut AsyncPgConnection,
        organization: Uuid,
        field: &str,
        argument: &InputValueDefinition,
        organizations: &mut BTreeSet<Uuid>,
    ) -> Option<String> {
        let (name, ty) = (argument.name.node.as_str(), target(&argument.ty.node));
        let literal = LITERALS.iter().find(|(of, known, _)| *of == field && *known == name);
        if let Some((.., literal)) = literal {
            return Some((*literal).to_owned());
        }
        // what can be found by something else need not be, and is here
        let is_named = RECORDS.iter().any(|(of, known, _)| *of == field && *known == name)
            || name == "id" && self.inputs.contains_key(&format!("{}By", pascal(field)));
        if (argument.ty.node.nullable || argument.default_value.is_some()) && !is_named {
            return None;
        }
        let one = match ty {
            "ID" => {
                let (id, whose) = self.record(owner, organization, field, name).await;
                organizations.insert(whose);
                format!("\"{id}\"")
            }
            "String" => format!("\"door{}\"", field.to_lowercase()),
            other => match SCALARS.iter().find(|(scalar, _)| *scalar == other) {
                Some((_, literal)) => (*literal).to_owned(),
                None if self.inputs.contains_key(other) => {
                    let mut parts = Vec::new();
                    for inner in &self.inputs[other] {
                        let inner = &inner.node;
                        let value = Box::pin(self.value(owner, organization, field, inner, organizations));
                        parts.extend(value.await.map(|value| format!("{}: {value}", inner.name.node)));
                    }
                    format!("{{{}}}", parts.join(", "))
                }
                None => {
                    self.enums.get(other).unwrap_or_else(|| panic!("a {other} for {field}({name})")).clone()
                }
            },
        };
        Some(if matches!(argument.ty.node.base, BaseType::List(_)) { format!("[{one}]") } else { one })
    }

    /// The id of a record, and whose it is.
    async fn record(
        &self,
        owner: &mut AsyncPgConnection,
        organization: Uuid,
        field: &str,
        name: &str,
    ) -> (String, Uuid) {
        let kind = self.kind(field, name);
        let which =
            RECORDS.iter().find(|(of, known, _)| *of == field && *known == name).map(|(.., which)| *which);
        let found = Self::row(owner, organization, kind, which).await;
        found.unwrap_or_else(|| {
            panic!("there is no row of {} for {field}({name}): add one to rows.sql", kind.table)
        })
    }

    /// The id of a row, and whose it is.
    pub async fn row(
        owner: &mut AsyncPgConnection,
        organization: Uuid,
        kind: &Kind,
        which: Option<&str>,
    ) -> Option<(String, Uuid)> {
        let Kind { table, key, .. } = kind;
        let scope = SCOPES.iter().find(|(known, _)| known == table).map(|(_, scope)| *scope);
        // the platform's rows stand in for those that no organization has of its own
        for whose in [organization, Uuid::nil()] {
            let scope = scope.unwrap_or("organization_id = $1");
            let usual = if table == "identity.organizations" { "id = $1" } else { "true" };
            let which = which.unwrap_or(usual);
            let which =
                if which.contains("ORDER BY") { which.to_owned() } else { format!("{which} ORDER BY {key}") };
            let found: Vec<Found> =
                sql_query(format!("SELECT {key} AS id FROM {table} WHERE ({scope}) AND {which} LIMIT 1"))
                    .bind::<SqlUuid, _>(whose)
                    .load(owner)
                    .await
                    .unwrap();
            if let Some(found) = found.into_iter().next() {
                return Some((kind.id(found.id), whose));
            }
        }
        None
    }

    fn kind(&self, field: &str, name: &str) -> &Kind {
        // as the reference's examples know it
        let found = kind_of(field, name).and_then(|kind| self.kinds.iter().find(|known| known.name == kind));
        found.unwrap_or_else(|| panic!("whose id is {field}({name})? say so in graph::reference::words"))
    }
}

pub(super) fn target(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(of) => target(of),
    }
}

fn pascal(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

/// Reads every `entity!(Deal, "deal", sales::deals, …)`.
fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (_, text) in rust_files("src/domains") {
        for declared in text.split("entity!(").skip(1) {
            let declared = &declared[..declared.find(");").unwrap()];
            let parts: Vec<&str> = declared.split(',').map(str::trim).collect();
            let key = parts.iter().find_map(|part| part.strip_prefix("key ")).unwrap_or("id");
            let needs = parts.iter().find_map(|part| part.strip_prefix("needs "));
            let is_part = parts.iter().any(|part| part.starts_with("part "));
            let never = is_part || parts.contains(&"limited never");
            kinds.push(Kind {
                name: parts[0].to_owned(),
                prefix: parts[1].trim_matches('"').to_owned(),
                table: parts[2].replace("::", ".").replace(' ', ""),
                key: key.to_owned(),
                limited: needs.filter(|_| !never).map(|needs| needs.trim_matches('"').to_owned()),
                is_part,
            });
        }
    }
    assert!(kinds.len() > 25);
    kinds
}
