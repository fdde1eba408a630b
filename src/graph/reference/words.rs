//! What stands in examples: ids of the right kind, and words by the names of what they are for.
use uuid::Uuid;

use super::json::Json;
use crate::{
    graph::rows::{node_types, prefix_of_type},
    store::id,
};

/// Whose id an argument takes, where neither its own name nor its operation's says so: operation, argument, type.
const KINDS: &[(&str, &str, &str)] = &[
    ("accessRequest", "permissionId", "Permission"),
    ("approvalDecide", "requestId", "ApprovalRequest"),
    ("node", "id", "Deal"),
    ("nodes", "ids", "Deal"),
    ("rolePermissionRemove", "id", "RolePermission"),
    ("roleDelegate", "assignmentId", "RoleAssignment"),
    ("roleRevoke", "id", "RoleAssignment"),
    ("", "withinId", "Deal"),
    ("", "recordId", "Deal"),
    ("", "parentResourceId", "Resource"),
    ("platformSecurityEventEnd", "id", "SecurityEvent"),
    ("", "classificationId", "DataClassification"),
    ("", "controlId", "ComplianceControl"),
    ("", "provider", "SsoProvider"),
    ("", "frameworkId", "ComplianceFramework"),
    ("", "requirementIds", "ComplianceRequirement"),
    ("", "stageId", "PipelineStage"),
];

/// The type of record whose id an argument of an operation takes, or a field of its input.
pub fn kind_of(operation: &str, argument: &str) -> Option<&'static str> {
    let listed =
        KINDS.iter().find(|(of, known, _)| (of.is_empty() || *of == operation) && *known == argument);
    if let Some((.., kind)) = listed {
        return Some(kind);
    }
    let named = |name: &str| node_types().into_iter().find(|known| *known == name);
    match argument {
        // the longest, so that a `dealHistoryEntry` is no `deal`
        "id" | "ids" => {
            let operation = pascal(operation);
            let begins = node_types().into_iter().filter(|name| operation.starts_with(name));
            begins.max_by_key(|name| name.len())
        }
        other => named(&pascal(other.trim_end_matches('s').trim_end_matches("Id"))),
    }
}

/// The type of record whose id an answer tells: as what is given, else by the end of its name, which may be that of a type
/// (`unlinkedSsoAccountId`) or of the end of one (`subscriptionId`), else what the operation is about (`removedId`).
pub(super) fn told_of(operation: &str, name: &str) -> Option<&'static str> {
    let of = pascal(name.strip_suffix("Id").unwrap_or(name));
    let ends = || node_types().into_iter().filter(|known| known.ends_with(of.as_str()));
    let by_end = || ends().min_by_key(|known| known.len());
    kind_of(operation, name).or_else(|| record_in(&of)).or_else(by_end).or_else(|| kind_of(operation, "id"))
}

/// The type of record that a type shows, by its name: a `SignInOrganization` shows an `Organization`.
pub(super) fn record_in(of: &str) -> Option<&'static str> {
    node_types().into_iter().filter(|name| of.ends_with(name)).max_by_key(|name| name.len())
}

/// A name as that of a type: `dealUpdate` is `DealUpdate`.
pub(super) fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The id of a record that does not exist.
const NONE: Uuid = Uuid::from_u128(0x0193_6f1e_8c00_7d4a_9b1c_3f5e_2a70_8d16);

/// An id of a type of records.
pub(super) fn id_of(kind: Option<&str>) -> Json {
    let mut text = Vec::new();
    id::write(kind.and_then(prefix_of_type).unwrap_or("deal"), NONE, &mut text);
    Json::Text(String::from_utf8_lossy(&text).into_owned())
}

/// A value of a scalar that is no id.
pub(super) fn scalar(of: &str, name: &str) -> Json {
    let text = |text: &str| Json::Text(text.to_owned());
    match of {
        "Boolean" => Json::Plain("true"),
        "Int" => Json::Plain(match name {
            "first" => "3",
            "fiscalYear" => "2027",
            "minutes" => "30",
            _ => "1",
        }),
        "Float" => Json::Plain("0.5"),
        "BigInt" => text("42"),
        "CurrencyCode" => text("EUR"),
        "Date" => text("2027-03-31"),
        "DateTime" => text("2027-03-31T08:30:00.000000Z"),
        "Decimal" => text("1250.00"),
        "EventCursor" => text("the cursor of an event"),
        "JSONObject" | "AccessCondition" => Json::Object(Vec::new()),
        "UUID" => Json::Text(NONE.to_string()),
        _ => text(word(name)),
    }
}

/// A text, by the name of what it is for.
fn word(name: &str) -> &'static str {
    let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
    match name {
        "permission" | "permissions" | "scopes" | "right" | "rights" => "deal.read",
        "types" | "recordType" | "subjectType" => "Deal",
        "field" | "fields" | "changedFields" => "Deal.name",
        "document" => "{ deals { nodes { id name } } }",
        "system" | "externalSystem" => "crm",
        "slug" => "acme",
        "kind" => "deal.updated",
        "endCursor" | "startCursor" | "cursor" => "the place of a record",
        "path" => "input",
        "code" | "secret" => "123456",
        _ if ends("email") => "ada@example.com",
        _ if ends("password") => "correct horse battery staple",
        _ if ends("url") || ends("uri") => "https://example.com/in",
        _ if ends("phone") => "+49 30 901820",
        _ if ends("token") => "the token that was given",
        _ if ends("name") || ends("title") => "Acme",
        _ if ends("key") => "acme-1",
        _ => "some text",
    }
}
