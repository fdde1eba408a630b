//! Large organizations, here small ones.
use portico::seed::{Plan, Progress, bulk};
use rust_decimal::Decimal;

use super::{assert_whole, found, looking_into, migrated};

#[tokio::test]
async fn organizations_are_made_once_and_counters_agree() {
    let database = migrated().await;
    let plan = |organizations| Plan { organizations, scale: Decimal::new(3, 2) };
    let mut made = Vec::new();
    let mut keep = |one: Progress| {
        made.push((one.slug, one.messages));
        Ok(())
    };
    bulk(&database.owner_url, &plan(1), &mut keep).await.unwrap();
    bulk(&database.owner_url, &plan(2), &mut keep).await.unwrap();
    let expected = [("org-0001", 600), ("org-0001", 0), ("org-0002", 600)];
    assert_eq!(made, expected.map(|(slug, messages)| (slug.to_owned(), messages)));

    let client = looking_into(&database).await;
    assert_whole(&client).await;
    let counted =
        "SELECT o.slug, (SELECT count(*) FROM identity.memberships x WHERE x.organization_id = o.id),
        (SELECT count(*) FROM chat.conversations x WHERE x.organization_id = o.id),
        (SELECT count(*) FROM chat.messages x WHERE x.organization_id = o.id),
        (SELECT count(*) FROM sales.deals x WHERE x.organization_id = o.id),
        (SELECT count(*) FROM sales.deal_history x WHERE x.organization_id = o.id),
        (SELECT count(*) FROM finance.budget_line_items x WHERE x.organization_id = o.id),
        (SELECT count(*) FROM governance.compliance_issues x WHERE x.organization_id = o.id)
        FROM identity.organizations o WHERE o.slug LIKE 'org-%' ORDER BY o.slug";
    assert_eq!(
        found(&client, counted).await,
        ["(org-0001,2,12,600,60,176,40,15)", "(org-0002,2,12,600,60,176,40,15)"]
    );
    let length = "SELECT avg(length(content)) BETWEEN 350 AND 450 FROM chat.messages";
    assert_eq!(found(&client, length).await, ["(t)"]);
}

#[tokio::test]
async fn a_scale_of_nothing_is_refused() {
    let database = migrated().await;
    for scale in [Decimal::ZERO, Decimal::new(-1, 0), Decimal::new(101, 0)] {
        let error =
            bulk(&database.owner_url, &Plan { organizations: 1, scale }, |_| Ok(())).await.unwrap_err();
        assert!(error.to_string().contains("above 0 and at most 100"), "{error}");
    }
}
