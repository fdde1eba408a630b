//! How far a statement reaches: the organization, and the rows to which the caller's rights extend.
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use diesel::{QueryResult, pg::Pg, query_builder::AstPass};
use uuid::Uuid;

use super::{Condition, Table, write_column, write_owner};

/// How a right that holds under conditions limits the rows of a table.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Limited {
    /// Not at all: whoever may see any of its rows sees all.
    Never,
    /// To those that meet the conditions of this permission.
    By(&'static str),
    /// To those whose `column` names a row of `of` that the caller sees, and that meets the conditions of this
    /// permission, if those are limited.
    With { permission: &'static str, column: &'static str, of: &'static Table },
}

/// What each permission extends to that does not hold for all rows: conditions on the table of its resource.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    of: HashMap<String, Condition>,
    /// Those that extend to all rows that the caller sees.
    seen: HashSet<String>,
    /// The caller is not known yet: nothing is theirs.
    unknown: bool,
}

impl Limits {
    pub const fn new(of: HashMap<String, Condition>, seen: HashSet<String>) -> Self {
        Self { of, seen, unknown: false }
    }

    pub fn unknown() -> Arc<Self> {
        static UNKNOWN: LazyLock<Arc<Limits>> =
            LazyLock::new(|| Arc::new(Limits { unknown: true, ..Limits::default() }));
        UNKNOWN.clone()
    }

    /// The rows that a permission extends to; none where it holds for all or is not held at all.
    pub fn of(&self, permission: &str) -> Option<&Condition> {
        if self.unknown {
            return Some(const { &Condition::NOTHING });
        }
        self.of.get(permission)
    }

    /// Whether `permission` holds for everything, its conditions being none of rows.
    pub fn hold(&self, permission: &str) -> bool {
        self.of(permission).is_some_and(Condition::is_anything)
    }

    /// Whether `permission` extends to every row of `table` that the caller sees, though not to all rows.
    pub fn reach_all_seen(&self, permission: &str, table: &'static Table) -> bool {
        self.seen.contains(permission) && about(permission) == Some(top(table))
    }

    /// Whether `permission` holds for some rows, as far as can be said without looking.
    pub fn may_hold(&self, permission: &str) -> bool {
        self.of(permission).is_some_and(|condition| !condition.is_nothing())
    }

    /// The same, where rows of `table` are wanted only if `permission` extends to them too; none where its conditions
    /// are about other rows.
    pub fn also(&self, table: &'static Table, permission: &str) -> Option<Arc<Self>> {
        let Some(wanted) = self.of(permission) else { return Some(Arc::new(self.clone())) };
        let Limited::By(read) = top(table).limited else { return None };
        let seen = self.of(read).unwrap_or(const { &Condition::ANYTHING });
        let mut limits = self.clone();
        limits.of.insert(read.to_owned(), Condition::all([seen.clone(), wanted.clone()]));
        about(permission).filter(|about| *about == top(table)).map(|_| Arc::new(limits))
    }

    /// Whether rows of `table` are left out.
    pub(in crate::store) fn limit(&self, table: &Table) -> bool {
        let limited = |permission| self.of(permission).is_some_and(|condition| !condition.is_anything());
        match table.limited {
            Limited::Never => false,
            Limited::By(permission) => limited(permission),
            Limited::With { permission, of, .. } => limited(permission) || self.limit(of),
        }
    }
}

/// The organization, and the rows of it to which the caller's rights extend.
#[derive(Clone, Debug)]
pub struct Within {
    pub organization: Uuid,
    /// None where every right that is held holds for all rows.
    pub limits: Option<Arc<Limits>>,
}

impl Within {
    /// All rows of `organization`.
    pub const fn all_of(organization: Uuid) -> Self {
        Self { organization, limits: None }
    }

    /// Rows of `table` that meet `condition`, or are part of what does.
    pub fn only_where(organization: Uuid, table: &'static Table, condition: Condition) -> Self {
        let of = match top(table).limited {
            Limited::By(permission) => HashMap::from([(permission.to_owned(), condition)]),
            Limited::Never | Limited::With { .. } => HashMap::new(),
        };
        Self { organization, limits: Some(Arc::new(Limits::new(of, HashSet::new()))) }
    }

    /// ` AND …`, where rows of `table` are left out.
    pub(super) fn walk<'b>(
        &'b self,
        table: &'static Table,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        match &self.limits {
            Some(limits) if limits.limit(table) => self.extent(table, Vec::new(), limits, out),
            _ => Ok(()),
        }
    }

    /// ` AND …`: the conditions of the permissions of `table` and of all that it is a part of, and those `below` that
    /// come from its parts. All of them are about the table at the top.
    fn extent<'b>(
        &'b self,
        table: &'static Table,
        mut conditions: Vec<&'b Condition>,
        limits: &'b Limits,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        match table.limited {
            Limited::Never => {}
            Limited::By(permission) => conditions.extend(limits.of(permission)),
            Limited::With { permission, column, of } => {
                conditions.extend(limits.of(permission));
                out.push_sql(" AND ");
                write_column(table, column, out);
                out.push_sql(" IN (SELECT ");
                write_column(of, of.key, out);
                out.push_sql(" FROM ");
                out.push_sql(of.name);
                out.push_sql(" WHERE ");
                write_owner(of, self, out)?;
                self.extent(of, conditions, limits, out)?;
                out.push_sql(")");
                return Ok(());
            }
        }
        for condition in conditions {
            out.push_sql(" AND ");
            condition.walk(table, self, out)?;
        }
        Ok(())
    }
}

type Tables = RwLock<HashMap<&'static str, &'static Table>>;
static MAIN: LazyLock<Tables> = LazyLock::new(Tables::default);

/// Makes known which rows the permissions of the resource of `table` are about: its own, or those it is a part of.
pub fn know(table: &'static Table) {
    let resource = |permission: &'static str| permission.rsplit_once('.').map(|(resource, _)| resource);
    let mut known = MAIN.write().unwrap_or_else(PoisonError::into_inner);
    match table.limited {
        Limited::Never => {}
        Limited::By(permission) => {
            resource(permission).and_then(|resource| known.insert(resource, table));
        }
        Limited::With { permission, of, .. } => {
            if let Some(resource) = resource(permission) {
                known.entry(resource).or_insert(top(of));
            }
        }
    }
}

/// What a table is a part of in the end: itself, if of nothing.
pub fn top(table: &'static Table) -> &'static Table {
    match table.limited {
        Limited::With { of, .. } => top(of),
        Limited::By(_) | Limited::Never => table,
    }
}

/// The table whose rows a permission is about: of `deal.value.read`, that of `deal`.
pub fn about(permission: &str) -> Option<&'static Table> {
    let known = MAIN.read().unwrap_or_else(PoisonError::into_inner);
    let mut resource = permission;
    while let Some((shorter, _)) = resource.rsplit_once('.') {
        resource = shorter;
        if let Some(table) = known.get(resource) {
            return Some(table);
        }
    }
    None
}
