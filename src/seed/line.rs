//! Rows as PostgreSQL reads them in COPY: one line each, fields between tabs.
use std::io::Write;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

/// Lines that wait to be sent.
#[derive(Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    pub(super) fn push<R: Row>(&mut self, row: &R) {
        row.write(self);
        // The tab after the last field becomes the end of the line.
        self.0.pop();
        self.0.push(b'\n');
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        let room = self.0.capacity();
        std::mem::replace(&mut self.0, Vec::with_capacity(room))
    }

    pub(super) fn field<F: Field>(&mut self, field: &F) {
        field.write(&mut self.0);
        self.0.push(b'\t');
    }
}

/// A row of one table: its fields carry the names of the columns.
pub(super) trait Row {
    const TABLE: &'static str;
    const COLUMNS: &'static [&'static str];
    fn write(&self, lines: &mut Lines);
}

/// What a column can hold.
pub(super) trait Field {
    fn write(&self, out: &mut Vec<u8>);
}

impl Field for str {
    fn write(&self, out: &mut Vec<u8>) {
        for &byte in self.as_bytes() {
            match byte {
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                _ => out.push(byte),
            }
        }
    }
}

impl Field for &'static str {
    fn write(&self, out: &mut Vec<u8>) {
        str::write(self, out);
    }
}

impl Field for String {
    fn write(&self, out: &mut Vec<u8>) {
        str::write(self, out);
    }
}

impl Field for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(if *self { b't' } else { b'f' });
    }
}

impl Field for Uuid {
    fn write(&self, out: &mut Vec<u8>) {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        out.extend_from_slice(self.hyphenated().encode_lower(&mut text).as_bytes());
    }
}

impl Field for DateTime<Utc> {
    fn write(&self, out: &mut Vec<u8>) {
        display(self.format("%Y-%m-%dT%H:%M:%S%.6fZ"), out);
    }
}

impl Field for Value {
    fn write(&self, out: &mut Vec<u8>) {
        str::write(&self.to_string(), out);
    }
}

/// An array of texts.
impl Field for &'static [&'static str] {
    fn write(&self, out: &mut Vec<u8>) {
        let quoted =
            self.iter().map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
        let array = format!("{{{}}}", quoted.collect::<Vec<_>>().join(","));
        str::write(&array, out);
    }
}

impl<F: Field> Field for Option<F> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(field) => field.write(out),
            None => out.extend_from_slice(b"\\N"),
        }
    }
}

macro_rules! displayed {
    ($($kind:ty),*) => {$(
        impl Field for $kind {
            fn write(&self, out: &mut Vec<u8>) {
                display(self, out);
            }
        }
    )*};
}
displayed!(i32, i64, Decimal, NaiveDate);

fn display(value: impl std::fmt::Display, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    drop(write!(out, "{value}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(field: &impl Field) -> String {
        let mut out = Vec::new();
        field.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_copy_would_misread_is_escaped() {
        const WORDS: &[&str] = &["two words", "a \"quote\""];
        assert_eq!(written(&"a\tb\\c\nd"), "a\\tb\\\\c\\nd");
        assert_eq!(written(&None::<bool>), "\\N");
        assert_eq!(written(&WORDS), r#"{"two words","a \\"quote\\""}"#);
        assert_eq!(written(&DateTime::from_timestamp(0, 5_000).unwrap()), "1970-01-01T00:00:00.000005Z");
    }
}
