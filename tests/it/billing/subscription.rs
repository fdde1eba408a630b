//! From trial to cancellation (B101).
use portico::domains::billing::due;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Founded, administrator, change, done, founded, house, plan};
use crate::{
    identity::house::{House, global_id, text},
    world::{city::Town, postgres},
};

async fn take(house: &House, founded: &Founded, plan: &str) -> Value {
    let id = founded.billing(house).await["subscription"]["id"].clone();
    let input = json!({ "id": id, "planId": plan });
    change(house, &founded.token, "billingSubscriptionPlanChange", input, "billingSubscription { version }")
        .await
}

#[tokio::test]
async fn another_plan_brings_its_price_and_quotas() {
    let house = house().await;
    let admin = administrator(&house).await;
    let founded = founded(&house).await;
    let set = json!({ "organizationId": founded.id(), "metric": "MESSAGES", "period": "DAY", "limit": 42, "reason": "a test" });
    done(&house, &admin, "quotaSet", set, "quotaId").await;
    let changed = take(&house, &founded, &plan(&house, "scale").await).await;
    assert_eq!(changed, json!({ "billingSubscription": { "version": 2 }, "userErrors": [] }));
    let billing = founded.billing(&house).await;
    assert_eq!(billing["subscription"]["price"]["amount"], "2499.00");
    assert_eq!(billing["subscription"]["status"], "TRIALING");
    let mut limits = founded.limits(&house).await;
    limits.sort();
    assert_eq!(
        limits,
        [
            ["MESSAGES", "DAY", "42", "HARD"],
            ["MESSAGES", "MONTH", "5000000", "SOFT"],
            ["SEATS", "LIFETIME", "2000", "SOFT"],
        ]
        .map(|row| row.map(str::to_owned))
    );

    // nobody loses their seat by a smaller plan
    for _ in 0..10 {
        house.colleague(&founded.owner, &["viewer"]).await;
    }
    let refused = take(&house, &founded, &plan(&house, "starter").await).await;
    assert_eq!(
        refused["userErrors"],
        json!([{ "code": "QUOTA_EXCEEDED", "message": "the plan has 10 seats, and the organization 11 members",
                 "path": ["input", "planId"], "metric": "SEATS", "limit": "10", "used": "11", "resetsAt": null }])
    );
    assert_eq!(founded.billing(&house).await["subscription"]["plan"]["key"], "scale");
    assert_eq!(take(&house, &founded, &plan(&house, "growth").await).await["userErrors"], json!([]));
    let unknown = take(&house, &founded, &global_id("plan", Uuid::now_v7())).await;
    assert_eq!(House::code(&unknown), "NOT_FOUND");
}

#[tokio::test]
async fn states_follow_each_other_as_they_may() {
    let house = house().await;
    let admin = administrator(&house).await;
    let founded = founded(&house).await;
    let become_ = async |status: &str| {
        let input = json!({ "organizationId": founded.id(), "status": status, "reason": "a test" });
        change(&house, &admin, "billingSubscriptionStatusChange", input, "subscriptionId").await
    };
    for (status, allowed) in [
        ("SUSPENDED", json!(["ACTIVE", "PAST_DUE", "CANCELED"])),
        ("TRIALING", json!(["ACTIVE", "PAST_DUE", "CANCELED"])),
    ] {
        let refused = become_(status).await;
        assert_eq!(House::code(&refused), "STATE", "{status}");
        assert_eq!(refused["userErrors"][0]["allowed"], allowed);
        assert_eq!(refused["userErrors"][0]["path"], json!(["input", "status"]));
    }
    for status in ["ACTIVE", "PAST_DUE", "SUSPENDED"] {
        assert_eq!(become_(status).await["userErrors"], json!([]), "{status}");
        assert_eq!(founded.billing(&house).await["subscription"]["status"], status);
    }
    assert_eq!(House::code(&become_("PAST_DUE").await), "STATE");
    let growth = plan(&house, "growth").await;
    assert_eq!(House::code(&take(&house, &founded, &growth).await), "STATE");
    assert_eq!(become_("ACTIVE").await["userErrors"], json!([]));

    let begin = json!({ "organizationId": founded.id(), "planId": growth, "reason": "a test" });
    let begin =
        async || change(&house, &admin, "billingSubscriptionBegin", begin.clone(), "subscriptionId").await;
    assert_eq!(House::code(&begin().await), "STATE");
    let id = founded.billing(&house).await["subscription"]["id"].clone();
    let cancel = async || {
        change(
            &house,
            &founded.token,
            "billingSubscriptionCancel",
            json!({ "id": id }),
            "billingSubscription { status canceledAt }",
        )
        .await
    };
    let canceled = cancel().await;
    assert_eq!(canceled["billingSubscription"]["status"], "CANCELED");
    assert!(canceled["billingSubscription"]["canceledAt"].is_string());
    assert_eq!(founded.billing(&house).await["subscription"], Value::Null);
    assert_eq!(House::code(&cancel().await), "STATE");
    assert_eq!(House::code(&become_("ACTIVE").await), "NOT_FOUND");
    // not even past the server does it come back
    let back =
        "UPDATE billing.subscriptions SET status = 'active', canceled_at = NULL WHERE status = 'canceled'";
    assert!(house.refusal(back).await.contains("canceled for good"));

    assert_eq!(begin().await["userErrors"], json!([]));
    let billing = founded.billing(&house).await;
    assert_eq!(
        (&billing["subscription"]["status"], &billing["subscription"]["trialEnd"]),
        (&json!("ACTIVE"), &Value::Null)
    );
    assert_eq!(
        founded
            .told(&house)
            .await
            .split(' ')
            .filter(|action| action.starts_with("billing"))
            .collect::<Vec<_>>(),
        [
            "billing_subscription.created",
            "billing_subscription.activated",
            "billing_subscription.past_due",
            "billing_subscription.suspended",
            "billing_subscription.activated",
            "billing_subscription.canceled",
            "billing_subscription.created",
        ]
    );
    let platform =
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '00000000-0000-0000-0000-000000000000'
        AND resource_type = 'BillingSubscription' AND resource_name = 'a test'";
    assert_eq!(house.look(platform).await, "5");
}

/// Time alone ends a trial and begins the next cycle, and whoever follows is told.
#[tokio::test]
async fn trials_end_and_cycles_follow_each_other() {
    let database = postgres::fresh().await;
    let (tried, paid) = (Town::found_in(database.clone()).await, Town::found_in(database.clone()).await);
    let house = House::of(&database);
    for (town, status, began) in [(&tried, "trialing", "14 days"), (&paid, "active", "70 days")] {
        house
            .sql(&format!(
                "INSERT INTO billing.subscriptions (organization_id, id, plan_id, amount_cents, status, current_period_start, current_period_end, trial_end)
                 SELECT '{}', gen_random_uuid(), id, 0, '{status}', now() - interval '{began}', now() - interval '{began}' + interval '13 days',
                   CASE '{status}' WHEN 'trialing' THEN now() - interval '1 day' END
                 FROM billing.plans WHERE key = 'starter'",
                town.organization
            ))
            .await;
    }
    let people = [
        tried.person("T", &["subscription.read", "event.read"]).await,
        paid.person("P", &["subscription.read", "event.read"]).await,
    ];
    let mut concerned = due::sweep(&tried.door()).await.unwrap();
    concerned.sort();
    let mut expected = vec![tried.organization, paid.organization];
    expected.sort();
    assert_eq!(concerned, expected);
    let document = "{ billingSubscriptions { nodes { status version currentPeriodEnd } } }";
    let of = async |place: usize| {
        people[place].get(document, json!({})).await["billingSubscriptions"]["nodes"][0].clone()
    };
    assert_eq!((&of(0).await["status"], &of(0).await["version"]), (&json!("PAST_DUE"), &json!(2)));
    let renewed = of(1).await;
    assert_eq!((&renewed["status"], &renewed["version"]), (&json!("ACTIVE"), &json!(3)));
    let end: chrono::DateTime<chrono::Utc> = text(&renewed["currentPeriodEnd"]).parse().unwrap();
    assert!(end > chrono::Utc::now());
    let told = "SELECT string_agg(kind, ' ' ORDER BY kind) FROM ops.events WHERE subject_type = 'BillingSubscription'";
    assert_eq!(
        house.look(told).await,
        "billing_subscription.renewed billing_subscription.renewed billing_subscription.trial_ended"
    );
    assert!(due::sweep(&tried.door()).await.unwrap().is_empty());
}
