//! Fields that lead to one of several types: unions, interfaces, and records named by any id.
use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    marker::PhantomData,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use async_graphql::{Pos, parser::types::SelectionSet, registry::Registry};
use futures_util::{FutureExt, future::BoxFuture, future::join_all};

use super::{
    declare::{Entity, Fields, How, Last, Object, fields_of},
    masked::{self, Shown, WorkedOut},
    plan::{Asked, Env, plan},
    reads::columns_for,
    relation::{Gathered, Loaded, Relation, Spread, loaded},
    write::{Body, Bubble, Children, Out, Written},
};
use crate::{
    graph::{
        fault::{Code, Fault},
        visit::{Args, View},
    },
    store::{
        batch,
        door::Snapshot,
        error::Result as StoreResult,
        grants::Masks,
        id::{self, Id},
        select::{Table, know},
    },
};

/// One of several object types.
pub trait Union: Sized + Send + Sync + 'static {
    const NAME: &'static str;
    /// Whether the members share fields.
    const INTERFACE: bool = false;
    fn about() -> String;
    fn members(members: &mut Members<Self>);
}

/// The types that a union may be.
pub struct Members<U>(Vec<Box<dyn Member<U>>>);

impl<U: Send + Sync + 'static> Members<U> {
    /// Those for which `of` gives something are a `V`.
    pub fn of<V: Object>(&mut self, of: impl Fn(&U) -> Option<V> + Send + Sync + 'static) {
        self.0.push(Box::new(MemberOf(of, PhantomData)));
    }
}

/// Where the rows of one member stand among all, and what will be written of them.
type Group<'a> = (Vec<Option<usize>>, Box<dyn Body<'a> + 'a>);

pub trait Member<U>: Send + Sync {
    fn register(&self, registry: &mut Registry) -> String;
    fn group<'a>(&self, env: Env<'a>, sets: Vec<&'a SelectionSet>, rows: &[U]) -> BoxFuture<'a, Group<'a>>;
}

struct MemberOf<F, V>(F, PhantomData<fn() -> V>);

impl<U, V: Object, F: Fn(&U) -> Option<V> + Send + Sync> Member<U> for MemberOf<F, V> {
    fn register(&self, registry: &mut Registry) -> String {
        super::register::object::<V>(registry)
    }

    fn group<'a>(&self, env: Env<'a>, sets: Vec<&'a SelectionSet>, rows: &[U]) -> BoxFuture<'a, Group<'a>> {
        let mut found = Vec::new();
        let places = rows
            .iter()
            .map(|row| {
                found.push((self.0)(row)?);
                Some(found.len() - 1)
            })
            .collect();
        async move {
            let body: Box<dyn Body<'a> + 'a> = Box::new(plan(env, sets, Arc::new(found)).await);
            (places, body)
        }
        .boxed()
    }
}

pub(super) fn members_of<U: Union>() -> &'static [Box<dyn Member<U>>] {
    type Known = RwLock<HashMap<TypeId, &'static (dyn Any + Send + Sync)>>;
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<U>()).copied();
    if let Some(members) = known.and_then(<dyn Any + Send + Sync>::downcast_ref::<Members<U>>) {
        return &members.0;
    }
    let mut members = Members(Vec::new());
    U::members(&mut members);
    let made: &'static Members<U> = Box::leak(Box::new(members));
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<U>(), made);
    &made.0
}

/// Plans rows of mixed types: one plan per type.
pub async fn mixed<'a, U: Union>(env: Env<'a>, sets: &[&'a SelectionSet], rows: &[U]) -> Mixed<'a> {
    let members = members_of::<U>();
    let groups = join_all(members.iter().map(|member| member.group(env, sets.to_vec(), rows))).await;
    Mixed::of(groups, rows.len())
}

/// Rows of several types in one order.
pub struct Mixed<'a> {
    bodies: Vec<Box<dyn Body<'a> + 'a>>,
    at: Vec<Option<(usize, usize)>>,
}

impl<'a> Mixed<'a> {
    fn of(groups: Vec<Group<'a>>, count: usize) -> Self {
        let mut at = vec![None; count];
        let mut bodies = Vec::with_capacity(groups.len());
        for (group, (places, body)) in groups.into_iter().enumerate() {
            for (slot, place) in at.iter_mut().zip(places) {
                if let Some(place) = place {
                    *slot = Some((group, place));
                }
            }
            bodies.push(body);
        }
        Self { bodies, at }
    }
}

impl<'a> Body<'a> for Mixed<'a> {
    fn row(&self, at: usize, out: &mut Out<'a>) -> Written {
        match self.at.get(at).copied().flatten().and_then(|(group, at)| Some((self.bodies.get(group)?, at))) {
            Some((body, at)) => body.row(at, out),
            None => {
                out.null();
                Ok(())
            }
        }
    }
}

// ---- parts of several types

impl<T: Send + Sync + 'static> Fields<T> {
    /// A list whose items are of the types of a union.
    pub fn mixed<U: Union>(
        &mut self,
        name: &'static str,
        get: impl Fn(&T, View<'_>) -> Vec<U> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let ty = |registry: &mut Registry| format!("[{}!]!", super::register::union::<U>(registry));
        self.add(name, Box::new(ty), How::Relation(Box::new(MixedParts(get, PhantomData))))
    }

    /// The record that an id of any kind names.
    pub fn any(
        &mut self,
        name: &'static str,
        id: impl Fn(&T) -> Option<AnyId> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let find = move |_: &Args<'_, '_>, row: &T| Ok(vec![id(row)]);
        self.add(name, Box::new(node_type), How::Relation(Box::new(Anything { find, list: false })))
    }

    /// The same for ids that are of records with versions.
    pub fn any_record(
        &mut self,
        name: &'static str,
        id: impl Fn(&T) -> Option<AnyId> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let find = move |_: &Args<'_, '_>, row: &T| Ok(vec![id(row)]);
        let ty = |registry: &mut Registry| {
            super::interface::register(registry, "Record");
            "Record".to_owned()
        };
        self.add(name, Box::new(ty), How::Relation(Box::new(Anything { find, list: false })))
    }

    /// The record that the arguments name, whatever its type.
    pub fn any_by(
        &mut self,
        name: &'static str,
        id: impl Fn(&Args<'_, '_>) -> Result<Option<AnyId>, Fault> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let find = move |args: &Args<'_, '_>, _: &T| Ok(vec![id(args)?]);
        self.add(name, Box::new(node_type), How::Relation(Box::new(Anything { find, list: false })))
    }

    /// The records that the arguments name, in that order, null where there is none.
    pub fn any_of(
        &mut self,
        name: &'static str,
        ids: impl Fn(&Args<'_, '_>) -> Result<Vec<Option<AnyId>>, Fault> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let find = move |args: &Args<'_, '_>, _: &T| ids(args);
        let ty = |registry: &mut Registry| format!("[{}]!", node_type(registry));
        self.add(name, Box::new(ty), How::Relation(Box::new(Anything { find, list: true })))
    }
}

fn node_type(registry: &mut Registry) -> String {
    super::interface::register(registry, "Node");
    "Node".to_owned()
}

struct MixedParts<F, U>(F, PhantomData<fn() -> U>);

impl<T, U, F> Relation<T> for MixedParts<F, U>
where
    T: Sync,
    U: Union,
    F: Fn(&T, View<'_>) -> Vec<U> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let mut found = Gathered::with_capacity(rows.len());
            rows.iter().for_each(|row| found.add((self.0)(row, env.view())));
            let body = mixed(env, &asked.sets(), &found.all).await;
            loaded(Spread { body, ranges: found.ranges, list: true })
        }
        .boxed()
    }
}

// ---- records by any id

/// An id of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnyId {
    pub prefix: String,
    pub uuid: uuid::Uuid,
}

impl AnyId {
    /// Reads the text form of an id; its prefix must be one that the schema knows.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let known = id::split(text).filter(|(prefix, _)| node_by_prefix(prefix).is_some());
        let (prefix, uuid) = known.ok_or_else(|| {
            Fault::new(Code::InvalidId, say!("expected an id such as `deal_01jd3v…`, got `{text}`"))
        })?;
        Ok(Self { prefix: prefix.to_owned(), uuid })
    }
}

impl std::fmt::Display for AnyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = Vec::with_capacity(40);
        id::write(&self.prefix, self.uuid, &mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// An entity behind the `Node` interface.
pub(super) trait AnyNode: Send + Sync {
    fn group<'a>(
        &self,
        env: Env<'a>,
        sets: Vec<&'a SelectionSet>,
        ids: Vec<Option<uuid::Uuid>>,
    ) -> BoxFuture<'a, Result<Group<'a>, Fault>>;
    /// Which of these the caller may see.
    fn seen<'s>(
        &self,
        snapshot: &'s Snapshot,
        ids: HashSet<uuid::Uuid>,
    ) -> BoxFuture<'s, StoreResult<HashSet<uuid::Uuid>>>;
    fn needs(&self) -> Option<&'static str>;
    fn name(&self) -> &'static str;
    fn table(&self) -> &'static Table;
    /// The GraphQL type of a field that can be masked.
    fn leaf(&self, field: &str) -> Option<String>;
    /// How a field is masked.
    fn mask<'m>(&self, masks: &Masks, field: &'m str) -> Option<Shown<'m>>;
    /// What is shown that is worked out from the row.
    fn worked_out(&self) -> Vec<WorkedOut>;
}

struct NodeOf<T>(PhantomData<fn() -> T>);

impl<T: Entity> AnyNode for NodeOf<T> {
    fn group<'a>(
        &self,
        env: Env<'a>,
        sets: Vec<&'a SelectionSet>,
        ids: Vec<Option<uuid::Uuid>>,
    ) -> BoxFuture<'a, Result<Group<'a>, Fault>> {
        async move {
            let mut keys: Vec<Id<T>> = ids.iter().flatten().map(|id| Id::of(*id)).collect();
            keys.sort_unstable();
            keys.dedup();
            let loaded = if keys.is_empty() {
                HashMap::new()
            } else {
                batch::load_columns(env.snapshot, &keys, columns_for::<T>(env, &sets)).await?
            };
            let mut at = HashMap::with_capacity(loaded.len());
            let mut rows = Vec::with_capacity(loaded.len());
            for (id, row) in loaded {
                at.insert(id, rows.len());
                rows.push(row);
            }
            let places = ids.iter().map(|id| at.get(&Id::of((*id)?)).copied()).collect();
            let body: Box<dyn Body<'a> + 'a> = Box::new(plan::<T>(env, sets, Arc::new(rows)).await);
            Ok((places, body))
        }
        .boxed()
    }

    fn seen<'s>(
        &self,
        snapshot: &'s Snapshot,
        ids: HashSet<uuid::Uuid>,
    ) -> BoxFuture<'s, StoreResult<HashSet<uuid::Uuid>>> {
        async move {
            let keys: Vec<Id<T>> = ids.into_iter().map(Id::of).collect();
            let columns = fields_of::<T>().column_at("id");
            let rows: HashMap<Id<T>, T> = batch::load_columns(snapshot, &keys, columns).await?;
            Ok(rows.into_keys().map(|id| id.0).collect())
        }
        .boxed()
    }

    fn needs(&self) -> Option<&'static str> {
        <T as Object>::NEEDS
    }

    fn name(&self) -> &'static str {
        <T as Object>::NAME
    }

    fn table(&self) -> &'static Table {
        T::TABLE
    }

    fn leaf(&self, field: &str) -> Option<String> {
        fields_of::<T>().declared.get(field)?.maskable_type()
    }

    fn mask<'m>(&self, masks: &Masks, field: &'m str) -> Option<Shown<'m>> {
        fields_of::<T>().declared.get(field)?.mask(masks, <T as Object>::NAME, field)
    }

    fn worked_out(&self) -> Vec<WorkedOut> {
        masked::worked_out_of::<T>()
    }
}

pub(super) type Nodes = RwLock<HashMap<&'static str, &'static dyn AnyNode>>;
pub(super) static NODES: LazyLock<Nodes> = LazyLock::new(Nodes::default);

pub(super) fn node_by_prefix(prefix: &str) -> Option<&'static dyn AnyNode> {
    NODES.read().unwrap_or_else(PoisonError::into_inner).get(prefix).copied()
}

/// Which of these records of a type the caller of `snapshot` may see; none of a type that is not known.
pub(in crate::graph) async fn seen(
    snapshot: &Snapshot,
    type_name: &str,
    ids: HashSet<uuid::Uuid>,
) -> StoreResult<HashSet<uuid::Uuid>> {
    match prefix_of_type(type_name).and_then(node_by_prefix) {
        Some(node) => node.seen(snapshot, ids).await,
        None => Ok(HashSet::new()),
    }
}

/// The GraphQL type of ids with this prefix, where it is known.
pub fn type_of_prefix(prefix: &str) -> Option<&'static str> {
    node_by_prefix(prefix).map(AnyNode::name)
}

/// The table of ids with this prefix, where it is known.
pub fn table_of_prefix(prefix: &str) -> Option<&'static Table> {
    node_by_prefix(prefix).map(AnyNode::table)
}

/// The GraphQL type of a field of a record type, where it is answered from the row alone: of `Deal` and `name`.
pub fn leaf_of_type(name: &str, field: &str) -> Option<String> {
    node_by_prefix(prefix_of_type(name)?)?.leaf(field)
}

/// The prefix of the ids of a GraphQL type, where it is known.
pub fn prefix_of_type(name: &str) -> Option<&'static str> {
    let nodes = NODES.read().unwrap_or_else(PoisonError::into_inner);
    nodes.iter().find(|(_, node)| node.name() == name).map(|(prefix, _)| *prefix)
}

/// Lets `node` and everything else that takes any id find the rows of `T`.
pub fn is_node<T: Entity>() {
    know(T::TABLE);
    let node: &'static dyn AnyNode = Box::leak(Box::new(NodeOf::<T>(PhantomData)));
    NODES.write().unwrap_or_else(PoisonError::into_inner).entry(T::PREFIX).or_insert(node);
}

struct Anything<F> {
    find: F,
    list: bool,
}

impl<T, F> Relation<T> for Anything<F>
where
    T: Sync,
    F: Fn(&Args<'_, '_>, &T) -> Result<Vec<Option<AnyId>>, Fault> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let mut named = Gathered::with_capacity(rows.len());
            {
                let ctx = env.field(asked.field());
                let args = Args::of(&ctx);
                for row in rows {
                    named.add((self.find)(&args, row)?);
                }
            }
            let (ids, ranges) = (named.all, named.ranges);
            let mut prefixes: Vec<&str> = ids.iter().flatten().map(|id| id.prefix.as_str()).collect();
            prefixes.sort_unstable();
            prefixes.dedup();
            let mut denied = vec![None; ids.len()];
            let mut loads = Vec::new();
            for prefix in prefixes {
                let Some(node) = node_by_prefix(prefix) else { continue };
                let of_kind =
                    |id: &Option<AnyId>| id.as_ref().filter(|id| id.prefix == prefix).map(|id| id.uuid);
                match env.right(node.needs()) {
                    Ok(_) => loads.push(node.group(env, asked.sets(), ids.iter().map(of_kind).collect())),
                    Err(fault) => {
                        for (slot, _) in denied.iter_mut().zip(&ids).filter(|(_, id)| of_kind(id).is_some()) {
                            *slot = Some(fault.clone());
                        }
                    }
                }
            }
            let groups = join_all(loads).await.into_iter().collect::<Result<Vec<_>, _>>()?;
            let body = Mixed::of(groups, ids.len());
            let each = AnyEach { body, ranges, denied, list: self.list, pos: asked.pos() };
            loaded(each)
        }
        .boxed()
    }
}

struct AnyEach<'a> {
    body: Mixed<'a>,
    ranges: Vec<std::ops::Range<usize>>,
    denied: Vec<Option<Fault>>,
    list: bool,
    pos: Pos,
}

impl<'a> AnyEach<'a> {
    fn item(&self, at: usize, out: &mut Out<'a>) -> Written {
        if let Some(Some(fault)) = self.denied.get(at) {
            out.fail(fault, Some(self.pos));
            return Err(Bubble);
        }
        self.body.row(at, out)
    }
}

impl<'a> Children<'a> for AnyEach<'a> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        let range = self.ranges.get(parent).cloned().unwrap_or_default();
        if self.list {
            return out.list(range, |out, at| {
                out.or_null(|out| self.item(at, out));
                Ok(())
            });
        }
        match range.into_iter().next() {
            Some(at) => self.item(at, out),
            None => {
                out.null();
                Ok(())
            }
        }
    }
}
