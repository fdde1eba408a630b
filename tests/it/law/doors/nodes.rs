//! `node` and `nodes` show a record of any type to those whom its type says; to all others it looks like one that is not
//! there, to the letter.
use diesel_async::AsyncPgConnection;
use portico::store::door::PERSONAL;
use serde_json::Value;
use uuid::Uuid;

use super::{City, Guest, Kind, Standing, Words, assert_none};
use crate::law::sdl::Sdl;

/// Types of which somebody sees what is theirs without a permission, and everybody what all belong to.
const OF_ALL_MEMBERS: &[&str] = &["Organization"];
/// Records that whoever may not read all of them finds only where they are theirs.
const PRIVATE: &[&str] = &["Conversation", "Message"];
/// Records between those who ask and those who decide, all of which only `approval.read` shows.
const BETWEEN_SOME: &[&str] = &["ApprovalDecision", "ApprovalRequest"];

/// Records that are nobody's but whoever made them: the owner here.
const OWN: &[&str] = &["Export", "Import", "ImportError"];

/// A record of a type, and an id that nothing has.
struct Pair<'w> {
    kind: &'w Kind,
    real: String,
    made_up: String,
    is_ours: bool,
}

impl<'w> Pair<'w> {
    /// The first record of a type that the owner is shown: ours, or else the platform's.
    async fn of(city: &City, owner: &Guest, kind: &'w Kind, tables: &mut AsyncPgConnection) -> Self {
        for (place, is_ours) in [(city.organization, true), (Uuid::nil(), false)] {
            let ids: Vec<String> =
                Words::rows(tables, place, kind).await.iter().map(|id| kind.id(*id)).collect();
            let shown = city.answer(owner, &format!("{{ nodes(ids: {ids:?}) {{ id }} }}")).await;
            let shown = shown["data"]["nodes"].as_array().cloned().unwrap_or_default();
            if let Some(real) = shown.iter().find_map(|node| node["id"].as_str()) {
                let made_up = kind.id(Uuid::now_v7());
                return Self { kind, real: real.to_owned(), made_up, is_ours };
            }
        }
        panic!("the owner is shown no {}: add a row to rows.sql", kind.name)
    }
}

/// What is said of one field, the ids aside; its value and its errors.
fn told(answer: &Value, field: &str, id: &str) -> String {
    let errors: Vec<_> = answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|error| error["path"].is_null() || error["path"][0] == field)
        .map(|error| format!("{} {}", error["message"], error["extensions"]))
        .collect();
    format!("{} {errors:?}", answer["data"][field]).replace(id, "ID")
}

/// Whether a guest is to be shown a record; nothing where it may be another's.
fn due(sdl: &Sdl, pair: &Pair<'_>, guest: &Guest) -> Option<bool> {
    let Pair { kind, is_ours, .. } = pair;
    let needs = &sdl.0[&kind.name].needs;
    match guest.standing {
        Standing::Stranger => Some(!is_ours),
        Standing::Member(role) if BETWEEN_SOME.contains(&kind.name.as_str()) => {
            role.holds("approval.read").then_some(true)
        }
        Standing::Member(role) if OWN.contains(&kind.name.as_str()) => Some(role.name == "owner"),
        Standing::Member(role) if needs.iter().all(|permission| role.holds(permission)) => {
            let whole = role.holds("conversation.read_all") || !PRIVATE.contains(&kind.name.as_str());
            let theirs = PERSONAL.contains(&kind.table.as_str()) && needs.is_empty();
            match (theirs, OF_ALL_MEMBERS.contains(&kind.name.as_str())) {
                (true, false) => Some(role.name == "owner"),
                _ if role.row_scope.is_some() || !whole => None,
                _ => Some(true),
            }
        }
        Standing::Member(_) | Standing::Nobody | Standing::Ended(_) | Standing::PlatformAdmin => Some(false),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_is_shown_to_those_whom_its_type_says_and_to_nobody_else() {
    let (city, sdl, words) = (City::found().await, Sdl::read(), Words::read());
    let (owner, mut tables) = (city.owner().await, city.tables().await);
    let nodes: Vec<_> =
        sdl.0.iter().filter(|(_, ty)| ty.implements.iter().any(|one| one == "Node")).collect();
    assert_eq!(nodes.len(), words.kinds.len(), "every type with ids is an entity");
    let mut pairs = Vec::new();
    for kind in &words.kinds {
        pairs.push(Pair::of(&city, &owner, kind, &mut tables).await);
    }
    let mut document = String::from("{ ");
    for (at, Pair { real, made_up, .. }) in pairs.iter().enumerate() {
        document += &format!(
            "r{at}: node(id: \"{real}\") {{ id __typename }} m{at}: node(id: \"{made_up}\") {{ id __typename }}
             rs{at}: nodes(ids: [\"{real}\"]) {{ id __typename }} ms{at}: nodes(ids: [\"{made_up}\"]) {{ id __typename }} "
        );
    }
    document += "}";

    let (mut complaints, mut shown_to_some) = (Vec::new(), 0);
    for guest in city.guests().await {
        let answer = city.answer(&guest, &document).await;
        for (at, pair) in pairs.iter().enumerate() {
            for kind in ["", "s"] {
                let (real, made_up) = (format!("r{kind}{at}"), format!("m{kind}{at}"));
                let shown = answer["data"][&real].to_string().contains(&pair.real);
                shown_to_some += usize::from(shown);
                let well = match due(&sdl, pair, &guest) {
                    Some(due) => shown == due,
                    None => true,
                };
                let as_none = told(&answer, &real, &pair.real) == told(&answer, &made_up, &pair.made_up);
                if !well || !shown && !as_none {
                    complaints.push(format!(
                        "{} for {}: {}, and what is not there: {}",
                        pair.kind.name,
                        guest.name,
                        told(&answer, &real, &pair.real),
                        told(&answer, &made_up, &pair.made_up)
                    ));
                }
            }
        }
    }
    assert!(shown_to_some > 2 * pairs.len(), "{shown_to_some}");
    assert_none(&complaints);
}
