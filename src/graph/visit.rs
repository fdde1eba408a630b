//! One request's view of the world, handed to everything that answers it.
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_graphql::{Context, InputType};

use super::{fault::Fault, mask, rates::Balance, rows, schema::Schema, seal::Seal, user_error::UserError};
use crate::{
    credential::Keys,
    live::{Hub, Patience, presence::Presence},
    outbound::Outbound,
    store::{
        door::{Caller, Door, Snapshot},
        grants::Grants,
    },
};

/// Who asks, and through which door. One per request; a subscription keeps it as long as it lives.
#[derive(Clone)]
pub struct Visit {
    /// What answers the request, for what goes on asking after it was answered.
    pub schema: Schema,
    pub door: Door,
    pub caller: Arc<Caller>,
    /// What this request's queries read, all at one moment.
    pub snapshot: Arc<Snapshot>,
    pub seal: Arc<Seal>,
    pub keys: Arc<Keys>,
    pub outbound: Outbound,
    /// Address under which people reach this server.
    pub public_url: Option<String>,
    pub pages: PageSizes,
    /// Where the web application is, for links in mails; mails are without links where nobody says.
    pub web_url: Option<Arc<str>>,
    /// Where subscribers hear of what was committed.
    pub hub: Arc<Hub>,
    /// What is borne with before a subscriber has to begin anew.
    pub patience: Patience,
    /// The caller as somebody who stays; of a subscription only.
    pub presence: Option<Presence>,
    /// The cursor that the transport remembers for a client that comes back.
    pub resume_after: Option<String>,
    /// How the scarcest bucket of points stands from which the request took.
    pub balance: Option<Balance>,
    pub progress: Arc<Progress>,
    /// Whether nothing is to be done.
    pub cost_only: bool,
}

/// How far a request has come.
#[derive(Debug, Default)]
pub struct Progress {
    executed: AtomicBool,
    rows: AtomicUsize,
}

impl Progress {
    /// It has passed parsing, limits and validation.
    pub fn begin(&self) {
        self.executed.store(true, Ordering::Relaxed);
    }

    pub fn has_begun(&self) -> bool {
        self.executed.load(Ordering::Relaxed)
    }

    /// So many records were written into the answer.
    pub fn wrote(&self, rows: usize) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }
}

/// How many rows a connection gives, by default and at most.
#[derive(Clone, Copy, Debug)]
pub struct PageSizes {
    pub root: i64,
    pub nested: i64,
    pub most: i64,
}

impl Default for PageSizes {
    fn default() -> Self {
        Self { root: 25, nested: 10, most: 100 }
    }
}

/// What computed fields may look at besides their row.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub visit: &'a Visit,
    pub snapshot: &'a Snapshot,
    pub grants: &'a Grants,
}

impl View<'_> {
    pub fn caller(&self) -> &Caller {
        &self.visit.caller
    }

    /// What the person can mend, in the language that they read.
    pub fn told<'e>(&self, errors: impl IntoIterator<Item = &'e UserError>) -> Vec<UserError> {
        errors.into_iter().map(|error| error.put_into(self.caller().language)).collect()
    }

    /// A value that is kept elsewhere of a field of a record, as the caller is shown that field.
    pub fn masked(&self, ty: &str, field: &str, value: &serde_json::Value) -> Option<serde_json::Value> {
        let shown = rows::mask_of(self.grants.masks(), ty, field)?;
        Some(mask::json(self.visit, shown, value))
    }
}

/// The arguments of a field, read once per selection.
pub struct Args<'c, 'a>(&'c Context<'a>);

impl<'c, 'a> Args<'c, 'a> {
    pub const fn of(ctx: &'c Context<'a>) -> Self {
        Self(ctx)
    }

    pub fn get<A: InputType>(&self, name: &str) -> Result<A, Fault> {
        Ok(self.0.param_value::<A>(name, None)?.1)
    }
}
