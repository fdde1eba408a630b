//! The order of a list: what its argument says, whether the caller may know it, and what its cursors are bound to.
use async_graphql::InputType;

use super::{argument::Argument, declare::Object, pages::Listed, plan::Env};
use crate::{
    graph::{
        fault::Fault,
        order::{Order, OrderField, OrderInput},
        visit::Args,
    },
    store::select::{Key, Led, Search},
};

pub(super) fn order_argument<U: Listed>() -> Argument {
    let default = U::Order::default_order();
    let keys = default.iter().map(|order| OrderInput::<U, _>::of(*order).to_value().to_string());
    let default = format!("[{}]", keys.collect::<Vec<_>>().join(", ")).replace('"', "");
    Argument::with_default::<Option<Vec<OrderInput<U, U::Order>>>>(
        "orderBy",
        "In which order; the id decides between equals.",
        Some(default),
    )
}

/// An order, and its keys.
type Ordering<F> = (Vec<Order<F>>, Vec<Key>);

/// The order that the arguments ask for, and its keys; by how well they fit where something is searched, else the default.
pub(super) fn order_of<U: Listed>(
    args: &Args<'_, '_>,
    env: Env<'_>,
    search: Option<&Search>,
) -> Result<Ordering<U::Order>, Fault> {
    let asked = args.get::<Option<Vec<OrderInput<U, U::Order>>>>("orderBy")?.unwrap_or_default();
    if asked.len() > 5 {
        return Err(Fault::bad_input(say!("`orderBy` takes at most 5 keys")));
    }
    let order = match (search, asked.is_empty()) {
        (Some(search), true) => {
            let keys = vec![Key::score(U::TABLE, search.clone()), Key::id(U::TABLE, true)];
            return Ok((Vec::new(), keys));
        }
        (_, false) => {
            let order: Vec<_> = asked.into_iter().map(|order| order.0).collect();
            order.iter().try_for_each(|key| may_order::<U>(env, *key))?;
            order
        }
        // nobody asked for it: what one may not order by is left out, and the id decides
        (None, true) => {
            let mut order = U::Order::default_order();
            order.retain(|key| may_order::<U>(env, *key).is_ok());
            order
        }
    };
    let keys = order_keys::<U>(&order);
    Ok((order, keys))
}

/// Where a list goes on that is ordered by how well its rows fit: a cursor names the row, whose score is looked up.
pub(super) fn at_score(mut at: Vec<Option<String>>, keys: &[Key]) -> Vec<Option<String>> {
    if let (Some(Led::Score(_)), [id]) = (keys.first().and_then(|key| key.led.as_ref()), at.as_slice()) {
        at.insert(0, id.clone());
    }
    at
}

/// What one does not see, or not as it is, one does not order by.
fn may_order<U: Listed>(env: Env<'_>, key: Order<U::Order>) -> Result<(), Fault> {
    let sort = key.field.sort();
    if let Some(led) = sort.led {
        return (led.may)(env, led.column);
    }
    env.permit(sort.needs, U::TABLE)?;
    env.shown::<U>(sort.column)
}

/// The keys of an order; the id decides between equals.
pub(super) fn order_keys<U: Listed>(order: &[Order<U::Order>]) -> Vec<Key> {
    let mut keys: Vec<Key> = order.iter().map(Order::key::<U>).collect();
    keys.push(Key::id(U::TABLE, keys.last().is_some_and(|key| key.descending)));
    keys
}

/// What a cursor is bound to: it fits lists of the same type, order and organization.
pub(super) fn cursor_context<U: Listed>(env: Env<'_>, keys: &[Key]) -> Vec<u8> {
    format!("{} {} {keys:?}", <U as Object>::NAME, env.snapshot.organization()).into_bytes()
}
