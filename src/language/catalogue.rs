//! What is said, in Portuguese: for each template of the source its translation, with the same arguments.
//!
//! In a translation `{what:said}` is an argument that is a sentence or word of the catalogue itself, and `{limit:number}`
//! one whose thousands are grouped.
use std::{borrow::Cow, collections::HashMap, sync::LazyLock};

/// The files of the catalogue, by who says what stands in them.
const FILES: [&str; 7] = [
    include_str!("pt-BR/requests.json"),
    include_str!("pt-BR/access.json"),
    include_str!("pt-BR/identity.json"),
    include_str!("pt-BR/domains.json"),
    include_str!("pt-BR/database.json"),
    include_str!("pt-BR/words.json"),
    include_str!("pt-BR/async_graphql.json"),
];

/// Sentences within sentences that are translated; a caller may have sent what looks like more.
const DEEPEST: usize = 32;

type Catalogue = HashMap<String, Entry>;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let entries = entries().into_iter().map(|(english, portuguese)| {
        let entry = Entry { english: Pattern::of(&english), portuguese: Pattern::of(&portuguese) };
        (english, entry)
    });
    entries.collect()
});

/// What stands in the files. What cannot be read is missing, which a law sees.
pub fn entries() -> Vec<(String, String)> {
    let read =
        |file| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(file).unwrap_or_default();
    let text = |value: serde_json::Value| value.as_str().map(str::to_owned);
    let all = FILES.into_iter().flat_map(read);
    all.filter_map(|(english, portuguese)| Some((english, text(portuguese)?))).collect()
}

struct Entry {
    english: Pattern,
    portuguese: Pattern,
}

/// A template, taken apart: a text before each argument, and one at the end.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    pub texts: Vec<String>,
    /// Name, and what is to be done with it: `said`, `number`.
    pub arguments: Vec<(String, String)>,
}

impl Pattern {
    pub fn of(template: &str) -> Self {
        let mut pattern = Self::default();
        let mut text = String::new();
        let mut letters = template.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '{' | '}' if letters.next_if_eq(&letter).is_some() => text.push(letter),
                '{' => {
                    let argument: String = letters.by_ref().take_while(|letter| *letter != '}').collect();
                    let (name, kind) = argument.split_once(':').unwrap_or((&argument, ""));
                    pattern.arguments.push((name.to_owned(), kind.to_owned()));
                    pattern.texts.push(std::mem::take(&mut text));
                }
                _ => text.push(letter),
            }
        }
        pattern.texts.push(text);
        pattern
    }

    /// What stands in `text` in the places of the arguments, if it was made by this template.
    fn read<'t>(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let (first, others) = self.texts.split_first()?;
        let mut left = text.strip_prefix(first.as_str())?;
        let Some((last, between)) = others.split_last() else { return left.is_empty().then(Vec::new) };
        let mut values = Vec::with_capacity(others.len());
        for (at, next) in between.iter().enumerate() {
            // what stands first may be a sentence that goes on with the same words: it takes as much as it can
            let is_first = at == 0 && first.is_empty();
            let parts =
                if is_first { left.rsplit_once(next.as_str()) } else { left.split_once(next.as_str()) };
            let (value, after) = parts?;
            values.push(value);
            left = after;
        }
        values.push(left.strip_suffix(last.as_str())?);
        Some(values)
    }

    /// Whether what stands in quotes is one thing: a quote in it may be the end of one sentence and the begin of another.
    fn is_plain(&self, values: &[&str]) -> bool {
        let quoted = self.texts.windows(2).map(|around| match around {
            [before, after] => before.ends_with('`') && after.starts_with('`'),
            _ => false,
        });
        values.iter().zip(quoted).all(|(value, is_quoted)| !is_quoted || !value.contains('`'))
    }

    fn weight(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }
}

impl Entry {
    fn fill(&self, values: &[&str], depth: usize) -> String {
        let mut told = String::new();
        let mut arguments = self.portuguese.arguments.iter();
        for text in &self.portuguese.texts {
            told.push_str(text);
            let Some((name, kind)) = arguments.next() else { break };
            let at = self.english.arguments.iter().position(|(known, _)| known == name);
            let value = at.and_then(|at| values.get(at)).copied().unwrap_or_default();
            told.push_str(&match kind.as_str() {
                "number" if value.starts_with(|letter: char| letter.is_ascii_digit()) => {
                    Cow::Owned(value.replace(',', "."))
                }
                "said" | "number" if depth < DEEPEST => {
                    recognize_at(value, depth + 1).unwrap_or(Cow::Borrowed(value))
                }
                _ => Cow::Borrowed(value),
            });
        }
        told
    }

    fn tell<'t>(&'t self, text: &str, depth: usize) -> Option<Cow<'t, str>> {
        match self.portuguese.texts.as_slice() {
            [whole] => Some(Cow::Borrowed(whole)),
            _ => self.english.read(text).map(|values| Cow::Owned(self.fill(&values, depth))),
        }
    }
}

/// The template of this name.
pub fn template(name: &str) -> Option<&'static str> {
    CATALOGUE.get_key_value(name).map(|(template, _)| template.as_str())
}

/// The translation of `text`, which was made by `template`.
pub fn translate(template: &str, text: &str) -> Option<Cow<'static, str>> {
    CATALOGUE.get(template)?.tell(text, 0)
}

/// The translation of what was made by one of the templates: by that of which most is in it.
pub fn recognize(text: &str) -> Option<Cow<'static, str>> {
    recognize_at(text, 0)
}

fn recognize_at(text: &str, depth: usize) -> Option<Cow<'static, str>> {
    let exact = CATALOGUE.get(text).filter(|entry| entry.english.arguments.is_empty());
    if let Some(entry) = exact {
        return entry.tell(text, depth);
    }
    let known = CATALOGUE.values().filter_map(|entry| Some((entry, entry.english.read(text)?)));
    let (entry, _) =
        known.max_by_key(|(entry, values)| (entry.english.is_plain(values), entry.english.weight()))?;
    entry.tell(text, depth)
}
