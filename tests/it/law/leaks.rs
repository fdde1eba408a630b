//! Law: what is masked is told by no other field. Whatever is worked out from a row is looked at by people, and follows
//! the fields that it tells something of; and with all addresses masked, none is found anywhere in the demo.
use std::collections::BTreeSet;

use portico::{
    domains::access::system_roles::ROLES,
    graph::{rows, schema},
};

use super::{doors::City, sdl::Sdl};

/// Reviewed: fields that are worked out from their row and tell nothing of a field that can be masked.
const HARMLESS: &[(&str, &str)] = &[
    ("ApiKey", "scopes"),
    ("ApprovalRequest", "isOpen"),
    ("ApprovalRequest", "steps"),
    ("ApprovalRequest", "viewerCanDecide"),
    ("ApprovalWorkflow", "steps"),
    ("BillingSubscription", "price"),
    ("ComplianceControl", "isOverdue"),
    ("ComplianceIssue", "isOverdue"),
    ("ControlTest", "evidence"),
    ("ConversationShare", "isInForce"),
    ("Export", "downloadUrl"),
    ("Export", "error"),
    ("Export", "progress"),
    ("Import", "error"),
    ("Import", "progress"),
    ("Import", "uploadUrl"),
    // how far it has come; not when
    ("Invitation", "status"),
    ("PermissionGrant", "isInForce"),
    ("Plan", "price"),
    ("Plan", "quotas"),
    ("Quota", "used"),
    ("Role", "effectivePermissions"),
    ("Role", "rowScope"),
    ("RoleAssignment", "isInForce"),
    ("SecurityEvent", "isNotificationOverdue"),
    ("SecurityEvent", "notificationDueAt"),
    ("Session", "isCurrent"),
    ("SsoProvider", "redirectUris"),
    ("SsoProvider", "scopes"),
];

/// Reviewed: fields that show values of other records, and mask each by itself.
const BY_THEMSELVES: &[(&str, &str)] = &[("AuditLog", "newValues"), ("AuditLog", "oldValues")];

#[test]
fn whatever_is_worked_out_from_a_row_follows_what_it_tells_of() {
    // the fields are known once the schema is made
    assert!(schema::sdl().contains("type Deal "));
    let mut unknown = BTreeSet::new();
    for worked_out in rows::worked_out() {
        let name = (worked_out.ty, worked_out.field);
        let reviewed = HARMLESS.contains(&name) || BY_THEMSELVES.contains(&name);
        if worked_out.field != "viewerCan" && reviewed != worked_out.follows.is_empty() {
            unknown.insert(name);
        }
        if !worked_out.follows.is_empty() {
            let shown = rows::leaf_of_type(worked_out.ty, worked_out.field).expect("it can be masked");
            assert!(
                shown.starts_with("String") || !shown.ends_with('!'),
                "{name:?} is never null, and no text"
            );
        }
        for (ty, field) in worked_out.follows {
            assert!(
                rows::leaf_of_type(ty, field).is_some(),
                "{name:?} follows {ty}.{field}, which is not there"
            );
        }
    }
    assert!(unknown.is_empty(), "say what these follow, or that it is nothing, not both: {unknown:?}");
    let fields: BTreeSet<_> = rows::worked_out().iter().map(|field| (field.ty, field.field)).collect();
    let stale: Vec<_> = HARMLESS.iter().filter(|name| !fields.contains(name)).collect();
    assert!(stale.is_empty(), "on the reviewed list, but not there: {stale:?}");
}

/// The lists of the schema, each with all that its rows tell of themselves, and of the records that they lead to.
fn questions(sdl: &Sdl) -> Vec<String> {
    let leaves = |ty: &str| -> Vec<&str> {
        let fields = sdl.0[ty].fields.iter();
        let plain = fields.filter(|(_, field)| {
            !sdl.0.contains_key(&field.target)
                && !sdl.is_union(&field.target)
                && !field.arguments.values().any(|must| *must)
        });
        plain.map(|(name, _)| name.as_str()).filter(|name| *name != "viewerCan").collect()
    };
    let lists = sdl.0["Query"].fields.iter().filter(|(_, field)| {
        field.target.ends_with("Connection") && !field.arguments.values().any(|must| *must)
    });
    lists
        .map(|(list, field)| {
            let row = &sdl.0[&field.target].fields["nodes"].target;
            let mut asked: Vec<String> = leaves(row).into_iter().map(str::to_owned).collect();
            for (name, field) in &sdl.0[row].fields {
                let is_record = sdl.0.get(&field.target).is_some_and(|ty| !ty.is_interface);
                if is_record && !field.target.ends_with("Connection") && field.arguments.is_empty() {
                    asked.push(format!("{name} {{ __typename {} }}", leaves(&field.target).join(" ")));
                }
            }
            format!("{{ {list}(first: 100) {{ nodes {{ __typename {} }} }} }}", asked.join(" "))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_the_demo_shows_an_address_that_is_masked() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let owner = city.owner().await;
    let questions = questions(&sdl);
    assert!(questions.len() > 20);
    // somebody is found everywhere as long as nothing is masked
    let mut shown = 0;
    for question in &questions {
        let (_, answer) = city.count(&owner, question).await;
        shown += usize::from(addresses(&answer) > 0);
    }
    assert!(shown > 3, "{shown}");
    city.run(&format!(
        "INSERT INTO security.masking_policies (organization_id, id, name, fields, method)
         VALUES ('{}', ops.uuid_v7(), 'leaks', '{{User.email}}', 'redact')",
        city.organization
    ))
    .await;
    for question in &questions {
        let (_, answer) = city.count(&owner, question).await;
        assert_eq!(addresses(&answer), 0, "{question}\n{answer}");
    }
}

/// The demo shows it: who sells sees addresses of colleagues in part, who runs the place sees them whole.
#[tokio::test(flavor = "multi_thread")]
async fn in_the_demo_a_user_sees_addresses_in_part_and_an_administrator_whole() {
    let city = City::found().await;
    let shown = async |name: &str| {
        let role = ROLES.iter().find(|role| role.name == name).unwrap();
        city.count(&city.member(role).await, "{ users(first: 100) { nodes { displayName email } } }").await.1
    };
    let (user, admin) = (shown("user").await, shown("admin").await);
    assert!(user.contains("•••demo.example") && user.contains("diego.morales@aether-demo.example"), "{user}");
    assert!(!user.contains("sarah.chen@") && admin.contains("sarah.chen@aether-demo.example"), "{user}");
}

/// How many addresses of the demo are in an answer, the owner's own aside.
fn addresses(answer: &str) -> usize {
    let own = "eleanor.vance@aether-demo.example";
    answer.matches("@aether-demo.example").count() - answer.matches(own).count()
}
