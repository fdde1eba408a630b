//! What is asked, as types. The fields of a struct are the fields that are selected.
use cynic::{Id, InlineFragments, InputObject, QueryFragment, QueryVariables, Scalar};

#[cynic::schema("portico")]
mod schema {}

/// An exact number, as text: no JSON number is exact.
#[derive(Scalar, Clone, Debug, PartialEq)]
pub struct Decimal(pub String);

#[derive(QueryFragment, Clone, Debug)]
pub struct Deal {
    pub id: Id,
    pub version: i32,
    /// Null in the schema, so an `Option` here: anything else does not compile.
    pub name: Option<String>,
    pub probability: Decimal,
    /// None for whoever may not see it.
    pub value: Option<Money>,
}

#[derive(QueryFragment, Clone, Debug)]
pub struct Money {
    pub amount: Decimal,
}

#[derive(QueryVariables)]
pub struct DealsVariables {
    pub after: Option<String>,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Query", variables = "DealsVariables")]
pub struct Deals {
    #[arguments(first: 10, after: $after, filter: { status: { eq: OPEN } }, orderBy: [{ field: NAME }])]
    pub deals: Option<DealConnection>,
}

#[derive(QueryFragment)]
pub struct DealConnection {
    pub nodes: Vec<Deal>,
    pub page_info: PageInfo,
}

#[derive(QueryFragment)]
pub struct PageInfo {
    pub end_cursor: Option<String>,
    pub has_next_page: bool,
}

#[derive(QueryVariables)]
pub struct ChangeDealVariables {
    pub input: DealUpdateInput,
    pub key: String,
}

/// What is left out stays as it is.
#[derive(InputObject)]
pub struct DealUpdateInput {
    pub id: Id,
    pub expected_version: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub probability: Option<Decimal>,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "ChangeDealVariables")]
pub struct ChangeDeal {
    #[arguments(input: $input)]
    #[directives(idempotent(key: $key))]
    pub deal_update: Option<DealUpdatePayload>,
}

#[derive(QueryFragment)]
pub struct DealUpdatePayload {
    pub deal: Option<Deal>,
    pub user_errors: Vec<UserError>,
}

/// What the person can mend.
#[derive(InlineFragments, Debug)]
pub enum UserError {
    /// Somebody else was faster.
    Conflict(ConflictError),
    #[cynic(fallback)]
    Other(AnyError),
}

#[derive(QueryFragment, Debug)]
pub struct ConflictError {
    pub message: String,
    pub current_version: i32,
}

#[derive(QueryFragment, Debug)]
#[cynic(graphql_type = "UserError")]
pub struct AnyError {
    pub message: String,
    pub path: Vec<String>,
}

#[derive(QueryVariables)]
pub struct SignInVariables {
    pub input: SignInInput,
}

#[derive(InputObject)]
pub struct SignInInput {
    pub email: String,
    pub password: String,
}

#[derive(QueryFragment)]
#[cynic(graphql_type = "Mutation", variables = "SignInVariables")]
pub struct SignIn {
    #[arguments(input: $input)]
    pub sign_in: Option<SignInPayload>,
}

#[derive(QueryFragment)]
pub struct SignInPayload {
    pub access_token: Option<String>,
    pub user_errors: Vec<UserError>,
}
