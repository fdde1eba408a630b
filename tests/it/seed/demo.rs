//! The demo of the first start.
use portico::seed::{demo, personas};

use super::{assert_whole, found, looking_into, migrated};

#[tokio::test]
async fn the_demo_is_whole_and_a_second_time_changes_nothing() {
    let database = migrated().await;
    assert!(demo(&database.owner_url).await.unwrap());
    let client = looking_into(&database).await;
    assert_whole(&client).await;

    let counted = "SELECT (SELECT count(*) FROM identity.organizations), (SELECT count(*) FROM identity.users),
        (SELECT count(*) FROM chat.messages), (SELECT count(*) FROM sales.deal_history), (SELECT count(*) FROM audit.audit_logs)";
    let before = found(&client, counted).await;
    assert!(!demo(&database.owner_url).await.unwrap());
    assert_eq!(found(&client, counted).await, before);
}

#[tokio::test]
async fn the_demo_is_large_enough_to_look_around() {
    let database = migrated().await;
    demo(&database.owner_url).await.unwrap();
    let client = looking_into(&database).await;
    let few = found(
        &client,
        "SELECT t.name, t.count FROM (VALUES
           ('deals', (SELECT count(*) FROM sales.deals), 180), ('history', (SELECT count(*) FROM sales.deal_history), 900),
           ('won deals', (SELECT count(*) FROM sales.deals WHERE status = 'won'), 40),
           ('open deals', (SELECT count(*) FROM sales.deals WHERE status = 'open'), 30),
           ('stages in use', (SELECT count(DISTINCT stage_id) FROM sales.deals), 7),
           ('budget states', (SELECT count(DISTINCT status) FROM finance.budgets), 4),
           ('fiscal years', (SELECT count(DISTINCT fiscal_year) FROM finance.budgets), 3),
           ('budgets of Europe', (SELECT count(*) FROM finance.budgets WHERE region = 'europe'), 3),
           ('conversations', (SELECT count(*) FROM chat.conversations), 40),
           ('control states', (SELECT count(DISTINCT status) FROM governance.compliance_controls), 5),
           ('requirements met', (SELECT count(*) FROM governance.control_requirements), 30),
           ('issue states', (SELECT count(DISTINCT status) FROM governance.compliance_issues), 4),
           ('audit entries', (SELECT count(*) FROM audit.audit_logs), 200)) AS t (name, count, expected)
         WHERE t.count < t.expected",
    )
    .await;
    assert!(few.is_empty(), "{few:#?}");
}

#[tokio::test]
async fn every_persona_can_sign_in_with_their_role() {
    let database = migrated().await;
    demo(&database.owner_url).await.unwrap();
    let client = looking_into(&database).await;
    let personas = personas();
    assert_eq!((personas[0].name.as_str(), personas[0].role), ("Sarah Chen", "cfo"));
    let roles: Vec<&str> =
        personas.iter().filter(|one| one.organization == "aether-demo").map(|one| one.role).collect();
    assert_eq!(roles.len(), 12, "one person for each role: {roles:?}");
    for persona in &personas {
        let held = "SELECT u.password_hash FROM identity.users u
            JOIN identity.memberships m ON m.user_id = u.id AND m.status = 'active'
            JOIN identity.organizations o ON o.id = m.organization_id AND o.slug = $2 AND o.name = $3
            JOIN access.role_assignments a ON a.organization_id = o.id AND a.user_id = u.id AND a.is_active
            JOIN access.roles r ON r.organization_id = o.id AND r.id = a.role_id AND r.name = $4 AND r.is_system_role
            WHERE u.email = $1 AND u.status = 'active' AND u.display_name = $5";
        let row = client
            .query_opt(
                held,
                &[
                    &persona.email,
                    &persona.organization,
                    &persona.organization_name,
                    &persona.role,
                    &persona.name,
                ],
            )
            .await
            .unwrap();
        let hash: String = row.unwrap_or_else(|| panic!("{persona:?}")).get(0);
        assert!(hash.starts_with("$argon2id$"), "{hash}");
    }
}

/// Whoever signs in as Sarah Chen finds a conversation of hers first, however conversations are ordered.
#[tokio::test]
async fn the_first_conversation_is_one_that_sarah_chen_can_write_in() {
    let database = migrated().await;
    demo(&database.owner_url).await.unwrap();
    let client = looking_into(&database).await;
    for order in ["id", "id DESC", "created_at DESC", "last_message_at DESC"] {
        let first = format!(
            "SELECT u.email, c.status FROM chat.conversations c JOIN identity.users u ON u.id = c.user_id
             JOIN identity.organizations o ON o.id = c.organization_id AND o.slug = 'aether-demo' ORDER BY c.{order} LIMIT 1"
        );
        assert_eq!(found(&client, &first).await, ["(sarah.chen@aether-demo.example,active)"], "{order}");
    }
    let may = "SELECT p.name FROM access.role_permissions h
        JOIN access.roles r ON r.organization_id = h.organization_id AND r.id = h.role_id AND r.name = 'cfo'
        JOIN access.permissions p ON p.id = h.permission_id AND p.name IN ('conversation.write', 'message.write')
        ORDER BY p.name";
    assert_eq!(found(&client, may).await, ["(conversation.write)", "(message.write)"]);
}

#[tokio::test]
async fn the_second_organization_sees_its_own_rows_only() {
    let database = migrated().await;
    demo(&database.owner_url).await.unwrap();
    let client = looking_into(&database).await;
    let both = "SELECT u.email FROM identity.memberships m JOIN identity.users u ON u.id = m.user_id
        GROUP BY u.email HAVING count(*) > 1";
    assert_eq!(found(&client, both).await, ["(tomas.herrera@aether-demo.example)"]);
    let nimbus = "SELECT id::text FROM identity.organizations WHERE slug = 'nimbus-labs'";
    let nimbus: String = client.query_one(nimbus, &[]).await.unwrap().get(0);
    client.batch_execute("SET ROLE portico_app").await.unwrap();
    let enter =
        "SELECT set_config('app.organization_id', $1, false), set_config('app.conversations', 'all', false)";
    client.execute(enter, &[&nimbus]).await.unwrap();
    let seen = "SELECT (SELECT count(*) FROM sales.deals), (SELECT count(*) FROM chat.conversations),
        (SELECT count(*) FROM identity.memberships), (SELECT count(*) FROM governance.compliance_controls)";
    assert_eq!(found(&client, seen).await, ["(14,4,4,0)"]);
}

/// Whoever is limited to a region works in one that has something to see.
#[tokio::test]
async fn analysts_find_deals_and_budgets_of_their_region() {
    let database = migrated().await;
    demo(&database.owner_url).await.unwrap();
    let client = looking_into(&database).await;
    let blind = "SELECT u.email FROM access.role_assignments a
        JOIN access.roles r USING (organization_id) JOIN identity.memberships m USING (organization_id, user_id)
        JOIN identity.users u ON u.id = a.user_id
        WHERE r.id = a.role_id AND r.metadata ->> 'row_scope' = 'region'
          AND NOT (EXISTS (SELECT FROM sales.deals d WHERE d.organization_id = m.organization_id AND d.region = m.region)
               AND EXISTS (SELECT FROM finance.budgets b WHERE b.organization_id = m.organization_id AND b.region = m.region))";
    assert_eq!(found(&client, blind).await, Vec::<String>::new());
}

#[tokio::test]
async fn rows_of_past_months_lie_in_partitions_of_their_own() {
    let database = migrated().await;
    demo(&database.owner_url).await.unwrap();
    let client = looking_into(&database).await;
    let strays = "SELECT (SELECT count(*) FROM chat.messages_default), (SELECT count(*) FROM audit.audit_logs_default),
        (SELECT count(DISTINCT tableoid) > 1 FROM chat.messages)";
    assert_eq!(found(&client, strays).await, ["(0,0,t)"]);
}
