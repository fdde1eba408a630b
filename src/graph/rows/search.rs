//! Searching: the argument `search` of lists, and what is found among records of many kinds.
use std::{marker::PhantomData, sync::Arc};

use async_graphql::{InputType, resolver_utils::EnumType};
use futures_util::{FutureExt, future::BoxFuture};
use uuid::Uuid;

use super::{
    any_id::AnyId,
    argument::Argument,
    declare::{Entity, Fields, How, Last, Object, fields_of},
    page_info::PageInfo,
    plan::{Asked, Env, plan},
    relation::{Loaded, OneEach, Place, Relation, loaded},
    snippets::{SearchSnippet, Snippets},
    union::{NODES, node_by_prefix, prefix_of_type},
};
use crate::{
    graph::{fault::Fault, page::Page, visit::Args},
    store::select::{Search, Wanted},
};

/// So many characters are searched for at most.
const LONGEST: usize = 200;

/// What `search` asks for in the texts of a `T` that the caller is shown as they are; if there are none, why.
pub(super) fn search_of<T: Entity>(env: Env<'_>, words: &str) -> Result<Search, Fault> {
    let words = words.trim();
    if words.is_empty() || words.chars().count() > LONGEST {
        return Err(Fault::bad_input(say!("a search takes 1 to 200 characters")));
    }
    let (mut labels, mut refused) = (String::new(), None);
    for (column, label) in T::SEARCHED.iter().zip(Search::LABELS) {
        let need = env.permit(fields_of::<T>().need_of(column), T::TABLE);
        match need.and_then(|()| env.shown::<T>(column)) {
            Ok(()) => labels.push(label),
            Err(fault) => refused = Some(fault),
        }
    }
    match refused.filter(|_| labels.is_empty()) {
        Some(fault) => Err(fault),
        None => {
            Ok(Search { kind: <T as Object>::NAME, words_in: T::WORDS_IN, words: words.to_owned(), labels })
        }
    }
}

/// The same as part of searching records of many kinds.
pub(super) fn wanted<T: Entity>(env: Env<'_>, words: &str) -> Result<Wanted, Fault> {
    env.right(<T as Object>::NEEDS)?;
    let search = search_of::<T>(env, words)?;
    Ok(Wanted { search, table: T::TABLE, condition: T::living() })
}

/// A column, and the field that shows it.
pub type SearchedColumn = (&'static str, Option<&'static str>);

/// Every kind of record that is searched, with the columns whose texts are.
pub fn searched() -> Vec<(&'static str, Vec<SearchedColumn>)> {
    let nodes = NODES.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    let all = nodes.values().filter(|node| !node.searched().is_empty());
    all.map(|node| {
        (node.name(), node.searched().iter().map(|column| (*column, node.shows(column))).collect())
    })
    .collect()
}

impl<T: Send + Sync + 'static> Fields<T> {
    /// Records of the kinds that `K` names, as they fit what is searched.
    pub fn search<K: EnumType + InputType>(&mut self, name: &'static str) -> Last<'_, T> {
        let ty = |registry: &mut _| format!("{}!", super::register::object::<SearchConnection>(registry));
        self.add(name, Box::new(ty), How::Relation(Box::new(Searching::<K>(PhantomData))))
            .required()
            .takes::<String>(
                "query",
                "What to look for, at most 200 characters: all words, `\"a phrase\"`, `or`, `-not`. A word stands for those that \
                 begin with it; capitals and accents do not matter. At least one word has to occur.",
            )
            .takes::<Option<Vec<K>>>("types", "Which kinds of records; all that you may see unless given.")
            .argument(Argument::with_default::<Option<i32>>("first", "The first so many, at most 100.", Some("25".to_owned())))
            .takes::<Option<String>>("after", "Those after this cursor.")
    }
}

/// What was found among records of many kinds.
pub struct SearchConnection {
    hits: Vec<Hit>,
    page: PageInfo,
}

/// A record that was found.
#[derive(Clone)]
pub(super) struct Hit {
    pub id: AnyId,
    /// What was looked for.
    pub words: Arc<str>,
    /// The labels of the texts in which something of it was found.
    pub labels: String,
    score: f32,
    fields: Vec<String>,
    cursor: String,
}

impl Object for SearchConnection {
    const NAME: &'static str = "SearchConnection";
    const PUBLIC: Option<&'static str> =
        Some("only records are found that the caller may see, by what they are shown of them");

    fn about() -> String {
        "A page of what was found, the best first.".to_owned()
    }

    fn fields(found: &mut Fields<Self>) {
        found.parts("edges", |found, _| found.hits.clone()).about("What was found, with how well it fits.");
        found
            .each_any("nodes", |found: &Self| found.hits.iter().map(|hit| hit.id.clone()).collect())
            .about("The records alone.");
        found
            .part("pageInfo", |found, _| Some(found.page.clone()))
            .required()
            .always()
            .about("Where this page begins and ends, and whether there is more.");
    }
}

impl Object for Hit {
    const NAME: &'static str = "SearchEdge";
    const PUBLIC: Option<&'static str> = SearchConnection::PUBLIC;

    fn about() -> String {
        "A record that was found.".to_owned()
    }

    fn fields(hit: &mut Fields<Self>) {
        hit.column("cursor", |hit| &hit.cursor).about("Its place, for `after`.");
        hit.any("node", |hit| Some(hit.id.clone())).about("The record.");
        hit.derived("score", |hit| f64::from(hit.score))
            .about("How well it fits: more than others that come later. It says nothing by itself.");
        hit.column("fields", |hit| &hit.fields)
            .about("Its fields in which something of it was found, by name; of the columns behind them, those that you are shown.");
        hit.relation::<SearchSnippet>("snippets", true, Snippets).required().about(
            "What stands there: part of the text of each of these fields, with the words that were found.",
        );
    }
}

struct Searching<K>(PhantomData<fn() -> K>);

impl<T: Sync, K: EnumType + InputType> Relation<T> for Searching<K> {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        rows: &'r [T],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let request = Request::read::<K>(env, asked)?;
            let found = Arc::new(vec![request.find(env).await?]);
            let body = plan(env, asked.sets(), found).await;
            let at = rows.iter().map(|_| Place::At(0)).collect();
            loaded(OneEach { body, at, pos: asked.pos() })
        }
        .boxed()
    }
}

/// `ComplianceControl` of the value `COMPLIANCE_CONTROL`.
fn type_name(value: &str) -> String {
    let words = value.split('_');
    words
        .map(|word| {
            word.chars()
                .take(1)
                .chain(word.chars().skip(1).map(|letter| letter.to_ascii_lowercase()))
                .collect::<String>()
        })
        .collect()
}

/// What the arguments ask for.
struct Request {
    kinds: Vec<Wanted>,
    words: Arc<str>,
    page: Page,
    after: Option<(f32, Uuid)>,
    /// What a cursor is bound to.
    context: Vec<u8>,
}

impl Request {
    fn read<K: EnumType + InputType>(env: Env<'_>, asked: &Asked<'_>) -> Result<Self, Fault> {
        let ctx = env.field(asked.field());
        let args = Args::of(&ctx);
        let words = args.get::<String>("query")?;
        let types = args.get::<Option<Vec<K>>>("types")?;
        let all = K::items();
        let chosen: Vec<K> = types.into_iter().flatten().collect();
        let mut kinds = Vec::new();
        for kind in all.iter().filter(|kind| chosen.is_empty() || chosen.contains(&kind.value)) {
            let node = prefix_of_type(&type_name(kind.name)).and_then(node_by_prefix);
            match node.map(|node| node.wanted(env, &words)) {
                Some(Ok(wanted)) => kinds.push(wanted),
                // left out is what was not named and may not be seen, and nothing else without a word
                Some(Err(fault)) if !chosen.is_empty() || !fault.is_denial() => return Err(fault),
                Some(Err(_)) | None => {}
            }
        }
        let page = Page::read(&args, env.visit.pages.root, env.visit.pages.most)?;
        let labels: Vec<_> = kinds.iter().map(|kind| (kind.search.kind, &kind.search.labels)).collect();
        let context = format!("search {} {words} {labels:?}", env.snapshot.organization()).into_bytes();
        let after = match &page.cursor {
            None => None,
            Some(cursor) => {
                let text = env.visit.seal.open(&context, cursor);
                let at = text.and_then(|text| serde_json::from_slice(&text).ok());
                Some(at.ok_or_else(Fault::foreign_cursor)?)
            }
        };
        Ok(Self { kinds, words: words.trim().into(), page, after, context })
    }

    async fn find(self, env: Env<'_>) -> Result<SearchConnection, Fault> {
        let Self { kinds, words, page, after, context } = self;
        let found = if kinds.is_empty() {
            Vec::new()
        } else {
            env.snapshot.search(kinds, after, page.limit + 1).await?
        };
        let (kept, has_previous_page, has_next_page) = page.cut(found.len());
        let hits: Vec<Hit> = found
            .into_iter()
            .take(kept)
            .filter_map(|(kind, id, score, labels)| {
                let prefix = prefix_of_type(&kind)?;
                let node = node_by_prefix(prefix)?;
                let columns = node.searched().iter().zip(Search::LABELS);
                let found_in = columns.filter(|(_, label)| labels.contains(*label));
                let at = serde_json::json!((score, id)).to_string();
                Some(Hit {
                    id: AnyId { prefix: prefix.to_owned(), uuid: id },
                    words: words.clone(),
                    score,
                    fields: found_in.filter_map(|(column, _)| Some(node.shows(column)?.to_owned())).collect(),
                    labels,
                    cursor: env.visit.seal.seal(&context, at.as_bytes()),
                })
            })
            .collect();
        let cursor = |hit: Option<&Hit>| hit.map(|hit| hit.cursor.clone());
        let page = PageInfo {
            has_next_page,
            has_previous_page,
            start_cursor: cursor(hits.first()),
            end_cursor: cursor(hits.last()),
        };
        Ok(SearchConnection { hits, page })
    }
}
