//! Relations: how what belongs to the rows of a level is loaded, and laid out to be written parent by parent.
use std::{collections::HashMap, marker::PhantomData, ops::Range, sync::Arc};

use async_graphql::registry::Registry;
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    declare::{Fields, How, Last, Object},
    plan::{Asked, Env, plan, plan_fields},
    reads::columns_for,
    write::{Body, Bubble, Children, Out, Written},
};
use crate::{
    graph::{
        fault::Fault,
        scalar::Scalar,
        visit::{Args, View},
    },
    store::{
        batch::{self, Batch},
        select::Columns,
    },
};

pub type Loaded<'a> = Result<Box<dyn Children<'a> + 'a>, Fault>;

/// What was loaded.
#[expect(clippy::unnecessary_wraps, reason = "the last line of loads, which can fail before it")]
pub fn loaded<'a>(children: impl Children<'a> + 'a) -> Loaded<'a> {
    Ok(Box::new(children))
}

/// Loads what belongs to all rows of a level.
pub trait Relation<T>: Send + Sync {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>>;
}

// ---- values

/// Scalars worked out or loaded, one per parent; a failure belongs to its row alone.
pub(super) struct Leaves<C> {
    pub values: Vec<Result<C, Fault>>,
    pub pos: async_graphql::Pos,
}

impl<'a, C: Scalar + Send + Sync> Children<'a> for Leaves<C> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        match self.values.get(parent) {
            Some(Ok(value)) => value.json(&mut out.json),
            Some(Err(fault)) => {
                out.fail(fault, Some(self.pos));
                return Err(Bubble);
            }
            None => out.null(),
        }
        Ok(())
    }
}

/// Worked out row by row, from the row, the arguments and who looks at it.
pub struct Tried<F, C>(F, PhantomData<fn() -> C>);

impl<F, C> Tried<F, C> {
    pub const fn new(get: F) -> Self {
        Self(get, PhantomData)
    }
}

impl<T, C, F> Relation<T> for Tried<F, C>
where
    T: Sync,
    C: Scalar + Send + Sync + 'static,
    F: Fn(&T, &Args<'_, '_>, View<'_>) -> Result<C, Fault> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        let ctx = env.field(asked.field());
        let args = Args::of(&ctx);
        let values = rows.iter().map(|row| (self.0)(row, &args, env.view())).collect();
        std::future::ready(loaded(Leaves { values, pos: asked.pos() })).boxed()
    }
}

/// Loaded, one value for each key.
pub struct Values<F, K>(F, PhantomData<fn() -> K>);

impl<F, K> Values<F, K> {
    pub const fn new(key: F) -> Self {
        Self(key, PhantomData)
    }
}

impl<T, K, C, F> Relation<T> for Values<F, K>
where
    T: Sync,
    K: Batch<Value = C>,
    C: Scalar + Send + Sync + 'static,
    F: Fn(&T) -> Option<K> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        _: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let keys: Vec<Option<K>> = rows.iter().map(&self.0).collect();
            let mut distinct = Distinct::of(keys);
            let found = distinct.load(env, Columns::ALL).await?;
            loaded(SharedLeaves { found, at: distinct.of_parent })
        }
        .boxed()
    }
}

/// Loaded scalars, shared by the parents that have the same key.
struct SharedLeaves<C> {
    found: Vec<Option<C>>,
    at: Vec<Option<usize>>,
}

impl<'a, C: Scalar + Send + Sync> Children<'a> for SharedLeaves<C> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        match self.at.get(parent).copied().flatten().and_then(|at| self.found.get(at)?.as_ref()) {
            Some(value) => value.json(&mut out.json),
            None => out.null(),
        }
        Ok(())
    }
}

/// The keys of a level, each once.
pub(super) struct Distinct<K> {
    keys: Vec<K>,
    of_parent: Vec<Option<usize>>,
}

impl<K: Batch> Distinct<K> {
    pub fn of(of_parents: Vec<Option<K>>) -> Self {
        let mut places = HashMap::<K, usize>::new();
        let mut keys = Vec::new();
        let of_parent = of_parents
            .into_iter()
            .map(|key| {
                key.map(|key| {
                    *places.entry(key).or_insert_with_key(|key| {
                        keys.push(key.clone());
                        keys.len() - 1
                    })
                })
            })
            .collect();
        Self { keys, of_parent }
    }

    async fn load(&mut self, env: Env<'_>, columns: Columns) -> Result<Vec<Option<K::Value>>, Fault> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut loaded = batch::load_columns(env.snapshot, &self.keys, columns).await?;
        Ok(self.keys.iter().map(|key| loaded.remove(key)).collect())
    }

    /// What was found, and where each parent finds its own: where there is a key and nothing behind it, `missing`.
    pub async fn find(
        mut self,
        env: Env<'_>,
        columns: Columns,
        missing: Place,
    ) -> Result<(Vec<K::Value>, Vec<Place>), Fault> {
        let loaded = self.load(env, columns).await?;
        let mut found = Vec::with_capacity(loaded.len());
        let places: Vec<Place> = loaded
            .into_iter()
            .map(|row| match row {
                Some(row) => {
                    found.push(row);
                    Place::At(found.len() - 1)
                }
                None => missing,
            })
            .collect();
        let place = |key: Option<usize>| key.and_then(|key| places.get(key).copied());
        let of_parent = self.of_parent.into_iter().map(|key| place(key).unwrap_or(Place::Nothing));
        Ok((found, of_parent.collect()))
    }
}

// ---- objects

/// At most one object per parent.
pub(super) struct OneEach<B> {
    pub body: B,
    pub at: Vec<Place>,
    pub pos: async_graphql::Pos,
}

#[derive(Clone, Copy)]
pub(super) enum Place {
    At(usize),
    Nothing,
    /// There is a key, and nothing that the caller may see behind it.
    Hidden,
}

impl<'a, B: Body<'a>> Children<'a> for OneEach<B> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        match self.at.get(parent) {
            Some(Place::At(at)) => self.body.row(*at, out),
            Some(Place::Hidden) => {
                out.fail(&Fault::hidden(), Some(self.pos));
                Err(Bubble)
            }
            Some(Place::Nothing) | None => {
                out.null();
                Ok(())
            }
        }
    }
}

/// Objects gathered parent by parent, in one row.
pub(super) struct Gathered<U> {
    pub all: Vec<U>,
    /// Which of them are each parent's.
    pub ranges: Vec<Range<usize>>,
}

impl<U> Gathered<U> {
    pub fn with_capacity(parents: usize) -> Self {
        Self { all: Vec::new(), ranges: Vec::with_capacity(parents) }
    }

    /// Those of the next parent.
    pub fn add(&mut self, of_parent: impl IntoIterator<Item = U>) {
        let from = self.all.len();
        self.all.extend(of_parent);
        self.ranges.push(from..self.all.len());
    }
}

impl<U: Object> Gathered<U> {
    /// Plans what is selected of them: of a list of them per parent, or of the only one.
    pub async fn planned<'a>(self, env: Env<'a>, asked: &Asked<'a>, list: bool) -> Loaded<'a> {
        let body = plan(env, asked.sets(), Arc::new(self.all)).await;
        loaded(Spread { body, ranges: self.ranges, list })
    }
}

/// Objects laid out for their parents: a list for each, or one or none.
pub(super) struct Spread<B> {
    pub body: B,
    pub ranges: Vec<Range<usize>>,
    pub list: bool,
}

impl<'a, B: Body<'a>> Children<'a> for Spread<B> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        let mut range = self.ranges.get(parent).cloned().unwrap_or_default();
        if self.list {
            return out.list(range, |out, at| self.body.row(at, out));
        }
        match range.next() {
            Some(at) => self.body.row(at, out),
            None => {
                out.null();
                Ok(())
            }
        }
    }
}

/// One row for each key, or none.
pub struct One<F, K> {
    key: F,
    /// A key that leads nowhere is told, since the key itself told already that there is something.
    tells: bool,
    of: PhantomData<fn() -> K>,
}

impl<F, K> One<F, K> {
    pub const fn new(key: F, tells: bool) -> Self {
        Self { key, tells, of: PhantomData }
    }
}

impl<T, K, U, F> Relation<T> for One<F, K>
where
    T: Sync,
    K: Batch<Value = U>,
    U: Object,
    F: Fn(&Args<'_, '_>, &T) -> Result<Option<K>, Fault> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        let keys = {
            let ctx = env.field(asked.field());
            let args = Args::of(&ctx);
            rows.iter().map(|row| (self.key)(&args, row)).collect::<Result<Vec<_>, _>>()
        };
        let missing = if self.tells { Place::Hidden } else { Place::Nothing };
        one_each::<K, U>(env, asked, keys, missing).boxed()
    }
}

/// The row of each key, whichever rows have the keys.
async fn one_each<'a, K: Batch<Value = U>, U: Object>(
    env: Env<'a>,
    asked: &Asked<'a>,
    keys: Result<Vec<Option<K>>, Fault>,
    missing: Place,
) -> Loaded<'a> {
    let sets = asked.sets();
    let columns = columns_for::<U>(env, &sets);
    let (found, at) = Distinct::of(keys?).find(env, columns, missing).await?;
    let body = plan(env, sets, Arc::new(found)).await;
    loaded(OneEach { body, at, pos: asked.pos() })
}

/// All rows of each key.
pub struct Many<F, K>(F, PhantomData<fn() -> K>);

impl<F, K> Many<F, K> {
    pub const fn new(key: F) -> Self {
        Self(key, PhantomData)
    }
}

impl<T, K, U, F> Relation<T> for Many<F, K>
where
    T: Sync,
    K: Batch<Value = Vec<U>>,
    U: Object,
    F: Fn(&T) -> K + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let mut distinct = Distinct::of(rows.iter().map(|row| Some((self.0)(row))).collect());
            let groups = distinct.load(env, Columns::ALL).await?;
            let mut found = Gathered::with_capacity(groups.len());
            groups.into_iter().for_each(|group| found.add(group.unwrap_or_default()));
            let of_key = found.ranges;
            let range =
                |place: &Option<usize>| place.and_then(|at| of_key.get(at).cloned()).unwrap_or_default();
            found.ranges = distinct.of_parent.iter().map(range).collect();
            found.planned(env, asked, true).await
        }
        .boxed()
    }
}

/// Objects that are part of the row itself: a list, or one or none.
pub struct Parts<F, I> {
    get: F,
    list: bool,
    of: PhantomData<fn() -> I>,
}

impl<F, I> Parts<F, I> {
    pub const fn new(get: F, list: bool) -> Self {
        Self { get, list, of: PhantomData }
    }
}

impl<T, I, F> Relation<T> for Parts<F, I>
where
    T: Sync,
    I: IntoIterator<Item: Object>,
    F: Fn(&T, View<'_>) -> I + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        let mut parts = Gathered::with_capacity(rows.len());
        rows.iter().for_each(|row| parts.add((self.get)(row, env.view())));
        parts.planned(env, asked, self.list).boxed()
    }
}

impl<T: Send + Sync + 'static> Fields<T> {
    /// A list of objects of a type made for it: called `ty`, with these fields.
    pub fn list_of<U: Send + Sync + 'static>(
        &mut self,
        ty: &'static str,
        about: String,
        name: &'static str,
        fields: Fields<U>,
        get: impl Fn(&T) -> Vec<U> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let fields: &'static Fields<U> = Box::leak(Box::new(fields));
        let type_of = move |registry: &mut Registry| {
            format!("[{}!]!", super::register::object_of(registry, ty, about.clone(), None, fields))
        };
        self.add(name, Box::new(type_of), How::Relation(Box::new(ListOf { ty, fields, get })))
    }
}

/// Objects of a type made for them.
struct ListOf<F, U: 'static> {
    ty: &'static str,
    fields: &'static Fields<U>,
    get: F,
}

impl<T, U, F> Relation<T> for ListOf<F, U>
where
    T: Sync,
    U: Send + Sync + 'static,
    F: Fn(&T) -> Vec<U> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let mut found = Gathered::with_capacity(rows.len());
            rows.iter().for_each(|row| found.add((self.get)(row)));
            let Gathered { all, ranges } = found;
            let body = plan_fields(env, self.fields, self.ty, asked.sets(), Arc::new(all)).await;
            loaded(Spread { body, ranges, list: true })
        }
        .boxed()
    }
}
