//! How much may be imported at one time.
use futures_util::future::join_all;
use serde_json::json;

use super::{CREATE, Desk, IMPORTS, fresh};

#[tokio::test(flavor = "multi_thread")]
async fn no_more_imports_wait_or_run_than_are_allowed_to_a_person_and_to_an_organization() {
    let desk = Desk::with(|parts| parts.imports.per_organization = 3).await;
    let (ann, bob) = (desk.ann().await, desk.office.person("Bob", IMPORTS).await);
    let input = || json!({ "mutation": CREATE, "format": "NDJSON" });
    // exact, however many ask at once
    let asked =
        join_all((0..5).map(|_| ann.change("importCreate", input(), "import { id uploadUrl }"))).await;
    let (made, refused): (Vec<_>, Vec<_>) = asked.iter().partition(|payload| payload["import"].is_object());
    assert_eq!((made.len(), refused.len()), (2, 3), "{asked:?}");
    for payload in refused {
        let error = &payload["userErrors"][0];
        assert_eq!(
            (&error["code"], &error["path"]),
            (&json!("LIMIT_REACHED"), &json!(["input"])),
            "{payload}"
        );
    }
    bob.do_("importCreate", input(), "import { id }").await;
    let (code, _, error) = bob.refused("importCreate", input()).await;
    assert_eq!(code, "LIMIT_REACHED");
    assert!(error["message"].as_str().unwrap().contains("of the organization"), "{error}");
    // one that has ended counts no more
    assert_eq!(desk.send(made[0]["import"]["uploadUrl"].as_str().unwrap(), fresh(1)).await.status(), 202);
    desk.work().await;
    bob.do_("importCreate", input(), "import { id }").await;
}
