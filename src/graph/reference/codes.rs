//! What each code means, and what to do about it.
use async_graphql::resolver_utils::EnumType;

use super::{Root, Who};
use crate::graph::{
    fault::Code,
    sdl::{Field, target},
    user_error::UserErrorCode,
};

/// A list of all codes of one kind, and what is to be known of each. A code that is left out does not compile.
macro_rules! codes {
    ($all:ident, $about:ident: $type:ident { $($code:ident: $means:literal, $do:literal;)* }) => {
        pub const $all: &[$type] = &[$($type::$code),*];

        /// What it means, and what to do.
        pub const fn $about(code: $type) -> (&'static str, &'static str) {
            match code {
                $($type::$code => ($means, $do),)*
            }
        }
    };
}

codes! { CODES, about: Code {
    ParseFailed: "The document is not GraphQL.", "Mend it where `locations` says.";
    ValidationFailed: "The document does not fit the schema.", "Read what the field takes; generate types from the schema so that this is found before.";
    OperationResolutionFailed: "It is not clear which operation is meant, or the transport does not carry it.", "Name it in `operationName`; follow subscriptions over a websocket or an event stream.";
    BadUserInput: "An argument is not of the form that it should have, or the request itself is not.", "The message says what would be right.";
    InvalidId: "An id is not one, or one of another type of record.", "Send ids back as they came.";
    InvalidCursor: "A cursor is not of this list, or of another filter or order.", "Begin at the first page.";
    PageSizeExceeded: "More is asked for than a page may hold.", "Ask for less, and for the next page.";
    DocumentTooLarge: "The document or the body is too large.", "Ask for it in several requests.";
    VariablesTooLarge: "The variables are too large, or nested too deeply.", "Send them in several requests.";
    QueryTooComplex: "It may cost more points than you may spend on one operation.", "The message names the list that costs most, and the page size that would fit.";
    QueryTooDeep: "Fields, or brackets, are nested too deeply.", "Ask for what is deep down by its id.";
    TooManyAliases: "There are too many aliases.", "Ask for it in several requests.";
    TooManyDirectives: "There are too many directives.", "Ask for it in several requests.";
    TooManyRootFields: "There are too many fields at the root of the operation.", "Ask for it in several requests.";
    BatchNotAllowed: "A list of operations is not accepted.", "Send one request for each.";
    PersistedQueryNotFound: "The server does not know a document of this id or hash.", "Send it with its text once; publish it where only published documents are answered.";
    PersistedQueryNotSupported: "Documents are not remembered by their hashes here.", "Send the text.";
    DocumentNotTrusted: "Only documents that were published are answered to you.", "Ask whoever operates the server to publish it.";
    Unauthenticated: "Nobody is signed in, or the credential does not count any more.", "Sign in, or send the access token or API key.";
    TokenExpired: "The access token is too old.", "Renew it with `sessionRefresh`, and repeat.";
    Forbidden: "A permission is missing, which `requires` names, or a related record is not yours to see.", "Ask for it; `viewer.explainAccess` says why it is missing.";
    ApprovalRequired: "You hold the permission, but its use has to be approved.", "Ask with `accessRequest`.";
    TenantRequired: "It is not said for which organization.", "Sign in to one.";
    TenantSuspended: "The organization is suspended.", "Ask its owner.";
    MfaRequired: "It takes a second factor.", "Set one up, or sign in with it.";
    IntrospectionDisabled: "The schema is not shown to you.", "Ask whoever operates the server.";
    RateLimited: "You have spent your points for now.", "Wait for `retryAfterMs`, and ask for less.";
    IdempotencyKeyReused: "The key was used for another change.", "Choose a key for each change that you want to make.";
    SerializationRetry: "Another change came in between; nothing was done.", "Repeat it at once.";
    Timeout: "It took too long. Of a change, `outcome` says what has become of it.", "Ask for less, or repeat a change with the same key.";
    Unavailable: "The server is busy, or the database is away.", "Repeat it after `retryAfterMs`.";
    Internal: "Something went wrong on our side.", "Repeat it; tell us its `requestId` if it stays so.";
} }

codes! { USER_CODES, about_user: UserErrorCode {
    Required: "A value is missing.", "Give it at `path`.";
    Invalid: "A value is not of the right form.", "The message says what would be right.";
    TooLong: "A text is too long.", "Shorten it.";
    OutOfRange: "A number lies outside what is allowed.", "Choose another.";
    NotUnique: "Something else has this value already.", "Choose another, or change what has it.";
    NotFound: "There is no such record, or none that you may see.", "Look for it again.";
    Forbidden: "It asks for what you may not see, or your permission does not extend to the record.", "Ask somebody whose does.";
    InUse: "Something else still refers to the record.", "Take it out of use first.";
    Conflict: "The record was changed since you read it.", "Look at `current`, and repeat with `currentVersion`.";
    State: "The record's state does not allow this.", "`allowed` says what it does.";
    CurrencyMismatch: "Amounts of different currencies do not go together.", "Use one.";
    SelfApproval: "Nobody approves what they submitted.", "Ask somebody else.";
    LimitReached: "There are as many as are allowed.", "Remove one, or wait.";
    QuotaExceeded: "The organization has used as much as its quota allows.", "Wait for `resetsAt`, or change the plan.";
    AccountLocked: "Nobody signs in to this account for the time being.", "Wait, or ask an administrator.";
} }

/// What any request may be answered with.
pub const ALWAYS: &[Code] = &[
    Code::ParseFailed,
    Code::ValidationFailed,
    Code::BadUserInput,
    Code::QueryTooComplex,
    Code::RateLimited,
    Code::Timeout,
    Code::Unavailable,
    Code::Internal,
];

/// What a root field may be answered with besides.
pub(super) fn of(root: Root, field: &Field, who: &Who, is_connection: bool) -> Vec<Code> {
    let takes_ids = || {
        let arguments = field.arguments.values();
        arguments.into_iter().any(|argument| target(&argument.ty) == "ID" || root == Root::Mutation)
    };
    let told = [
        (!who.is_open, Code::Unauthenticated),
        (!who.is_open, Code::TokenExpired),
        (!who.permissions.is_empty(), Code::Forbidden),
        (!who.permissions.is_empty(), Code::MfaRequired),
        (!who.permissions.is_empty(), Code::ApprovalRequired),
        (takes_ids(), Code::InvalidId),
        (is_connection || root == Root::Subscription, Code::InvalidCursor),
        (is_connection, Code::PageSizeExceeded),
        (who.is_repeatable, Code::IdempotencyKeyReused),
        (root == Root::Mutation, Code::SerializationRetry),
    ];
    told.into_iter().filter(|(may, _)| *may).map(|(_, code)| code).collect()
}

/// The codes of what a person can mend, as answers name them, with what is to be known of each.
pub fn user_codes() -> impl Iterator<Item = (String, (&'static str, &'static str))> {
    let name = |code: UserErrorCode| {
        let items = <UserErrorCode as EnumType>::items();
        items.iter().find(|item| item.value == code).map_or_else(String::new, |item| item.name.to_owned())
    };
    USER_CODES.iter().map(move |code| (name(*code), about_user(*code)))
}
