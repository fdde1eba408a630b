//! Reads documents without executing them: whether they are of this schema, and what they are called.
use std::sync::Arc;

use async_graphql::{
    Request, Response, Value,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute},
};

use super::{
    limits::Limits, mutation::MutationRoot, rows::QueryRoot, schema, subscription::SubscriptionRoot,
};

pub struct Reader(async_graphql::Schema<QueryRoot, MutationRoot, SubscriptionRoot>);

impl Reader {
    pub fn new() -> Self {
        Self(schema::build().extension(Unexecuted).finish())
    }

    /// The name of a document's first operation, none where it has no name; what is wrong with the document, if
    /// anything is.
    pub async fn operation(&self, text: &str) -> Result<Option<String>, String> {
        let unlimited = Limits { bytes: 1_000_000, tokens: usize::MAX, ..Limits::default() };
        unlimited.check_text(text).map_err(|fault| fault.message.to_string())?;
        let mut request = Request::new(text);
        let document = request.parsed_query().map_err(|error| error.message)?;
        let first = document
            .operations
            .iter()
            .min_by_key(|(_, operation)| (operation.pos.line, operation.pos.column));
        let name = first.and_then(|(name, _)| name.map(ToString::to_string));
        request.operation_name.clone_from(&name);
        let errors = self.0.execute(request).await.errors;
        match errors.into_iter().next() {
            Some(error) => Err(error.message),
            None => Ok(name),
        }
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

/// What was validated is not executed.
struct Unexecuted;

impl ExtensionFactory for Unexecuted {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Unexecuted {
    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::new(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_document_is_of_this_schema_or_it_is_said_why_not() {
        let reader = Reader::new();
        for (text, name) in [
            ("{ viewer { permissions } }", None),
            ("query Me($id: ID!) { node(id: $id) { id ...deal } } fragment deal on Deal { id }", Some("Me")),
            ("mutation Leave { signOut { userErrors { code } } }", Some("Leave")),
            ("query A { __typename } query B { __typename }", Some("A")),
        ] {
            assert_eq!(reader.operation(text).await, Ok(name.map(str::to_owned)), "{text}");
        }
        for (text, wrong) in [
            ("{ viewer { nothing } }", "Unknown field \"nothing\""),
            ("{ node { id } }", "\"id\""),
            ("{", "expected"),
        ] {
            let said = reader.operation(text).await.unwrap_err();
            assert!(said.contains(wrong), "{text}: {said}");
        }
    }
}
