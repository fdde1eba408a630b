//! One record by its id, or by what else is its own: the id that it has in another system, its number, its name.
use std::{marker::PhantomData, sync::Arc};

use async_graphql::{
    Any, InputObject, InputType, Value,
    registry::{MetaInputValue, Registry},
};
use chrono::{DateTime, Utc};
use diesel::Column;
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    argument::Argument,
    declare::{Entity, Fields, How, Last, Object, fields_of},
    past,
    plan::{Asked, Env, plan},
    reads::columns_for,
    relation::{Loaded, OneEach, Place, Relation, loaded},
};
use crate::{
    graph::{fault::Fault, filter::described, input::one_of, visit::Args},
    store::{
        batch,
        id::Id,
        select::{Bind, Columns, Condition, Fetch, Operator, name},
    },
};

/// A record of another system.
#[derive(Clone, Debug, InputObject)]
pub struct ExternalRef {
    /// The system, `salesforce`.
    pub system: String,
    /// The id that the record has there.
    pub id: String,
}

impl ExternalRef {
    /// The row whose columns name it.
    pub fn condition(&self, system: &'static str, id: &'static str) -> Condition {
        let equal =
            |column, text: &str| Condition::Compare(column, Operator::Eq, Bind::Text(text.to_owned()));
        equal(system, &self.system).and(equal(id, &self.id))
    }
}

/// What else than its id tells a record from all others.
#[derive(Clone, Copy)]
pub struct By {
    field: &'static str,
    about: &'static str,
    how: Equal,
}

/// What has to be equal.
#[derive(Clone, Copy)]
enum Equal {
    Text(&'static str),
    /// In whatever case.
    Word(&'static str),
    External {
        system: &'static str,
        id: &'static str,
    },
}

impl By {
    /// The text in `column`.
    pub fn text<C: Column>(field: &'static str, column: C, about: &'static str) -> Self {
        Self { field, about, how: Equal::Text(name(column)) }
    }

    /// The same in upper or lower case.
    pub fn word<C: Column>(field: &'static str, column: C, about: &'static str) -> Self {
        Self { field, about, how: Equal::Word(name(column)) }
    }

    /// The system that it comes from, and the id that it has there.
    pub fn external<S: Column, I: Column>(system: S, id: I) -> Self {
        let how = Equal::External { system: name(system), id: name(id) };
        Self { field: "external", about: "The id that it has in the system it comes from.", how }
    }

    fn register(self, registry: &mut Registry) -> MetaInputValue {
        let ty = match self.how {
            Equal::External { .. } => <Option<ExternalRef> as InputType>::create_type_info(registry),
            Equal::Text(_) | Equal::Word(_) => <Option<String> as InputType>::create_type_info(registry),
        };
        described(self.field, &ty, self.about)
    }

    /// Which row is meant by a value of it. What somebody does not see, or not as it is, they do not find anything by.
    fn condition<U: Entity>(self, env: Env<'_>, value: Value) -> Result<Condition, Fault> {
        let permit = |column| {
            env.permit(fields_of::<U>().need_of(column), U::TABLE)?;
            env.shown::<U>(column)
        };
        Ok(match self.how {
            Equal::Text(column) => {
                permit(column)?;
                Condition::Compare(column, Operator::Eq, Bind::Text(read(value)?))
            }
            Equal::Word(column) => {
                permit(column)?;
                Condition::Word(column, read(value)?)
            }
            Equal::External { system, id } => {
                permit(system)?;
                permit(id)?;
                read::<ExternalRef>(value)?.condition(system, id)
            }
        })
    }
}

fn read<V: InputType>(value: Value) -> Result<V, Fault> {
    V::parse(Some(value)).map_err(|error| Fault::from(error.into_server_error(async_graphql::Pos::default())))
}

impl<T: Send + Sync + 'static> Fields<T> {
    /// The row whose id the arguments give, or one of `keys` in its place: `deal(id: …)`, `deal(by: {external: …})`.
    pub fn one_by<U: Entity>(
        &mut self,
        field: &'static str,
        keys: impl IntoIterator<Item = By>,
    ) -> Last<'_, T> {
        let keys: Arc<[By]> = keys.into_iter().collect();
        let ty = |registry: &mut Registry| super::register::object::<U>(registry);
        let relation = OneBy::<U> { keys: keys.clone(), of: PhantomData };
        let by = Argument(Box::new(move |registry| {
            let type_name = format!("{}By", <U as Object>::NAME);
            let about = format!("What tells one {} from all others.", <U as Object>::NAME);
            let ty = one_of(registry, &type_name, &about, |registry| {
                keys.iter().map(|key| key.register(registry)).collect()
            });
            described("by", &ty, "What else is its own; instead of its id.")
        }));
        let last = self.add(field, Box::new(ty), How::Relation(Box::new(relation)));
        let last = last.target::<U>().takes::<Option<Id<U>>>("id", "Its id.").argument(by);
        if !fields_of::<U>().interfaces.contains(&"Record") {
            return last;
        }
        last.takes::<Option<DateTime<Utc>>>("asOf", AS_OF)
    }
}

const AS_OF: &str = "As it was at this moment, where it can be seen now; null where it was made later. What it leads to is as it is \
    now. Requires `audit.read`.";

struct OneBy<U> {
    keys: Arc<[By]>,
    of: PhantomData<fn() -> U>,
}

impl<U: Entity> OneBy<U> {
    async fn find(&self, env: Env<'_>, asked: &Asked<'_>, columns: Columns) -> Result<Option<U>, Fault> {
        let as_of = {
            let ctx = env.field(asked.field());
            Args::of(&ctx).get::<Option<DateTime<Utc>>>("asOf")?
        };
        let Some(at) = as_of else { return self.find_now(env, asked, columns).await };
        match self.find_now(env, asked, Columns::ALL).await? {
            Some(found) => past::as_of(env, found, at).await,
            None => Ok(None),
        }
    }

    async fn find_now(&self, env: Env<'_>, asked: &Asked<'_>, columns: Columns) -> Result<Option<U>, Fault> {
        let (id, by) = {
            let ctx = env.field(asked.field());
            let args = Args::of(&ctx);
            (args.get::<Option<Id<U>>>("id")?, args.get::<Option<Any>>("by")?)
        };
        let condition = match (id, by) {
            (Some(id), None) => {
                let mut found = batch::load_columns(env.snapshot, &[id], columns).await?;
                return Ok(found.remove(&id));
            }
            (None, Some(Any(Value::Object(by)))) if by.len() == 1 => {
                let mut given = by.into_iter();
                let key = given.next().and_then(|(field, value)| {
                    Some((*self.keys.iter().find(|key| key.field == field.as_str())?, value))
                });
                let Some((key, value)) = key else {
                    return Err(Fault::bad_input(say!("there is no such key")));
                };
                key.condition::<U>(env, value)?
            }
            _ => return Err(Fault::bad_input(say!("give either `id` or `by`, and one key in it"))),
        };
        // among the deleted, others may have had the same
        let fetch = Fetch { columns, limit: Some(1), ..Fetch::all(condition.living::<U>()) };
        Ok(U::rows(env.snapshot, fetch).await?.into_iter().next())
    }
}

impl<T: Sync, U: Entity> Relation<T> for OneBy<U> {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let sets = asked.sets();
            let found = self.find(env, asked, columns_for::<U>(env, &sets)).await?;
            let at = if found.is_some() { Place::At(0) } else { Place::Nothing };
            let body = plan(env, sets, Arc::new(Vec::from_iter(found))).await;
            loaded(OneEach { body, at: vec![at; rows.len()], pos: asked.pos() })
        }
        .boxed()
    }
}
