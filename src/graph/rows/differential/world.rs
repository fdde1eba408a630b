//! The world, as the engine sees it.
use std::{borrow::Cow, collections::HashMap};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerResult, Value,
    parser::types::Field, registry::Registry,
};

use crate::{
    graph::{
        fault::Fault,
        rows::{
            declare::{Fields, Object, fields_of},
            plan::Env,
            register,
            root::{answer, asked_once, raw},
            union::{Members, Union},
            write::Out,
        },
        visit::Visit,
    },
    store::{batch::Batch, door::Snapshot, error::Result as StoreResult, grants::Grants},
};

/// How many people there are.
pub(super) const PEOPLE: i32 = 9;

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

pub(super) fn friends(of: i32) -> impl Iterator<Item = i32> {
    (0..of % 4).map(move |step| (of + step * 2) % PEOPLE)
}

pub(super) fn best_friend(of: i32) -> Option<i32> {
    // the tenth person is known by number and hidden
    (of % 3 != 0).then_some(of + 2)
}

fn trouble(of: i32) -> Result<i32, Fault> {
    if of % 3 == 1 { Err(Fault::bad_input(say!("trouble"))) } else { Ok(of) }
}

pub(super) fn pets(of: i32) -> std::ops::Range<i32> {
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

/// From where all queries of this world start.
pub(super) struct Root;

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
