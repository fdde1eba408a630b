//! Limits before work: a document is measured before it is validated, in time linear in its size.
//!
//! * [`tokens`]: the text, before it is parsed
//! * [`variables`]: what comes with it
//! * [`shape`]: what the fields of the schema give
//! * [`measure`]: what an operation amounts to
//! * [`excess`]: what is said where that is too much
mod excess;
mod measure;
mod shape;
pub(super) mod tokens;
mod variables;

use async_graphql::{Response, Variables, parser::types::ExecutableDocument};

use self::{
    excess::Excess,
    measure::{Measure, Size, Weigh},
};
use super::{
    documents::operation,
    fault::{self, Code, Fault},
};
use crate::{language::Language, store::door::Caller};

pub use measure::AMOUNTS;
pub use shape::Shapes;

/// How large a document may be, with every fragment counted where it is spread.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub bytes: usize,
    pub tokens: usize,
    pub fields: usize,
    pub depth: usize,
    pub aliases: usize,
    pub directives: usize,
    pub root_fields: usize,
    /// What the variables may take as JSON, about, and how deep lists and objects may stand in each other in them.
    pub variable_bytes: usize,
    pub variable_depth: usize,
    /// How many points an operation may cost: the records that it may show by its page sizes, and its work.
    pub cost: ByKind<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 20_000,
            tokens: 10_000,
            fields: 2_000,
            depth: 15,
            aliases: 30,
            directives: 50,
            root_fields: 20,
            variable_bytes: 512 << 10,
            variable_depth: 20,
            cost: ByKind { anonymous: 50_000, person: 50_000, api_key: 50_000 },
        }
    }
}

/// Something for each kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByKind<T> {
    pub anonymous: T,
    pub person: T,
    pub api_key: T,
}

impl<T: Copy> ByKind<T> {
    pub const fn of(&self, caller: &Caller) -> T {
        match (caller.api_key, caller.user) {
            (Some(_), _) => self.api_key,
            (None, Some(_)) => self.person,
            (None, None) => self.anonymous,
        }
    }
}

/// What an operation may cost, before it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Points at most: a record that may be shown is one, and nothing costs less.
    pub requested: usize,
    /// What of them is not for records: changes, counts, filters along relations.
    pub work: usize,
    /// Points that the caller's operations may cost.
    pub limit: usize,
    /// Whether the schema itself is asked about.
    pub introspects: bool,
}

/// Brackets that stand in each other.
const NESTED: usize = 128;

impl Limits {
    /// Refuses a text that is too long to be worth parsing.
    pub fn check_text(&self, text: &str) -> Result<(), Fault> {
        // a token takes a byte at least: most documents need no counting
        let tokens = if text.len() > self.tokens { tokens::tokens(text, self.tokens) } else { 0 };
        for (what, found, limit) in [("bytes", text.len(), self.bytes), ("tokens", tokens, self.tokens)] {
            if found > limit {
                let message = say!("the document has more than {limit} {what}");
                return Err(Fault::new(Code::DocumentTooLarge, message).with("limit", limit));
            }
        }
        if tokens::is_nested_beyond(text, NESTED, self.variable_depth) {
            let limit = self.variable_depth;
            let message = say!(
                "the document has more than {NESTED} brackets within each other, or more than {limit} in a value"
            );
            return Err(Fault::new(Code::QueryTooDeep, message).with("limit", limit));
        }
        Ok(())
    }

    /// What the operation `chosen` may cost `caller`. Refuses what is too large, saying where it is.
    pub fn check(
        &self,
        document: &ExecutableDocument,
        chosen: Option<&str>,
        variables: &Variables,
        shapes: &Shapes,
        caller: &Caller,
    ) -> Result<Cost, Fault> {
        let executed = operation(document, chosen);
        if let Some(operation) = executed {
            variables::check_given(operation, variables)?;
        }
        variables::check_size(self, variables)?;
        let limit = self.cost.of(caller);
        let mut cost = Cost { limit, ..Cost::default() };
        let mut measure = Measure::new(&document.fragments, executed, variables, shapes);
        // those that are not executed are validated
        for (_, operation) in document.operations.iter() {
            let operation = &operation.node;
            let size = measure.operation(operation)?;
            let is_executed = executed.is_some_and(|executed| std::ptr::eq(executed, operation));
            let points = if is_executed { size.cost } else { 0 };
            let roots = operation.selection_set.node.items.len();
            let limits: [(Code, &'static str, usize, usize, Weigh); 6] = [
                (Code::QueryTooDeep, "levels", size.depth, self.depth, |size| size.depth),
                (Code::QueryTooComplex, "fields", size.fields, self.fields, |size| size.fields),
                (Code::TooManyAliases, "aliases", size.aliases, self.aliases, |size| size.aliases),
                (Code::TooManyDirectives, "directives", size.directives, self.directives, |size| {
                    size.directives
                }),
                (Code::TooManyRootFields, "root fields", roots, self.root_fields, |_| 0),
                (Code::QueryTooComplex, "points", points, limit, measure::cost),
            ];
            if let Some((code, what, found, limit, weigh)) =
                limits.into_iter().find(|(_, _, found, limit, _)| found > limit)
            {
                let mut tracking =
                    Measure::new(&document.fragments, executed, variables, shapes).tracking(weigh);
                let size = tracking.operation(operation)?;
                let path = tracking.path(&size);
                let largest_page = shapes.largest_page;
                return Err(Excess { code, what, found, limit, path, largest_page }.fault());
            }
            if is_executed {
                cost = cost.of(&size);
            }
        }
        Ok(cost)
    }
}

impl Cost {
    const fn of(self, size: &Size) -> Self {
        Self {
            requested: if size.cost == 0 { 1 } else { size.cost },
            work: size.work,
            introspects: size.introspects,
            ..self
        }
    }

    /// What it has cost: `rows` were shown.
    pub const fn actual(&self, rows: usize) -> usize {
        match self.work.saturating_add(rows) {
            0 => 1,
            points => points,
        }
    }
}

/// The most errors that one response tells.
const MOST_ERRORS: usize = 20;

/// What the validation says of names that are nearly right.
const SUGGESTION: &str = " Did you mean ";

/// Who reads an answer.
#[derive(Clone, Copy)]
pub struct Reader<'r> {
    /// The id of the request.
    pub request: &'r str,
    pub language: Language,
    /// Whether they are told which names were meant.
    pub suggests: bool,
}

impl Reader<'_> {
    /// Gives every error a code and the request's id, and tells no more of them than help, in the reader's language: names
    /// that were meant only to those who may ask for all names.
    pub fn finish(self, response: &mut Response) {
        let told = if response.data == async_graphql::Value::Null { MOST_ERRORS } else { usize::MAX };
        response.errors.truncate(told);
        for error in &mut response.errors {
            let extensions = error.extensions.get_or_insert_default();
            if extensions.get("code").is_none() {
                let code = if error.message.contains("peration") && error.locations.is_empty() {
                    Code::OperationResolutionFailed
                } else {
                    Code::ValidationFailed
                };
                extensions.set("code", code.as_str());
                if let Some(at) = error.message.find(SUGGESTION).filter(|_| !self.suggests) {
                    error.message.truncate(at);
                }
            }
            extensions.set("requestId", self.request);
        }
        fault::put_into(self.language, &mut response.errors);
    }
}

#[cfg(test)]
mod tests;
