//! Writing: once per row, straight into the answer's text.
use std::ops::Range;

use async_graphql::{Name, PathSegment, Pos, QueryPathNode, QueryPathSegment, ServerError};

use crate::graph::{fault::Fault, scalar};

/// A field that may not be null has failed; whoever may be null above it becomes so.
pub struct Bubble;

pub type Written = Result<(), Bubble>;

/// The answer so far, where in it we are, and what went wrong.
pub struct Out<'a> {
    pub json: Vec<u8>,
    /// How many records are in it.
    pub rows: usize,
    path: Vec<QueryPathSegment<'a>>,
    pub errors: Vec<ServerError>,
}

impl<'a> Out<'a> {
    pub fn at(path: Option<QueryPathNode<'a>>) -> Self {
        let mut segments = Vec::new();
        let mut next = path.as_ref().map(|node| (node.segment, node.parent));
        while let Some((segment, parent)) = next {
            segments.push(segment);
            next = parent.map(|node| (node.segment, node.parent));
        }
        segments.reverse();
        Self { json: Vec::with_capacity(1024), rows: 0, path: segments, errors: Vec::new() }
    }

    /// What was written, and what went wrong.
    pub fn finish(self) -> (Vec<u8>, Vec<ServerError>) {
        (self.json, self.errors)
    }

    /// Notes an error at this very place.
    pub fn fail(&mut self, fault: &Fault, pos: Option<Pos>) {
        let path = self.path.iter().map(|segment| match segment {
            QueryPathSegment::Name(name) => PathSegment::Field((*name).to_owned()),
            QueryPathSegment::Index(index) => PathSegment::Index(*index),
        });
        self.errors.push(fault.at(pos, path.collect()));
    }

    pub fn raw(&mut self, text: &[u8]) {
        self.json.extend_from_slice(text);
    }

    pub fn null(&mut self) {
        self.raw(b"null");
    }

    pub fn text(&mut self, text: &str) {
        scalar::text(text, &mut self.json);
    }

    /// Writes what may be null: a failure inside ends here.
    pub fn or_null(&mut self, write: impl FnOnce(&mut Self) -> Written) {
        let (json, rows, path) = (self.json.len(), self.rows, self.path.len());
        if write(self).is_err() {
            self.json.truncate(json);
            self.rows = rows;
            self.path.truncate(path);
            self.null();
        }
    }

    /// Writes a list of what may not be null.
    pub fn list(&mut self, of: Range<usize>, mut each: impl FnMut(&mut Self, usize) -> Written) -> Written {
        self.raw(b"[");
        for (index, item) in of.enumerate() {
            if index > 0 {
                self.raw(b",");
            }
            self.path.push(QueryPathSegment::Index(index));
            each(self, item)?;
            self.path.pop();
        }
        self.raw(b"]");
        Ok(())
    }

    /// Writes the selected parts of an object, in the order they were selected.
    pub fn object<I>(
        &mut self,
        parts: impl Iterator<Item = (&'a Name, I)>,
        mut each: impl FnMut(&mut Self, I) -> Written,
    ) -> Written {
        self.raw(b"{");
        for (index, (key, part)) in parts.enumerate() {
            self.raw(if index > 0 { b",\"" } else { b"\"" });
            self.raw(key.as_str().as_bytes());
            self.raw(b"\":");
            self.path.push(QueryPathSegment::Name(key));
            each(self, part)?;
            self.path.pop();
        }
        self.raw(b"}");
        Ok(())
    }
}

/// What a relation has loaded, to be written for one parent after the other.
pub trait Children<'a>: Send + Sync {
    fn write(&self, parent: usize, out: &mut Out<'a>) -> Written;
}

/// Rows of one type with what was selected of them.
pub trait Body<'a>: Send + Sync {
    fn row(&self, at: usize, out: &mut Out<'a>) -> Written;
}
