//! All mutations together.
use std::{borrow::Cow, sync::LazyLock};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, ServerError,
    ServerResult, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{MetaField, ObjectBuilder, Registry},
};

use super::{Access, Mutations, run, run::ONCE};
use crate::graph::{rows, visit::Visit};

/// `Mutation`, as async-graphql knows it.
pub struct MutationRoot;

static MUTATIONS: LazyLock<Mutations> = LazyLock::new(|| {
    let mut mutations = Mutations::default();
    crate::graph::roots::mutations(&mut mutations);
    mutations
});

/// All mutations of the schema.
pub fn mutations() -> &'static Mutations {
    &MUTATIONS
}

impl OutputType for MutationRoot {
    fn type_name() -> Cow<'static, str> {
        "Mutation".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.types.insert("Mutation".to_owned(), ObjectBuilder::new("Mutation", IndexMap::new()).build());
        let fields = MUTATIONS.0.iter().map(|(name, declared)| {
            let (input, payload) = declared.action.register(registry);
            let mut field = MetaField::new(*name, payload);
            if !input.is_empty() {
                let mut argument = async_graphql::registry::MetaInputValue::new("input", input);
                argument.description = Some("What to do.".to_owned());
                field.args.insert("input".to_owned(), argument);
            }
            let mut about = declared.about.clone();
            if declared.in_person && !matches!(declared.access, Access::Public) {
                about += " Refused to whoever acts as somebody else.";
            }
            if declared.once {
                about += " Takes no `@idempotent`: ";
                about += ONCE;
                about.push('.');
            }
            rows::declare_permission(&mut field, about, declared.access.permission());
            ((*name).to_owned(), field)
        });
        let fields = fields.collect();
        let about = "Everything that can be changed. Each field is a transaction of its own; several run one after the other.";
        let object = ObjectBuilder::new("Mutation", fields).description(Some(about.to_owned())).build();
        registry.types.insert("Mutation".to_owned(), object);
        "Mutation!".to_owned()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        Err(ServerError::new("Mutation cannot be selected", Some(field.pos)))
    }
}

impl ObjectType for MutationRoot {}

impl ContainerType for MutationRoot {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let Some(declared) = MUTATIONS.0.get(ctx.item.node.name.node.as_str()) else { return Ok(None) };
        // a response key selected twice is still done once
        let Some(asked) = rows::asked_once(ctx, "Mutation") else { return Ok(Some(Value::Null)) };
        let visit = ctx.data_unchecked::<Visit>();
        let (json, errors) = run::answer(visit, ctx, &asked, declared).await;
        errors.into_iter().for_each(|error| ctx.add_error(error));
        Ok(Some(rows::raw(json)))
    }
}
