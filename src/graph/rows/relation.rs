//! Relations: how what belongs to the rows of a level is loaded, and laid out to be written parent by parent.
use std::{collections::HashMap, marker::PhantomData, ops::Range, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    declare::Object,
    plan::{Asked, Env, plan},
    write::{Body, Bubble, Children, Out, Written},
};
use crate::{
    graph::{
        fault::Fault,
        scalar::Scalar,
        visit::{Args, View},
    },
    store::batch::Batch,
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
struct Leaves<C> {
    values: Vec<Result<C, Fault>>,
    pos: async_graphql::Pos,
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

pub struct Computed<F, C>(F, PhantomData<fn() -> C>);

impl<F, C> Computed<F, C> {
    pub const fn new(get: F) -> Self {
        Self(get, PhantomData)
    }
}

impl<T, C, F> Relation<T> for Computed<F, C>
where
    T: Sync,
    C: Scalar + Send + Sync + 'static,
    F: Fn(&T, View<'_>) -> C + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        let values = rows.iter().map(|row| Ok((self.0)(row, env.view()))).collect();
        let leaves: Box<dyn Children<'a> + 'a> = Box::new(Leaves { values, pos: asked.pos() });
        std::future::ready(Ok(leaves)).boxed()
    }
}

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
        let leaves: Box<dyn Children<'a> + 'a> = Box::new(Leaves { values, pos: asked.pos() });
        std::future::ready(Ok(leaves)).boxed()
    }
}

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
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let keys: Vec<Option<K>> = rows.iter().map(&self.0).collect();
            let mut distinct = Distinct::of(keys);
            let found = Arc::new(distinct.load(env).await?);
            let leaves = SharedLeaves { found, at: distinct.of_parent };
            let _ = asked;
            loaded(leaves)
        }
        .boxed()
    }
}

/// Loaded scalars, shared by the parents that have the same key.
struct SharedLeaves<C> {
    found: Arc<Vec<Option<C>>>,
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
struct Distinct<K> {
    keys: Vec<K>,
    of_parent: Vec<Option<usize>>,
}

impl<K: Batch> Distinct<K> {
    fn of(of_parents: Vec<Option<K>>) -> Self {
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

    async fn load(&mut self, env: Env<'_>) -> Result<Vec<Option<K::Value>>, Fault> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut loaded = K::load(env.snapshot, &self.keys).await?;
        Ok(self.keys.iter().map(|key| loaded.remove(key)).collect())
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

/// A list of objects per parent.
struct ManyEach<B> {
    body: B,
    ranges: Vec<Range<usize>>,
}

impl<'a, B: Body<'a>> Children<'a> for ManyEach<B> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        let range = self.ranges.get(parent).cloned().unwrap_or_default();
        out.list(range, |out, at| self.body.row(at, out))
    }
}

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
        async move {
            let keys = {
                let ctx = env.field(asked.field());
                let args = Args::of(&ctx);
                rows.iter().map(|row| (self.key)(&args, row)).collect::<Result<_, _>>()?
            };
            let mut distinct = Distinct::of(keys);
            let mut found = Vec::new();
            let places: Vec<Place> = distinct
                .load(env)
                .await?
                .into_iter()
                .map(|row| match row {
                    Some(row) => {
                        found.push(row);
                        Place::At(found.len() - 1)
                    }
                    None if self.tells => Place::Hidden,
                    None => Place::Nothing,
                })
                .collect();
            let at = distinct
                .of_parent
                .iter()
                .map(|place| place.and_then(|place| places.get(place).copied()).unwrap_or(Place::Nothing));
            let at = at.collect();
            let body = plan(env, asked.sets(), Arc::new(found)).await;
            loaded(OneEach { body, at, pos: asked.pos() })
        }
        .boxed()
    }
}

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
            let mut found = Vec::new();
            let mut ranges = Vec::new();
            for group in distinct.load(env).await? {
                let from = found.len();
                found.extend(group.unwrap_or_default());
                ranges.push(from..found.len());
            }
            let of_parent = distinct.of_parent.iter();
            let ranges = of_parent
                .map(|place| place.and_then(|at| ranges.get(at).cloned()).unwrap_or_default())
                .collect();
            let body = plan(env, asked.sets(), Arc::new(found)).await;
            loaded(ManyEach { body, ranges })
        }
        .boxed()
    }
}

pub struct Part<F, U>(F, PhantomData<fn() -> U>);

impl<F, U> Part<F, U> {
    pub const fn new(get: F) -> Self {
        Self(get, PhantomData)
    }
}

impl<T, U, F> Relation<T> for Part<F, U>
where
    T: Sync,
    U: Object,
    F: Fn(&T, View<'_>) -> Option<U> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        let mut found = Vec::with_capacity(rows.len());
        let mut at = Vec::with_capacity(rows.len());
        for row in rows {
            at.push(match (self.0)(row, env.view()) {
                Some(part) => {
                    found.push(part);
                    Place::At(found.len() - 1)
                }
                None => Place::Nothing,
            });
        }
        async move {
            let body = plan(env, asked.sets(), Arc::new(found)).await;
            loaded(OneEach { body, at, pos: asked.pos() })
        }
        .boxed()
    }
}

pub struct Parts<F, U>(F, PhantomData<fn() -> U>);

impl<F, U> Parts<F, U> {
    pub const fn new(get: F) -> Self {
        Self(get, PhantomData)
    }
}

impl<T, U, F> Relation<T> for Parts<F, U>
where
    T: Sync,
    U: Object,
    F: Fn(&T, View<'_>) -> Vec<U> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        let mut found = Vec::new();
        let mut ranges = Vec::with_capacity(rows.len());
        for row in rows {
            let from = found.len();
            found.extend((self.0)(row, env.view()));
            ranges.push(from..found.len());
        }
        async move {
            let body = plan(env, asked.sets(), Arc::new(found)).await;
            loaded(ManyEach { body, ranges })
        }
        .boxed()
    }
}
