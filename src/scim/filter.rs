//! Filters as they are written (RFC 7644 §3.4.2.2), and the paths of attributes in them.
//!
//! A filter is read in one pass that never goes back, and no deeper and no longer than the limits here.
use std::fmt;

use serde_json::Value;

use super::error::{Error, Kind, Result};

/// A longer filter is not read.
const LONGEST: usize = 8192;
/// Nor one that is nested deeper,
const DEEPEST: usize = 24;
/// or compares more often.
const MOST: usize = 200;

/// What is asked of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    Compare(Path, Operator, Value),
    Present(Path),
    /// Of one value of several: `emails[type eq "work"]`.
    Has(Path, Box<Filter>),
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("co", Operator::Co),
    ("sw", Operator::Sw),
    ("ew", Operator::Ew),
    ("gt", Operator::Gt),
    ("ge", Operator::Ge),
    ("lt", Operator::Lt),
    ("le", Operator::Le),
];

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = OPERATORS.iter().find(|(_, operator)| operator == self).map(|(name, _)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

/// `urn:…:User:name.familyName`: names are compared whatever their case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    pub schema: Option<String>,
    pub name: String,
    pub sub: Option<String>,
}

impl Path {
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || Error::bad(Kind::InvalidPath, format!("`{text}` is no path of an attribute"));
        let (schema, names) = match text.to_ascii_lowercase().starts_with("urn:") {
            true => text.rsplit_once(':').map(|(schema, names)| (Some(schema.to_owned()), names)),
            false => Some((None, text)),
        }
        .ok_or_else(wrong)?;
        // the version of a schema has a dot of its own: `…:2.0:User`
        let (name, sub) = names.split_once('.').map_or((names, None), |(name, sub)| (name, Some(sub)));
        let fine = |name: &str| {
            let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
            name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '$')
                && name.chars().skip(1).all(plain)
        };
        if !fine(name) || !sub.is_none_or(fine) {
            return Err(wrong());
        }
        Ok(Self { schema, name: name.to_owned(), sub: sub.map(str::to_owned) })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.name)?;
        self.sub.iter().try_for_each(|sub| write!(f, ".{sub}"))
    }
}

/// As it can be read again.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Self::And(_) | Self::Or(_) => write!(f, "({part})")?,
                    _ => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Compare(path, operator, value) => write!(f, "{path} {operator} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Has(path, filter) => write!(f, "{path}[{filter}]"),
            Self::And(parts) => list(f, parts, "and"),
            Self::Or(parts) => list(f, parts, "or"),
            Self::Not(part) => write!(f, "not ({part})"),
        }
    }
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self> {
        let mut reader = Reader::new(text)?;
        let filter = reader.any()?;
        reader.skip();
        match reader.rest.is_empty() {
            true => Ok(filter),
            false => Err(reader.unexpected("`and`, `or` or the end")),
        }
    }
}

/// The target of a change: `emails[type eq "work"].value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub path: Path,
    pub filter: Option<Filter>,
}

impl Target {
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |error: Error| Error { kind: Some(Kind::InvalidPath), ..error };
        let Some((before, rest)) = text.split_once('[') else {
            return Ok(Self { path: Path::parse(text)?, filter: None });
        };
        let mut path = Path::parse(before.trim())?;
        let mut reader = Reader::new(rest).map_err(wrong)?;
        reader.within = true;
        let filter = reader.any().map_err(wrong)?;
        reader.skip();
        let rest = reader.rest.strip_prefix(']').ok_or_else(|| wrong(reader.unexpected("`]`")))?;
        match (rest.strip_prefix('.'), &path.sub) {
            (Some(sub), None) => path.sub = Path::parse(sub)?.plain(text)?,
            (None, _) if rest.is_empty() => {}
            _ => return Err(Error::bad(Kind::InvalidPath, format!("`{text}` is no path of an attribute"))),
        }
        Ok(Self { path, filter: Some(filter) })
    }
}

impl Path {
    /// The one name that it is.
    fn plain(self, text: &str) -> Result<Option<String>> {
        match self {
            Self { schema: None, sub: None, name } => Ok(Some(name)),
            _ => Err(Error::bad(Kind::InvalidPath, format!("`{text}` is no path of an attribute"))),
        }
    }
}

struct Reader<'t> {
    rest: &'t str,
    depth: usize,
    comparisons: usize,
    /// Between brackets, where there are no others.
    within: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(Error::filter(format!("a filter has at most {LONGEST} characters")));
        }
        Ok(Self { rest: text, depth: 0, comparisons: 0, within: false })
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let found: String = self.rest.chars().take(20).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
        Error::filter(format!("expected {wanted}, found {found}"))
    }

    /// Takes a word, whatever its case, if it comes next.
    fn word(&mut self, word: &str) -> bool {
        self.skip();
        let Some((head, rest)) = self.rest.split_at_checked(word.len()) else { return false };
        let ends = !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        if ends && head.eq_ignore_ascii_case(word) {
            self.rest = rest;
            return true;
        }
        false
    }

    fn sign(&mut self, sign: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// `and` binds closer than `or`.
    fn any(&mut self) -> Result<Filter> {
        let mut parts = vec![self.all()?];
        while self.word("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn all(&mut self) -> Result<Filter> {
        let mut parts = vec![self.one()?];
        while self.word("and") {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn one(&mut self) -> Result<Filter> {
        if self.depth >= DEEPEST {
            return Err(Error::filter(format!("a filter is nested at most {DEEPEST} deep")));
        }
        self.depth += 1;
        let filter = self.nested();
        self.depth -= 1;
        filter
    }

    fn nested(&mut self) -> Result<Filter> {
        let before = self.rest;
        if self.word("not") {
            if self.sign('(') {
                return Ok(Filter::Not(Box::new(self.group()?)));
            }
            // an attribute may be called so
            self.rest = before;
        }
        if self.sign('(') {
            return self.group();
        }
        self.comparison()
    }

    fn group(&mut self) -> Result<Filter> {
        let filter = self.any()?;
        if self.sign(')') { Ok(filter) } else { Err(self.unexpected("`)`")) }
    }

    fn comparison(&mut self) -> Result<Filter> {
        self.comparisons += 1;
        if self.comparisons > MOST {
            let detail = format!("a filter has at most {MOST} comparisons");
            return Err(Error::bad(Kind::TooMany, detail));
        }
        self.skip();
        let end = self.rest.find(|letter: char| letter.is_whitespace() || "[]()\"".contains(letter));
        let (name, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len())).unwrap_or_default();
        if name.is_empty() {
            return Err(self.unexpected("an attribute"));
        }
        let path = Path::parse(name).map_err(|error| Error { kind: Some(Kind::InvalidFilter), ..error })?;
        self.rest = rest;
        if !self.within && self.rest.starts_with('[') && path.sub.is_none() {
            self.sign('[');
            self.within = true;
            let filter = self.any()?;
            self.within = false;
            return match self.sign(']') {
                true => Ok(Filter::Has(path, Box::new(filter))),
                false => Err(self.unexpected("`]`")),
            };
        }
        if self.word("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = OPERATORS.iter().find(|(name, _)| self.word(name)).map(|(_, operator)| *operator);
        let operator = operator.ok_or_else(|| self.unexpected("a comparison such as `eq`"))?;
        Ok(Filter::Compare(path, operator, self.value()?))
    }

    /// A text, number, `true`, `false` or `null` of JSON.
    fn value(&mut self) -> Result<Value> {
        self.skip();
        let rest = self.rest;
        let (value, length) = if rest.starts_with('"') {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            (values.next().and_then(std::result::Result::ok), values.byte_offset())
        } else {
            let end = rest.find(|letter: char| letter.is_whitespace() || "[](){}\"".contains(letter));
            let length = end.unwrap_or(rest.len());
            (rest.get(..length).and_then(|word| serde_json::from_str(word).ok()), length)
        };
        let value =
            value.ok_or_else(|| self.unexpected("a value in quotes, a number, true, false or null"))?;
        self.rest = rest.get(length..).unwrap_or_default();
        Ok(value)
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => many(parts.into_iter().chain(last).collect()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn path() -> impl Strategy<Value = Path> {
        let name = "[a-z][A-Za-z0-9_-]{0,8}";
        let schema = proptest::option::of("urn:ietf:params:scim:[a-z]{1,6}:2\\.0:[A-Z][a-z]{1,5}");
        (schema, name, proptest::option::of(name)).prop_filter_map(
            "words of the language",
            |(schema, name, sub)| {
                (!["not", "and", "or"].contains(&name.as_str())).then_some(Path { schema, name, sub })
            },
        )
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "\\PC{0,12}".prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ]
    }

    fn comparison() -> impl Strategy<Value = Filter> {
        let operator = (0..OPERATORS.len()).prop_map(|index| OPERATORS[index].1);
        prop_oneof![
            (path(), operator, value())
                .prop_map(|(path, operator, value)| Filter::Compare(path, operator, value)),
            path().prop_map(Filter::Present),
        ]
    }

    /// Of any shape that can be written: lists have two parts at least, and no list is in another of its kind.
    fn filter() -> impl Strategy<Value = Filter> {
        let flat = comparison().prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
                proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
                inner.prop_map(|inner| Filter::Not(Box::new(inner))),
            ]
        });
        let has = (path(), flat.clone())
            .prop_map(|(path, filter)| Filter::Has(Path { sub: None, ..path }, Box::new(filter)));
        prop_oneof![flat, has].prop_recursive(3, 24, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
                proptest::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
                inner.prop_map(|inner| Filter::Not(Box::new(inner))),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_it_was(filter in filter()) {
            prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
        }

        #[test]
        fn nonsense_is_refused_and_never_more(text in "[a-z \\[\\]().\"\\\\:é0-9]{0,60}") {
            if let Err(error) = Filter::parse(&text) {
                prop_assert_eq!(error.status, 400);
            }
            drop(Target::parse(&text));
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_words_have_no_case() {
        let read = |text: &str| Filter::parse(text).unwrap().to_string();
        assert_eq!(read("a pr OR b pr And c pr"), "a pr or (b pr and c pr)");
        assert_eq!(read("(a pr or b pr) and Not(c Eq 1)"), "(a pr or b pr) and not (c eq 1)");
        assert_eq!(read(r#"not  eq "not""#), r#"not eq "not""#);
        assert_eq!(
            read(r#"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName sw "J\"\u00e9""#),
            r#"urn:ietf:params:scim:schemas:core:2.0:User:name.familyName sw "J"é""#.replace("J\"", "J\\\"")
        );
    }

    #[test]
    fn a_hostile_filter_is_refused_at_once() {
        let deep = format!("{}a pr{}", "(".repeat(4000), ")".repeat(4000));
        let many = vec!["a pr"; 201].join(" or ");
        let long = format!("a eq \"{}\"", "x".repeat(LONGEST));
        let nots = "not (".repeat(1000);
        let begun = std::time::Instant::now();
        for (text, kind) in [
            (deep, Kind::InvalidFilter),
            (many, Kind::TooMany),
            (long, Kind::InvalidFilter),
            (nots, Kind::InvalidFilter),
            ("a eq".to_owned(), Kind::InvalidFilter),
            ("a eq {}".to_owned(), Kind::InvalidFilter),
            ("a eq \"x".to_owned(), Kind::InvalidFilter),
            ("a[b[c pr]]".to_owned(), Kind::InvalidFilter),
            ("a pr b pr".to_owned(), Kind::InvalidFilter),
            (String::new(), Kind::InvalidFilter),
        ] {
            assert_eq!(Filter::parse(&text).unwrap_err().kind, Some(kind), "{text:.40}");
        }
        assert!(begun.elapsed().as_millis() < 500);
    }

    #[test]
    fn a_target_names_an_attribute_or_some_of_its_values() {
        let target = Target::parse(r#"emails[type eq "work"].value"#).unwrap();
        assert_eq!((target.path.name.as_str(), target.path.sub.as_deref()), ("emails", Some("value")));
        let work = Filter::Compare(Path::parse("type").unwrap(), Operator::Eq, json!("work"));
        assert_eq!(target.filter, Some(work));
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value";
        assert_eq!(Target::parse(enterprise).unwrap().path.to_string(), enterprise);
        for wrong in ["", "emails[", "emails[type]", "a.b.c", "emails[type pr]x", "emails[type pr].a.b", "é"]
        {
            assert_eq!(Target::parse(wrong).unwrap_err().kind, Some(Kind::InvalidPath), "{wrong}");
        }
    }
}
