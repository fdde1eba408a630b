//! Which columns of its row each field of an entity reads, found in the source: a row's columns that nothing reads need
//! not be asked for. A closure can look at its row by the name of its parameter alone, so that the places where the name
//! stands tell all that it reads. Whatever stands there otherwise than as `row.column` counts as reading everything.
use std::collections::BTreeMap;

/// An entity as it is written down.
#[derive(Debug, PartialEq, Eq)]
pub struct Entity {
    pub name: String,
    /// The fields of its struct, in order.
    pub columns: Vec<String>,
    /// For each field of the graph whose columns are known: which, by their places.
    pub reads: BTreeMap<String, Vec<usize>>,
}

/// The methods whose last argument is a closure over the row, or a function of it.
const METHODS: [&str; 9] = ["any", "computed", "derived", "edge", "many", "one", "part", "parts", "value"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t str),
    Mark(char),
    /// Between quotes.
    Text(&'t str),
}
use Token::{Mark, Text, Word};

/// The entities of a source file.
pub fn entities(source: &str) -> Vec<Entity> {
    let tokens = tokens(source);
    let places = (0..tokens.len()).filter_map(|at| tokens.get(at..));
    places
        .filter_map(|rest| match rest {
            [Word("impl"), Word("Entity"), Word("for"), Word(name), implementation @ ..] => {
                Some((*name, group(implementation)?))
            }
            _ => None,
        })
        .map(|(name, implementation)| {
            let columns = columns(&tokens, name);
            let fields = function(implementation, "fields", 0).map(|(_, body)| body).unwrap_or_default();
            let reads = fields_of(fields, &tokens, &columns);
            Entity { name: name.to_owned(), columns, reads }
        })
        .collect()
}

/// The fields of a struct.
fn columns(tokens: &[Token<'_>], name: &str) -> Vec<String> {
    let found = (0..tokens.len()).find_map(|at| match tokens.get(at..) {
        Some([Word("struct"), Word(found), rest @ ..]) if *found == name => group(rest),
        _ => None,
    });
    let (mut depth, mut columns) = (0, Vec::new());
    let inner = found.unwrap_or_default();
    for (at, token) in inner.iter().enumerate() {
        match (token, inner.get(at + 1..)) {
            (Word(column), Some([Mark(':'), next, ..]))
                if depth == 0 && *next != Mark(':') && (at == 0 || inner.get(at - 1) != Some(&Mark(':'))) =>
            {
                columns.push((*column).to_owned());
            }
            (Mark('(' | '[' | '{' | '<'), _) => depth += 1,
            (Mark(')' | ']' | '}' | '>'), _) => depth -= 1,
            _ => {}
        }
    }
    columns
}

/// What the fields read that are declared in `body`.
fn fields_of(body: &[Token<'_>], file: &[Token<'_>], columns: &[String]) -> BTreeMap<String, Vec<usize>> {
    let calls = (0..body.len()).filter_map(|at| match body.get(at..) {
        Some([Mark('.'), Word(method), rest @ ..]) if METHODS.contains(method) => group(after_types(rest)?),
        _ => None,
    });
    let fields = calls.filter_map(|arguments| match arguments {
        [Text(field), Mark(','), read @ ..] => Some(((*field).to_owned(), reads(read, file, columns)?)),
        _ => None,
    });
    fields.collect()
}

/// What follows the types that a method is called with, if it is.
fn after_types<'r, 't>(rest: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
    let [Mark(':'), Mark(':'), Mark('<'), ..] = rest else { return Some(rest) };
    let mut depth = 0;
    let end = rest.iter().position(|token| {
        match token {
            Mark('<') => depth += 1,
            Mark('>') => depth -= 1,
            _ => {}
        }
        *token == Mark('>') && depth == 0
    });
    rest.get(end? + 1..)
}

/// The columns that a closure reads, or a function of the same file; nothing where that cannot be said.
fn reads(read: &[Token<'_>], file: &[Token<'_>], columns: &[String]) -> Option<Vec<usize>> {
    let (parameter, body) = match read {
        [Mark('|'), rest @ ..] | [Word("move"), Mark('|'), rest @ ..] => {
            let end = rest.iter().position(|token| *token == Mark('|'))?;
            (parameter(rest.get(..end)?)?, rest.get(end + 1..)?)
        }
        [Word(name)] | [Word(name), Mark(',')] => {
            let (parameters, body) = function(file, name, 0)?;
            (parameter(parameters)?, body)
        }
        _ => return None,
    };
    let mut read = Vec::new();
    if parameter == "_" {
        return Some(read);
    }
    let told = format!("{{{parameter}");
    for (at, token) in body.iter().enumerate() {
        match token {
            Text(text) if text.contains(&told) => return None,
            Word(word) if *word == parameter => {}
            _ => continue,
        }
        let before = at.checked_sub(2).and_then(|from| body.get(from..at));
        if matches!(before, Some([first, Mark('.')]) if *first != Mark('.')) {
            // a field of something else
            continue;
        }
        match body.get(at + 1..) {
            Some([Mark('.'), Word(_), Mark('('), ..] | [Mark('.'), Word(_), Mark(':'), Mark(':'), ..]) => {
                return None;
            }
            Some([Mark('.'), Word(column), ..]) => {
                read.push(columns.iter().position(|known| known == column)?);
            }
            _ => return None,
        }
    }
    read.sort_unstable();
    read.dedup();
    Some(read)
}

/// The name of the first parameter.
fn parameter<'t>(parameters: &[Token<'t>]) -> Option<&'t str> {
    match parameters {
        [Word(name)] | [Word(name), Mark(',' | ':'), ..] => Some(name),
        _ => None,
    }
}

/// The parameters and the body of a function that stands at this depth.
fn function<'r, 't>(
    tokens: &'r [Token<'t>],
    name: &str,
    depth: usize,
) -> Option<(&'r [Token<'t>], &'r [Token<'t>])> {
    let mut inside = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Mark('(' | '[' | '{') => inside += 1,
            Mark(')' | ']' | '}') => inside = inside.saturating_sub(1),
            Word("fn") if inside == depth => {
                if let Some([Word(found), rest @ ..]) = tokens.get(at + 1..)
                    && *found == name
                    && rest.first() == Some(&Mark('('))
                {
                    let parameters = group(rest)?;
                    let body = rest.get(parameters.len() + 2..)?;
                    let open = body.iter().position(|token| *token == Mark('{'))?;
                    return Some((parameters, group(body.get(open..)?)?));
                }
            }
            _ => {}
        }
    }
    None
}

/// What stands between the bracket with which `tokens` begin, and the one that closes it.
fn group<'r, 't>(tokens: &'r [Token<'t>]) -> Option<&'r [Token<'t>]> {
    let Some(Mark('(' | '[' | '{')) = tokens.first() else { return None };
    let mut depth = 0;
    let end = tokens.iter().position(|token| {
        match token {
            Mark('(' | '[' | '{') => depth += 1,
            Mark(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    tokens.get(1..end?)
}

/// The source without its comments.
fn tokens(mut rest: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if rest.starts_with("//") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, rest.find("*/").map_or(rest.len(), |end| end + 2))
        } else if let Some((text, length)) = quoted(rest) {
            (Some(Text(text)), length)
        } else if first == '_' || first.is_alphanumeric() {
            let end = rest.find(|letter: char| letter != '_' && !letter.is_alphanumeric());
            let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            (Some(Word(word)), word.len())
        } else if first == '\'' {
            (None, letter(rest))
        } else {
            (Some(Mark(first)).filter(|_| !first.is_whitespace()), first.len_utf8())
        };
        tokens.extend(token);
        rest = rest.get(length.max(1)..).unwrap_or_default();
    }
    tokens
}

/// The text with which `rest` begins, if with one, and how long it is with its quotes.
fn quoted(rest: &str) -> Option<(&str, usize)> {
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'));
    if let Some(raw) = raw {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if let Some(inner) = raw.get(hashes..).and_then(|inner| inner.strip_prefix('"')) {
            let end = format!("\"{}", "#".repeat(hashes));
            let inner = inner.get(..inner.find(&end)?)?;
            return Some((inner, rest.len() - raw.len() + hashes + 1 + inner.len() + end.len()));
        }
    }
    let inner = rest.strip_prefix('"').or_else(|| rest.strip_prefix("b\""))?;
    let mut escaped = false;
    let end = inner.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    Some((inner.get(..end)?, rest.len() - inner.len() + end + 1))
}

/// How long the letter between single quotes is, or the quote of a lifetime.
fn letter(rest: &str) -> usize {
    let mut letters = rest.char_indices().skip(1);
    match (letters.next(), letters.next()) {
        (Some((_, '\\')), Some((escaped, _))) => {
            let close = rest.get(escaped + 1..).and_then(|rest| rest.find('\''));
            close.map_or(1, |close| escaped + close + 2)
        }
        (Some(_), Some((close, '\''))) => close + 1,
        _ => 1,
    }
}
