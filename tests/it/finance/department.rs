use serde_json::{Value, json};

use super::{planners, usd};

#[tokio::test]
async fn departments_and_cost_centers_form_trees() {
    let (_town, ann) = planners().await;
    let center = "costCenter { id name version annualBudget { amount currency } parent { name } manager { displayName } }";
    let top =
        ann.do_("costCenterCreate", json!({ "name": "All", "code": "CC-0" }), center).await["costCenter"]
            .clone();
    let input = json!({
        "name": "Sales", "code": "CC-1", "parentCostCenterId": top["id"], "annualBudget": usd("120000.50"),
    });
    let below = ann.do_("costCenterCreate", input, center).await["costCenter"].clone();
    assert_eq!(below["annualBudget"], usd("120000.50"));
    assert_eq!(below["parent"]["name"], "All");

    let head = ann.get("{ users { nodes { id } } }", json!({})).await["users"]["nodes"][0]["id"].clone();
    let department = "department { id name costCenter { name } head { displayName } parent { name } annualBudget { amount } }";
    let input = json!({ "name": "Field sales", "costCenterId": below["id"], "headUserId": head, "annualBudget": usd("5") });
    let field = ann.do_("departmentCreate", input, department).await["department"].clone();
    assert_eq!(field["costCenter"]["name"], "Sales");
    assert_eq!(field["head"]["displayName"], "Ann");
    let input = json!({ "name": "North", "parentId": field["id"] });
    let north = ann.do_("departmentCreate", input, department).await["department"].clone();
    assert_eq!(north["parent"]["name"], "Field sales");

    let tree = ann
        .get(
            "{ costCenters(filter: { name: { eq: \"All\" } }) { nodes { children { nodes { name departments { nodes { name
               children { nodes { name } } } } } } } }
               users { nodes { headedDepartments { nodes { name } } } } }",
            json!({}),
        )
        .await;
    let sales = &tree["costCenters"]["nodes"][0]["children"]["nodes"][0];
    assert_eq!(sales["departments"]["nodes"][0]["children"]["nodes"], json!([{ "name": "North" }]));
    assert_eq!(tree["users"]["nodes"][0]["headedDepartments"]["nodes"], json!([{ "name": "Field sales" }]));

    let refused = async |name: &str, input: Value| {
        let (code, path, error) = ann.refused(name, input).await;
        (code, path.join("."), error["message"].as_str().unwrap().to_owned())
    };
    let (code, path, _) =
        refused("costCenterUpdate", json!({ "id": top["id"], "parentCostCenterId": below["id"] })).await;
    assert_eq!((code.as_str(), path.as_str()), ("INVALID", "input.parentCostCenterId"));
    let (code, path, _) =
        refused("departmentUpdate", json!({ "id": field["id"], "parentId": north["id"] })).await;
    assert_eq!((code.as_str(), path.as_str()), ("INVALID", "input.parentId"));
    let (code, path, message) = refused("costCenterCreate", json!({ "name": "Twin", "code": "CC-1" })).await;
    assert_eq!((code.as_str(), path.as_str()), ("NOT_UNIQUE", "input.code"));
    assert!(!message.contains("cost_centers"), "{message}");
    let euros = json!({ "amount": "5", "currency": "EUR" });
    let (code, path, _) =
        refused("departmentUpdate", json!({ "id": north["id"], "annualBudget": euros })).await;
    assert_eq!((code.as_str(), path.as_str()), ("CURRENCY_MISMATCH", "input.annualBudget.currency"));
    let (code, path, _) =
        refused("departmentCreate", json!({ "name": "Lost", "parentId": "dept_01jd3v0000e008000000000000" }))
            .await;
    assert_eq!((code.as_str(), path.as_str()), ("NOT_FOUND", "input.parentId"));

    let change = json!({ "id": below["id"], "expectedVersion": 1, "annualBudget": null, "isActive": false });
    let changed = ann
        .do_("costCenterUpdate", change.clone(), "costCenter { version isActive annualBudget { amount } }")
        .await;
    assert_eq!(changed["costCenter"], json!({ "version": 2, "isActive": false, "annualBudget": null }));
    let (code, ..) = refused("costCenterUpdate", change).await;
    assert_eq!(code, "CONFLICT");
}
