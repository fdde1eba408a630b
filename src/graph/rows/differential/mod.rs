//! The engine against a plain interpreter: thousands of generated queries over a small world, answered breadth-first
//! by the engine and row by row, as the specification says it, by [`Plain`]. Data and errors must be the same.
mod made_up;
mod plain;
mod world;

use std::sync::Arc;

use async_graphql::{EmptyMutation, EmptySubscription, Request, Response, Schema, ServerError, Value};
use serde_json::{Value as Json, json};

use super::root::response;
use crate::{
    credential::Keys,
    graph::{
        limits::{ByKind, Limits},
        rates::RateSettings,
        schema::SchemaParts,
        seal::Seal,
        visit::{PageSizes, Visit},
    },
    live::Hub,
    store::{
        clock::Steady,
        door::{Caller, Door, DoorSettings},
    },
};
use made_up::made_up;
use plain::{Plain, Thing};
use world::Root;

/// How many generated queries are compared.
const QUERIES: u32 = 1000;

fn visit() -> Visit {
    let settings = DoorSettings {
        url: "postgres://nobody@127.0.0.1:1/nothing".to_owned(),
        pool_size: 1,
        statement_timeout: std::time::Duration::from_secs(1),
        pool_wait: std::time::Duration::from_secs(1),
    };
    let door = Door::new(&settings).unwrap();
    let caller =
        Caller { organization: Some(uuid::Uuid::nil()), user: Some(uuid::Uuid::nil()), ..Caller::default() };
    let all = ByKind { anonymous: true, person: true, api_key: true };
    let parts = SchemaParts {
        hub: Hub::new(door.clone()),
        door,
        seal: Arc::new(Seal::new(b"secret").unwrap()),
        keys: Arc::new(Keys::new(&[7; 32]).unwrap()),
        outbound: crate::outbound::Outbound::default(),
        public_url: None,
        limits: Limits::default(),
        rates: RateSettings::NONE,
        clock: Steady::begin(),
        introspection: all,
        trusted_only: all,
        traced: all,
        slow_after: None,
        persisted_queries: false,
        pages: PageSizes::default(),
        web_url: None,
        patience: crate::live::Patience::default(),
        exports: crate::graph::export::Rules::default(),
        imports: crate::graph::import::Rules::default(),
    };
    crate::graph::schema::Schema::new(parts).visit_of(caller)
}

fn told(errors: &[ServerError]) -> Vec<(String, String)> {
    let mut told: Vec<_> = errors
        .iter()
        .map(|error| {
            let code = match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
                Some(Value::String(code)) => code.clone(),
                other => panic!("{} has the code {other:?}", error.message),
            };
            (json!(error.path).to_string(), code)
        })
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn the_engine_answers_as_a_plain_interpreter_does() {
    let schema = Schema::build(Root, EmptyMutation, EmptySubscription).finish();
    let visit = visit();
    let (mut with_errors, mut with_data) = (0, 0);
    for seed in 0..QUERIES {
        let query = made_up(seed);
        let answer: Response = schema.execute(Request::new(&query).data(visit.clone())).await;
        let engine: Json = serde_json::from_slice(&response(&answer, true, None))
            .unwrap_or_else(|error| panic!("{error}: {query}"));

        let document = async_graphql::parser::parse_query(&query).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let mut plain = Plain { document: &document, errors: Vec::new() };
        let expected =
            plain.object(Thing::World, &[&operation.node.selection_set.node], &[]).unwrap_or_default();
        let mut expected_errors: Vec<_> =
            plain.errors.into_iter().map(|(path, code)| (path.to_string(), code)).collect();
        expected_errors.sort();

        assert_eq!(engine["data"].to_string(), expected.to_string(), "data of {query}");
        assert_eq!(told(&answer.errors), expected_errors, "errors of {query}");
        with_errors += usize::from(!expected_errors.is_empty());
        with_data += usize::from(expected.to_string().len() > 100);
    }
    // a generator that made only trivial queries would prove nothing
    assert!(with_errors > 300 && with_data > 300, "{with_errors} with errors, {with_data} with data");
}

/// Null propagation as the specification has it: a failing field is null where it may be, else what contains it is.
#[tokio::test]
async fn null_goes_up_to_the_nearest_field_that_may_be_null() {
    let schema = Schema::build(Root, EmptyMutation, EmptySubscription).finish();
    let visit = visit();
    for (query, data, errors) in [
        // a nullable field that fails or is denied leaves its siblings alone
        ("{ somebody { number trouble } }", json!({"somebody": {"number": 4, "trouble": null}}), 1),
        ("{ somebody { number secret } }", json!({"somebody": {"number": 4, "secret": null}}), 1),
        (
            "{ somebody { number hiddenFriends { number } } }",
            json!({"somebody": {"number": 4, "hiddenFriends": null}}),
            1,
        ),
        // in a list, each for itself, with the index in its path
        (
            "{ people { number trouble } }",
            json!({"people": [{"number": 7, "trouble": null}, {"number": 0, "trouble": 0}, {"number": 2, "trouble": 2}]}),
            1,
        ),
        // a field that may not be null takes the object along
        (
            "{ somebody { number strict { number trouble } } }",
            json!({"somebody": {"number": 4, "strict": null}}),
            1,
        ),
        // and the list that contains it
        ("{ somebody { stricts { trouble } } }", json!({"somebody": {"stricts": null}}), 1),
        // further up, through lists that may not be null either
        ("{ strict { number sure { trouble } } }", json!({"strict": null}), 1),
        // but no further than the first that may
        ("{ strict { number deeper { trouble } } }", json!({"strict": {"number": 2, "deeper": null}}), 1),
        // fields stand in the order they were asked for
        (
            "{ somebody { trouble number name: number } }",
            json!({"somebody": {"trouble": null, "number": 4, "name": 4}}),
            1,
        ),
    ] {
        let answer = schema.execute(Request::new(query).data(visit.clone())).await;
        let written = String::from_utf8(response(&answer, true, None)).unwrap();
        let engine: Json = serde_json::from_str(&written).unwrap();
        assert_eq!(engine["data"].to_string(), data.to_string(), "{query}");
        assert_eq!(answer.errors.len(), errors, "{query}");
    }
}
