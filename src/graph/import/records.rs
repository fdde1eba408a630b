//! A file as records: the lines of NDJSON, the rows of a table, which may be of several lines.

/// What some programs begin a text with.
const MARK: &str = "\u{feff}";

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Lines,
    Table,
}

/// The first record of `bytes`, and how many bytes it takes with what ends it; none where its end is not among them. What is
/// not followed by anything `is_last` ends with them.
pub fn first(kind: Kind, bytes: &[u8], is_last: bool) -> Option<(&[u8], usize)> {
    let mut quoted = false;
    let end = bytes.iter().position(|byte| {
        quoted ^= *byte == b'"' && kind == Kind::Table;
        *byte == b'\n' && !quoted
    });
    match end {
        Some(end) => {
            let (record, _) = bytes.split_at(end);
            Some((record.strip_suffix(b"\r").unwrap_or(record), end + 1))
        }
        None if is_last && !bytes.is_empty() => Some((bytes, bytes.len())),
        None => None,
    }
}

/// The text of a record; none where it is not in UTF-8.
pub fn text(record: &[u8], is_first: bool) -> Option<&str> {
    let text = std::str::from_utf8(record).ok()?;
    Some(if is_first { text.strip_prefix(MARK).unwrap_or(text) } else { text })
}

/// Whether there is nothing in a record.
pub fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// Goes through a file as it comes, and finds what is wrong with it as a whole.
pub struct Check {
    kind: Kind,
    most_rows: i32,
    most_row_bytes: usize,
    /// What a record has come of whose end has not.
    rest: Vec<u8>,
    records: i32,
}

/// What is wrong with a file as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    Empty,
    /// It is not in UTF-8 at this record, counted from 1.
    Encoding(i32),
    /// It has more rows than one may have.
    Rows(i32),
    /// This record is longer than one may be.
    Long(i32, usize),
}

impl Check {
    pub const fn new(kind: Kind, most_rows: i32, most_row_bytes: usize) -> Self {
        Self { kind, most_rows, most_row_bytes, rest: Vec::new(), records: 0 }
    }

    /// Takes what comes next.
    pub fn take(&mut self, bytes: &[u8]) -> Result<(), Unfit> {
        self.rest.extend_from_slice(bytes);
        self.look(false)
    }

    /// How many rows there are in all, the names of columns aside.
    pub fn end(mut self) -> Result<i32, Unfit> {
        self.look(true)?;
        if self.records == 0 {
            return Err(Unfit::Empty);
        }
        Ok(self.records - i32::from(self.kind == Kind::Table))
    }

    fn look(&mut self, is_last: bool) -> Result<(), Unfit> {
        let mut at = 0;
        while let Some((record, length)) =
            self.rest.get(at..).and_then(|rest| first(self.kind, rest, is_last))
        {
            at += length;
            if record.len() > self.most_row_bytes {
                return Err(Unfit::Long(self.records + 1, self.most_row_bytes));
            }
            let text = text(record, self.records == 0).ok_or(Unfit::Encoding(self.records + 1))?;
            if !is_blank(text) {
                self.records += 1;
            }
            if self.records - i32::from(self.kind == Kind::Table) > self.most_rows {
                return Err(Unfit::Rows(self.most_rows));
            }
        }
        self.rest.drain(..at);
        // with the bytes that may end it
        if self.rest.len() > self.most_row_bytes + 2 {
            return Err(Unfit::Long(self.records + 1, self.most_row_bytes));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(kind: Kind, text: &str) -> Vec<String> {
        let (mut bytes, mut found) = (text.as_bytes(), Vec::new());
        while let Some((record, length)) = first(kind, bytes, true) {
            found.push(String::from_utf8(record.to_vec()).unwrap());
            bytes = &bytes[length..];
        }
        found
    }

    #[test]
    fn a_file_is_cut_where_its_records_end() {
        assert_eq!(all(Kind::Lines, "{\"a\":\"\\\"\"}\r\n\n{}\n{"), ["{\"a\":\"\\\"\"}", "", "{}", "{"]);
        assert_eq!(
            all(Kind::Table, "a,b\r\n\"x\ny\",\"\"\"\n\"\n1,2"),
            ["a,b", "\"x\ny\",\"\"\"\n\"", "1,2"]
        );
        assert_eq!(all(Kind::Table, ""), [""; 0]);
        assert_eq!(first(Kind::Lines, b"{}", false), None);
    }

    #[test]
    fn what_is_wrong_with_a_whole_file_is_found_however_it_comes() {
        let check = |kind, bytes: &[u8], size: usize| {
            let mut check = Check::new(kind, 3, 8);
            bytes.chunks(size).try_for_each(|bytes| check.take(bytes))?;
            check.end()
        };
        for size in [1, 2, 3, 100] {
            assert_eq!(check(Kind::Lines, b"\xef\xbb\xbf{}\n\n \n{}\r\n{}", size), Ok(3));
            assert_eq!(check(Kind::Table, b"a\n\"x\n\"\"y\"\n", size), Ok(1));
            assert_eq!(check(Kind::Table, b"a\n", size), Ok(0));
            assert_eq!(check(Kind::Lines, b"\n\n", size), Err(Unfit::Empty));
            assert_eq!(check(Kind::Lines, b"1\n2\n3\n4", size), Err(Unfit::Rows(3)));
            assert_eq!(check(Kind::Lines, b"1\n\xff\n", size), Err(Unfit::Encoding(2)));
            assert_eq!(check(Kind::Lines, b"12345678\n", size), Ok(1));
            assert_eq!(check(Kind::Lines, b"1\n123456789\n", size), Err(Unfit::Long(2, 8)));
            assert_eq!(check(Kind::Table, b"a\n\"1\n2\n3\n4\n5\n6\n", size), Err(Unfit::Long(2, 8)));
        }
    }
}
