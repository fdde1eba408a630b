//! How many tokens a text has, counted before it is parsed.

/// As GraphQL's grammar counts them; counting ends beyond `most`.
pub(super) fn tokens(text: &str, most: usize) -> usize {
    let mut rest = text.as_bytes();
    let mut count = 0;
    while let (Some(token), true) = (next(rest), count <= most) {
        count += 1;
        rest = token.get(length(token)..).unwrap_or_default();
    }
    count
}

/// The text from its first token on, if it has one.
pub(in crate::graph) fn next(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        match *text.first()? {
            b' ' | b'\t' | b'\n' | b'\r' | b',' | b'#' => {
                text = text.get(length(text)..).unwrap_or_default();
            }
            _ => return Some(text),
        }
    }
}

/// How long that is which a text begins with: a token, a comment, or one byte between them.
pub(in crate::graph) fn length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'#') => text.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len()),
        Some(b'"') => string(text),
        Some(b'.') => text.iter().take(3).take_while(|byte| **byte == b'.').count(),
        Some(&first) if is_word(first) => {
            text.iter().take_while(|byte| is_word(**byte) || **byte == b'.').count()
        }
        _ => 1,
    }
}

/// Whether brackets are nested deeper than `most`, or deeper than `most_in_values` in the parentheses of arguments and
/// variables, where only values are: whoever reads them takes a piece of the stack for each.
pub(super) fn is_nested_beyond(text: &str, most: usize, most_in_values: usize) -> bool {
    let mut rest = text.as_bytes();
    let mut depth = 0_usize;
    let mut values: Option<usize> = None;
    while let Some(&first) = rest.first() {
        match first {
            b'{' | b'[' | b'(' => {
                depth += 1;
                if first == b'(' {
                    values = values.or(Some(depth));
                }
                let in_values = values.map_or(0, |outside| depth.saturating_sub(outside));
                if depth > most || in_values > most_in_values {
                    return true;
                }
            }
            b'}' | b']' | b')' => {
                if values == Some(depth) {
                    values = None;
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        rest = rest.get(length(rest)..).unwrap_or_default();
    }
    false
}

/// Names and numbers.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// How long the string is with which `text` begins, quotes included.
fn string(text: &[u8]) -> usize {
    let quote: &[u8] = if text.starts_with(b"\"\"\"") { b"\"\"\"" } else { b"\"" };
    let mut at = quote.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return at + quote.len();
        }
        at += if rest.starts_with(b"\\") { 2 } else { 1 };
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_counted_as_the_grammar_does() {
        for (text, count) in [
            ("", 0),
            ("{ viewer { id } }", 6),
            ("query($a:[Int!]=[1,-2.5e3]){...F @skip(if:$a)}", 27),
            ("# not { this }\n{a}", 3),
            (r#"{a(b:"\" { \\" c:"")}"#, 11),
            ("{a(b:\"\"\"one \"two\" { \"\"\")}", 8),
            ("{a(b:\"never ends }", 6),
        ] {
            assert_eq!(tokens(text, usize::MAX), count, "{text}");
        }
    }

    #[test]
    fn brackets_are_counted_where_they_are_no_text() {
        for (text, nested) in [
            ("{a{b}}{a{b}}", false),
            ("{a(b:[1]){c}}", false),
            ("{a{b(c:[1])}}", true),
            ("{a(b:\"[[[[\" c:\"\"\"{{{{\"\"\") # ((((\n}", false),
            ("[[[", true),
        ] {
            assert_eq!(is_nested_beyond(text, if nested { 2 } else { 3 }, 9), nested, "{text}");
        }
        for (text, nested) in [
            ("{a(b:{c:[{d:1}]}){e{f{g{h}}}}}", false),
            ("{a(b:{c:[{d:[1]}]}){e}}", true),
            ("query($a:A={b:{c:{d:[1]}}}){e}", true),
            ("{a @include(if:true){b(c:[[[1]]]){d}} e(f:[[[1]]])}", false),
        ] {
            assert_eq!(is_nested_beyond(text, 99, 3), nested, "{text}");
        }
    }
}
