//! `first`, `after`, `last`, `before`, and whether deleted rows count.
use async_graphql::Enum;

use super::{
    fault::{Code, Fault},
    visit::Args,
};
use crate::store::select::Condition;

/// Whether deleted rows are left out, included, or the only ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Deleted {
    /// Living rows only.
    Exclude,
    /// All rows.
    Include,
    /// Deleted rows only.
    Only,
}

impl Deleted {
    pub fn and(self, condition: Condition, column: &'static str) -> Condition {
        match self {
            Self::Exclude => condition.and(Condition::IsNull(column)),
            Self::Include => condition,
            Self::Only => condition.and(Condition::Not(Box::new(Condition::IsNull(column)))),
        }
    }
}

/// Refuses a list in the arguments that is longer than allowed.
pub fn at_most(length: usize, most: usize, name: &str) -> Result<(), Fault> {
    if length > most {
        return Err(Fault::bad_input(say!("`{name}` takes at most {most} values")));
    }
    Ok(())
}

/// The part of a list that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub limit: i64,
    pub backward: bool,
    pub cursor: Option<String>,
}

impl Page {
    pub fn read(args: &Args<'_, '_>, default: i64, most: i64) -> Result<Self, Fault> {
        let (first, last) = (args.get::<Option<i32>>("first")?, args.get::<Option<i32>>("last")?);
        let (after, before) = (args.get::<Option<String>>("after")?, args.get::<Option<String>>("before")?);
        if first.is_some() && last.is_some() {
            return Err(Fault::bad_input(say!("give `first` or `last`, not both")));
        }
        if after.is_some() && before.is_some() {
            return Err(Fault::bad_input(say!("give `after` or `before`, not both")));
        }
        let backward = last.is_some() || before.is_some();
        if (backward && (first.is_some() || after.is_some())) || (!backward && before.is_some()) {
            return Err(Fault::bad_input(say!("`first` goes with `after`, `last` with `before`")));
        }
        let limit = last.or(first).map_or(default, i64::from);
        if limit < 0 {
            return Err(Fault::bad_input(say!("a page cannot have fewer than 0 rows")));
        }
        if limit > most {
            return Err(Fault::new(
                Code::PageSizeExceeded,
                say!("a page has at most {most} rows: ask for fewer, then go on after `endCursor`"),
            )
            .with("limit", most));
        }
        Ok(Self { limit, backward, cursor: before.or(after) })
    }

    /// How many of the rows found are on the page, which one more was asked for than it takes, and whether there is
    /// more before and after.
    pub fn cut(&self, found: usize) -> (usize, bool, bool) {
        let limit = usize::try_from(self.limit).unwrap_or_default();
        let (more, began_elsewhere) = (found > limit, self.cursor.is_some());
        let (before, after) = if self.backward { (more, began_elsewhere) } else { (began_elsewhere, more) };
        (found.min(limit), before, after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_knows_whether_there_is_more() {
        let page = |backward, cursor: Option<&str>| Page {
            limit: 2,
            backward,
            cursor: cursor.map(ToOwned::to_owned),
        };
        assert_eq!(page(false, None).cut(3), (2, false, true));
        assert_eq!(page(false, Some("c")).cut(2), (2, true, false));
        assert_eq!(page(true, None).cut(3), (2, true, false));
        assert_eq!(page(true, Some("c")).cut(1), (1, false, true));
    }
}
