//! Edges: a row with the cursor that says where it stands in its list.
use std::{marker::PhantomData, sync::Arc};

use async_graphql::{Name, parser::types::SelectionSet};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    declare::{Fields, How, Last},
    ordered::{cursor_context, order_keys},
    pages::Listed,
    plan::{Asked, Env, Plan, collect, plan},
    relation::{Distinct, Loaded, OneEach, Place, Relation, loaded},
    write::{Body, Out, Written},
};
use crate::{
    graph::{
        order::{Order, OrderField},
        seal::Seal,
    },
    store::{id::Id, select::Columns},
};

/// Seals the place of a row.
pub(super) struct Cursor<F> {
    seal: Arc<Seal>,
    context: Vec<u8>,
    sorts: Vec<Order<F>>,
}

impl<F> Cursor<F> {
    pub fn new(env: Env<'_>, context: Vec<u8>, sorts: Vec<Order<F>>) -> Self {
        Self { seal: env.visit.seal.clone(), context, sorts }
    }

    pub fn of<U>(&self, row: &U) -> String
    where
        U: Listed<Order = F>,
        F: OrderField<U>,
    {
        let mut at: Vec<Option<String>> =
            self.sorts.iter().map(|order| (order.field.sort().text)(row)).collect();
        at.push(Some(row.id().0.to_string()));
        self.seal.seal(&self.context, serde_json::Value::from(at).to_string().as_bytes())
    }
}

/// Rows as edges.
pub(super) struct Edges<'a, U: Listed> {
    rows: Arc<Vec<U>>,
    parts: Vec<(&'a Name, Part<'a, U>)>,
    cursor: Arc<Cursor<U::Order>>,
}

enum Part<'a, U: 'static> {
    Node(Plan<'a, U>),
    Cursor,
    Typename,
}

impl<'a, U: Listed> Edges<'a, U> {
    /// Plans what `sets` select of the edges of `rows`.
    pub async fn plan(
        env: Env<'a>,
        sets: &[&'a SelectionSet],
        rows: Arc<Vec<U>>,
        cursor: Arc<Cursor<U::Order>>,
    ) -> Self {
        let mut parts = Vec::new();
        for asked in collect(env.document, super::register::edge_name::<U>(), sets) {
            let part = match asked.name() {
                "node" => Part::Node(plan(env, asked.sets(), rows.clone()).await),
                "cursor" => Part::Cursor,
                _ => Part::Typename,
            };
            parts.push((asked.key, part));
        }
        Self { rows, parts, cursor }
    }
}

impl<'a, U: Listed> Body<'a> for Edges<'a, U> {
    fn row(&self, at: usize, out: &mut Out<'a>) -> Written {
        out.object(self.parts.iter().map(|(key, part)| (*key, part)), |out, part| {
            match (part, self.rows.get(at)) {
                (Part::Node(plan), _) => return plan.row(at, out),
                (Part::Cursor, Some(row)) => out.text(&self.cursor.of(row)),
                (Part::Cursor, None) => out.null(),
                (Part::Typename, _) => out.text(super::register::edge_name::<U>()),
            }
            Ok(())
        })
    }
}

impl<T: Send + Sync + 'static> Fields<T> {
    /// A row as an edge, for a client that puts it into a list it shows: the cursor fits lists in their default order.
    pub fn edge<U: Listed>(
        &mut self,
        name: &'static str,
        row: impl Fn(&T) -> Option<Id<U>> + Send + Sync + 'static,
    ) -> Last<'_, T> {
        let ty = |registry: &mut _| {
            super::register::connection::<U>(registry);
            super::register::edge_name::<U>().to_owned()
        };
        let edge = Edge::<_, U>(row, PhantomData);
        self.add(name, Box::new(ty), How::Relation(Box::new(edge))).target::<U>()
    }
}

struct Edge<F, U>(F, PhantomData<fn() -> U>);

impl<T, U, F> Relation<T> for Edge<F, U>
where
    T: Sync,
    U: Listed,
    F: Fn(&T) -> Option<Id<U>> + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let keys: Vec<Option<Id<U>>> = rows.iter().map(&self.0).collect();
            let (found, at) = Distinct::of(keys).find(env, Columns::ALL, Place::Hidden).await?;
            let order = U::Order::default_order();
            let context = cursor_context::<U>(env, &order_keys::<U>(&order));
            let cursor = Arc::new(Cursor::new(env, context, order));
            let body = Edges::plan(env, &asked.sets(), Arc::new(found), cursor).await;
            loaded(OneEach { body, at, pos: asked.pos() })
        }
        .boxed()
    }
}
