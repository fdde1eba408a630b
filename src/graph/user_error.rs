//! `userErrors`: what a person can mend in a mutation, with a code, the path in the input, and what would be right.
use async_graphql::{Enum, resolver_utils::EnumType};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    fault::Fault,
    rows::{AnyId, Fields, Members, Named, Object, Union, type_of_prefix},
};
use crate::{
    language::{Language, Said},
    store::{
        constraint,
        error::{Error, Refusal},
        id::{Id, Kind},
    },
};

/// What kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize, Deserialize)]
pub enum UserErrorCode {
    /// A value is missing.
    Required,
    /// A value is not of the right form.
    Invalid,
    /// A text is too long.
    TooLong,
    /// A number lies outside what is allowed.
    OutOfRange,
    /// Something else has this value already.
    NotUnique,
    /// There is no such record, or none that you may see.
    NotFound,
    /// It asks for what you may not see, or is about a record to which your permission does not extend.
    Forbidden,
    /// Something else still refers to the record.
    InUse,
    /// The record was changed since you read it.
    Conflict,
    /// The record's state does not allow this.
    State,
    /// Amounts of different currencies do not go together.
    CurrencyMismatch,
    /// Nobody approves what they submitted.
    SelfApproval,
    /// There are as many as are allowed.
    LimitReached,
    /// The organization has used as much as its quota allows.
    QuotaExceeded,
    /// Too many wrong passwords, or locked by an administrator: nobody signs in for the time being.
    AccountLocked,
}

impl UserErrorCode {
    /// As the graph writes it.
    pub fn as_str(self) -> &'static str {
        <Self as EnumType>::items().iter().find(|item| item.value == self).map_or("", |item| item.name)
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserError {
    pub code: UserErrorCode,
    pub message: Said,
    pub path: Vec<String>,
    /// For `CONFLICT`: the version the record has now, and the record.
    pub current: Option<(i32, String, uuid::Uuid)>,
    /// For `STATE`: what the record's state allows.
    pub allowed: Vec<String>,
    /// For `QUOTA_EXCEEDED`: what the quota allows.
    #[serde(default)]
    pub exceeded: Option<Exceeded>,
}

/// A quota that allows no more, as the database says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exceeded {
    pub metric: String,
    pub limit: i64,
    pub used: i64,
    pub resets_at: Option<DateTime<Utc>>,
}

impl UserError {
    pub fn new(code: UserErrorCode, message: Said, path: &[&str]) -> Self {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        Self { code, message, path, current: None, allowed: Vec::new(), exceeded: None }
    }

    /// No such record, or none that the caller may see: the two look the same.
    pub fn not_found<T: Kind>(id: Id<T>, path: &[&str]) -> Self {
        Self::new(UserErrorCode::NotFound, say!("there is no {kind} `{id}`", kind = T::NAME), path)
    }

    /// The same for any kind of record.
    pub fn unseen(named: &Named) -> Self {
        let (kind, id) = (type_of_prefix(&named.id.prefix).unwrap_or("record"), &named.id);
        let path: Vec<&str> = named.path.iter().map(String::as_str).collect();
        Self::new(UserErrorCode::NotFound, say!("there is no {kind} `{id}`"), &path)
    }

    /// The record was changed since the caller read it.
    pub fn conflict<T: Kind>(id: Id<T>, version: i32) -> Self {
        let message = say!("the record was changed in the meantime: its version is now {version}");
        let current = Some((version, T::PREFIX.to_owned(), id.0));
        Self { current, ..Self::new(UserErrorCode::Conflict, message, &["input", "expectedVersion"]) }
    }

    /// The same, as it is told in `language`.
    pub fn put_into(&self, language: Language) -> Self {
        Self { message: self.message.put_into(language), ..self.clone() }
    }

    pub fn state(message: Said, path: &[&str], allowed: &[&str]) -> Self {
        let allowed = allowed.iter().map(|name| (*name).to_owned()).collect();
        Self { allowed, ..Self::new(UserErrorCode::State, message, path) }
    }

    fn refused(refusal: &Refusal) -> Self {
        let known = constraint::explain(refusal);
        let code = match known.code {
            constraint::Code::Required => UserErrorCode::Required,
            constraint::Code::Invalid => UserErrorCode::Invalid,
            constraint::Code::TooLong => UserErrorCode::TooLong,
            constraint::Code::OutOfRange => UserErrorCode::OutOfRange,
            constraint::Code::NotUnique => UserErrorCode::NotUnique,
            constraint::Code::NotFound => UserErrorCode::NotFound,
            constraint::Code::InUse => UserErrorCode::InUse,
            constraint::Code::State => UserErrorCode::State,
            constraint::Code::SelfApproval => UserErrorCode::SelfApproval,
            constraint::Code::LimitReached => UserErrorCode::LimitReached,
            constraint::Code::QuotaExceeded => UserErrorCode::QuotaExceeded,
        };
        let quota = refusal.detail.as_deref().filter(|_| code == UserErrorCode::QuotaExceeded);
        let exceeded = quota.and_then(|quota| serde_json::from_str(quota).ok());
        let path = std::iter::once("input".to_owned()).chain(known.path).collect();
        Self { code, message: known.message, path, current: None, allowed: Vec::new(), exceeded }
    }
}

/// Why a mutation did not happen.
#[derive(Debug)]
pub enum Stop {
    /// The person can mend it: it stands in the payload, and nothing was done.
    User(Vec<UserError>),
    /// The same, but what was written stays: that somebody tried, and failed.
    Kept(Vec<UserError>),
    /// They cannot: it stands in `errors`.
    Fault(Fault),
}

/// For the commands, whose users read text.
impl std::fmt::Display for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(errors) | Self::Kept(errors) => {
                let messages = errors.iter().map(|error| error.message.english()).collect::<Vec<_>>();
                f.write_str(&messages.join("; "))
            }
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Stop {}

/// What a mutation comes to.
pub type Outcome<T> = Result<T, Stop>;

impl Stop {
    /// Where a record's state was in the way: what it does allow.
    pub fn allowing(mut self, acts: &[&str]) -> Self {
        if let (Self::User(errors), [_, ..]) = (&mut self, acts) {
            for error in errors.iter_mut().filter(|error| error.code == UserErrorCode::State) {
                error.allowed = acts.iter().map(|act| (*act).to_owned()).collect();
            }
        }
        self
    }

    /// Where another part of the input than usual names the record whose state was in the way.
    pub fn at(mut self, path: &[&str]) -> Self {
        if let Self::User(errors) = &mut self {
            for error in errors.iter_mut().filter(|error| error.code == UserErrorCode::State) {
                error.path = path.iter().map(|part| (*part).to_owned()).collect();
            }
        }
        self
    }
}

impl From<UserError> for Stop {
    fn from(error: UserError) -> Self {
        Self::User(vec![error])
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What the database refuses is the person's to mend; anything else is a fault.
impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match &error {
            Error::Refused(refusal) => UserError::refused(refusal).into(),
            _ => Self::Fault(error.into()),
        }
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Error::from(error).into()
    }
}

macro_rules! user_error_types {
    ($($(#[doc = $about:literal])* $name:ident, |$error:ident| $is:expr, |$fields:ident| $more:block)*) => {
        $(
            $(#[doc = $about])*
            struct $name(UserError);

            impl Object for $name {
                const NAME: &'static str = stringify!($name);
                fn about() -> String {
                    concat!($($about),*).trim().to_owned()
                }
                fn fields($fields: &mut Fields<Self>) {
                    $fields.derived("code", |error| error.0.code).about("What kind of mistake, for programs.");
                    $fields
                        .column("message", |error| &error.0.message)
                        .about("What is wrong and what would be right, for people.");
                    $fields
                        .column("path", |error| &error.0.path)
                        .about("Where in the arguments: `[\"input\", \"value\"]`.");
                    $more
                    $fields.implements("UserError");
                }
            }
        )*

        impl Union for UserError {
            const NAME: &'static str = "UserError";
            const INTERFACE: bool = true;
            fn about() -> String {
                "Something that the person can mend.".to_owned()
            }
            fn members(members: &mut Members<Self>) {
                $(members.of(|$error: &Self| $is.then(|| $name($error.clone())));)*
            }
        }
    };
}

user_error_types! {
    /// The record was changed since it was read.
    ConflictError, |error| error.current.is_some(), |fields| {
        fields
            .derived("currentVersion", |error| error.0.current.as_ref().map_or(0, |current| current.0))
            .about("The version the record has now.");
        fields
            .any_record("current", |error| error.0.current.clone().map(|(_, prefix, uuid)| AnyId { prefix, uuid }))
            .about("The record as it is now.");
    }
    /// The record's state does not allow this.
    StateError, |error| error.code == UserErrorCode::State, |fields| {
        fields.column("allowed", |error| &error.0.allowed).about("What its state allows.");
    }
    /// The organization has used as much as its quota allows.
    QuotaExceededError, |error| error.exceeded.is_some(), |fields| {
        fields
            .derived("metric", |error| error.0.exceeded.as_ref().map(|quota| quota.metric.to_uppercase()))
            .about("What is limited, as `Quota.metric` calls it: `MESSAGES`.");
        fields
            .derived("limit", |error| error.0.exceeded.as_ref().map(|quota| quota.limit))
            .about("How much is allowed.");
        fields
            .derived("used", |error| error.0.exceeded.as_ref().map(|quota| quota.used))
            .about("How much was used.");
        fields
            .derived("resetsAt", |error| error.0.exceeded.as_ref().and_then(|quota| quota.resets_at))
            .about("When it begins anew; null where it does not by itself.");
    }
    /// A value is missing, of the wrong form, or refers to nothing.
    ValidationError, |error| {
        error.current.is_none() && error.exceeded.is_none() && error.code != UserErrorCode::State
    }, |fields| {}
}
