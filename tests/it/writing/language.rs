//! What a person can mend, in the language that they read; a repetition too, whatever the first one was told in.
use portico::language::Language;
use serde_json::{Value, json};

use super::House;
use crate::{web::language::is_portuguese, world::city::Person};

fn reads(person: &Person, language: Language) -> Person {
    let mut person = person.clone();
    person.caller.language = language;
    person
}

/// The messages in an answer, and the answer without them.
fn apart(mut answer: Value) -> (Value, Vec<String>) {
    fn walk(value: &mut Value, messages: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(message) = fields.remove("message") {
                    messages.push(message.as_str().unwrap().to_owned());
                }
                fields.values_mut().for_each(|value| walk(value, messages));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, messages)),
            _ => {}
        }
    }
    let mut messages = Vec::new();
    walk(&mut answer, &mut messages);
    (answer, messages)
}

#[tokio::test]
async fn what_can_be_mended_is_told_in_the_language_of_the_person() {
    let house = House::found().await;
    let (ann, ana) = (reads(&house.ann, Language::English), reads(&house.ann, Language::Portuguese));
    let id = house.made("Acme").await;
    let gone = house.made("gone").await;
    house.ann.do_("dealDelete", json!({ "id": gone }), "").await;
    let nobody = "deal_01jd3v0000e0080000000000ab";
    for (name, input, english, portuguese) in [
        (
            "dealUpdate",
            json!({ "id": nobody, "name": "x" }),
            format!("there is no Deal `{nobody}`"),
            format!("não existe Deal `{nobody}`"),
        ),
        (
            "dealUpdate",
            json!({ "id": id, "expectedVersion": 7, "name": "x" }),
            "the record was changed in the meantime: its version is now 1".to_owned(),
            "o registro foi alterado nesse meio-tempo: agora está na versão 1".to_owned(),
        ),
        (
            "dealUpdate",
            json!({ "id": gone, "name": "x" }),
            "it is deleted".to_owned(),
            "está excluído".to_owned(),
        ),
        // a constraint
        (
            "dealUpdate",
            json!({ "id": id, "value": { "amount": "-1", "currency": "EUR" } }),
            "`value` is outside what is allowed".to_owned(),
            "`value` está fora do permitido".to_owned(),
        ),
        // a trigger
        (
            "dealStageChange",
            json!({ "id": id, "stageId": house.stages["lost"] }),
            "A lost deal must tell why it was lost.".to_owned(),
            "Um negócio perdido precisa informar por que foi perdido.".to_owned(),
        ),
    ] {
        let (told, sentence) = apart(ann.change(name, input.clone(), "").await);
        let (same, translation) = apart(ana.change(name, input.clone(), "").await);
        assert_eq!((sentence, translation), (vec![english], vec![portuguese]), "{input}");
        assert_eq!(told, same, "only the sentence differs");
    }
    // of a field, and of a whole mutation
    let ben = house.town.person("Ben", &["deal.read"]).await;
    let document =
        "mutation($id: ID!) { dealDelete(input: { id: $id }) { deal { id } userErrors { code } } }";
    for (document, translation) in [
        ("{ accounts { nodes { id } } }", "requer a permissão `account.read`"),
        (document, "requer a permissão `deal.delete`"),
    ] {
        let (english, portuguese) = (reads(&ben, Language::English), reads(&ben, Language::Portuguese));
        let variables = || json!({ "id": id });
        let ask = async |person: Person| {
            let mut body = person.ask(document, variables()).await.body;
            body.as_object_mut().unwrap().remove("extensions");
            apart(body)
        };
        let ((told, sentences), (same, translations)) = (ask(english).await, ask(portuguese).await);
        assert_eq!((told, translations.as_slice()), (same, [translation.to_owned()].as_slice()));
        assert!(sentences[0].starts_with("requires the permission"), "{sentences:?}");
    }
}

/// What is wrong in arguments, which is seen when they are read.
#[tokio::test]
async fn what_arguments_are_wrong_in_is_told_so_too() {
    let house = House::found().await;
    let id = house.made("Acme").await;
    for document in [
        "{ deals(first: -1) { nodes { id } } }",
        "{ deals(first: 1000) { nodes { id } } }",
        "{ deals(first: 1, last: 1) { nodes { id } } }",
        "{ deals(first: 1, before: \"x\") { nodes { id } } }",
        "{ deals(first: 1, after: \"x\", before: \"x\") { nodes { id } } }",
        "{ deals(after: \"x\") { nodes { id } } }",
        "{ deals { totalCount(limit: 0) { value } } }",
        "{ deals(filter: { createdAt: { gt: \"x\" } }) { nodes { id } } }",
        "{ deals(filter: { account: { id: { eq: \"deal_x\" } } }) { nodes { id } } }",
        "{ deals(filter: { value: { gt: \"x\" } }) { nodes { id } } }",
        "{ deals(filter: { expectedCloseDate: { gt: \"2026-13-01\" } }) { nodes { id } } }",
        "{ deals(filter: { expectedCloseDate: { gt: \"20000-01-01\" } }) { nodes { id } } }",
        "{ deals(filter: { name: { eq: \"\\u0000\" } }) { nodes { id } } }",
        "{ node(id: \"x\") { id } }",
        "{ deal(id: \"x\") { id } }",
        "{ deal { id } }",
        "{ budgets { nodes { id } } }",
        "mutation { dealDelete(input: { id: \"acct_x\" }) { userErrors { code } } }",
        "mutation { dealDelete(input: { id: \"deal_01jd3v0000e0080000000000ab\" }) @idempotent(key: \" \") { userErrors { code } } }",
    ] {
        let ask = async |language| {
            let mut body = reads(&house.ann, language).ask(document, json!({ "id": id })).await.body;
            body.as_object_mut().unwrap().remove("extensions");
            apart(body)
        };
        let (told, sentences) = ask(Language::English).await;
        let (same, translations) = ask(Language::Portuguese).await;
        assert_eq!(told, same, "{document}");
        assert!(!sentences.is_empty() && sentences.len() == translations.len(), "{document}: {told:#}");
        for (sentence, translation) in sentences.iter().zip(&translations) {
            assert!(sentence != translation && is_portuguese(translation), "{document}: {translation}");
        }
    }
}

#[tokio::test]
async fn a_repetition_is_told_in_the_language_of_whoever_repeats() {
    let house = House::found().await;
    let (ann, ana) = (reads(&house.ann, Language::English), reads(&house.ann, Language::Portuguese));
    let (a, b) = (house.made("a").await, house.made("b").await);
    let nobody = "deal_01jd3v0000e0080000000000ab";
    let items = json!([
        { "id": a, "name": "a2" },
        { "id": nobody, "name": "x" },
        { "id": b, "value": { "amount": "-1", "currency": "EUR" } },
        { "id": b, "name": "x" },
    ]);
    let document =
        "mutation($input: DealBulkUpdateInput!) { dealBulkUpdate(input: $input) @idempotent(key: \"k\") {
        count results { index userErrors { code message path } } userErrors { code message path } } }";
    let variables = json!({ "input": { "items": items, "onError": "REJECT_FAILED" } });
    let mut told = Vec::new();
    for person in [&ann, &ana, &ann] {
        let reply = person.ask(document, variables.clone()).await.body;
        assert!(reply.get("errors").is_none(), "{reply:#}");
        told.push(apart(reply["data"].clone()));
    }
    assert_eq!(house.deals().await, [("a2".to_owned(), 2), ("b".to_owned(), 1)], "it was done once");
    assert!(told.iter().all(|(data, _)| *data == told[0].0), "{told:#?}");
    assert_eq!(told[0].1, told[2].1);
    assert!(told[0].1.contains(&format!("there is no Deal `{nobody}`")), "{told:#?}");
    assert!(told[1].1.contains(&format!("não existe Deal `{nobody}`")), "{told:#?}");
    assert_eq!(told[0].1.len(), told[1].1.len());
    let (sentences, translations) = (&told[0].1, &told[1].1);
    assert!(sentences.iter().zip(translations).all(|(sentence, translation)| sentence != translation));
    assert!(translations.iter().all(|translation| is_portuguese(translation)), "{translations:?}");
}
