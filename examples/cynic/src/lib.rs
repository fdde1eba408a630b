//! A client of Portico in Rust: its operations are Rust types, checked against the schema when they are compiled.
pub mod operations;

use cynic::{GraphQlError, GraphQlResponse, MutationBuilder, Operation, QueryBuilder};
use operations::{
    ChangeDeal, ChangeDealVariables, Deal, DealUpdateInput, Deals, DealsVariables, SignIn, SignInInput,
    SignInVariables,
};
use reqwest::Client;

/// A server, and who asks it.
pub struct Portico {
    http: Client,
    url: String,
    token: Option<String>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Fault {
    /// The server could not be reached, or did not answer in GraphQL.
    Http(reqwest::Error),
    /// What the request or the server got wrong: `extensions.code` says which.
    GraphQl(Vec<GraphQlError>),
    /// What the person can mend.
    User(Vec<operations::UserError>),
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        Self::Http(error)
    }
}

impl Portico {
    /// Signs in at a server such as `http://127.0.0.1:8080`.
    pub async fn sign_in(server: &str, email: &str, password: &str) -> Result<Self, Fault> {
        let mut portico = Self { http: Client::new(), url: format!("{server}/graphql"), token: None };
        let input = SignInInput { email: email.to_owned(), password: password.to_owned() };
        let answer = portico.ask(SignIn::build(SignInVariables { input })).await?.sign_in;
        let (token, errors) =
            answer.map(|payload| (payload.access_token, payload.user_errors)).unwrap_or_default();
        portico.token = token;
        if portico.token.is_some() { Ok(portico) } else { Err(Fault::User(errors)) }
    }

    /// The open deals by name: so many pages of ten.
    pub async fn open_deals(&self, pages: usize) -> Result<Vec<Deal>, Fault> {
        let (mut deals, mut after) = (Vec::new(), None);
        for _ in 0..pages {
            let Some(page) = self.ask(Deals::build(DealsVariables { after })).await?.deals else { break };
            deals.extend(page.nodes);
            after = page.page_info.end_cursor;
            if !page.page_info.has_next_page {
                break;
            }
        }
        Ok(deals)
    }

    /// Says how likely a deal is won, if nobody has changed it since it was read. With the same key it is done once, however
    /// often it is sent: when no answer came, send it again.
    pub async fn change(&self, deal: &Deal, probability: &str, key: &str) -> Result<Deal, Fault> {
        let input = DealUpdateInput {
            id: deal.id.clone(),
            expected_version: Some(deal.version),
            probability: Some(operations::Decimal(probability.to_owned())),
        };
        let variables = ChangeDealVariables { input, key: key.to_owned() };
        let answer = self.ask(ChangeDeal::build(variables)).await?.deal_update;
        let (changed, errors) = answer.map(|payload| (payload.deal, payload.user_errors)).unwrap_or_default();
        changed.ok_or(Fault::User(errors))
    }

    async fn ask<Data, Variables>(&self, operation: Operation<Data, Variables>) -> Result<Data, Fault>
    where
        Data: cynic::serde::de::DeserializeOwned,
        Variables: cynic::serde::Serialize,
    {
        let mut request = self.http.post(&self.url).json(&operation);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let GraphQlResponse { data, errors } = request.send().await?.json().await?;
        match (data, errors) {
            // what somebody may not see is null, with an error beside it: the rest is good
            (Some(data), _) => Ok(data),
            (None, errors) => Err(Fault::GraphQl(errors.unwrap_or_default())),
        }
    }
}
