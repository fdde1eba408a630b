//! Planning: once per selection and level, for all rows at once.
use std::sync::Arc;

use async_graphql::{
    Context, Data, Name, Pos, Positioned, QueryEnv, QueryPathNode, SchemaEnv,
    parser::types::{Field, Selection, SelectionSet},
    registry::MetaType,
};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};
use uuid::Uuid;

use super::{
    declare::{Declared, Fields, How, Leaf, MaskedAs, Object, Own, fields_of},
    masked::{Shown, mask_of, masked_field},
    write::{Body, Bubble, Children, Out, Written},
};
use crate::{
    graph::{
        fault::{Code, Fault},
        gate::{self, Right},
        mask,
        visit::{View, Visit},
    },
    store::{
        batch::Stored,
        door::{Caller, Snapshot},
        grants::{Grants, Masks},
        select::Table,
    },
    telemetry,
};

/// The document and the schema it is written for.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    pub query: &'a QueryEnv,
    pub schema: &'a SchemaEnv,
}

/// All that planning needs to know.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    pub document: Document<'a>,
    pub data: Option<&'a Data>,
    pub path: Option<QueryPathNode<'a>>,
    pub visit: &'a Visit,
    pub snapshot: &'a Snapshot,
    pub grants: &'a Grants,
}

impl<'a> Document<'a> {
    pub const fn of(ctx: &Context<'a>) -> Self {
        Self { query: ctx.query_env, schema: ctx.schema_env }
    }
}

impl<'a> Env<'a> {
    /// For a root field, read in `snapshot`.
    pub fn of(ctx: &Context<'a>, visit: &'a Visit, snapshot: &'a Snapshot, grants: &'a Grants) -> Self {
        Env {
            document: Document::of(ctx),
            data: ctx.execute_data,
            path: ctx.path_node,
            visit,
            snapshot,
            grants,
        }
    }

    /// The context in which the arguments of `field` are read.
    pub fn field(&self, field: &'a Positioned<Field>) -> Context<'a> {
        self.document.query.create_context(self.document.schema, self.path, field, self.data)
    }

    pub const fn view(&self) -> View<'a> {
        View { visit: self.visit, snapshot: self.snapshot, grants: self.grants }
    }

    /// Whether `permission` extends to every row of `table` that the caller sees; if not, why.
    pub fn permit(&self, permission: Option<&'static str>, table: &'static Table) -> Result<(), Fault> {
        match (self.right(permission)?, permission) {
            (Right::SomeRows, Some(permission)) if !self.reaches_all_seen(permission, table) => {
                Err(gate::missing(self.grants, permission))
            }
            _ => Ok(()),
        }
    }

    /// Whether a permission that does not hold for all rows does so for those of `table` that the caller sees.
    fn reaches_all_seen(&self, permission: &str, table: &'static Table) -> bool {
        self.snapshot.limits().is_some_and(|limits| limits.reach_all_seen(permission, table))
    }

    /// How far `permission` extends; if to nothing, why.
    pub fn right(&self, permission: Option<&'static str>) -> Result<Right, Fault> {
        gate::right(&self.visit.caller, self.grants, || self.snapshot.limits(), permission)
    }

    /// The same for a permission that a client names.
    pub fn right_by_name(&self, permission: &str) -> Result<Right, Fault> {
        gate::right(&self.visit.caller, self.grants, || self.snapshot.limits(), Some(permission))
    }
}

/// One selected field, with all places where it is selected.
pub struct Asked<'a> {
    pub key: &'a Name,
    first: &'a Positioned<Field>,
    more: Vec<&'a Positioned<Field>>,
}

impl<'a> Asked<'a> {
    pub const fn field(&self) -> &'a Positioned<Field> {
        self.first
    }

    pub fn name(&self) -> &'a str {
        self.first.node.name.node.as_str()
    }

    pub const fn pos(&self) -> Pos {
        self.first.pos
    }

    /// What is selected below, in all places.
    pub fn sets(&self) -> Vec<&'a SelectionSet> {
        std::iter::once(&self.first).chain(&self.more).map(|field| &field.node.selection_set.node).collect()
    }
}

/// The fields that `sets` select of the object type `of`, merged by response key.
pub fn collect<'a>(document: Document<'a>, of: &str, sets: &[&'a SelectionSet]) -> Vec<Asked<'a>> {
    let mut asked = Vec::new();
    for set in sets {
        collect_set(document, of, set, &mut asked);
    }
    asked
}

fn collect_set<'a>(document: Document<'a>, of: &str, set: &'a SelectionSet, asked: &mut Vec<Asked<'a>>) {
    for selection in &set.items {
        let (on, inner) = match &selection.node {
            Selection::Field(field) => {
                let key = &field.node.response_key().node;
                match asked.iter_mut().find(|known| known.key == key) {
                    Some(known) => known.more.push(field),
                    None => asked.push(Asked { key, first: field, more: Vec::new() }),
                }
                continue;
            }
            Selection::FragmentSpread(spread) => {
                let Some(fragment) = document.query.fragments.get(&spread.node.fragment_name.node) else {
                    continue;
                };
                (Some(&fragment.node.type_condition), &fragment.node.selection_set)
            }
            Selection::InlineFragment(fragment) => {
                (fragment.node.type_condition.as_ref(), &fragment.node.selection_set)
            }
        };
        let applies = on.is_none_or(|on| {
            let on = on.node.on.node.as_str();
            on == of
                || match document.schema.registry.types.get(on) {
                    Some(
                        MetaType::Interface { possible_types, .. } | MetaType::Union { possible_types, .. },
                    ) => possible_types.contains(of),
                    _ => false,
                }
        });
        if applies {
            collect_set(document, of, &inner.node, asked);
        }
    }
}

/// What will be written of each row.
pub struct Plan<'a, T: 'static> {
    rows: Arc<Vec<T>>,
    steps: Vec<Step<'a, T>>,
}

struct Step<'a, T: 'static> {
    key: &'a Name,
    pos: Pos,
    nullable: bool,
    what: What<'a, T>,
}

enum What<'a, T: 'static> {
    Text(&'a str),
    Leaf(&'static Leaf<T>),
    /// Only where the row is the caller's own; elsewhere it fails.
    OwnLeaf(&'static Leaf<T>, Own<T>, &'a Caller, Fault),
    Children(Box<dyn Children<'a> + 'a>),
    /// Of those rows alone that the caller's right extends to.
    OfSome(Box<(Vec<bool>, Self, Fault)>),
    /// Not as it is.
    Masked(Box<Masked<'a, T>>),
    /// As a field of another record is, which each row says.
    MaskedAs(&'static Leaf<T>, MaskedAs<T>, &'a Masks, &'a Visit),
    /// Null, since it is not shown to the caller.
    Nothing,
    Fails(Fault),
}

/// A leaf that the caller is not shown as it is.
struct Masked<'a, T: 'static> {
    leaf: &'static Leaf<T>,
    shown: Shown<'a>,
    visit: &'a Visit,
    /// Whose rows show it to them as it is.
    own: Option<Own<T>>,
}

/// Plans what `sets` select of `rows`, loading what they refer to.
pub fn plan<'a, T: Object>(
    env: Env<'a>,
    sets: Vec<&'a SelectionSet>,
    rows: Arc<Vec<T>>,
) -> BoxFuture<'a, Plan<'a, T>> {
    plan_fields(env, fields_of::<T>(), T::NAME, sets, rows)
}

/// The same with fields of the caller's own.
pub fn plan_fields<'a, T: Send + Sync + 'static>(
    env: Env<'a>,
    fields: &'static Fields<T>,
    name: &'a str,
    sets: Vec<&'a SelectionSet>,
    rows: Arc<Vec<T>>,
) -> BoxFuture<'a, Plan<'a, T>> {
    async move {
        let asked = collect(env.document, name, &sets);
        telemetry::fields(asked.iter().map(Asked::name));
        let steps = join_all(asked.iter().map(|asked| step(env, fields, name, asked, &rows))).await;
        Plan { rows, steps }
    }
    .boxed()
}

/// Plans one field alone, for the roots.
pub async fn plan_one<'a, T: Send + Sync + 'static>(
    env: Env<'a>,
    fields: &'static Fields<T>,
    name: &'a str,
    asked: &Asked<'a>,
    rows: Arc<Vec<T>>,
) -> Plan<'a, T> {
    let steps = vec![step(env, fields, name, asked, &rows).await];
    Plan { rows, steps }
}

async fn step<'a, T: Send + Sync + 'static>(
    env: Env<'a>,
    fields: &'static Fields<T>,
    name: &'a str,
    asked: &Asked<'a>,
    rows: &[T],
) -> Step<'a, T> {
    let (key, pos) = (asked.key, asked.pos());
    let Some(declared) = fields.declared.get(asked.name()) else {
        // validation has passed: the only field that nobody declares is the type's name
        return Step { key, pos, nullable: false, what: What::Text(name) };
    };
    let nullable = declared.nullable();
    let what = answer(env, fields, declared, name, asked, rows).await.unwrap_or_else(What::Fails);
    Step { key, pos, nullable, what }
}

async fn answer<'a, T: Send + Sync + 'static>(
    env: Env<'a>,
    fields: &'static Fields<T>,
    declared: &'static Declared<T>,
    of: &'a str,
    asked: &Asked<'a>,
    rows: &[T],
) -> Result<What<'a, T>, Fault> {
    let right = match (env.right(declared.needs), &declared.how, declared.own) {
        (Err(fault), How::Leaf(leaf), Some(own)) => {
            return Ok(What::OwnLeaf(leaf, own, &env.visit.caller, fault));
        }
        (right, ..) => right?,
    };
    env.right(declared.target_needs)?;
    let shown = match &declared.how {
        How::Leaf(leaf) => leaf_of(env, declared, leaf, of, asked.name()),
        // what is no text is left out
        How::Relation(_) if declared.is_hidden(env.grants.masks(), of, asked.name()) => What::Nothing,
        How::Relation(relation) => {
            let named = || (asked.key.to_string(), format!("{of}.{}", asked.name()));
            let children = telemetry::level(named, rows.len(), relation.load(env, asked, rows));
            What::Children(children.await?)
        }
    };
    match declared.needs {
        Some(permission)
            if right == Right::SomeRows
                && !fields
                    .stored
                    .as_ref()
                    .is_some_and(|rows| env.reaches_all_seen(permission, rows.table)) =>
        {
            // in a box of its own: it is rare, and every field would make room for it
            let mut may = fields.extent(env, permission, rows).boxed().await?;
            if let Some(own) = declared.own {
                may.iter_mut().zip(rows).for_each(|(may, row)| *may |= own(row, &env.visit.caller));
            }
            Ok(What::OfSome(Box::new((may, shown, gate::missing(env.grants, permission)))))
        }
        _ => Ok(shown),
    }
}

/// A leaf, as the caller is shown it.
fn leaf_of<'a, T>(
    env: Env<'a>,
    declared: &'static Declared<T>,
    leaf: &'static Leaf<T>,
    of: &'a str,
    field: &'a str,
) -> What<'a, T> {
    let (masks, visit) = (env.grants.masks(), env.visit);
    if masks.is_empty() {
        return What::Leaf(leaf);
    }
    if let Some(masked_as) = declared.masked_as {
        return What::MaskedAs(leaf, masked_as, masks, visit);
    }
    match declared.mask(masks, of, field) {
        Some(shown) => What::Masked(Box::new(Masked { leaf, shown, visit, own: declared.own })),
        None => What::Leaf(leaf),
    }
}

impl Env<'_> {
    /// Refused where the caller is not shown `column` as it is: what one is shown in part, one does not find by the whole.
    pub fn shown<T: Object>(&self, column: &str) -> Result<(), Fault> {
        match masked_field::<T>(self.grants.masks(), column) {
            Some(field) => {
                let message = say!(
                    "you are not shown `{kind}.{field}` as it is: leave it out of filter and order",
                    kind = T::NAME
                );
                Err(Fault::new(Code::Forbidden, message))
            }
            None => Ok(()),
        }
    }

    /// Refused where others may not be sorted by `column` of the `T` that they lead to: the caller may not see it, or not
    /// as it is.
    pub fn may_sort<T: Object + Stored>(self, column: &'static str) -> Result<(), Fault> {
        self.right(T::NEEDS)?;
        self.permit(fields_of::<T>().need_of(column), T::TABLE)?;
        self.shown::<T>(column)
    }
}

impl<T: Sync> Fields<T> {
    /// Which of `rows` a permission extends to that does not hold for all.
    async fn extent(&self, env: Env<'_>, permission: &str, rows: &[T]) -> Result<Vec<bool>, Fault> {
        let Some(stored) = &self.stored else { return Err(Fault::forbidden(permission)) };
        let ids: Vec<Uuid> = rows.iter().map(stored.id).collect();
        let found = env.snapshot.extent(permission, stored.table, ids.clone()).await?;
        Ok(ids.iter().map(|id| found.contains(id)).collect())
    }
}

impl<'a, T: Send + Sync> Body<'a> for Plan<'a, T> {
    fn row(&self, at: usize, out: &mut Out<'a>) -> Written {
        let Some(row) = self.rows.get(at) else {
            out.null();
            return Ok(());
        };
        out.rows += 1;
        out.object(self.steps.iter().map(|step| (step.key, step)), |out, step| step.write(row, at, out))
    }
}

impl<'a, T> Plan<'a, T> {
    /// The planned field alone, where only one was planned.
    pub fn field(&self, at: usize, out: &mut Out<'a>) -> Written {
        match (self.steps.first(), self.rows.get(at)) {
            (Some(step), Some(row)) => step.write(row, at, out),
            _ => {
                out.null();
                Ok(())
            }
        }
    }
}

impl<'a, T> Step<'a, T> {
    fn write(&self, row: &T, at: usize, out: &mut Out<'a>) -> Written {
        if self.nullable {
            out.or_null(|out| self.write_value(row, at, out));
            return Ok(());
        }
        self.write_value(row, at, out)
    }

    fn write_value(&self, row: &T, at: usize, out: &mut Out<'a>) -> Written {
        self.what.write(row, at, self.pos, out)
    }
}

impl<'a, T> What<'a, T> {
    fn write(&self, row: &T, at: usize, pos: Pos, out: &mut Out<'a>) -> Written {
        match self {
            Self::Text(text) => out.text(text),
            Self::Leaf(leaf) => leaf(row, &mut out.json),
            Self::OwnLeaf(leaf, own, caller, _) if own(row, caller) => leaf(row, &mut out.json),
            Self::Children(children) => return children.write(at, out),
            Self::MaskedAs(leaf, masked_as, masks, visit) => {
                let masked = masked_as(row, masks).and_then(|(ty, field)| mask_of(masks, ty, field));
                let Some(shown) = masked else {
                    leaf(row, &mut out.json);
                    return Ok(());
                };
                let mut plain = Vec::new();
                leaf(row, &mut plain);
                mask::write(visit, shown, &plain, &mut out.json);
            }
            Self::Masked(masked) if masked.own.is_some_and(|own| own(row, &masked.visit.caller)) => {
                (masked.leaf)(row, &mut out.json);
            }
            Self::Nothing => out.null(),
            Self::Masked(masked) => {
                let mut plain = Vec::new();
                (masked.leaf)(row, &mut plain);
                mask::write(masked.visit, masked.shown, &plain, &mut out.json);
            }
            Self::OfSome(some) => {
                let (may, what, fault) = &**some;
                if may.get(at).copied().unwrap_or_default() {
                    return what.write(row, at, pos, out);
                }
                out.fail(fault, Some(pos));
                return Err(Bubble);
            }
            Self::Fails(fault) | Self::OwnLeaf(.., fault) => {
                out.fail(fault, Some(pos));
                return Err(Bubble);
            }
        }
        Ok(())
    }
}
