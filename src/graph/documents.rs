//! Documents that were seen before: read and validated once, however often they come.
//!
//! What a document is worth depends on its text and the schema alone; only the values of its variables are looked at
//! each time. Where one of them does not fit, everything is validated anew, so that the error is the same as ever.
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::{
    Request, Response, ServerError, ServerResult, ValidationResult, Value, Variables,
    extensions::{
        Extension, ExtensionContext, ExtensionFactory, NextExecute, NextPrepareRequest, NextValidation,
    },
    indexmap::IndexMap,
    parser::types::{ExecutableDocument, OperationDefinition},
    registry::{MetaType, MetaTypeName, Registry},
};
use moka::sync::Cache;

use super::{validation, visit::Visit};

/// Valid documents by their text.
#[derive(Clone)]
pub struct Documents(Cache<String, Arc<Known>>);

struct Known {
    document: ExecutableDocument,
    validated: ValidationResult,
}

impl Documents {
    /// How many bytes of text are remembered; what lies in memory is about ten times as much.
    const CAPACITY: u64 = 4 << 20;

    pub fn new() -> Self {
        let weigh = |text: &String, _: &Arc<Known>| u32::try_from(text.len()).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(Self::CAPACITY).weigher(weigh).build())
    }

    /// Spares the reading of a document that is known, and says whether it is.
    pub fn recall(&self, request: &mut Request) -> bool {
        let known = self.0.get(&request.query);
        if let Some(known) = &known {
            request.set_parsed_query(known.document.clone());
        }
        known.is_some()
    }
}

impl ExtensionFactory for Documents {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Remember { documents: self.clone(), found: Mutex::default() })
    }
}

/// What is done with the document of one request.
struct Remember {
    documents: Documents,
    found: Mutex<Found>,
}

#[derive(Default)]
enum Found {
    /// It is validated, and not remembered.
    #[default]
    Nothing,
    /// It is validated, and remembered if it is valid.
    New(String, ExecutableDocument),
    /// It is valid, and so are its variables.
    Valid(ValidationResult),
}

impl Remember {
    fn find(&self, registry: &Registry, request: &mut Request) -> Result<Found, ServerError> {
        let Some(known) = self.documents.0.get(&request.query) else {
            let document = request.parsed_query()?.clone();
            return Ok(Found::New(request.query.clone(), document));
        };
        let chosen = request.operation_name.as_deref();
        let fit = operation(&known.document, chosen)
            .is_some_and(|operation| all_fit(registry, operation, &request.variables));
        Ok(if fit { Found::Valid(known.validated) } else { Found::Nothing })
    }
}

#[async_graphql::async_trait::async_trait]
impl Extension for Remember {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        mut request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let found = self.find(&ctx.schema_env.registry, &mut request)?;
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = found;
        next.run(ctx, request).await
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let found = std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner));
        match found {
            Found::Valid(validated) => Ok(validated),
            Found::Nothing => next.run(ctx).await,
            Found::New(text, document) => {
                let validated = next.run(ctx).await?;
                validation::check(&ctx.schema_env.registry, &text, &document)?;
                self.documents.0.insert(text, Arc::new(Known { document, validated }));
                Ok(validated)
            }
        }
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if let Some(visit) = ctx.data_opt::<Visit>() {
            visit.progress.begin();
            if visit.cost_only {
                // the document is valid; that is all that was to be found out
                return Response::new(Value::Object(IndexMap::new()));
            }
        }
        next.run(ctx, operation_name).await
    }
}

/// The name of the operation that is executed, as its document has it.
pub fn named(document: &ExecutableDocument, chosen: Option<&str>) -> Option<String> {
    let executed = operation(document, chosen)?;
    let mut operations = document.operations.iter();
    let (name, _) = operations.find(|(_, operation)| std::ptr::eq(&raw const operation.node, executed))?;
    name.map(ToString::to_string)
}

/// The operation that is executed; none where that is not decided.
pub fn operation<'d>(
    document: &'d ExecutableDocument,
    chosen: Option<&str>,
) -> Option<&'d OperationDefinition> {
    let mut operations = document.operations.iter();
    let (_, operation) = match chosen {
        Some(chosen) => operations.find(|(name, _)| name.is_some_and(|name| name == chosen))?,
        None => operations.next().filter(|_| operations.next().is_none())?,
    };
    Some(&operation.node)
}

/// Whether every variable has a value of its type.
fn all_fit(registry: &Registry, operation: &OperationDefinition, variables: &Variables) -> bool {
    operation.variable_definitions.iter().all(|definition| {
        let definition = &definition.node;
        variables
            .get(&definition.name.node)
            .is_none_or(|value| fits(registry, &definition.var_type.node.to_string(), value))
    })
}

/// Whether `value` certainly is of the type; what is not certain is left to validation.
fn fits(registry: &Registry, of: &str, value: &Value) -> bool {
    match (MetaTypeName::create(of), value) {
        (MetaTypeName::NonNull(_), Value::Null) => false,
        (_, Value::Null) => true,
        (MetaTypeName::NonNull(of), _) => fits(registry, of, value),
        (MetaTypeName::List(of), Value::List(items)) => items.iter().all(|item| fits(registry, of, item)),
        (MetaTypeName::List(of), one) => fits(registry, of, one),
        (MetaTypeName::Named(of), value) => match (registry.types.get(of), value) {
            (Some(MetaType::Scalar { is_valid, .. }), _) => {
                is_valid.as_ref().is_none_or(|valid| valid(value))
            }
            (Some(MetaType::Enum { enum_values, .. }), Value::String(name)) => enum_values.contains_key(name),
            (Some(MetaType::InputObject { input_fields, oneof: false, .. }), Value::Object(given)) => {
                let known = given.keys().all(|name| input_fields.contains_key(name.as_str()));
                known
                    && input_fields.iter().all(|(name, field)| match given.get(name.as_str()) {
                        Some(value) => fits(registry, &field.ty, value),
                        None => field.default_value.is_some() || !field.ty.ends_with('!'),
                    })
            }
            _ => false,
        },
    }
}
