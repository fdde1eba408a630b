//! The same world, row by row.
use async_graphql::{
    Value,
    parser::types::{ExecutableDocument, Field, Selection, SelectionSet},
};
use serde_json::{Map, Value as Json, json};

use super::world::{PEOPLE, best_friend, friends, pets};

/// What the specification says, and nothing else: one object and one field at a time.
pub(super) struct Plain<'d> {
    pub document: &'d ExecutableDocument,
    pub errors: Vec<(Json, String)>,
}

/// One thing of the world.
#[derive(Clone, Copy)]
pub(super) enum Thing {
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

pub(super) struct Bubble;

impl<'d> Plain<'d> {
    pub fn object(&mut self, thing: Thing, sets: &[&'d SelectionSet], path: &[Json]) -> Result<Json, Bubble> {
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
