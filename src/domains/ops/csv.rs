//! Comma-separated values (RFC 4180) that programs for tables may open: no value of them is taken for a formula. What is
//! written here can be read here again.
use async_graphql::Value;

use crate::{graph::export::Column, language::Said};

/// The names of the columns, `owner.displayName`.
pub fn write_head(columns: &[Column], out: &mut Vec<u8>) {
    let names = columns.iter().map(|column| column.join("."));
    write_line(names.map(Cell::Text), out);
}

/// The values of a record. Null is empty, an empty text is `""`.
pub fn write_row(columns: &[Column], row: &Value, out: &mut Vec<u8>) {
    write_line(columns.iter().map(|column| Cell::of(value_at(row, column))), out);
}

enum Cell {
    Nothing,
    Text(String),
    /// A number, a truth value: it is written as it is.
    Plain(String),
}

impl Cell {
    fn of(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Nothing,
            Some(Value::String(text)) => Self::Text(text.clone()),
            Some(Value::Enum(name)) => Self::Text(name.to_string()),
            Some(value @ (Value::Number(_) | Value::Boolean(_))) => Self::Plain(value.to_string()),
            // what is no single value is written as JSON
            Some(other) => Self::Text(serde_json::to_string(other).unwrap_or_default()),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => {}
            Self::Plain(text) => out.extend_from_slice(text.as_bytes()),
            Self::Text(text) => {
                let quote = if is_guarded(text) { "'" } else { "" };
                let needs_quotes = text.is_empty() || text.contains(['"', ',', '\r', '\n']);
                if needs_quotes {
                    let text = text.replace('"', "\"\"");
                    out.extend_from_slice(format!("\"{quote}{text}\"").as_bytes());
                } else {
                    out.extend_from_slice(quote.as_bytes());
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
    }
}

/// Whether an apostrophe stands before it: before a formula, and before what would be taken for one with its apostrophe.
fn is_guarded(text: &str) -> bool {
    is_formula(text.trim_start_matches('\''))
}

/// The values of a line; none where nothing stands, not even quotation marks.
pub fn read_line(line: &str) -> Result<Vec<Option<String>>, Said> {
    let (mut cells, mut rest) = (Vec::new(), line);
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (text, after) = read_quoted(quoted)?;
                (Some(text), after)
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (text, after) = rest.split_at(end);
                if text.contains('"') {
                    return Err(say!(
                        "a quotation mark stands in the middle of a value: put the value in quotation marks"
                    ));
                }
                ((!text.is_empty()).then(|| text.to_owned()), after)
            }
        };
        cells.push(cell.map(unguarded));
        rest = match after.strip_prefix(',') {
            Some(rest) => rest,
            None if after.is_empty() => return Ok(cells),
            None => {
                return Err(say!("something stands between the end of a quoted value and the next comma"));
            }
        };
    }
}

/// A value up to the quotation mark that ends it, and what comes then.
fn read_quoted(quoted: &str) -> Result<(String, &str), Said> {
    let (mut text, mut rest) = (String::new(), quoted);
    loop {
        let (part, after) =
            rest.split_once('"').ok_or_else(|| say!("a quotation mark is missing at the end of a value"))?;
        text.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                text.push('"');
                rest = after;
            }
            None => return Ok((text, after)),
        }
    }
}

/// Without the apostrophe that was written before it.
fn unguarded(text: String) -> String {
    match text.strip_prefix('\'').filter(|rest| is_guarded(rest)) {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// Whether a program for tables would work it out, or take what is before its first letter for nothing. A number is no
/// formula, whatever its sign.
fn is_formula(text: &str) -> bool {
    let begins = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    begins && !is_number(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, part].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn value_at<'v>(row: &'v Value, column: &[String]) -> Option<&'v Value> {
    column.iter().try_fold(row, |value, name| match value {
        Value::Object(fields) => fields.get(name.as_str()),
        _ => None,
    })
}

fn write_line(cells: impl Iterator<Item = Cell>, out: &mut Vec<u8>) {
    let begun = out.len();
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        cell.write(out);
    }
    // a line of a single column without a value would be none
    if out.len() == begun {
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(columns: &[&str], rows: &[&str]) -> String {
        let columns: Vec<Column> =
            columns.iter().map(|name| name.split('.').map(str::to_owned).collect()).collect();
        let mut out = Vec::new();
        write_head(&columns, &mut out);
        for row in rows {
            write_row(&columns, &serde_json::from_str(row).unwrap(), &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_are_written_as_rfc_4180_has_it() {
        let rows = [
            r#"{"a": "plain", "b": {"c": "1.50"}, "n": 3, "t": true}"#,
            r#"{"a": "a \"quoted\", text\nin two lines", "b": null, "n": null, "t": false}"#,
            r#"{"a": "", "b": {"c": null}, "n": -2, "t": null}"#,
            r#"{"a": "Grüße, 東京", "b": {"c": "-12.00"}, "n": 0, "t": ["x", {"y": 1}]}"#,
        ];
        let expected = "a,b.c,n,t\r\nplain,1.50,3,true\r\n\"a \"\"quoted\"\", text\nin two lines\",,,false\r\n\"\",,-2,\r\n\
             \"Grüße, 東京\",-12.00,0,\"[\"\"x\"\",{\"\"y\"\":1}]\"\r\n";
        assert_eq!(lines(&["a", "b.c", "n", "t"], &rows), expected);
        assert_eq!(lines(&["a"], &[r#"{"a": null}"#]), "a\r\n\"\"\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("+49 30 901820", "'+49 30 901820"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\r=1", "\"'\r=1\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("＝1", "'＝1"),
            ("-5.25", "-5.25"),
            ("+7", "+7"),
            ("-", "'-"),
            ("a=b", "a=b"),
            ("'=1", "''=1"),
            ("'a", "'a"),
        ] {
            let row = serde_json::json!({ "a": text }).to_string();
            assert_eq!(lines(&["a"], &[&row]), format!("a\r\n{written}\r\n"), "{text:?}");
            assert_eq!(read_line(written), Ok(vec![Some(text.to_owned())]), "{written:?}");
        }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let some = |text: &str| Some(text.to_owned());
        for (line, cells) in [
            ("", vec![None]),
            ("\"\"", vec![some("")]),
            (",\"\",x,", vec![None, some(""), some("x"), None]),
            (
                "\"a \"\"b\"\", c\nd\",1.50, spaces ",
                vec![some("a \"b\", c\nd"), some("1.50"), some(" spaces ")],
            ),
        ] {
            assert_eq!(read_line(line), Ok(cells), "{line:?}");
        }
        for (line, says) in [("a\"b", "middle"), ("\"a", "missing"), ("\"a\"b,c", "between")] {
            assert!(read_line(line).unwrap_err().english().contains(says), "{line:?}");
        }
    }
}
