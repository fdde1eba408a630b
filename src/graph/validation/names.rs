//! Parts of objects that are given twice. What is parsed has the last one alone, so that they are looked for in the text.
use std::collections::HashSet;

use async_graphql::{Pos, ServerError};

use super::wrong;
use crate::graph::limits::tokens;

/// Every part of an object in a text that names one a second time.
pub(super) fn repeated(text: &str) -> Vec<ServerError> {
    // values are all that has braces within parentheses
    let mut open = 0_usize;
    let mut objects: Vec<HashSet<&[u8]>> = Vec::new();
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let length = tokens::length(rest);
        let token = rest.get(..length).unwrap_or_default();
        match token.first() {
            Some(b'(') => open += 1,
            Some(b')') => open = open.saturating_sub(1),
            Some(b'{') if open > 0 => objects.push(HashSet::new()),
            Some(b'}') if open > 0 => drop(objects.pop()),
            Some(b'_' | b'a'..=b'z' | b'A'..=b'Z') => {
                let after = bytes.get(at + length..).unwrap_or_default();
                let is_part = tokens::next(after).is_some_and(|next| next.starts_with(b":"));
                if let Some(object) = objects.last_mut().filter(|_| is_part)
                    && !object.insert(token)
                {
                    let part = String::from_utf8_lossy(token).into_owned();
                    found.push(wrong(say!("`{part}` is given twice in one object"), [pos(text, at)]));
                }
            }
            _ => {}
        }
        at += length;
    }
    found
}

/// Where a byte of a text stands.
fn pos(text: &str, at: usize) -> Pos {
    let before = text.get(..at).unwrap_or_default();
    let lines = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    Pos { line: lines + 1, column: column + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_given_once() {
        for (text, places) in [
            ("{ a(b: {c: 1, d: 2}) { c c: d } }", vec![]),
            ("{ a(b: {c: 1, c: 2}) { c } }", vec![(1, 15)]),
            ("{\n  a(b: {c: 1 # c: 1\n    c: 2})\n}", vec![(3, 5)]),
            ("{ a(b: [{c: 1}, {c: 2}], c: {c: 3}) { a(b: {c: 1}) } }", vec![]),
            ("{ a(b: {c: {d: 1, d: 2}, d: 3, c : 4}) }", vec![(1, 19), (1, 32)]),
            ("{ a(b: {c: \"{c: 1, c: 2}\", d: \"\"\"c: 1\"\"\", e: c, f: c}) }", vec![]),
            ("query($a: A = {b: 1, b: 2}, $b: B) @c(d: {e: 1, e: 2}) { b: a b: a }", vec![(1, 22), (1, 49)]),
        ] {
            let found = repeated(text);
            let found: Vec<_> =
                found.iter().map(|one| (one.locations[0].line, one.locations[0].column)).collect();
            assert_eq!(found, places, "{text}");
        }
    }
}
