//! Filters along a relation to many: by what holds for some, all or none of the rows that hang on a row.
use std::borrow::Cow;

use async_graphql::{InputType, InputValueError, InputValueResult, Value, registry::Registry};

use super::{
    fault::Fault,
    filter::{Filter, Filtered, Scope, described},
    input::input_object,
};
use crate::store::select::{Condition, Pairs};

/// What holds for the rows that hang on a row, as far as the caller sees them and they are not deleted.
pub struct Related<T: Filtered> {
    some: Option<Box<T::Filter>>,
    every: Option<Box<T::Filter>>,
    none: Option<Box<T::Filter>>,
}

impl<T: Filtered> Related<T> {
    /// What it says, where the rows hang on the one with the id that their `column` holds.
    pub fn by(self, column: &'static str, scope: &mut Scope<'_>) -> Result<Condition, Fault> {
        self.each(scope, |condition, exists| Condition::Hanging {
            table: T::TABLE,
            column,
            condition: Box::new(condition),
            exists,
        })
    }

    /// The same where pairs say which rows belong together.
    pub fn paired(self, pairs: Pairs, scope: &mut Scope<'_>) -> Result<Condition, Fault> {
        self.each(scope, |condition, exists| pairs.leads(T::TABLE, condition, exists))
    }

    /// `hangs` says whether there is a row that meets a condition: one that is not deleted.
    fn each(
        self,
        scope: &mut Scope<'_>,
        hangs: impl Fn(Condition, bool) -> Condition,
    ) -> Result<Condition, Fault> {
        scope.enter(T::Filter::NEEDS)?;
        let mut all = Vec::new();
        if let Some(filter) = self.some {
            all.push(hangs(scope.hanging(*filter)?.living::<T>(), true));
        }
        if let Some(filter) = self.every {
            all.push(hangs(Condition::outside(scope.hanging(*filter)?).living::<T>(), false));
        }
        if let Some(filter) = self.none {
            all.push(hangs(scope.hanging(*filter)?.living::<T>(), false));
        }
        Ok(Condition::all(all))
    }
}

/// `DealListFilter` of `DealFilter`.
impl<T: Filtered> InputType for Related<T> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        let filter = T::Filter::type_name();
        format!("{}ListFilter", filter.strip_suffix("Filter").unwrap_or(&filter)).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let about = "What is said of the records of a list, as far as you see them and they are not deleted: all that is \
                     given must hold.";
        input_object::<Self>(registry, about, |registry| {
            let filter = <Option<T::Filter> as InputType>::create_type_info(registry);
            vec![
                described("some", &filter, "At least one of them is so."),
                described("every", &filter, "All of them are so, also where there are none."),
                described("none", &filter, "Not one of them is so."),
            ]
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(mut object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let mut one = |name| InputType::parse(object.swap_remove(name)).map_err(InputValueError::propagate);
        Ok(Self { some: one("some")?, every: one("every")?, none: one("none")? })
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}
