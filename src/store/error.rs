//! What can go wrong between the server and PostgreSQL.
use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::language::Said;

/// A failure of the store. Cheap to clone: one failed batch fails many rows.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A constraint or trigger of the database refused the change.
    #[error("refused by {0}")]
    Refused(Arc<Refusal>),
    /// The caller's credential, membership or organization does not let them in.
    #[error("{0}")]
    Denied(Denied),
    /// The caller's permission does not extend to this row.
    #[error("the permission {0} does not extend to it")]
    Forbidden(&'static str),
    /// Two transactions stood in each other's way: trying again helps.
    #[error("serialization conflict")]
    Retry,
    /// The statement took longer than the setting allows.
    #[error("statement timeout")]
    Timeout,
    /// An earlier statement of the same transaction has failed, and said why.
    #[error("an earlier statement of the transaction has failed")]
    Aborted,
    /// The request that asked has no time left.
    #[error("the request is out of time")]
    OutOfTime,
    /// All connections are in use, and none became free in time.
    #[error("no connection became free")]
    Busy,
    /// No connection could be had.
    #[error("database unavailable: {0}")]
    Unavailable(Arc<str>),
    /// Anything else: a fault of ours.
    #[error("database: {0}")]
    Internal(Arc<str>),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A change that the database refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub constraint: String,
    pub table: String,
    pub column: Option<String>,
    /// Written for people where a trigger of ours refused; PostgreSQL's own text otherwise.
    pub message: String,
    /// What else a trigger of ours says of it, for programs.
    pub detail: Option<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // the message may hold what was to be stored
        write!(f, "{} of {}", self.constraint, self.table)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    Unique,
    ForeignKey,
    Check,
    NotNull,
    /// A number is larger than its column holds.
    Range,
    /// A text that PostgreSQL cannot keep: it contains NUL.
    Text,
    /// A row outside of what row-level security lets the caller see: of another region or department, say.
    Scope,
}

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    Anonymous,
    Ended,
    Expired,
    Withdrawn,
    NoOrganization,
    Suspended,
    MfaRequired,
}

impl Denied {
    /// As it is told to them.
    pub fn said(self) -> Said {
        match self {
            Self::Anonymous => say!("sign in first"),
            Self::Ended => say!("the session has ended: sign in again"),
            Self::Expired => say!("the access token has expired: refresh the session"),
            Self::Withdrawn => say!("the API key was withdrawn or replaced"),
            Self::NoOrganization => say!("choose an organization"),
            Self::Suspended => say!("the organization is suspended"),
            Self::MfaRequired => say!(
                "the organization demands a second factor: sign in with one, or set one up with `mfaEnroll`"
            ),
        }
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.said().fmt(f)
    }
}

impl std::error::Error for Denied {}

/// What PostgreSQL says, without the values that it quotes: after a colon, or after the word.
fn without_values(message: &str) -> String {
    let mut left = message;
    let mut kept = String::new();
    for mark in [": \"", "value \""] {
        if let Some((before, _)) = left.split_once(mark) {
            left = before;
            kept = format!("{before}{}…", mark.trim_end_matches('"'));
        }
    }
    if kept.is_empty() { message.to_owned() } else { kept }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        let DieselError::DatabaseError(kind, info) = &error else {
            return Self::Internal(error.to_string().into());
        };
        let refused = match kind {
            DatabaseErrorKind::UniqueViolation => RefusalKind::Unique,
            DatabaseErrorKind::ForeignKeyViolation => RefusalKind::ForeignKey,
            DatabaseErrorKind::CheckViolation => RefusalKind::Check,
            DatabaseErrorKind::NotNullViolation => RefusalKind::NotNull,
            DatabaseErrorKind::SerializationFailure => return Self::Retry,
            DatabaseErrorKind::ClosedConnection => return Self::Unavailable(info.message().into()),
            // it is being stopped, or somebody ended the connection
            _ if info.message().starts_with("terminating connection") => {
                return Self::Unavailable(info.message().into());
            }
            _ if info.message().contains("statement timeout") => return Self::Timeout,
            _ if info.message().contains("deadlock detected") => return Self::Retry,
            _ if info.message().contains("field overflow") => RefusalKind::Range,
            _ if info.message().contains("out of range") => RefusalKind::Range,
            _ if info.message().contains("invalid byte sequence") => RefusalKind::Text,
            _ if info.message().contains("unsupported Unicode escape") => RefusalKind::Text,
            _ if info.message().contains("current transaction is aborted") => return Self::Aborted,
            _ if info.message().contains("row-level security policy") => RefusalKind::Scope,
            _ => return Self::Internal(without_values(info.message()).into()),
        };
        Self::Refused(Arc::new(Refusal {
            kind: refused,
            constraint: info.constraint_name().unwrap_or_default().to_owned(),
            table: info.table_name().unwrap_or_default().to_owned(),
            column: info.column_name().map(ToOwned::to_owned),
            message: info.message().to_owned(),
            detail: info.details().map(ToOwned::to_owned),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_to_be_stored_is_not_said() {
        for (said, kept) in [
            ("invalid input syntax for type uuid: \"hunter2\"", "invalid input syntax for type uuid: …"),
            ("value \"99\" is out of range for type integer", "value …"),
            ("relation \"sales.deals\" does not exist", "relation \"sales.deals\" does not exist"),
        ] {
            assert_eq!(without_values(said), kept);
        }
    }
}
