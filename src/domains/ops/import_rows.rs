//! The rows of a file that is being imported, read part by part.
use uuid::Uuid;

use super::csv;
use crate::{
    domains::prelude::*,
    graph::{
        fault::{Code, Fault},
        import::{
            Place, Row, Shape, Wrong,
            records::{self, Kind},
        },
    },
    store::import_file,
};

/// Some rows, each with the place in the file behind it.
pub(super) struct Batch {
    pub rows: Vec<(Row, i64)>,
    /// Whether no more come.
    pub is_last: bool,
}

/// Reads a file from any place at which a record begins.
pub(super) struct Reader {
    import: Uuid,
    kind: Kind,
    parts: i32,
    /// The columns, where they are known already and there are any; and where the first row after them begins.
    places: Option<Vec<Place>>,
    rows_begin: i64,
    /// What was read, where in the file it begins, and where in it we are.
    read: Vec<u8>,
    begins: i64,
    at: usize,
    next_part: i32,
}

impl Reader {
    pub fn new(import: Uuid, is_table: bool, parts: i32) -> Self {
        let kind = if is_table { Kind::Table } else { Kind::Lines };
        let (places, read) = (None, Vec::new());
        Self { import, kind, parts, places, rows_begin: 0, read, begins: 0, at: 0, next_part: 0 }
    }

    /// Reads anew what was read.
    pub fn forget(&mut self) {
        *self = Self::new(self.import, self.kind == Kind::Table, self.parts);
    }

    /// Up to so many rows from `position` on.
    pub async fn read(
        &mut self,
        write: &mut Write,
        shape: &Shape,
        position: i64,
        most: usize,
    ) -> Result<Batch, Wrong> {
        if self.kind == Kind::Table && self.places.is_none() {
            let (head, after) = self.head(write).await?;
            let names = csv::read_line(&head).map_err(columns)?;
            let names: Vec<String> = names.into_iter().map(Option::unwrap_or_default).collect();
            self.places = Some(shape.places(&names).map_err(|wrong| columns(wrong.message))?);
            self.rows_begin = after;
        }
        self.go_to(write, position.max(self.rows_begin)).await?;
        let mut rows = Vec::with_capacity(most);
        while rows.len() < most {
            let Some((text, after)) = self.record(write).await? else {
                return Ok(Batch { rows, is_last: true });
            };
            if !records::is_blank(&text) {
                rows.push((self.row(shape, &text), after));
            }
        }
        Ok(Batch { rows, is_last: false })
    }

    /// The names of the columns, and where what comes after them begins.
    async fn head(&mut self, write: &mut Write) -> Result<(String, i64), Wrong> {
        self.go_to(write, 0).await?;
        loop {
            let Some((text, after)) = self.record(write).await? else {
                return Err(columns(say!("the file has no line that names its columns")));
            };
            if !records::is_blank(&text) {
                return Ok((text, after));
            }
        }
    }

    fn row(&self, shape: &Shape, text: &str) -> Row {
        match &self.places {
            None => shape.of_line(text),
            Some(places) => match csv::read_line(text) {
                Ok(cells) => shape.of_cells(places, cells),
                Err(message) => Err(vec![UserError::new(UserErrorCode::Invalid, message, &["input"])]),
            },
        }
    }

    /// Goes on at this place: among what was read already, or anew.
    async fn go_to(&mut self, write: &mut Write, position: i64) -> Result<(), Wrong> {
        let ahead = usize::try_from(position - self.begins).ok().filter(|ahead| *ahead <= self.read.len());
        if let Some(ahead) = ahead.filter(|_| self.next_part > 0) {
            self.at = ahead;
            return Ok(());
        }
        let (part, ahead) = import_file::place(position);
        self.read.clear();
        self.at = 0;
        self.next_part = part;
        self.begins = position - length(ahead);
        self.load(write).await?;
        self.at = ahead.min(self.read.len());
        Ok(())
    }

    /// Reads another part, if there is one, and forgets what lies behind.
    async fn load(&mut self, write: &mut Write) -> Result<bool, Wrong> {
        if self.next_part >= self.parts {
            return Ok(false);
        }
        let part = import_file::part(write, self.import, self.next_part).await.map_err(Fault::from)?;
        // whoever cancels it takes its file away
        let part = part.ok_or_else(|| Fault::new(Code::SerializationRetry, say!("the file is gone")))?;
        self.read.drain(..self.at);
        self.begins += length(self.at);
        self.at = 0;
        self.read.extend(part);
        self.next_part += 1;
        Ok(true)
    }

    /// The next record, and the place behind it.
    async fn record(&mut self, write: &mut Write) -> Result<Option<(String, i64)>, Wrong> {
        loop {
            let is_last = self.next_part >= self.parts;
            let ahead = self.read.get(self.at..).unwrap_or_default();
            if let Some((record, bytes)) = records::first(self.kind, ahead, is_last) {
                let is_first = self.begins == 0 && self.at == 0;
                let text = records::text(record, is_first).map(str::to_owned);
                let text = text.ok_or_else(|| Fault::internal("a file that was found to be UTF-8 is not"))?;
                self.at += bytes;
                return Ok(Some((text, self.begins + length(self.at))));
            }
            if !self.load(write).await? {
                return Ok(None);
            }
        }
    }
}

fn length(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// What is wrong with the columns of a table.
fn columns(message: Said) -> Wrong {
    Wrong { code: "IMPORT_COLUMNS".to_owned(), message, path: Vec::new() }
}
