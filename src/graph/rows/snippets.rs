//! Where something was found: for each record of a page the part of its texts in which the words stand that were looked for.
use std::{
    collections::{BTreeMap, BTreeSet},
    iter::repeat_n,
    ops::Range,
};

use futures_util::{FutureExt, future::BoxFuture};

use super::{
    declare::{Fields, Object},
    plan::{Asked, Env},
    relation::{Gathered, Loaded, Relation},
    search::{Hit, SearchConnection},
    union::{AnyNode, node_by_prefix},
};
use crate::store::select::{Search, Text, TextsOf};

/// About so many characters of a text are shown.
const WIDTH: usize = 200;
/// So many of them before the first word that was found.
const LEAD: usize = 40;

/// Part of a text of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SearchSnippet {
    field: String,
    text: String,
    highlights: Vec<SearchHighlight>,
}

/// Found words in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SearchHighlight {
    text: String,
    start: i32,
    end: i32,
}

impl Object for SearchSnippet {
    const NAME: &'static str = "SearchSnippet";
    const PUBLIC: Option<&'static str> = SearchConnection::PUBLIC;

    fn about() -> String {
        "Part of a text of a record in which something was found.".to_owned()
    }

    fn fields(snippet: &mut Fields<Self>) {
        snippet.column("field", |snippet| &snippet.field).about("The field whose text it is.");
        snippet.column("text", |snippet| &snippet.text).about(
            "About 200 characters of it, plain text and nothing else, around the words that were found; `…` stands where something \
             was left out.",
        );
        snippet
            .parts("highlights", |snippet, _| snippet.highlights.clone())
            .about("The found words in it, in order.");
    }
}

impl Object for SearchHighlight {
    const NAME: &'static str = "SearchHighlight";
    const PUBLIC: Option<&'static str> = SearchConnection::PUBLIC;

    fn about() -> String {
        "A word in a snippet that was found. Its place is counted in UTF-16 code units, as JavaScript, Java and C# count characters."
            .to_owned()
    }

    fn fields(highlight: &mut Fields<Self>) {
        highlight.column("text", |highlight| &highlight.text).about("The word as it stands there.");
        highlight
            .column("start", |highlight| &highlight.start)
            .about("Where it begins in the snippet's text.");
        highlight.column("end", |highlight| &highlight.end).about("Where it ends: the place behind it.");
    }
}

/// The snippets of all records of a page, in one statement.
pub(super) struct Snippets;

impl Relation<Hit> for Snippets {
    fn load<'r, 'a: 'r>(
        &'r self,
        env: Env<'a>,
        asked: &'r Asked<'a>,
        hits: &'r [Hit],
    ) -> BoxFuture<'r, Loaded<'a>> {
        async move {
            let mut of = BTreeMap::<&str, (TextsOf, BTreeSet<char>)>::new();
            for hit in hits {
                let Some(node) = node_by_prefix(&hit.id.prefix) else { continue };
                let (texts, labels) = of.entry(&hit.id.prefix).or_insert_with(|| {
                    let (columns, ids) = (Vec::new(), Vec::new());
                    (TextsOf { kind: node.name(), table: node.table(), columns, ids }, BTreeSet::new())
                });
                texts.ids.push(hit.id.uuid);
                labels.extend(hit.labels.chars());
            }
            for (prefix, (texts, labels)) in &mut of {
                texts.columns = columns_of(prefix, labels).map(|(_, column)| column).collect();
            }
            let words = hits.first().map(|hit| hit.words.to_string()).unwrap_or_default();
            let wanted: Vec<TextsOf> =
                of.values().map(|(texts, _)| texts).filter(|of| !of.columns.is_empty()).cloned().collect();
            let texts =
                if wanted.is_empty() { Vec::new() } else { env.snapshot.texts(words, wanted).await? };
            let mut gathered = Gathered::with_capacity(hits.len());
            for hit in hits {
                let node = node_by_prefix(&hit.id.prefix);
                let labels = of.get(hit.id.prefix.as_str()).map(|(_, labels)| labels);
                let columns = labels.into_iter().flat_map(|labels| columns_of(&hit.id.prefix, labels));
                let found = columns.zip(1_i64..).filter(|((label, _), _)| hit.labels.contains(*label));
                gathered.add(found.filter_map(|((_, column), place)| {
                    let node = node?;
                    let mut texts = texts.iter();
                    let text = texts.find(|text| {
                        text.id == hit.id.uuid && text.kind == node.name() && text.place == place
                    })?;
                    Some(snippet(node.shows(column)?, text))
                }));
            }
            gathered.planned(env, asked, true).await
        }
        .boxed()
    }
}

/// The searched columns of the records with this prefix that bear one of these labels.
fn columns_of<'l>(
    prefix: &str,
    labels: &'l BTreeSet<char>,
) -> impl Iterator<Item = (char, &'static str)> + use<'l> {
    let searched = node_by_prefix(prefix).map(AnyNode::searched).unwrap_or_default();
    Search::LABELS.into_iter().zip(searched.iter().copied()).filter(|(label, _)| labels.contains(label))
}

/// What of a text is shown, with the words in it that were looked for.
fn snippet(field: &str, text: &Text) -> SearchSnippet {
    let characters: Vec<char> = text.text.chars().collect();
    let found = places(text);
    let most = |from: usize| {
        let within = found.iter().filter(|word| word.at.start >= from && word.at.end <= from + WIDTH - LEAD);
        within.map(|word| word.term).collect::<BTreeSet<_>>().len()
    };
    // where most of the words stand together, first of all
    let first =
        found.iter().rev().max_by_key(|word| most(word.at.start)).map_or(0..0, |word| word.at.clone());
    let is_space = |at: &usize| characters.get(*at).is_some_and(|character| character.is_whitespace());
    let mut start = first.start.saturating_sub(LEAD);
    if start > 0 {
        start = (start..first.start).find(is_space).map_or(start, |space| space + 1);
    }
    let mut end = (start + WIDTH).min(characters.len());
    if end < characters.len() {
        end = (first.end.max(start + WIDTH / 2)..end).rev().find(is_space).unwrap_or(end);
    }
    let piece = |range: Range<usize>| characters.get(range).unwrap_or_default().iter().collect::<String>();
    let before = if start > 0 || !text.begins { "…" } else { "" };
    let after = if end < characters.len() || !text.ends { "…" } else { "" };
    let units = |text: &str| i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX);
    let shown = found.iter().filter(|word| word.at.start >= start && word.at.start < end);
    let highlights = shown.map(|word| {
        let text = piece(word.at.start..word.at.end.min(end));
        let from = units(before) + units(&piece(start..word.at.start));
        SearchHighlight { start: from, end: from + units(&text), text }
    });
    SearchSnippet {
        field: field.to_owned(),
        highlights: highlights.collect(),
        text: format!("{before}{}{after}", piece(start..end)),
    }
}

/// A word that was found.
#[derive(Debug)]
struct Word {
    /// Which of those that were looked for.
    term: usize,
    /// Its characters.
    at: Range<usize>,
}

/// Where the words stand, in order.
fn places(text: &Text) -> Vec<Word> {
    let Some(places) = aligned(&text.text, &text.folded) else { return Vec::new() };
    let folded: Vec<char> = text.folded.chars().collect();
    let terms: Vec<Vec<char>> = text.terms.iter().map(|term| term.chars().collect()).collect();
    let in_word = |at: usize| folded.get(at).is_some_and(|character| character.is_alphanumeric());
    let mut found = Vec::<Word>::new();
    let mut at = 0;
    while at < folded.len() {
        let rest = folded.get(at..).unwrap_or_default();
        let inside = at > 0 && in_word(at - 1) && in_word(at);
        let term = terms
            .iter()
            .enumerate()
            .filter(|(_, term)| !inside && !term.is_empty() && rest.starts_with(term));
        let Some((term, characters)) = term.max_by_key(|(_, term)| term.len()) else {
            at += 1;
            continue;
        };
        // a word stands for those that begin with it
        let mut end = at + characters.len();
        while in_word(end) {
            end += 1;
        }
        let whole = places.get(at).zip(places.get(end - 1)).map(|(first, last)| first.start..last.end);
        let after = found.last().map_or(0, |last| last.at.end);
        found.extend(whole.filter(|at| at.start >= after).map(|at| Word { term, at }));
        at = end;
    }
    found
}

/// For each character of a text as it is compared, where it stands in the text as it is; none if that cannot be said.
///
/// A character may be several without its accent, or none. What separates words stays what it is, so where the
/// characters between cannot be told apart, all of them are meant.
fn aligned(text: &str, folded: &str) -> Option<Vec<Range<usize>>> {
    let separates = |character: char| character.is_whitespace() || character.is_ascii_punctuation();
    let (mut words, mut same) = (text.split_inclusive(separates), folded.split_inclusive(separates));
    let (mut places, mut from) = (Vec::new(), 0);
    loop {
        let (word, same) = match (words.next(), same.next()) {
            (Some(word), Some(same)) => (word, same),
            (None, None) => return Some(places),
            // of the last one nothing is left but accents
            (Some(_), None) if words.next().is_none() => return Some(places),
            _ => return None,
        };
        let (long, short) = (word.chars().count(), same.chars().count());
        let to = from + long;
        if long == short {
            places.extend((from..to).map(|at| at..at + 1));
        } else {
            let ends = usize::from(same.ends_with(separates));
            places.extend(repeat_n(from..to - ends, short - ends));
            places.extend((ends == 1).then(|| to - 1..to));
        }
        from = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, folded: &str, terms: &[&str]) -> Text {
        Text {
            kind: "Message".to_owned(),
            id: uuid::Uuid::nil(),
            place: 1,
            text: text.to_owned(),
            folded: folded.to_owned(),
            begins: true,
            ends: true,
            terms: terms.iter().map(|term| (*term).to_owned()).collect(),
        }
    }

    fn marked(found: &Text) -> Vec<String> {
        let snippet = snippet("content", found);
        let units: Vec<u16> = snippet.text.encode_utf16().collect();
        for mark in &snippet.highlights {
            let range = usize::try_from(mark.start).unwrap()..usize::try_from(mark.end).unwrap();
            assert_eq!(String::from_utf16(&units[range]).unwrap(), mark.text);
        }
        snippet.highlights.into_iter().map(|mark| mark.text).collect()
    }

    #[test]
    fn words_are_marked_as_they_stand() {
        let found = text("🎉 São Paulo: paulistas", "🎉 sao paulo: paulistas", &["paul", "sao"]);
        assert_eq!(marked(&found), ["São", "Paulo", "paulistas"]);
        // accents that are characters of their own
        let found = text("a Sa\u{303}o b", "a sao b", &["sao"]);
        assert_eq!(marked(&found), ["Sa\u{303}o"]);
        // a character that is two without its accent
        let found = text("x がぎ, y", "x か\u{3099}き\u{3099}, y", &["か\u{3099}"]);
        assert_eq!(marked(&found), ["がぎ"]);
        let found = text("start art", "start art", &["art"]);
        assert_eq!(marked(&found), ["art"]);
        let found = text("ann@example.com, o'brien", "ann@example.com, o'brien", &["ann@ex", "brien"]);
        assert_eq!(marked(&found), ["ann@example", "brien"]);
        assert_eq!(marked(&text("nothing", "nothing", &["other", ""])), Vec::<String>::new());
    }

    #[test]
    fn a_long_text_is_cut_where_most_was_found() {
        let filler = "word ".repeat(60);
        let long = format!("{filler}apple {filler}apple and pear {filler}");
        let found = text(&long, &long, &["apple", "pear"]);
        assert_eq!(marked(&found), ["apple", "pear"]);
        let shown = snippet("content", &found);
        assert!(shown.text.starts_with("…word") && shown.text.ends_with("word…"), "{}", shown.text);
        assert!(shown.text.chars().count() <= WIDTH + 2);
    }
}
