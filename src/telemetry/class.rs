//! What kind of statement it was: what it does and the table it is about, nothing else of its text.
use std::{
    collections::HashMap,
    sync::{
        LazyLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// `SELECT sales.deals`, and how often and for how long it was asked since the server began.
#[derive(Debug)]
pub struct Class {
    pub name: String,
    pub verb: &'static str,
    pub table: Option<String>,
    count: AtomicU64,
    microseconds: AtomicU64,
}

/// There are no more than tables times verbs; should there be, the rest is one.
const MOST: usize = 600;

const VERBS: [&str; 10] =
    ["SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK", "SET", "EXPLAIN", "OTHER"];
/// What stands before the name of a table.
const BEFORE_TABLES: [&str; 4] = ["FROM", "INTO", "UPDATE", "JOIN"];

/// Classes by verb and by the words that name their tables.
type Known = [HashMap<Box<str>, &'static Class>; VERBS.len()];

static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);
static ALL: LazyLock<RwLock<Vec<&'static Class>>> = LazyLock::new(RwLock::default);

impl Class {
    /// The class of a statement.
    pub fn of(text: &str) -> &'static Self {
        let (verb, table) = read(text);
        let place = VERBS.iter().position(|known| *known == verb).unwrap_or_default();
        {
            let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(class) = known.get(place).and_then(|classes| classes.get(table)) {
                return class;
            }
        }
        Self::learn(place, verb, table)
    }

    fn learn(place: usize, verb: &'static str, word: &str) -> &'static Self {
        let mut all = ALL.write().unwrap_or_else(PoisonError::into_inner);
        let table = (!word.is_empty()).then(|| word.replace('"', ""));
        let (table, name) = match table {
            _ if all.len() >= MOST => (None, "OTHER".to_owned()),
            Some(table) => (Some(table.clone()), format!("{verb} {table}")),
            None => (None, verb.to_owned()),
        };
        let class = if let Some(class) = all.iter().find(|class| class.name == name) {
            class
        } else {
            let (count, microseconds) = (AtomicU64::new(0), AtomicU64::new(0));
            let class: &'static Self = Box::leak(Box::new(Self { name, verb, table, count, microseconds }));
            all.push(class);
            class
        };
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(classes) = known.get_mut(place).filter(|classes| classes.len() < MOST) {
            classes.insert(word.into(), class);
        }
        class
    }

    pub(super) fn count(&self, took: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.lasted(took);
    }

    /// It took this much longer than was known.
    pub(super) fn lasted(&self, more: Duration) {
        let microseconds = u64::try_from(more.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// How often it was asked, and how long that took in microseconds.
    pub fn totals(&self) -> (u64, u64) {
        (self.count.load(Ordering::Relaxed), self.microseconds.load(Ordering::Relaxed))
    }
}

/// All that were asked since the server began.
pub fn classes() -> Vec<&'static Class> {
    ALL.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The verb, and the words of the first table, if there is one.
fn read(text: &str) -> (&'static str, &str) {
    let first = text.split_ascii_whitespace().next().unwrap_or_default().trim_end_matches(';');
    let is = |verb: &&&str| first.eq_ignore_ascii_case(verb);
    let verb = match VERBS.iter().find(is) {
        Some(verb) => verb,
        // what is prepared within a statement is read, unless something is changed
        None if first.eq_ignore_ascii_case("WITH") => {
            let changes =
                |word: &&str| ["INSERT", "UPDATE", "DELETE"].contains(&word.trim_matches(['(', ')']));
            let changed =
                text.split_ascii_whitespace().find(changes).map(|word| word.trim_matches(['(', ')']));
            changed.and_then(|word| VERBS.iter().find(|verb| **verb == word)).unwrap_or(&"SELECT")
        }
        None => return ("OTHER", ""),
    };
    // settings that begin a transaction are no tables
    if !["SELECT", "INSERT", "UPDATE", "DELETE"].contains(verb) {
        return (verb, "");
    }
    let mut words = text.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        let word = word.trim_start_matches('(');
        if BEFORE_TABLES.iter().any(|before| word.eq_ignore_ascii_case(before))
            && let Some(table) = words.peek().and_then(|word| qualified(word))
        {
            return (verb, table);
        }
    }
    (verb, "")
}

/// `"sales"."deals"`, with or without quotes, if it is that and nothing else.
fn qualified(word: &str) -> Option<&str> {
    let name = word.split(['(', ',', ')', ';']).next()?;
    let (schema, table) = name.split_once('.')?;
    let plain = |part: &str| {
        let part = part.trim_matches('"');
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
    };
    (plain(schema) && plain(table)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_a_verb_and_a_table() {
        for (text, name) in [
            ("SELECT \"sales\".\"deals\".\"id\" FROM \"sales\".\"deals\" WHERE x = $1", "SELECT sales.deals"),
            (
                "SELECT k, r.id FROM unnest($1) k CROSS JOIN LATERAL (SELECT * FROM sales.deals d) r",
                "SELECT sales.deals",
            ),
            ("INSERT INTO \"audit\".\"audit_logs\" (\"id\") VALUES ($1)", "INSERT audit.audit_logs"),
            ("UPDATE chat.messages SET content = 'from secret.place'", "UPDATE chat.messages"),
            ("WITH new AS (INSERT INTO ops.events (id) VALUES ($1)) SELECT 1", "INSERT ops.events"),
            ("WITH found AS (SELECT id FROM ops.events) SELECT id FROM found", "SELECT ops.events"),
            ("BEGIN; SET LOCAL app.request_id = 'FROM secret.place'", "BEGIN"),
            ("SELECT set_config('app.sign_in_email', $1, true)", "SELECT"),
            ("ROLLBACK", "ROLLBACK"),
            ("LISTEN x", "OTHER"),
        ] {
            assert_eq!(Class::of(text).name, name, "{text}");
        }
        let same = Class::of("SELECT 1 FROM sales.deals");
        assert!(std::ptr::eq(same, Class::of("SELECT 2 FROM \"sales\".\"deals\"")));
    }
}
