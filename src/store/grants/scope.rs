//! Roles of a region or department: what they give extends to the rows of where their holder works (B014).
//!
//! It is a condition like any other. Row-level security is the second line: it closes where no right to read reaches
//! further.
use serde_json::Value as Json;

use super::{Extent, Grant, Grants, facts::Subject, rule::Rule};
use crate::store::{
    clock,
    select::{self, Bind, Condition, Operator, Table},
};

/// What a role is limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowScope {
    Region,
    Department,
}

/// Where rows say to which region or department they belong. The database says the same in its policies `row_scope`.
pub struct Scoped {
    /// The permission by which they are read.
    pub read: &'static str,
    pub scope: RowScope,
    pub column: &'static str,
}

pub const SCOPED: [Scoped; 4] = [
    Scoped { read: "deal.read", scope: RowScope::Region, column: "region" },
    Scoped { read: "budget.read", scope: RowScope::Region, column: "region" },
    Scoped { read: "budget.read", scope: RowScope::Department, column: "department_id" },
    Scoped { read: "department.read", scope: RowScope::Department, column: "id" },
];

impl RowScope {
    pub const ALL: [Self; 2] = [Self::Region, Self::Department];

    /// As roles have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Department => "department",
        }
    }

    /// What `{"rowScope": "region"}` among conditions says.
    pub fn read(json: &Json) -> Option<Self> {
        let name = json.get("rowScope")?.as_str()?;
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// The column of `table` that says it; none where its rows belong to no region or department.
    pub fn column(self, table: Option<&'static Table>) -> Option<&'static str> {
        let table = table?;
        let is = |scoped: &&Scoped| scoped.scope == self && select::about(scoped.read) == Some(table);
        SCOPED.iter().find(is).map(|scoped| scoped.column)
    }

    /// The rows of the person's own region or department; no rows where they have none.
    pub fn on(self, table: Option<&'static Table>, subject: &Subject) -> Condition {
        let Some(column) = self.column(table) else { return Condition::ANYTHING };
        let own = match self {
            Self::Region => Bind::Text(region_of(subject)),
            Self::Department => Bind::Uuid(subject.department.unwrap_or_default()),
        };
        Condition::Compare(column, Operator::Eq, own)
    }
}

/// A value that no row has for somebody without a region.
fn region_of(subject: &Subject) -> String {
    subject.region.clone().unwrap_or_else(|| "-".to_owned())
}

impl Grant {
    /// Whether it reaches no rows beyond those of `scope`.
    fn is_within(&self, scope: RowScope) -> bool {
        match &self.extent {
            Extent::Everything => false,
            Extent::Some { rules, .. } => rules.contains(&Rule::Scope(scope)),
            Extent::Nothing => true,
        }
    }

    /// Whether it reaches all rows of `scope`.
    fn is_all_of(&self, scope: RowScope) -> bool {
        let only = [Rule::Scope(scope)];
        matches!(&self.extent, Extent::Some { resource: None, rules } if *rules == only)
    }
}

impl Grants {
    /// The ways in which rows that have a place in `scope` are read now.
    fn reading(&self, scope: RowScope) -> impl Iterator<Item = &Grant> {
        let now = clock::now();
        let reads = SCOPED.iter().filter(move |scoped| scoped.scope == scope);
        reads
            .filter_map(|scoped| self.held.get(scoped.read))
            .flatten()
            .filter(move |grant| grant.window.holds(now))
    }

    /// Whether no right to read reaches beyond the caller's own region or department.
    fn closes(&self, scope: RowScope) -> bool {
        let mut reading = self.reading(scope).peekable();
        reading.peek().is_some() && reading.all(|grant| grant.is_within(scope))
    }

    /// The region beyond which row-level security shows the caller nothing, if it does so.
    pub(in crate::store) fn region(&self) -> Option<String> {
        self.closes(RowScope::Region).then(|| region_of(&self.subject))
    }

    /// The same of departments.
    pub(in crate::store) fn department(&self) -> Option<uuid::Uuid> {
        self.closes(RowScope::Department).then(|| self.subject.department.unwrap_or_default())
    }

    /// Whether the caller reads some rows only because their region or department is so.
    pub fn are_within(&self, scope: RowScope) -> bool {
        let reads = SCOPED.iter().filter(|scoped| scoped.scope == scope && !self.hold(scoped.read));
        let now = clock::now();
        reads
            .filter_map(|scoped| self.held.get(scoped.read))
            .flatten()
            .any(|grant| grant.window.holds(now) && grant.is_within(scope))
    }

    /// Whether the caller holds `permission` for everything, or for all of `scope`.
    pub fn hold_within(&self, permission: &str, scope: Option<RowScope>) -> bool {
        let now = clock::now();
        let all =
            |grant: &Grant| grant.window.holds(now) && scope.is_some_and(|scope| grant.is_all_of(scope));
        self.hold(permission) || self.held.get(permission).is_some_and(|grants| grants.iter().any(all))
    }

    /// The same, and not by an approval alone: so that they may pass it on.
    pub fn own_within(&self, permission: &str, scope: Option<RowScope>) -> bool {
        let now = clock::now();
        let own = |grant: &Grant| {
            let all = grant.extent == Extent::Everything || scope.is_some_and(|scope| grant.is_all_of(scope));
            all && !grant.lent && grant.window.holds(now)
        };
        self.held.get(permission).is_some_and(|grants| grants.iter().any(own))
    }
}
