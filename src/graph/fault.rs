//! Errors of the request or of a field: `errors[]` with a code, the path, and what would be right.
//!
//! What a person can mend in a mutation is not here but in the payload, see [`super::user_error`].
use std::{fmt, sync::Arc};

use async_graphql::{ErrorExtensionValues, PathSegment, Pos, ServerError, Value};

use crate::{
    language::{Language, Said},
    store::error::{Denied, Error, RefusalKind},
};

/// Every code of `errors[].extensions.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    ParseFailed,
    ValidationFailed,
    OperationResolutionFailed,
    BadUserInput,
    InvalidId,
    InvalidCursor,
    PageSizeExceeded,
    DocumentTooLarge,
    VariablesTooLarge,
    QueryTooComplex,
    QueryTooDeep,
    TooManyAliases,
    TooManyDirectives,
    TooManyRootFields,
    BatchNotAllowed,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
    DocumentNotTrusted,
    Unauthenticated,
    TokenExpired,
    Forbidden,
    ApprovalRequired,
    TenantRequired,
    TenantSuspended,
    MfaRequired,
    IntrospectionDisabled,
    RateLimited,
    IdempotencyKeyReused,
    SerializationRetry,
    Timeout,
    Unavailable,
    Internal,
}

impl Code {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::OperationResolutionFailed => "OPERATION_RESOLUTION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::InvalidId => "INVALID_ID",
            Self::InvalidCursor => "INVALID_CURSOR",
            Self::PageSizeExceeded => "PAGE_SIZE_EXCEEDED",
            Self::DocumentTooLarge => "DOCUMENT_TOO_LARGE",
            Self::VariablesTooLarge => "VARIABLES_TOO_LARGE",
            Self::QueryTooComplex => "QUERY_TOO_COMPLEX",
            Self::QueryTooDeep => "QUERY_TOO_DEEP",
            Self::TooManyAliases => "TOO_MANY_ALIASES",
            Self::TooManyDirectives => "TOO_MANY_DIRECTIVES",
            Self::TooManyRootFields => "TOO_MANY_ROOT_FIELDS",
            Self::BatchNotAllowed => "BATCH_NOT_ALLOWED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::DocumentNotTrusted => "DOCUMENT_NOT_TRUSTED",
            Self::PersistedQueryNotSupported => "PERSISTED_QUERY_NOT_SUPPORTED",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::TokenExpired => "TOKEN_EXPIRED",
            Self::Forbidden => "FORBIDDEN",
            Self::ApprovalRequired => "APPROVAL_REQUIRED",
            Self::TenantRequired => "TENANT_REQUIRED",
            Self::TenantSuspended => "TENANT_SUSPENDED",
            Self::MfaRequired => "MFA_REQUIRED",
            Self::IntrospectionDisabled => "INTROSPECTION_DISABLED",
            Self::RateLimited => "RATE_LIMITED",
            Self::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
            Self::SerializationRetry => "SERIALIZATION_RETRY",
            Self::Timeout => "TIMEOUT",
            Self::Unavailable => "UNAVAILABLE",
            Self::Internal => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// A failure that is told to the caller.
#[derive(Clone, Debug)]
pub struct Fault {
    pub code: Code,
    pub message: Said,
    /// More of `extensions`: the missing permission, the limit, when to try again.
    pub details: Vec<(&'static str, Value)>,
}

impl Fault {
    pub fn new(code: Code, message: Said) -> Self {
        Self { code, message, details: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    pub fn bad_input(message: Said) -> Self {
        Self::new(Code::BadUserInput, message)
    }

    /// The caller lacks `permission`.
    pub fn forbidden(permission: &str) -> Self {
        let requires = Value::List(vec![Value::String(permission.to_owned())]);
        Self::new(Code::Forbidden, say!("requires the permission `{permission}`")).with("requires", requires)
    }

    /// The caller holds `permission` by the one with the id `given`, which counts once a request for it is approved.
    pub fn approval(permission: &str, given: &str) -> Self {
        let message =
            say!("your permission `{permission}` needs an approval: ask for it with `accessRequest`");
        Self { code: Code::ApprovalRequired, message, ..Self::forbidden(permission) }
            .with("permissionId", given)
    }

    /// The caller holds `permission`, but not without a second factor.
    pub fn second_factor(permission: &str) -> Self {
        let message = say!(
            "your permission `{permission}` needs a second factor: sign in with one; API keys cannot show any"
        );
        Self { code: Code::MfaRequired, message, ..Self::forbidden(permission) }
    }

    /// A related record exists and may not be seen.
    pub fn hidden() -> Self {
        Self::new(Code::Forbidden, say!("the related record is not visible to you"))
    }

    /// A cursor that was made for something else.
    pub fn foreign_cursor() -> Self {
        Self::new(Code::InvalidCursor, say!("the cursor belongs to another list or order: begin without it"))
    }

    /// Whether it is but that the caller may not see something.
    pub const fn is_denial(&self) -> bool {
        matches!(self.code, Code::Forbidden | Code::ApprovalRequired | Code::MfaRequired)
    }

    /// A fault of ours: the text goes to the log, never to the caller.
    pub fn internal(error: impl fmt::Display) -> Self {
        tracing::error!(%error, "internal error");
        Self::new(Code::Internal, say!("something went wrong on our side"))
    }

    /// In how many seconds it may be tried again, where that is known.
    pub fn retry_after(&self) -> Option<u64> {
        let (_, milliseconds) = self.details.iter().find(|(name, _)| *name == "retryAfterMs")?;
        let Value::Number(milliseconds) = milliseconds else { return None };
        milliseconds.as_u64().map(|milliseconds| milliseconds.div_ceil(1000).max(1))
    }

    /// Of a change that was not made: whoever is told that time was up is told so too.
    pub fn undone(self) -> Self {
        if self.code != Code::Timeout || self.details.iter().any(|(name, _)| *name == OUTCOME) {
            return self;
        }
        let late = &self.message;
        Self { message: say!("{late}; nothing was changed"), ..self }.with(OUTCOME, "ROLLED_BACK")
    }

    /// Of a change that was about to be made when the database was lost.
    pub fn uncertain() -> Self {
        let message = say!(
            "the database did not say whether it was changed: look before repeating it, or repeat it with \
                       the same `@idempotent` key"
        );
        Self::new(Code::Timeout, message).with(OUTCOME, "UNKNOWN")
    }

    pub fn at(&self, pos: Option<Pos>, path: Vec<PathSegment>) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.as_str());
        for (name, value) in &self.details {
            extensions.set(name, value.clone());
        }
        let mut error = ServerError::new(self.message.english(), pos);
        // what says itself needs no template to be found
        if let Some(template) = self.message.template().filter(|template| *template != error.message) {
            error.source = Some(Arc::new(Template(template)));
        }
        error.path = path;
        error.extensions = Some(extensions);
        error
    }
}

/// By which the message of an error was made.
struct Template(&'static str);

/// What an error says, taken out of it.
pub fn said(error: &mut ServerError) -> Said {
    let template = error.source.as_ref().and_then(|source| source.downcast_ref::<Template>());
    Said::by(template.map(|Template(template)| *template), std::mem::take(&mut error.message))
}

/// Puts what errors say into the language in which they are told.
pub fn put_into(language: Language, errors: &mut [ServerError]) {
    if language == Language::English {
        return;
    }
    for error in errors {
        error.message = said(error).in_language(language).into_owned();
    }
}

/// What has become of a change, beside the code `TIMEOUT`.
const OUTCOME: &str = "outcome";

/// Says of errors that time was up for what is shown of a change, that the change itself was made.
pub fn committed(errors: &mut [ServerError]) {
    let late = Value::String(Code::Timeout.as_str().to_owned());
    let extensions = errors.iter_mut().filter_map(|error| error.extensions.as_mut());
    extensions.filter(|extensions| extensions.get("code") == Some(&late)).for_each(|extensions| {
        extensions.set(OUTCOME, "COMMITTED");
    });
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Denied(denied) => {
                let code = match denied {
                    Denied::Anonymous | Denied::Ended | Denied::Withdrawn => Code::Unauthenticated,
                    Denied::Expired => Code::TokenExpired,
                    Denied::NoOrganization => Code::TenantRequired,
                    Denied::Suspended => Code::TenantSuspended,
                    Denied::MfaRequired => Code::MfaRequired,
                };
                Self::new(code, denied.said())
            }
            Error::Forbidden(permission) => {
                let requires = Value::List(vec![Value::String(permission.to_owned())]);
                let message = say!("your permission `{permission}` does not extend to this record");
                Self::new(Code::Forbidden, message).with("requires", requires)
            }
            Error::Retry => {
                Self::new(Code::SerializationRetry, say!("another change came in between: try again"))
                    .with("retryAfterMs", 10)
            }
            Error::Timeout => {
                Self::new(Code::Timeout, say!("the database took too long: ask for less, or try again"))
            }
            Error::OutOfTime => Self::new(
                Code::Timeout,
                say!("the request has run out of its time: ask for less, or try again"),
            ),
            Error::Busy => {
                Self::new(Code::Unavailable, say!("the server is busy: try again")).with("retryAfterMs", 1000)
            }
            Error::Unavailable(reason) => {
                tracing::error!(%reason, "database unavailable");
                Self::new(Code::Unavailable, say!("the database cannot be reached: try again"))
                    .with("retryAfterMs", 1000)
            }
            Error::Aborted => Self::new(
                Code::Unavailable,
                say!("not read any more, because something else that was asked together with it has failed"),
            ),
            // what was asked for could not be there
            Error::Refused(refusal) if refusal.kind == RefusalKind::Text => {
                Self::bad_input(say!("a text contains the character U+0000, which no text here has"))
            }
            Error::Refused(refusal) if refusal.kind == RefusalKind::Range => {
                Self::bad_input(say!("a number or time is outside of what is kept here"))
            }
            // a change that no mutation expected: constraint names stay here
            Error::Refused(_) | Error::Internal(_) => Self::internal(error),
        }
    }
}

/// Errors of async-graphql's own input parsing get our code where they have none.
impl From<ServerError> for Fault {
    fn from(mut error: ServerError) -> Self {
        let code = error.extensions.as_ref().and_then(|extensions| extensions.get("code"));
        let code = match code {
            Some(Value::String(code)) if code == Code::InvalidId.as_str() => Code::InvalidId,
            _ => Code::BadUserInput,
        };
        Self::new(code, said(&mut error))
    }
}
