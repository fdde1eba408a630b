//! Arguments of fields.
use async_graphql::{
    InputType,
    registry::{MetaInputValue, Registry},
};

type ArgumentOf = Box<dyn Fn(&mut Registry) -> MetaInputValue + Send + Sync>;

/// An argument of a field.
pub struct Argument(pub(super) ArgumentOf);

impl Argument {
    pub fn of<A: InputType>(name: &'static str, about: &'static str) -> Self {
        Self::with_default::<A>(name, about, None)
    }

    pub fn register(&self, registry: &mut Registry) -> MetaInputValue {
        (self.0)(registry)
    }

    pub fn with_default<A: InputType>(
        name: &'static str,
        about: &'static str,
        default: Option<String>,
    ) -> Self {
        Self(Box::new(move |registry| {
            let mut value = MetaInputValue::new(name, A::create_type_info(registry));
            value.description = Some(about.to_owned());
            value.default_value.clone_from(&default);
            value
        }))
    }
}
