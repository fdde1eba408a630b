//! Imports: a document with one mutation, whose input is given row by row from a file.
//!
//! * [`records`]: a file as records
//! * [`shape`]: a record as the input of the mutation
pub mod records;
mod shape;

use std::sync::Arc;

use async_graphql::{
    Request, Value, Variables,
    parser::{
        parse_query,
        types::{ExecutableDocument, Field, OperationType, Selection, VariableDefinition},
    },
    registry::MetaType,
};
use chrono::Duration;

pub use self::shape::{Place, Shape};
pub use super::export::Wrong;
use super::{
    fault::{Code, Fault},
    limits::Reader,
    mutation::Importable,
    schema::{REGISTRY, Schema},
    validation::{Expects, check_variable},
    visit::Visit,
};
use crate::{
    language::{Language, Said},
    store::door::Caller,
};

/// How much may be imported, and how it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Rows of a file; of one whose rows are all done or none, since those wait for each other in one transaction.
    pub most_rows: i32,
    pub most_rows_together: i32,
    /// Bytes of a file, and of a row of it.
    pub most_bytes: i64,
    pub most_row_bytes: usize,
    /// Imports that may wait or run at one time: of a person or API key, and of an organization.
    pub per_caller: i64,
    pub per_organization: i64,
    /// How long a file is waited for, and an address to upload it to is good.
    pub address: Duration,
    /// How long it is kept what was wrong, and of how many rows at most.
    pub kept: Duration,
    pub most_errors: i32,
    /// How many rows are done in one transaction, and for how long at most.
    pub batch: usize,
    pub batch_time: std::time::Duration,
    /// How long a server that does not say that it goes on is taken to do so.
    pub lease: Duration,
    /// After how long at most it is told how far one is whose rows are done together.
    pub told: std::time::Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            most_rows: 100_000,
            most_rows_together: 5_000,
            most_bytes: 64 << 20,
            most_row_bytes: 64 << 10,
            per_caller: 2,
            per_organization: 5,
            address: Duration::minutes(60),
            kept: Duration::hours(72),
            most_errors: 1_000,
            batch: 100,
            batch_time: std::time::Duration::from_secs(1),
            lease: Duration::minutes(1),
            told: std::time::Duration::from_secs(2),
        }
    }
}

/// What the rows of a file are given to.
pub struct Plan {
    pub mutation: Importable,
    pub shape: Shape,
}

impl Plan {
    /// Read from the document that was given.
    pub fn new(document: &str) -> Result<Self, Wrong> {
        let document = parse_query(document)
            .map_err(|error| Wrong::invalid(Said::heard(error.to_string()), Vec::new()))?;
        let (field, given) = the_mutation(&document)?;
        let path = || vec![field.response_key().node.to_string()];
        let name = field.name.node.as_str();
        let Some(mutation) = Importable::named(name) else {
            let message = say!(
                "`{name}` is none that files can be imported by: those that create, update or upsert one record are, such as \
                 `dealUpsert`, where they take a permission and need not be done in person"
            );
            return Err(Wrong::invalid(message, path()));
        };
        let input = match REGISTRY.types.get("Mutation") {
            Some(MetaType::Object { fields, .. }) => {
                fields.get(name).and_then(|field| field.args.get("input"))
            }
            _ => None,
        };
        let Some(input) = input else {
            return Err(Wrong::invalid(say!("it takes no input"), path()));
        };
        let expects = Expects { ty: &input.ty, has_default: input.default_value.is_some() };
        check_variable(given, expects).map_err(|message| Wrong::invalid(message, path()))?;
        Ok(Self { mutation, shape: Shape::of(&input.ty) })
    }
}

/// The only field of a document's only operation, which is given `$input` and nothing else; and that variable.
fn the_mutation(document: &ExecutableDocument) -> Result<(&Field, &VariableDefinition), Wrong> {
    let mut operations = document.operations.iter();
    let one = operations.next().filter(|_| operations.next().is_none()).map(|(_, operation)| &operation.node);
    let fits = |field: &Field| {
        let [(name, value)] = field.arguments.as_slice() else { return false };
        name.node == "input" && value.node.to_string() == "$input" && field.directives.is_empty()
    };
    if let Some(operation) = one.filter(|operation| operation.ty == OperationType::Mutation)
        && let [variable] = operation.variable_definitions.as_slice()
        && variable.node.name.node == "input"
        && variable.node.default_value.is_none()
        && operation.directives.is_empty()
        && let [selection] = operation.selection_set.node.items.as_slice()
        && let Selection::Field(field) = &selection.node
        && fits(&field.node)
    {
        return Ok((&field.node, &variable.node));
    }
    let message = say!(
        "the document has to be one mutation with one variable, `mutation($input: DealUpsertInput!) {{ dealUpsert(input: \
         $input) {{ userErrors {{ message }} }} }}`, without fragments or directives around it"
    );
    Err(Wrong::invalid(message, Vec::new()))
}

impl Schema {
    pub fn import_rules(&self) -> &Rules {
        &self.parts.imports
    }

    /// What is wrong with what is to be imported, as far as that is known before there is a file.
    pub async fn check_import(
        &self,
        caller: &Arc<Caller>,
        document: &str,
    ) -> Result<Result<Plan, Wrong>, Fault> {
        if let Err(fault) = self.parts.limits.check_text(document) {
            return Ok(Err(fault.into()));
        }
        let plan = match Plan::new(document) {
            Ok(plan) => plan,
            Err(wrong) => return Ok(Err(wrong)),
        };
        if self.parts.trusted_only.of(caller) {
            self.persisted.check_trusted(&self.parts.door, caller, document, None).await?;
        }
        let mut request = Request::new(document);
        // what the rows will be is not known yet
        let variables = Variables::from_json(serde_json::json!({ "input": {} }));
        let parsed = request.parsed_query().map_err(Fault::from)?;
        match self.parts.limits.check(parsed, None, &variables, &self.shapes, caller) {
            Err(fault) => return Ok(Err(fault.into())),
            Ok(cost) if cost.introspects && !self.is_shown_to(caller) => {
                let message =
                    say!("the schema is not shown to you: PORTICO_INTROSPECTION says to whom it is");
                return Err(Fault::new(Code::IntrospectionDisabled, message));
            }
            Ok(_) => {}
        }
        // whether it is valid is found out without doing anything
        let visit = Visit { cost_only: true, ..self.visit_of((**caller).clone()) };
        let snapshot = visit.snapshot.clone();
        let mut response = self.respond(visit, request).await;
        snapshot.close();
        Reader { language: Language::English, ..self.reader(caller) }.finish(&mut response);
        Ok(match response.errors.into_iter().next() {
            Some(error) => Err(error.into()),
            None => Ok(plan),
        })
    }
}

/// A row as the mutation's input.
pub type Row = Result<Value, Vec<super::user_error::UserError>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mutation_is_imported_by_and_nothing_else() {
        for (document, wrong, path) in [
            ("{ deals { nodes { id } } }", "one mutation", ""),
            ("mutation { dealCreate(input: {}) { deal { id } } }", "one mutation", ""),
            (
                "mutation($input: DealCreateInput!) { a: dealCreate(input: $input) { deal { id } } b: dealCreate(input: $input) { deal { id } } }",
                "one mutation",
                "",
            ),
            (
                "mutation($input: DealCreateInput!, $x: Int) { dealCreate(input: $input) { deal { id } } }",
                "one mutation",
                "",
            ),
            ("mutation($i: DealCreateInput!) { dealCreate(input: $i) { deal { id } } }", "one mutation", ""),
            (
                "mutation($input: DealCreateInput!) { dealCreate(input: $input) @idempotent(key: \"k\") { deal { id } } }",
                "one mutation",
                "",
            ),
            (
                "mutation($input: DealBulkCreateInput!) { dealBulkCreate(input: $input) { count } }",
                "dealBulkCreate",
                "dealBulkCreate",
            ),
            (
                "mutation($input: DealRecordInput!) { gone: dealDelete(input: $input) { deal { id } } }",
                "dealDelete",
                "gone",
            ),
            (
                "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { apiKey { id } } }",
                "in person",
                "apiKeyCreate",
            ),
            (
                "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { export { id } } }",
                "in person",
                "exportCreate",
            ),
            (
                "mutation($input: UserUpdateInput!) { userUpdate(input: $input) { user { id } } }",
                "permission",
                "userUpdate",
            ),
            (
                "mutation($input: DealUpdateInput!) { dealCreate(input: $input) { deal { id } } }",
                "`DealCreateInput!`",
                "dealCreate",
            ),
        ] {
            let found = Plan::new(document).err().unwrap();
            assert!(found.message.english().contains(wrong), "{document}: {found:?}");
            assert_eq!(found.path.join("."), path, "{document}");
        }
        let plan =
            Plan::new("mutation Sync($input: DealUpsertInput!) { dealUpsert(input: $input) { created } }");
        let plan = plan.unwrap();
        assert_eq!((plan.mutation.name(), plan.mutation.permission()), ("dealUpsert", "deal.write"));
    }
}
