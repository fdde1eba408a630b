//! Rows become records, as if each had been sent alone.
use portico::store::id;
use serde_json::json;

use super::{CREATE, Desk, UPDATE, UPSERT, counts, fresh, wrong};
use crate::exports::uuid;

#[tokio::test(flavor = "multi_thread")]
async fn each_line_is_given_to_the_mutation() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let file = "\u{feff}{\"external\": {\"system\": \"crm\", \"id\": \"1\"}, \"name\": \"One\", \"domain\": \"one.example.com\"}\r\n\
                \n\
                {\"external\": {\"system\": \"crm\", \"id\": \"2\"}, \"name\": \"Zwei 東京 🌸\"}\n\
                {\"external\": {\"system\": \"crm\", \"id\": \"1\"}, \"vertical\": \"retail\"}";
    let shown = desk.import(&ann, UPSERT, "NDJSON", json!({}), file).await;
    assert_eq!(
        (
            &shown["status"],
            &shown["progress"],
            &shown["rowCount"],
            &shown["expectedRowCount"],
            &shown["error"]
        ),
        (&json!("COMPLETED"), &json!(100), &json!(3), &json!(3), &json!(null)),
        "{shown:#}"
    );
    assert_eq!(counts(&shown), [2, 1, 0]);
    assert_eq!(shown["byteCount"], file.len().to_string());
    assert!(shown["startedAt"].is_string() && shown["finishedAt"].is_string());
    assert_eq!(shown["uploadUrl"], json!(null));
    let kept =
        "SELECT string_agg(concat_ws('|', external_id, name, domain, vertical), ', ' ORDER BY external_id)
         FROM sales.accounts WHERE organization_id = '$org'";
    assert_eq!(desk.office.look(kept).await, "1|One|one.example.com|retail, 2|Zwei 東京 🌸");
    // each is in the audit trail as hers, and was told; the file is gone
    let trail =
        "SELECT string_agg(action || ' ' || (actor_id = '$user'), ', ' ORDER BY id) FROM audit.audit_logs
         WHERE organization_id = '$org' AND resource_type = 'Account'";
    let trail = desk.office.look(&trail.replace("$user", &ann.user.to_string())).await;
    assert_eq!(trail, "account.created true, account.created true, account.synced true");
    let told = "SELECT count(*) FROM ops.events WHERE organization_id = '$org' AND subject_type = 'Account'";
    assert_eq!(desk.office.look(told).await, "3");
    let left = "SELECT count(*) FROM ops.import_parts WHERE organization_id = '$org'";
    assert_eq!(desk.office.look(left).await, "0");
    let trail = format!(
        "SELECT string_agg(action || ' ' || actor_type, ', ' ORDER BY id) FROM audit.audit_logs WHERE resource_id = '{}'",
        uuid(shown["id"].as_str().unwrap())
    );
    assert_eq!(
        desk.office.look(&trail).await,
        "import.created human, import.uploaded human, import.completed system"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_of_a_table_are_places_in_the_input() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let stage = id::text("stage", desk.office.town.organization);
    let create = "mutation($input: DealCreateInput!) { dealCreate(input: $input) { userErrors { code } } }";
    let file = format!(
        "name,region,segment,lob,stageId,value.amount,value.currency,probability,expectedCloseDate,channel\r\n\
         Plain,EUROPE,SMB,SOFTWARE,{stage},1234.50,EUR,12.5,2031-05-01,\r\n\
         \"Quoted \"\"x\"\", with\ntwo lines\",EUROPE,SMB,SOFTWARE,{stage},7,USD,,,'=1+1\r\n\
         \r\n\
         Late,EUROPE,SMB,SOFTWARE,{stage},soon,USD,,,\r\n"
    );
    let shown = desk.import(&ann, create, "CSV", json!({}), &file).await;
    assert_eq!((&shown["status"], counts(&shown)), (&json!("COMPLETED"), [2, 0, 1]), "{shown:#}");
    assert_eq!(wrong(&shown), ["3 INVALID input.value.amount"]);
    let kept = "SELECT string_agg(concat_ws('|', name, value, currency, probability, expected_close_date, channel), ', ' ORDER BY value)
         FROM sales.deals WHERE organization_id = '$org'";
    assert_eq!(
        desk.office.look(kept).await,
        "Quoted \"x\", with\ntwo lines|7.00|USD|20.00|=1+1, Plain|1234.50|EUR|12.50|2031-05-01"
    );
}

/// Deals come with their accounts as the system knows both that they come from.
#[tokio::test(flavor = "multi_thread")]
async fn rows_name_what_they_belong_to_as_another_system_does() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let accounts = "external.system,external.id,name\r\ncrm,A-1,Acme\r\ncrm,A-2,Birch\r\n";
    let shown = desk.import(&ann, UPSERT, "CSV", json!({}), accounts).await;
    assert_eq!(counts(&shown), [2, 0, 0], "{shown:#}");
    let stage = id::text("stage", desk.office.town.organization);
    let upsert =
        "mutation($input: DealUpsertInput!) { dealUpsert(input: $input) { created userErrors { code } } }";
    let rest = format!("EUROPE,SMB,SOFTWARE,{stage},10,EUR");
    let deals = format!(
        "external.system,external.id,account.external.system,account.external.id,region,segment,lob,stageId,value.amount,value.currency\r\n\
         crm,D-1,crm,A-1,{rest}\r\n\
         crm,D-2,crm,A-2,{rest}\r\n\
         crm,D-3,,,{rest}\r\n\
         crm,D-4,crm,A-9,{rest}\r\n\
         crm,D-5,crm,,{rest}\r\n"
    );
    let shown = desk.import(&ann, upsert, "CSV", json!({}), &deals).await;
    assert_eq!(counts(&shown), [3, 0, 2], "{shown:#}");
    assert_eq!(
        wrong(&shown),
        ["4 NOT_FOUND input.account.external", "5 REQUIRED input.account.external.id"],
        "{shown:#}"
    );
    let kept = "SELECT string_agg(concat_ws('|', d.external_deal_id, a.name), ', ' ORDER BY d.external_deal_id)
         FROM sales.deals d LEFT JOIN sales.accounts a ON a.organization_id = d.organization_id AND a.id = d.account_id
        WHERE d.organization_id = '$org'";
    assert_eq!(desk.office.look(kept).await, "D-1|Acme, D-2|Birch, D-3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_can_be_imported_again() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    desk.office
        .sql(
            "INSERT INTO sales.accounts (organization_id, id, name, domain, vertical)
             SELECT '$org', ops.uuid_v7(), name, domain, vertical FROM (VALUES
               ('a plain', 'a.example.com', NULL), ('b \"quoted\", with a comma', NULL, ' spaces '),
               ('c two' || chr(10) || 'lines', NULL, '=1+1'), ('''=2', NULL, '+49 30 901820'), ('e 東京 🌸', NULL, '-5'),
               ('f', NULL, '''a'))
             AS a (name, domain, vertical)",
        )
        .await;
    let kept = "SELECT string_agg(concat_ws('|', id, name, coalesce(domain, '-'), coalesce(vertical, '-')), ', ' ORDER BY id)
         FROM sales.accounts WHERE organization_id = '$org'";
    let before = desk.office.look(kept).await;
    for format in ["CSV", "NDJSON"] {
        let export = "{ accounts { nodes { id name domain vertical } } }";
        let file = desk.office.export(&ann, export, format).await;
        desk.office
            .sql("UPDATE sales.accounts SET name = 'gone ' || id, domain = NULL, vertical = 'gone' WHERE organization_id = '$org'")
            .await;
        let shown = desk.import(&ann, UPDATE, format, json!({}), &file).await;
        assert_eq!((&shown["status"], counts(&shown)), (&json!("COMPLETED"), [0, 6, 0]), "{shown:#}");
        assert_eq!(desk.office.look(kept).await, before, "{format}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_only_tried_leaves_nothing_and_says_the_same() {
    let desk = Desk::open().await;
    let ann = desk.ann().await;
    let file = fresh(25)
        + "{\"name\": \"\"}\n{\"name\": 5}\n{\"name\": \"Account 3\", \"domain\": \"a3.example.com\"}\n";
    let events =
        "SELECT count(*) FROM ops.events WHERE organization_id = '$org' AND subject_type <> 'Import'";
    let tried = desk.import(&ann, CREATE, "NDJSON", json!({ "dryRun": true }), &file).await;
    assert_eq!((&tried["status"], &tried["dryRun"]), (&json!("COMPLETED"), &json!(true)), "{tried:#}");
    assert_eq!(desk.accounts().await, "0 0 0");
    assert_eq!(desk.office.look(events).await, "0");
    let done = desk.import(&ann, CREATE, "NDJSON", json!({}), &file).await;
    assert_eq!(counts(&tried), counts(&done));
    assert_eq!(wrong(&tried), wrong(&done));
    assert_eq!(counts(&done)[2] + counts(&done)[0], 28, "{done:#}");
    assert!(counts(&done)[2] >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_many_parts_is_done_to_its_last_row() {
    let desk = Desk::with(|parts| parts.imports.batch = 100).await;
    let ann = desk.ann().await;
    let filler = "x".repeat(4_000);
    let line = |n: usize| format!("{{\"name\": \"Account {n}\", \"nothing\": \"{filler}\"}}\n");
    let file: String = (1..=400).map(line).collect();
    assert!(file.len() > 3 * (512 << 10));
    let shown = desk.import(&ann, CREATE, "NDJSON", json!({}), &file).await;
    assert_eq!((counts(&shown), &shown["rowCount"]), ([0, 0, 400], &json!(400)), "{}", shown["error"]);
    assert_eq!(shown["errors"]["totalCount"]["value"], 400);
    let line = |n: usize| format!("Account {n},\"{}.\"\r\n", "\"\"\n".repeat(10));
    let file: String =
        std::iter::once("name,vertical\r\n".to_owned()).chain((1..=15_000).map(line)).collect();
    assert!(file.len() > 512 << 10);
    let shown = desk.import(&ann, CREATE, "CSV", json!({ "dryRun": true }), &file).await;
    assert_eq!((counts(&shown), &shown["rowCount"]), ([15_000, 0, 0], &json!(15_000)), "{shown:#}");
}
