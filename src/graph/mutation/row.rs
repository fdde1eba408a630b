//! A mutation as the rows of a file are given to it: one after the other, in transactions that somebody else begins and
//! ends, each by itself.
use async_graphql::Value;

use super::{Access, Declared, root::mutations};
use crate::{
    graph::{
        fault::Fault,
        rows,
        user_error::{Outcome, UserError},
        visit::Visit,
    },
    store::door::Write,
};

/// What makes or changes one record by its name.
const ACTS: [&str; 3] = ["Create", "Update", "Upsert"];

/// What does so with many at a time has this in its name.
const MANY: &str = "Bulk";

/// A mutation that rows can be given to.
#[derive(Clone, Copy)]
pub struct Importable {
    name: &'static str,
    permission: &'static str,
    declared: &'static Declared,
}

/// What has become of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// There is a record that was not there before.
    Created,
    /// The record was there before.
    Updated,
    Failed(Vec<UserError>),
}

impl Importable {
    /// The mutation of this name, if it makes or changes one record, by a permission, and is not to be done in person.
    pub fn named(name: &str) -> Option<Self> {
        let (name, declared) = mutations().0.get_key_value(name)?;
        let Access::Permission(permission) = declared.access else { return None };
        let of_one = ACTS.iter().any(|act| name.ends_with(act)) && !name.contains(MANY);
        let fits = of_one && !declared.once && !declared.in_person;
        fits.then_some(Self { name, permission, declared })
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The permission that it takes.
    pub const fn permission(&self) -> &'static str {
        self.permission
    }

    /// Refused unless the caller may use it.
    pub async fn permit(&self, write: &mut Write) -> Result<(), Fault> {
        self.declared.access.permit(write).await
    }

    /// Does it with one row, which is undone by itself where it fails; `is_marked` says whether a row came before in the
    /// transaction. What is more than the person can mend ends all of them.
    pub async fn row(
        &self,
        visit: &Visit,
        write: &mut Write,
        input: Value,
        is_marked: &mut bool,
    ) -> Outcome<Done> {
        let named = rows::named_of(self.name, &input);
        let done = self.declared.action.row(visit, write, (input, named), is_marked).await?;
        Ok(match done {
            Err(errors) => Done::Failed(errors),
            // what may have found the record says whether it did
            Ok(result) => {
                let is_new = result.get("created").and_then(serde_json::Value::as_bool);
                let is_new = is_new.unwrap_or_else(|| self.name.ends_with("Create"));
                if is_new { Done::Created } else { Done::Updated }
            }
        })
    }
}
