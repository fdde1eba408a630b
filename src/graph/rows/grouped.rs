//! `aggregate` and `groupBy` of a connection: one statement each for all parents of a level.
use std::{collections::HashMap, ops::Range, sync::Arc};

use async_graphql::{InputType, InputValueError, InputValueResult, Value};
use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    aggregate::{
        Aggregate, Function, GroupBy, Kind, aggregate_fields, aggregate_name, group_fields, group_name,
        key_names, may_use,
    },
    declare::{Entity, Object, fields_of},
    group_order::{By, GroupOrder, checked},
    plan::{Asked, Env, Plan, collect, plan_fields, plan_one},
    relation::{Loaded, Relation, Spread, loaded},
    write::{Children, Out, Written},
};
use crate::{
    graph::{
        fault::{Code, Fault},
        visit::Args,
    },
    store::{
        error::Error,
        select::{Amounts, Ask, Columns, Condition, Selection},
        value::Date,
    },
};

/// So many keys at most, and so many groups.
const MOST_KEYS: usize = 4;
const MOST_GROUPS: i32 = 1000;

/// Rows of `U` that have something in common.
pub struct Group<U> {
    at: usize,
    all: Arc<Grouped<U>>,
}

/// All groups of a level.
struct Grouped<U> {
    by: Vec<GroupBy>,
    /// A row of each group with the columns that all of its rows share, and no others.
    keyed: Arc<Vec<U>>,
    /// The periods of each group.
    periods: Vec<Vec<Option<Date>>>,
    aggregates: Arc<Vec<Aggregate<U>>>,
}

impl<U> Group<U> {
    /// The first day of a period, where rows were grouped by it.
    pub(super) fn period(&self, period: usize) -> Option<Date> {
        let periods = self.all.by.iter().filter(|by| matches!(by, GroupBy::Period(_)));
        let place = periods.enumerate().find(|(_, by)| **by == GroupBy::Period(period))?.0;
        *self.all.periods.get(self.at)?.get(place)?
    }
}

/// A field that rows are grouped by, shown as a row of the group shows it.
pub(super) struct KeyOf(pub &'static str);

impl<U: Entity> Relation<Group<U>> for KeyOf {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [Group<U>],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            match rows.first().map(|group| &group.all) {
                Some(all) if all.by.contains(&GroupBy::Key(self.0)) => {
                    let keyed = all.keyed.clone();
                    loaded(Shared(plan_one(env, fields_of::<U>(), <U as Object>::NAME, asked, keyed).await))
                }
                _ => loaded(Nothing),
            }
        }
        .boxed()
    }
}

/// The same field of one row after the other.
struct Shared<'a, U: 'static>(Plan<'a, U>);

impl<'a, U: Send + Sync> Children<'a> for Shared<'a, U> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        self.0.field(parent, out)
    }
}

struct Nothing;

impl<'a> Children<'a> for Nothing {
    fn write(&self, _: usize, out: &mut Out<'a>) -> Written {
        out.null();
        Ok(())
    }
}

/// What the rows of a group amount to.
pub(super) struct Totals;

impl<U: Entity> Relation<Group<U>> for Totals {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [Group<U>],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let aggregates = rows.first().map(|group| group.all.aggregates.clone()).unwrap_or_default();
            one_each(env, asked, aggregates).await
        }
        .boxed()
    }
}

async fn one_each<'a, U: Entity>(
    env: Env<'a>,
    asked: &Asked<'a>,
    aggregates: Arc<Vec<Aggregate<U>>>,
) -> Loaded<'a> {
    let ranges = (0..aggregates.len()).map(|at| at..at + 1).collect();
    let body =
        plan_fields(env, aggregate_fields::<U>(), aggregate_name::<U>(), asked.sets(), aggregates).await;
    loaded(Spread { body, ranges, list: false })
}

/// The measures that `asked` looks at or groups are ordered by, and what is to be asked for them. What the caller may not use
/// is not asked for: its field says so.
fn measures_of<U: Entity>(
    env: Env<'_>,
    asked: &[Asked<'_>],
    orders: &[By],
) -> Result<(Arc<[usize]>, Ask), Fault> {
    let (mut places, mut ask) = (Vec::new(), Ask::default());
    let measures = fields_of::<U>().aggregation.iter().flat_map(|aggregation| &aggregation.measures);
    for (place, measure) in measures.enumerate() {
        let wanted = asked.iter().any(|asked| Function::of(asked.name(), measure.field).is_some())
            || orders.iter().any(|by| by.is_some_and(|(at, ..)| at == place));
        if !wanted || may_use::<U>(env, measure.field).is_err() {
            continue;
        }
        places.push(place);
        ask.measures.push((measure.column, measure.kind.values()));
        if measure.kind == Kind::Money && ask.currency.is_none() {
            ask.currency = Some(exactly::<U>(fields_of::<U>().column_at("currency"))?);
        }
    }
    Ok((places.into(), ask))
}

fn exactly<U: Entity>(columns: Columns) -> Result<Arc<Selection>, Fault> {
    Ok(Selection::exactly::<U>(columns).map_err(Error::from)?)
}

fn distinct(parents: &[Uuid]) -> Vec<Uuid> {
    let mut distinct = parents.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

/// What the rows of each of `parents` amount to that meet `condition`.
pub(super) async fn aggregate<'a, U: Entity>(
    env: Env<'a>,
    part: &Asked<'a>,
    condition: Condition,
    parents: &[Uuid],
) -> Loaded<'a> {
    let asked = collect(env.document, aggregate_name::<U>(), &part.sets());
    let (measures, ask) = measures_of::<U>(env, &asked, &[])?;
    let mut found = HashMap::<Uuid, Vec<Amounts>>::new();
    let mut take = |parent, _: Option<U>, amounts| found.entry(parent).or_default().push(amounts);
    env.snapshot.aggregate(U::TABLE, condition, distinct(parents), ask, &mut take).await?;
    let each = parents.iter().map(|parent| {
        let amounts = found.get(parent).cloned().unwrap_or_default();
        Aggregate::new(amounts, measures.clone())
    });
    one_each::<U>(env, part, Arc::new(each.collect())).await
}

/// The groups of the rows of each of `parents` that meet `condition`.
pub(super) async fn group_by<'a, U: Entity>(
    env: Env<'a>,
    part: &Asked<'a>,
    condition: Condition,
    parents: &[Uuid],
) -> Loaded<'a> {
    let (by, first, orders) = {
        let ctx = env.field(part.field());
        let args = Args::of(&ctx);
        (
            keys_of::<U>(args.get::<Vec<Key>>("keys")?)?,
            groups_of(args.get::<Option<i32>>("first")?)?,
            checked(args.get::<Option<Vec<GroupOrder<U>>>>("orderBy")?)?,
        )
    };
    let ordered_by = orders.iter().map(|order| order.by(env)).collect::<Result<Vec<_>, _>>()?;
    let groups = collect(env.document, group_name::<U>(), &part.sets());
    let sets: Vec<_> =
        groups.iter().filter(|part| part.name() == "aggregate").flat_map(Asked::sets).collect();
    let asked = collect(env.document, aggregate_name::<U>(), &sets);
    let (measures, mut ask) = measures_of::<U>(env, &asked, &ordered_by)?;
    ask.groups = Some(first);
    for (order, by) in orders.iter().zip(ordered_by) {
        let place = by.and_then(|(at, ..)| measures.iter().position(|asked| *asked == at));
        ask.order.push(order.key(by, place.unwrap_or_default()));
    }
    let mut columns = Columns::NONE;
    for key in &by {
        match key {
            GroupBy::Key(field) => columns = columns.and(may_use::<U>(env, field)?),
            GroupBy::Period(place) => {
                let periods = fields_of::<U>().aggregation.as_ref().map(|aggregation| &aggregation.periods);
                let Some(key) = periods.and_then(|periods| periods.get(*place)) else { continue };
                may_use::<U>(env, key.field)?;
                ask.periods.push((key.column, key.period, key.is_time));
            }
        }
    }
    if columns != Columns::NONE {
        ask.keys = Some(exactly::<U>(columns)?);
    }
    let mut found = HashMap::<Uuid, Vec<(Option<U>, Amounts)>>::new();
    let mut take = |parent, keyed, amounts| found.entry(parent).or_default().push((keyed, amounts));
    env.snapshot.aggregate(U::TABLE, condition, distinct(parents), ask, &mut take).await?;
    let (all, ranges) = gather(by, found, &measures);
    let ranges = parents.iter().map(|parent| ranges.get(parent).cloned().unwrap_or_default()).collect();
    let all = Arc::new(all);
    let groups = (0..all.aggregates.len()).map(|at| Group { at, all: all.clone() }).collect();
    let body = plan_fields(env, group_fields::<U>(), group_name::<U>(), part.sets(), Arc::new(groups)).await;
    loaded(Spread { body, ranges, list: true })
}

/// The groups of all parents, one behind the other, and which are each parent's: what is of one rank is one group.
fn gather<U>(
    by: Vec<GroupBy>,
    found: HashMap<Uuid, Vec<(Option<U>, Amounts)>>,
    measures: &Arc<[usize]>,
) -> (Grouped<U>, HashMap<Uuid, Range<usize>>) {
    let (mut keyed, mut periods, mut aggregates) = (Vec::new(), Vec::new(), Vec::<Aggregate<U>>::new());
    let mut ranges = HashMap::with_capacity(found.len());
    for (parent, mut rows) in found {
        rows.sort_by_key(|(_, amounts)| amounts.rank);
        let (from, mut rank) = (aggregates.len(), None);
        for (row, amounts) in rows {
            if rank == Some(amounts.rank)
                && let Some(group) = aggregates.last_mut()
            {
                group.amounts.push(amounts);
                continue;
            }
            rank = Some(amounts.rank);
            keyed.extend(row);
            periods.push(amounts.periods.clone());
            aggregates.push(Aggregate::new(vec![amounts], measures.clone()));
        }
        ranges.insert(parent, from..aggregates.len());
    }
    (Grouped { by, keyed: Arc::new(keyed), periods, aggregates: Arc::new(aggregates) }, ranges)
}

fn keys_of<U: Entity>(keys: Vec<Key>) -> Result<Vec<GroupBy>, Fault> {
    let mut by = Vec::with_capacity(keys.len());
    for Key(name) in keys {
        let known = key_names::<U>().find(|(known, _)| *known == name).map(|(_, key)| key);
        let Some(key) = known else {
            return Err(Fault::bad_input(say!(
                "`{name}` is nothing that {kind} can be grouped by",
                kind = <U as Object>::NAME
            )));
        };
        if !by.contains(&key) {
            by.push(key);
        }
    }
    if by.is_empty() || by.len() > MOST_KEYS {
        return Err(Fault::bad_input(say!("`keys` takes 1 to {MOST_KEYS} keys")));
    }
    Ok(by)
}

fn groups_of(first: Option<i32>) -> Result<i64, Fault> {
    match first.unwrap_or(50) {
        first @ 0..=MOST_GROUPS => Ok(first.into()),
        _ => Err(Fault::new(
            Code::PageSizeExceeded,
            say!("`first` takes 0 to {MOST_GROUPS} groups: filter the list, or group by less"),
        )
        .with("limit", MOST_GROUPS)),
    }
}

/// A value of the enum of keys of some entity: which it has is checked with the document.
struct Key(String);

impl InputType for Key {
    type RawValueType = Self;

    fn type_name() -> std::borrow::Cow<'static, str> {
        "GroupKey".into()
    }

    fn create_type_info(_: &mut async_graphql::registry::Registry) -> String {
        Self::type_name().into()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        match value {
            Some(Value::Enum(name)) => Ok(Self(name.to_string())),
            Some(Value::String(name)) => Ok(Self(name)),
            other => Err(InputValueError::expected_type(other.unwrap_or_default())),
        }
    }

    fn to_value(&self) -> Value {
        Value::Enum(async_graphql::Name::new(&self.0))
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}
