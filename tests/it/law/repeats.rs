//! Law: every change can be repeated with a key. Three who ask for it at the same time, and one who asks later, get the same
//! answer, and it is done once; whoever asks for something else with the same key is refused. What cannot be repeated so says
//! that it cannot.
use futures_util::future::join_all;
use serde_json::Value;

use super::{
    doors::{Call, City, FOR_ADMINISTRATORS, LAST, UNFINISHED, Words},
    sdl::Sdl,
};

/// What ends that in which it is asked: who repeats it is not let in any more, and says so.
const ENDS: &[&str] = &["organizationDelete", "signOut"];

/// What takes no key says this.
const TAKES_NONE: &str = "Takes no `@idempotent`";

/// All that a payload tells.
fn told(sdl: &Sdl, ty: &str) -> String {
    let fields = sdl.0[ty].fields.iter().map(|(name, field)| match sdl.0.get(&field.target) {
        None if sdl.is_union(&field.target) => format!("{name} {{ __typename }}"),
        None => name.clone(),
        Some(_) if name == "userErrors" => format!("{name} {{ code message path }}"),
        Some(_) if field.target.ends_with("Result") => format!("{name} {}", told(sdl, &field.target)),
        Some(target) if target.fields.contains_key("id") => format!("{name} {{ id }}"),
        Some(_) => format!("{name} {{ __typename }}"),
    });
    format!("{{ {} }}", fields.collect::<Vec<_>>().join(" "))
}

/// The same arguments with one of them changed, in every way there is.
fn others(arguments: &str) -> Vec<String> {
    let mut others = Vec::new();
    let quotes: Vec<usize> = arguments.match_indices('"').map(|(at, _)| at).collect();
    for pair in quotes.chunks(2) {
        let [from, to] = *pair else { continue };
        let text = &arguments[from + 1..to];
        let with = |other: &str| format!("{}\"{other}\"{}", &arguments[..from], &arguments[to + 1..]);
        // another record, another text, another number
        let last = if text.ends_with('0') { "1" } else { "0" };
        let cut = text.char_indices().last().map_or(0, |(at, _)| at);
        others.extend([
            with(&format!("{}{last}", &text[..cut])),
            with(&format!("{text}x")),
            with(&format!("{text}1")),
        ]);
    }
    for (plain, other) in
        [("2031", "2032"), (": 10", ": 11"), (": 3", ": 2"), ("true", "false"), ("false", "true")]
    {
        if arguments.contains(plain) {
            others.push(arguments.replacen(plain, other, 1));
        }
    }
    others
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default()
}

/// Whether it failed, and not only to show all of it: to whoever has chosen no organization, say.
fn is_failed(answer: &Value) -> bool {
    let errors = answer["errors"].as_array().into_iter().flatten();
    errors.into_iter().any(|error| error["path"].as_array().is_none_or(|path| path.len() < 2))
}

/// In how many transactions something was told.
async fn transactions(city: &City) -> i64 {
    city.look("SELECT count(DISTINCT xact)::text AS answer FROM ops.events").await[0].parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_done_once_however_often_it_is_asked_for() {
    let (city, sdl) = (City::found().await, Sdl::read());
    let mut calls = Words::read().calls("Mutation", &mut city.tables().await, city.organization).await;
    calls.sort_by_key(|call| LAST.iter().position(|last| *last == call.field).map_or(0, |place| place + 1));
    let mut complaints = Vec::new();
    let (mut repeated, mut compared) = (0, 0);
    for Call { field, arguments, .. } in &calls {
        let administers = FOR_ADMINISTRATORS.contains(&field.as_str());
        let owner = if administers { city.administrator().await } else { city.owner().await };
        let declared = &sdl.0["Mutation"].fields[field];
        let ask = async |arguments: &str| {
            let document = format!(
                "mutation {{ {field}{arguments} @idempotent(key: \"{field}\") {} }}",
                told(&sdl, &declared.target)
            );
            city.answer(&owner, &document).await
        };
        if declared.about.contains(TAKES_NONE) {
            let answer = ask(arguments).await;
            if code(&answer) != "BAD_USER_INPUT" {
                complaints.push(format!("{field} says that it takes no key: {answer}"));
            }
            continue;
        }
        if ENDS.contains(&field.as_str()) {
            let (first, then) = (ask(arguments).await, ask(arguments).await);
            let says = declared.about.replace('\n', " ").contains("who repeats it is not let in any more");
            if !says || first["errors"] != Value::Null || code(&then) != "UNAUTHENTICATED" {
                complaints.push(format!("{field}: {first}, then {then}"));
            }
            if field == "organizationDelete" {
                city.run("UPDATE identity.organizations SET deleted_at = NULL, status = 'active'").await;
            }
            continue;
        }
        let before = transactions(&city).await;
        let mut answers = join_all((0..3).map(|_| ask(arguments))).await;
        let after = transactions(&city).await;
        answers.push(ask(arguments).await);
        repeated += 1;
        let first = &answers[0];
        let refused = first["data"][field]["userErrors"] != serde_json::json!([]);
        let is_known = UNFINISHED.iter().any(|(known, _)| known == field);
        if is_failed(first) || refused != is_known {
            complaints.push(format!("{field}{arguments}: {first}"));
            continue;
        }
        if answers.iter().any(|answer| answer["data"] != first["data"] || answer["errors"] != first["errors"])
        {
            complaints.push(format!("{field} answers differently: {answers:#?}"));
        }
        if after - before > 1 {
            complaints.push(format!("{field} was done in {} transactions", after - before));
        }
        // what was refused stands for nothing yet
        if refused {
            continue;
        }
        let others = others(arguments);
        let mut codes = Vec::new();
        for other in &others {
            let answer = ask(other).await;
            codes.push(code(&answer).to_owned());
            if codes.last().is_some_and(|code| code == "IDEMPOTENCY_KEY_REUSED") {
                compared += 1;
                break;
            }
        }
        let told_apart = codes.iter().any(|code| code == "IDEMPOTENCY_KEY_REUSED");
        if !told_apart && !others.is_empty() {
            complaints.push(format!("{field} does not tell {arguments} from {others:?}: {codes:?}"));
        }
    }
    assert!(repeated > 100 && compared > 80, "{repeated} {compared}");
    assert!(complaints.is_empty(), "{} changes:\n{}", complaints.len(), complaints.join("\n"));
    let waiting = "SELECT operation AS answer FROM ops.idempotency_keys WHERE response IS NULL";
    assert_eq!(city.look(waiting).await, Vec::<String>::new(), "a key without an answer cannot be repeated");
}
