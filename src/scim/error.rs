//! What goes wrong, as the protocol says it: a status, a `scimType` and a sentence (RFC 7644 §3.12).
use serde_json::{Value, json};

use crate::{
    graph::{
        fault::{Code, Fault},
        user_error::{Stop, UserError, UserErrorCode},
    },
    store::error::Error as StoreError,
};

pub const SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What kind of mistake, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    InvalidFilter,
    TooMany,
    Uniqueness,
    Mutability,
    InvalidSyntax,
    InvalidPath,
    NoTarget,
    InvalidValue,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
        }
    }
}

/// Why there is no answer, or nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub status: u16,
    pub kind: Option<Kind>,
    pub detail: String,
    /// In how many seconds it may be tried again, where that is known.
    pub retry_after: Option<u64>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into(), retry_after: None }
    }

    /// Something in the request that can be mended.
    pub fn bad(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind: Some(kind), ..Self::new(400, detail) }
    }

    pub fn value(detail: impl Into<String>) -> Self {
        Self::bad(Kind::InvalidValue, detail)
    }

    pub fn filter(detail: impl Into<String>) -> Self {
        Self::bad(Kind::InvalidFilter, detail)
    }

    pub fn taken(detail: impl Into<String>) -> Self {
        Self { kind: Some(Kind::Uniqueness), ..Self::new(409, detail) }
    }

    /// What is not there, or belongs to somebody else: the two look the same.
    pub fn missing(what: &str) -> Self {
        Self::new(404, format!("there is no resource `{what}`"))
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut body =
            json!({ "schemas": [SCHEMA], "status": self.status.to_string(), "detail": self.detail });
        if let (Some(kind), Some(body)) = (self.kind, body.as_object_mut()) {
            body.insert("scimType".to_owned(), kind.as_str().into());
        }
        body
    }
}

impl From<&UserError> for Error {
    fn from(error: &UserError) -> Self {
        let detail = error.message.to_string();
        let is_resource = error.path.iter().map(String::as_str).eq(["id"]);
        match error.code {
            UserErrorCode::NotUnique => Self::taken(detail),
            UserErrorCode::NotFound if is_resource => Self::new(404, detail),
            UserErrorCode::Conflict => Self::new(412, detail),
            UserErrorCode::State
            | UserErrorCode::InUse
            | UserErrorCode::LimitReached
            | UserErrorCode::QuotaExceeded => Self::new(409, detail),
            _ => Self::value(detail),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let status = match fault.code {
            Code::Unauthenticated | Code::TokenExpired => 401,
            Code::Forbidden | Code::TenantRequired | Code::TenantSuspended | Code::MfaRequired => 403,
            Code::RateLimited => 429,
            Code::SerializationRetry | Code::Unavailable | Code::Timeout => 503,
            Code::Internal => 500,
            _ => 400,
        };
        Self { retry_after: fault.retry_after(), ..Self::new(status, fault.message.to_string()) }
    }
}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Fault(fault) => fault.into(),
            Stop::User(errors) | Stop::Kept(errors) => match errors.first() {
                Some(error) => error.into(),
                None => Fault::internal("refused without a reason").into(),
            },
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Stop::from(error).into()
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Stop::from(error).into()
    }
}
