//! The engine against a plain interpreter: thousands of generated queries over a small world, answered breadth-first
//! by the engine and row by row, as the specification says it, by [`Plain`]. Data and errors must be the same.
use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, EmptyMutation, EmptySubscription, ObjectType, OutputType,
    Positioned, Request, Response, Schema, ServerError, ServerResult, Value,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
    registry::Registry,
};
use serde_json::{Map, Value as Json, json};

use super::{
    declare::{Fields, Object, fields_of},
    plan::Env,
    register,
    root::{answer, asked_once, raw, response},
    union::{Members, Union},
    write::Out,
};
use crate::{
    credential::Keys,
    graph::{
        fault::Fault,
        seal::Seal,
        visit::{PageSizes, Visit},
    },
    live::Hub,
    store::{
        batch::Batch,
        door::{Caller, Door, DoorSettings, Snapshot},
        error::Result as StoreResult,
        grants::Grants,
    },
};

/// How many generated queries are compared.
const QUERIES: u32 = 1000;
/// How many people there are.
const PEOPLE: i32 = 9;

// ---- the world, as the engine sees it

struct World;
#[derive(Clone)]
struct Person(i32);
struct Strict(i32);
struct Cat(i32);
struct Dog(i32);
struct Pet(i32);

#[derive(Clone, PartialEq, Eq, Hash)]
struct PersonKey(i32);
#[derive(Clone, PartialEq, Eq, Hash)]
struct FriendsOf(i32);

impl Batch for PersonKey {
    type Value = Person;
    async fn load(_: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Person>> {
        Ok(keys.iter().filter(|key| key.0 < PEOPLE).map(|key| (key.clone(), Person(key.0))).collect())
    }
}

impl Batch for FriendsOf {
    type Value = Vec<Person>;
    async fn load(_: &Snapshot, keys: &[Self]) -> StoreResult<HashMap<Self, Vec<Person>>> {
        Ok(keys.iter().map(|key| (key.clone(), friends(key.0).map(Person).collect())).collect())
    }
}

fn friends(of: i32) -> impl Iterator<Item = i32> {
    (0..of % 4).map(move |step| (of + step * 2) % PEOPLE)
}

fn best_friend(of: i32) -> Option<i32> {
    // the tenth person is known by number and hidden
    (of % 3 != 0).then_some(of + 2)
}

fn trouble(of: i32) -> Result<i32, Fault> {
    if of % 3 == 1 { Err(Fault::bad_input("trouble")) } else { Ok(of) }
}

fn pets(of: i32) -> std::ops::Range<i32> {
    of..of + of % 3
}

impl Object for World {
    const NAME: &'static str = "Query";
    fn about() -> String {
        String::new()
    }
    fn fields(world: &mut Fields<Self>) {
        world.one("somebody", |_| Some(PersonKey(4)));
        world.many("people", |_| FriendsOf(7));
        world.part("strict", |_, _| Some(Strict(2)));
    }
}

impl Object for Person {
    const NAME: &'static str = "Person";
    fn about() -> String {
        String::new()
    }
    fn fields(person: &mut Fields<Self>) {
        person.derived("number", |person| person.0);
        person.derived("name", |person| format!("\"{}\" \\ ü", person.0));
        person.derived("nick", |person| (person.0 % 2 == 0).then(|| person.0.to_string()));
        person.derived("secret", |person| person.0).needs("secret");
        person.tried("trouble", |person, _, _| trouble(person.0));
        person.one("bestFriend", |person| best_friend(person.0).map(PersonKey));
        person.many("friends", |person| FriendsOf(person.0));
        person.part("strict", |person, _| Some(Strict(person.0)));
        person.parts("stricts", |person, _| vec![Strict(person.0), Strict(person.0 + 1)]);
        person.mixed::<Pet>("pets", |person, _| pets(person.0).map(Pet).collect());
        person.many("hiddenFriends", |person| FriendsOf(person.0)).needs("secret");
    }
}

/// Its fields may not be null: what goes wrong in them takes the whole object along.
impl Object for Strict {
    const NAME: &'static str = "Strict";
    fn about() -> String {
        String::new()
    }
    fn fields(strict: &mut Fields<Self>) {
        strict.derived("number", |strict| strict.0);
        strict.tried("trouble", |strict, _, _| trouble(strict.0)).always();
        strict.part("deeper", |strict, _| (strict.0 > 0).then(|| Self(strict.0 - 1)));
        strict
            .parts("sure", |strict, _| (strict.0 > 0).then(|| Self(strict.0 - 1)).into_iter().collect())
            .always();
    }
}

impl Object for Cat {
    const NAME: &'static str = "Cat";
    fn about() -> String {
        String::new()
    }
    fn fields(cat: &mut Fields<Self>) {
        cat.derived("lives", |cat| cat.0);
        cat.one("keeper", |cat| Some(PersonKey(cat.0 % PEOPLE)));
    }
}

impl Object for Dog {
    const NAME: &'static str = "Dog";
    fn about() -> String {
        String::new()
    }
    fn fields(dog: &mut Fields<Self>) {
        dog.derived("barks", |dog| dog.0 > 3);
        dog.tried("trouble", |dog, _, _| trouble(dog.0)).always();
    }
}

impl Union for Pet {
    const NAME: &'static str = "Pet";
    fn about() -> String {
        String::new()
    }
    fn members(members: &mut Members<Self>) {
        members.of(|pet: &Self| (pet.0 % 2 == 0).then_some(Cat(pet.0)));
        members.of(|pet: &Self| (pet.0 % 2 != 0).then_some(Dog(pet.0)));
    }
}

struct Root;

impl OutputType for Root {
    fn type_name() -> Cow<'static, str> {
        "Query".into()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        register::directives(registry);
        format!("{}!", register::object::<World>(registry))
    }
    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::Null)
    }
}
impl ObjectType for Root {}
impl ContainerType for Root {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let visit = ctx.data_unchecked::<Visit>();
        let Some(asked) = asked_once(ctx, "Query") else { return Ok(Some(Value::Null)) };
        let mut out = Out::at(ctx.path_node);
        let grants = Grants::default();
        let env = Env::of(ctx, visit, &visit.snapshot, &grants);
        answer(env, fields_of::<World>(), "Query", &asked, World, &mut out).await;
        let (json, errors) = out.finish();
        errors.into_iter().for_each(|error| ctx.add_error(error));
        Ok(Some(raw(json)))
    }
}

// ---- the same world, row by row

/// What the specification says, and nothing else: one object and one field at a time.
struct Plain<'d> {
    document: &'d ExecutableDocument,
    errors: Vec<(Json, String)>,
}

/// One thing of the world.
#[derive(Clone, Copy)]
enum Thing {
    World,
    Person(i32),
    Strict(i32),
    Cat(i32),
    Dog(i32),
}

enum Answer {
    Leaf(Json),
    One(Option<Thing>),
    Many(Vec<Thing>),
    Fails(String),
}

struct Bubble;

impl<'d> Plain<'d> {
    fn object(&mut self, thing: Thing, sets: &[&'d SelectionSet], path: &[Json]) -> Result<Json, Bubble> {
        let mut merged: Vec<(String, Vec<&'d Field>)> = Vec::new();
        for set in sets {
            self.collect(name_of(thing), set, &mut merged);
        }
        let mut object = Map::new();
        for (key, fields) in merged {
            let mut path = path.to_vec();
            path.push(key.clone().into());
            let field = fields[0].name.node.as_str();
            let nullable = !matches!(
                (thing, field),
                (Thing::Strict(_) | Thing::Dog(_), "trouble") | (Thing::Strict(_), "sure")
            );
            let below: Vec<_> = fields.iter().map(|field| &field.selection_set.node).collect();
            let value = match self.value(thing, field, &below, &path) {
                Ok(value) => value,
                Err(Bubble) if nullable => Json::Null,
                Err(bubble) => return Err(bubble),
            };
            object.insert(key, value);
        }
        Ok(Json::Object(object))
    }

    fn value(
        &mut self,
        thing: Thing,
        field: &str,
        below: &[&'d SelectionSet],
        path: &[Json],
    ) -> Result<Json, Bubble> {
        match answer_of(thing, field) {
            Answer::Leaf(value) => Ok(value),
            Answer::One(None) => Ok(Json::Null),
            Answer::One(Some(thing)) => self.object(thing, below, path),
            Answer::Many(things) => {
                let mut list = Vec::new();
                for (index, thing) in things.into_iter().enumerate() {
                    let mut path = path.to_vec();
                    path.push(index.into());
                    list.push(self.object(thing, below, &path)?);
                }
                Ok(Json::Array(list))
            }
            Answer::Fails(code) => {
                self.errors.push((Json::Array(path.to_vec()), code));
                Err(Bubble)
            }
        }
    }

    fn collect(&self, of: &str, set: &'d SelectionSet, merged: &mut Vec<(String, Vec<&'d Field>)>) {
        for selection in &set.items {
            let skipped = selection.node.directives().iter().any(|directive| {
                let condition = directive.node.get_argument("if").unwrap().node.clone().into_const().unwrap();
                (condition == Value::Boolean(true)) == (directive.node.name.node == "skip")
            });
            if skipped {
                continue;
            }
            let (on, inner) = match &selection.node {
                Selection::Field(field) => {
                    let key = field.node.response_key().node.to_string();
                    match merged.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(&field.node),
                        None => merged.push((key, vec![&field.node])),
                    }
                    continue;
                }
                Selection::InlineFragment(fragment) => (
                    fragment.node.type_condition.as_ref().map(|on| on.node.on.node.to_string()),
                    &fragment.node.selection_set,
                ),
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.document.fragments[&spread.node.fragment_name.node];
                    (
                        Some(fragment.node.type_condition.node.on.node.to_string()),
                        &fragment.node.selection_set,
                    )
                }
            };
            let applies = on.is_none_or(|on| on == of || (on == "Pet" && matches!(of, "Cat" | "Dog")));
            if applies {
                self.collect(of, &inner.node, merged);
            }
        }
    }
}

fn name_of(thing: Thing) -> &'static str {
    match thing {
        Thing::World => "Query",
        Thing::Person(_) => "Person",
        Thing::Strict(_) => "Strict",
        Thing::Cat(_) => "Cat",
        Thing::Dog(_) => "Dog",
    }
}

fn answer_of(thing: Thing, field: &str) -> Answer {
    let people = |numbers: Vec<i32>| Answer::Many(numbers.into_iter().map(Thing::Person).collect());
    let tried = |of: i32| match of % 3 {
        1 => Answer::Fails("BAD_USER_INPUT".to_owned()),
        _ => Answer::Leaf(json!(of)),
    };
    match (thing, field) {
        (_, "__typename") => Answer::Leaf(json!(name_of(thing))),
        (Thing::World, "somebody") => Answer::One(Some(Thing::Person(4))),
        (Thing::World, "people") => people(friends(7).collect()),
        (Thing::World, "strict") => Answer::One(Some(Thing::Strict(2))),
        (Thing::Person(of) | Thing::Strict(of), "number") | (Thing::Cat(of), "lives") => {
            Answer::Leaf(json!(of))
        }
        (Thing::Person(of), "name") => Answer::Leaf(json!(format!("\"{of}\" \\ ü"))),
        (Thing::Person(of), "nick") => {
            Answer::Leaf(if of % 2 == 0 { json!(of.to_string()) } else { Json::Null })
        }
        (Thing::Person(_), "secret" | "hiddenFriends") => Answer::Fails("FORBIDDEN".to_owned()),
        (Thing::Person(of) | Thing::Strict(of) | Thing::Dog(of), "trouble") => tried(of),
        (Thing::Person(of), "bestFriend") => match best_friend(of) {
            Some(friend) if friend >= PEOPLE => Answer::Fails("FORBIDDEN".to_owned()),
            friend => Answer::One(friend.map(Thing::Person)),
        },
        (Thing::Person(of), "friends") => people(friends(of).collect()),
        (Thing::Person(of), "strict") => Answer::One(Some(Thing::Strict(of))),
        (Thing::Person(of), "stricts") => Answer::Many(vec![Thing::Strict(of), Thing::Strict(of + 1)]),
        (Thing::Person(of), "pets") => Answer::Many(
            pets(of).map(|pet| if pet % 2 == 0 { Thing::Cat(pet) } else { Thing::Dog(pet) }).collect(),
        ),
        (Thing::Strict(of), "deeper") => Answer::One((of > 0).then_some(Thing::Strict(of - 1))),
        (Thing::Strict(of), "sure") => {
            Answer::Many((of > 0).then_some(Thing::Strict(of - 1)).into_iter().collect())
        }
        (Thing::Cat(of), "keeper") => Answer::One(Some(Thing::Person(of % PEOPLE))),
        (Thing::Dog(of), "barks") => Answer::Leaf(json!(of > 3)),
        _ => unreachable!("{} has no {field}", name_of(thing)),
    }
}

// ---- queries, made up

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// The fields of a type, each with the type it leads to.
fn offered(of: &str) -> &'static [(&'static str, Option<&'static str>)] {
    match of {
        "Query" => &[("somebody", Some("Person")), ("people", Some("Person")), ("strict", Some("Strict"))],
        "Person" => &[
            ("number", None),
            ("name", None),
            ("nick", None),
            ("secret", None),
            ("trouble", None),
            ("__typename", None),
            ("bestFriend", Some("Person")),
            ("friends", Some("Person")),
            ("strict", Some("Strict")),
            ("stricts", Some("Strict")),
            ("pets", Some("Pet")),
            ("hiddenFriends", Some("Person")),
        ],
        "Strict" => {
            &[("number", None), ("trouble", None), ("deeper", Some("Strict")), ("sure", Some("Strict"))]
        }
        "Cat" => &[("lives", None), ("keeper", Some("Person")), ("__typename", None)],
        "Dog" => &[("barks", None), ("trouble", None), ("__typename", None)],
        _ => &[("__typename", None)],
    }
}

fn selection(dice: &mut Dice, of: &str, depth: usize, fragments: &mut Vec<String>) -> String {
    let mut text = String::from("{ ");
    for _ in 0..=dice.roll(4) {
        if of == "Pet" && dice.roll(4) > 0 {
            let member = if dice.roll(2) == 0 { "Cat" } else { "Dog" };
            text += &format!("... on {member} {} ", selection(dice, member, depth, fragments));
            continue;
        }
        if dice.roll(6) == 0 && depth > 0 {
            let inner = selection(dice, of, depth - 1, fragments);
            if dice.roll(2) == 0 {
                text += &format!("... on {of} {inner} ");
            } else {
                let name = format!("F{}", fragments.len());
                fragments.push(format!("fragment {name} on {of} {inner}"));
                text += &format!("...{name} ");
            }
            continue;
        }
        let fields = offered(of);
        let (field, to) = fields[dice.roll(fields.len())];
        if to.is_some() && depth == 0 {
            continue;
        }
        if dice.roll(4) == 0 {
            text += &format!("also_{field}: ");
        }
        text += field;
        match dice.roll(12) {
            0 => text += " @skip(if: true)",
            1 => text += " @include(if: true)",
            2 => text += " @skip(if: false)",
            _ => {}
        }
        if let Some(to) = to {
            text += &format!(" {}", selection(dice, to, depth - 1, fragments));
        }
        text += " ";
    }
    text + "__typename }"
}

fn made_up(seed: u32) -> String {
    let mut dice = Dice(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1));
    let mut fragments = Vec::new();
    let query = selection(&mut dice, "Query", 5, &mut fragments);
    format!("query {query} {}", fragments.join(" "))
}

// ---- the comparison

fn visit() -> Visit {
    let settings = DoorSettings {
        url: "postgres://nobody@127.0.0.1:1/nothing".to_owned(),
        pool_size: 1,
        statement_timeout: std::time::Duration::from_secs(1),
    };
    let door = Door::new(&settings).unwrap();
    let caller = Arc::new(Caller {
        organization: Some(uuid::Uuid::nil()),
        user: Some(uuid::Uuid::nil()),
        ..Caller::default()
    });
    Visit {
        snapshot: door.snapshot(caller.clone()),
        hub: Hub::new(door.clone()),
        door,
        caller,
        seal: Arc::new(Seal::new(b"secret").unwrap()),
        keys: Arc::new(Keys::new(&[7; 32]).unwrap()),
        pages: PageSizes::default(),
        retention: chrono::Duration::hours(1),
        resume_after: None,
    }
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
        let engine: Json = serde_json::from_slice(&response(&answer, true))
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
        let written = String::from_utf8(response(&answer, true)).unwrap();
        let engine: Json = serde_json::from_str(&written).unwrap();
        assert_eq!(engine["data"].to_string(), data.to_string(), "{query}");
        assert_eq!(answer.errors.len(), errors, "{query}");
    }
}
