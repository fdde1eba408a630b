//! Comma-separated values, to the letter.
use serde_json::json;

use super::{EXPORTS, Office};

#[tokio::test]
async fn a_table_is_written_as_rfc_4180_has_it_and_holds_no_formula() {
    let office = Office::open().await;
    let ann = office.person("Ann", EXPORTS).await;
    office
        .sql(&format!(
            "INSERT INTO sales.deals (organization_id, id, name, region, segment, lob, pipeline_id, stage_id, value, currency, probability, owner_id, channel)
             SELECT '$org', ops.uuid_v7(), name, 'europe', 'smb', 'software', '$org', '$org', value, 'EUR', 12.5, owner::uuid, channel
             FROM (VALUES
               ('a plain', 1234.50, '{0}', NULL), ('b \"quoted\", with a comma', 0.10, NULL, ' spaces '),
               ('c two' || chr(10) || 'lines', 7, NULL, '=1+1'), ('d Grüße aus 東京 🌸', 7, NULL, '+49 30 901820'),
               ('e', 99999999.99, NULL, '@cmd'), ('f', 1, NULL, '-5')) AS d (name, value, owner, channel)",
            ann.user
        ))
        .await;
    let document =
        "{ deals(orderBy: [{ field: NAME }]) { nodes { name value { amount currency } chance: probability
        owner { displayName } account { name } status ... on Deal { channel expectedCloseDate } } } }";
    let file = office.export(&ann, document, "CSV").await;
    let expected = "name,value.amount,value.currency,chance,owner.displayName,account.name,status,channel,expectedCloseDate\r\n\
        a plain,1234.50,EUR,12.50,Ann,,OPEN,,\r\n\
        \"b \"\"quoted\"\", with a comma\",0.10,EUR,12.50,,,OPEN, spaces ,\r\n\
        \"c two\nlines\",7.00,EUR,12.50,,,OPEN,'=1+1,\r\n\
        d Grüße aus 東京 🌸,7.00,EUR,12.50,,,OPEN,'+49 30 901820,\r\n\
        e,99999999.99,EUR,12.50,,,OPEN,'@cmd,\r\n\
        f,1.00,EUR,12.50,,,OPEN,-5,\r\n";
    assert_eq!(file, expected);
    let shown = ann.get("{ exports(first: 5) { nodes { rowCount byteCount format } } }", json!({})).await;
    let told = json!([{ "rowCount": 6, "byteCount": expected.len().to_string(), "format": "CSV" }]);
    assert_eq!(shown["exports"]["nodes"], told);
    // a list of nothing has its columns nevertheless
    let none = "{ deals(filter: { name: { eq: \"none\" } }) { nodes { id name } } }";
    assert_eq!(office.export(&ann, none, "CSV").await, "id,name\r\n");
}
