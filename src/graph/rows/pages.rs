//! Connections: filter, order, keyset pages in both directions, and a bounded count on demand.
use std::{collections::HashMap, marker::PhantomData, ops::Range, sync::Arc};

use async_graphql::{Name, Pos};
use diesel::Column;
use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    argument::Argument,
    declare::{Entity, Fields, How, Last, fields_of},
    edge::{Cursor, Edges},
    grouped,
    ordered::{at_score, cursor_context, order_argument, order_of},
    plan::{Asked, Env, Plan, collect, plan},
    reads::columns_for,
    relation::{Loaded, Relation, loaded},
    search::search_of,
    write::{Body, Children, Out, Written},
};
use crate::{
    graph::{
        fault::Fault,
        filter::{Filter, Filtered, Scope},
        order::{Order, OrderField, Ordered},
        page::{Deleted, Page},
        visit::Args,
    },
    store::{
        id::Id,
        select::{Columns, Condition, Fetch, Key, Pairs, name},
    },
};

/// An entity that stands in lists: one that has a filter and an order.
pub trait Listed: Entity + Filtered + Ordered {}
impl<T: Entity + Filtered + Ordered> Listed for T {}

/// How the rows of a list hang on their parent.
#[derive(Clone, Debug)]
pub enum Link {
    /// They do not: all of these that the caller may see.
    Root(Condition),
    /// By a column that holds the parent's id.
    Column(&'static str),
    /// By any other condition on the parent.
    Where(Condition),
}

impl<C: Column> From<C> for Link {
    fn from(column: C) -> Self {
        Self::Column(name(column))
    }
}

impl From<Pairs> for Link {
    fn from(pairs: Pairs) -> Self {
        Self::Where(Condition::PairedWithParent(pairs))
    }
}

impl<T: Entity> Fields<T> {
    /// A connection of the rows that hang on this one: by a column of theirs that holds its id, or as `link` says.
    pub fn children<U: Listed>(&mut self, name: &'static str, link: impl Into<Link>) -> Last<'_, T> {
        self.pages::<U>(name, |row| row.id().0, link.into()).by_id_alone()
    }
}

impl<T: Send + Sync + 'static> Fields<T> {
    /// A connection of the rows that hang on the id that `parent` gives.
    pub fn pages<U: Listed>(
        &mut self,
        name: &'static str,
        parent: impl Fn(&T) -> Uuid + Send + Sync + 'static,
        link: Link,
    ) -> Last<'_, T> {
        let size = if matches!(link, Link::Root(_)) { "25" } else { "10" };
        let pages = Pages::<_, U> { parent, link, of: PhantomData };
        let last = self.add(name, Box::new(super::register::connection::<U>), How::Relation(Box::new(pages)));
        let last = last
            .target::<U>()
            .required()
            .argument(Argument::with_default::<Option<i32>>(
                "first",
                "The first so many, at most 100.",
                Some(size.to_owned()),
            ))
            .takes::<Option<String>>("after", "Those after this cursor.")
            .takes::<Option<i32>>("last", "The last so many, at most 100; not together with `first`.")
            .takes::<Option<String>>("before", "Those before this cursor.")
            .takes::<Option<U::Filter>>("filter", "Which rows.")
            .argument(order_argument::<U>());
        let last = if U::SEARCHED.is_empty() { last } else { last.takes::<Option<String>>("search", SEARCH) };
        if U::DELETED.is_some() {
            last.argument(Argument::with_default::<Option<Deleted>>(
                "deleted",
                "Whether deleted rows are left out, included, or the only ones.",
                Some("EXCLUDE".to_owned()),
            ))
        } else {
            last
        }
    }

    /// The row whose id the arguments give.
    pub fn by_id<U: Entity>(&mut self, name: &'static str) -> Last<'_, T> {
        self.lookup(name, |args, _| Ok(Some(args.get::<Id<U>>("id")?))).takes::<Id<U>>("id", "Its id.")
    }

    /// All rows that the caller may see, as a connection.
    pub fn list<U: Listed>(&mut self, name: &'static str) -> Last<'_, T> {
        self.list_where::<U>(name, Condition::ANYTHING)
    }

    /// All rows that meet a condition and that the caller may see, as a connection.
    pub fn list_where<U: Listed>(&mut self, name: &'static str, condition: Condition) -> Last<'_, T> {
        self.pages::<U>(name, |_| Uuid::nil(), Link::Root(condition))
    }
}

const SEARCH: &str = "Those with these words in their texts, the best first unless ordered otherwise: all words, `\"a phrase\"`, \
    `or`, `-not`; a word stands for those that begin with it.";

struct Pages<F, U> {
    parent: F,
    link: Link,
    of: PhantomData<fn() -> U>,
}

impl<T, U, F> Relation<T> for Pages<F, U>
where
    T: Sync,
    U: Listed,
    F: Fn(&T) -> Uuid + Send + Sync,
{
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        // what follows is the same for every list of these rows, whatever they hang on
        let parents = rows.iter().map(&self.parent).collect();
        page_each::<U>(env, asked, &self.link, parents).boxed()
    }
}

/// The pages of all parents, with what is asked of them.
async fn page_each<'a, U: Listed>(
    env: Env<'a>,
    asked: &Asked<'a>,
    link: &Link,
    parents: Vec<Uuid>,
) -> Loaded<'a> {
    let is_root = matches!(link, Link::Root(_));
    let request = {
        let ctx = env.field(asked.field());
        Request::<U>::read(&Args::of(&ctx), env, is_root)?
    };
    let parts = collect(env.document, super::register::connection_name::<U>(), &asked.sets());
    let wanted = parts.iter().any(|part| matches!(part.name(), "edges" | "nodes" | "pageInfo"));
    let counted = parts.iter().any(|part| part.name() == "totalCount");
    let link = match link {
        Link::Column(column) => Condition::OfParent(column),
        Link::Root(condition) | Link::Where(condition) => condition.clone(),
    };
    let condition = link.and(request.condition.clone());
    let (found, totals) = futures_util::join!(
        async {
            if wanted {
                let columns = looked_at::<U>(env, &parts, &request.order);
                fetch(env, &request, is_root, (columns, condition.clone()), &parents).await
            } else {
                Ok(Pile::default())
            }
        },
        async {
            if counted {
                total::<U>(env, &parts, condition.clone(), &parents).await
            } else {
                Ok(HashMap::new())
            }
        },
    );
    let (found, totals) = (found?, totals?);
    let (_, before, after) = request.page.cut(0);
    let each = parents.iter().map(|parent| {
        let nothing = || Slice { range: 0..0, before, after };
        (found.slices.get(parent).cloned().unwrap_or_else(nothing), totals.get(parent).copied())
    });
    let each = each.collect();
    let rows = Arc::new(found.rows);
    let cursor = Arc::new(Cursor::new(env, request.context, request.order));
    let amount = Beside { condition, parents: &parents };
    let planned = parts
        .iter()
        .map(async |part| Ok::<_, Fault>((part.key, part_of(env, part, &rows, &cursor, &amount).await?)));
    let parts = futures_util::future::try_join_all(planned).await?;
    loaded(PageEach { rows, each, parts, cursor })
}

/// The rows of every parent, one more than the page each.
async fn fetch<U: Listed>(
    env: Env<'_>,
    request: &Request<U>,
    is_root: bool,
    (columns, condition): (Columns, Condition),
    parents: &[Uuid],
) -> Result<Pile<U>, Fault> {
    let backward = request.page.backward;
    let keys: Vec<Key> =
        request.keys.iter().map(|key| if backward { key.reversed() } else { key.clone() }).collect();
    let condition = match &request.at {
        Some(at) => condition.and(Condition::Beyond(keys.clone(), at.clone())),
        None => condition,
    };
    let fetch = Fetch { condition, order: keys, limit: Some(request.page.limit + 1), columns };
    if is_root {
        let mut pile = Pile { rows: U::rows(env.snapshot, fetch).await?, ..Pile::default() };
        let found = pile.rows.len();
        pile.end(Uuid::nil(), 0, found, &request.page);
        return Ok(pile);
    }
    let mut parents = parents.to_vec();
    parents.sort_unstable();
    parents.dedup();
    let expected = fetch.most().saturating_mul(parents.len());
    let mut pile = Pile { rows: Vec::with_capacity(expected.min(1024)), ..Pile::default() };
    let (mut from, mut current) = (0, None);
    let mut take = |parent, row| {
        if let Some(before) = current.replace(parent)
            && before != parent
        {
            pile.end(before, from, pile.rows.len() - from, &request.page);
            from = pile.rows.len();
        }
        pile.rows.push(row);
    };
    U::each(env.snapshot, fetch, parents, &mut take).await?;
    if let Some(last) = current {
        pile.end(last, from, pile.rows.len() - from, &request.page);
    }
    Ok(pile)
}

/// The pages of all parents, one behind the other.
struct Pile<U> {
    rows: Vec<U>,
    slices: HashMap<Uuid, Slice>,
}

impl<U> Default for Pile<U> {
    fn default() -> Self {
        Self { rows: Vec::new(), slices: HashMap::new() }
    }
}

impl<U> Pile<U> {
    /// The rows from `from` on are those that were found for `parent`.
    fn end(&mut self, parent: Uuid, from: usize, found: usize, page: &Page) {
        let (kept, before, after) = page.cut(found);
        self.rows.truncate(from + kept);
        if page.backward
            && let Some(rows) = self.rows.get_mut(from..)
        {
            rows.reverse();
        }
        self.slices.insert(parent, Slice { range: from..from + kept, before, after });
    }
}

/// The columns of the rows of a page that `parts` of it need.
fn looked_at<U: Listed>(env: Env<'_>, parts: &[Asked<'_>], order: &[Order<U::Order>]) -> Columns {
    let of_cursors = || {
        let keys = order.iter().map(|key| fields_of::<U>().column_at(key.field.sort().column));
        keys.fold(Columns::NONE, Columns::and)
    };
    let of_part = |part: &Asked<'_>| match part.name() {
        "nodes" => columns_for::<U>(env, &part.sets()),
        "edges" => {
            let edges = collect(env.document, super::register::edge_name::<U>(), &part.sets());
            let of_edge = edges.iter().map(|part| match part.name() {
                "node" => columns_for::<U>(env, &part.sets()),
                "cursor" => of_cursors(),
                _ => Columns::NONE,
            });
            of_edge.fold(Columns::NONE, Columns::and)
        }
        "pageInfo" => of_cursors(),
        _ => Columns::NONE,
    };
    parts.iter().map(of_part).fold(fields_of::<U>().column_at("id"), Columns::and)
}

/// How many rows each parent has, counted no further than the limit asked for.
async fn total<U: Listed>(
    env: Env<'_>,
    parts: &[Asked<'_>],
    condition: Condition,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, (i64, i64)>, Fault> {
    let mut limit = 0;
    for part in parts.iter().filter(|part| part.name() == "totalCount") {
        limit = limit.max(count_limit(env, part)?);
    }
    let mut distinct = parents.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let fetch = Fetch { limit: Some(limit + 1), ..Fetch::all(condition) };
    let counts = env.snapshot.count(U::TABLE, fetch, distinct).await?;
    Ok(counts.into_iter().map(|(parent, count)| (parent, (count, limit))).collect())
}

fn count_limit<'a>(env: Env<'a>, part: &Asked<'a>) -> Result<i64, Fault> {
    let ctx = env.field(part.field());
    let limit = Args::of(&ctx).get::<Option<i32>>("limit")?.unwrap_or(10_000);
    if !(1..=1_000_000).contains(&limit) {
        return Err(Fault::bad_input(say!("`limit` must lie between 1 and 1,000,000")));
    }
    Ok(limit.into())
}

/// What the arguments of a connection ask for.
struct Request<U: Listed> {
    page: Page,
    order: Vec<Order<U::Order>>,
    keys: Vec<Key>,
    at: Option<Vec<Option<String>>>,
    condition: Condition,
    /// What a cursor of this list is bound to.
    context: Vec<u8>,
}

impl<U: Listed> Request<U> {
    fn read(args: &Args<'_, '_>, env: Env<'_>, root: bool) -> Result<Self, Fault> {
        let sizes = env.visit.pages;
        let page = Page::read(args, if root { sizes.root } else { sizes.nested }, sizes.most)?;
        let search = match args.get::<Option<String>>("search")? {
            Some(words) => Some(search_of::<U>(env, &words)?),
            None => None,
        };
        let (order, keys) = order_of::<U>(args, env, search.as_ref())?;
        let mut condition = match args.get::<Option<U::Filter>>("filter")? {
            Some(filter) => filter.condition(&mut Scope::new(env))?,
            None => Condition::ANYTHING,
        };
        if let Some(search) = search {
            condition = condition.and(Condition::Found(search));
        }
        if let Some(column) = U::DELETED {
            let deleted = args.get::<Option<Deleted>>("deleted")?.unwrap_or(Deleted::Exclude);
            condition = deleted.and(condition, column);
        }
        let context = cursor_context::<U>(env, &keys);
        let at = match &page.cursor {
            None => None,
            Some(cursor) => {
                let text = env.visit.seal.open(&context, cursor);
                let at: Option<Vec<Option<String>>> =
                    text.and_then(|text| serde_json::from_slice(&text).ok());
                let at = at.map(|at| at_score(at, &keys));
                Some(at.filter(|at| at.len() == keys.len()).ok_or_else(Fault::foreign_cursor)?)
            }
        };
        Ok(Self { page, order, keys, at, condition, context })
    }
}

#[derive(Clone)]
struct Slice {
    range: Range<usize>,
    before: bool,
    after: bool,
}

struct PageEach<'a, U: Listed> {
    rows: Arc<Vec<U>>,
    each: Vec<(Slice, Option<(i64, i64)>)>,
    parts: Vec<(&'a Name, Part<'a, U>)>,
    cursor: Arc<Cursor<U::Order>>,
}

/// What is asked of all rows, whatever the page.
struct Beside<'p> {
    condition: Condition,
    parents: &'p [Uuid],
}

enum Part<'a, U: Listed> {
    Edges(Edges<'a, U>),
    Nodes(Plan<'a, U>),
    Info(Vec<Asked<'a>>),
    Count(Vec<Asked<'a>>, i64),
    Beside(Box<dyn Children<'a> + 'a>),
    Fails(Fault, Pos),
    Typename,
}

async fn part_of<'a, U: Listed>(
    env: Env<'a>,
    part: &Asked<'a>,
    rows: &Arc<Vec<U>>,
    cursor: &Arc<Cursor<U::Order>>,
    beside: &Beside<'_>,
) -> Result<Part<'a, U>, Fault> {
    let of_all = |loaded: Loaded<'a>| match loaded {
        Ok(children) => Part::Beside(children),
        Err(fault) => Part::Fails(fault, part.pos()),
    };
    Ok(match part.name() {
        "aggregate" => {
            of_all(grouped::aggregate::<U>(env, part, beside.condition.clone(), beside.parents).await)
        }
        "groupBy" => {
            of_all(grouped::group_by::<U>(env, part, beside.condition.clone(), beside.parents).await)
        }
        "edges" => Part::Edges(Edges::plan(env, &part.sets(), rows.clone(), cursor.clone()).await),
        "nodes" => Part::Nodes(plan(env, part.sets(), rows.clone()).await),
        "pageInfo" => Part::Info(collect(env.document, "PageInfo", &part.sets())),
        "totalCount" => Part::Count(collect(env.document, "Count", &part.sets()), count_limit(env, part)?),
        _ => Part::Typename,
    })
}

impl<'a, U: Listed> Children<'a> for PageEach<'a, U> {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written {
        let Some((slice, total)) = self.each.get(parent) else {
            out.null();
            return Ok(());
        };
        out.object(self.parts.iter().map(|(key, part)| (*key, part)), |out, part| match part {
            Part::Edges(edges) => out.list(slice.range.clone(), |out, at| edges.row(at, out)),
            Part::Nodes(plan) => out.list(slice.range.clone(), |out, at| plan.row(at, out)),
            Part::Info(asked) => self.info(asked, slice, out),
            Part::Count(asked, limit) => {
                let (count, counted_to) = total.unwrap_or_default();
                // several counts of one list share a statement: each is cut at its own limit
                let exact = count <= *limit && count <= counted_to;
                out.object(asked.iter().map(|asked| (asked.key, asked.name())), |out, name| {
                    match name {
                        "value" => out.raw(count.min(*limit).to_string().as_bytes()),
                        "precision" => out.text(if exact { "EXACT" } else { "AT_LEAST" }),
                        _ => out.text("Count"),
                    }
                    Ok(())
                })
            }
            Part::Beside(children) => {
                out.or_null(|out| children.write(parent, out));
                Ok(())
            }
            Part::Fails(fault, pos) => {
                out.fail(fault, Some(*pos));
                out.null();
                Ok(())
            }
            Part::Typename => {
                out.text(super::register::connection_name::<U>());
                Ok(())
            }
        })
    }
}

impl<'a, U: Listed> PageEach<'a, U> {
    fn info(&self, asked: &[Asked<'a>], slice: &Slice, out: &mut Out<'a>) -> Written {
        let last = slice.range.end.checked_sub(1).filter(|last| slice.range.contains(last));
        let first = Some(slice.range.start).filter(|first| slice.range.contains(first));
        out.object(asked.iter().map(|asked| (asked.key, asked.name())), |out, name| {
            match name {
                "hasPreviousPage" => out.raw(if slice.before { b"true" } else { b"false" }),
                "hasNextPage" => out.raw(if slice.after { b"true" } else { b"false" }),
                "startCursor" => self.write_cursor(first, out),
                "endCursor" => self.write_cursor(last, out),
                _ => out.text("PageInfo"),
            }
            Ok(())
        })
    }

    fn write_cursor(&self, at: Option<usize>, out: &mut Out<'a>) {
        match at.and_then(|at| self.rows.get(at)) {
            Some(row) => out.text(&self.cursor.of(row)),
            None => out.null(),
        }
    }
}
