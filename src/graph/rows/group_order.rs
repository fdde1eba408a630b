//! `orderBy` of groups: by what their rows amount to, the most valuable owners first.
use std::{borrow::Cow, marker::PhantomData};

use async_graphql::{
    InputType, InputValueError, InputValueResult, Value,
    registry::{MetaInputValue, Registry},
};

use super::{
    aggregate::{Function, Kind, Measure, aggregate_fields, may_use, screaming},
    declare::{Entity, Object, fields_of},
    plan::Env,
    register::{enumeration, named},
};
use crate::{
    graph::{
        fault::Fault,
        filter::described,
        input::input_object,
        order::{Direction, Nulls},
    },
    store::{
        select::{Amounted, GroupKey},
        value::Currency,
    },
};

/// So many keys of an order at most.
const MOST_ORDERS: usize = 4;

/// One key of an order of groups of rows of `U`.
pub(super) struct GroupOrder<U> {
    measure: String,
    direction: Direction,
    nulls: Nulls,
    currency: Option<Currency>,
    of: PhantomData<fn() -> U>,
}

/// What of the measures of an entity groups are ordered by: none of them where it is how many rows there are.
pub(super) type By = Option<(usize, Measure, Function)>;

impl<U: Entity> GroupOrder<U> {
    /// What it orders by, as far as the caller may know that.
    pub fn by(&self, env: Env<'_>) -> Result<By, Fault> {
        let name = aggregate_fields::<U>().declared.keys().find(|name| screaming(name) == self.measure);
        let Some(name) = name else {
            let kind = <U as Object>::NAME;
            let measure = &self.measure;
            return Err(Fault::bad_input(say!("there is no measure `{measure}` of {kind}")));
        };
        let measures = fields_of::<U>().aggregation.iter().flat_map(|aggregation| &aggregation.measures);
        let by = measures
            .enumerate()
            .find_map(|(at, measure)| Some((at, *measure, Function::of(name, measure.field)?)));
        if let Some((_, measure, _)) = by {
            may_use::<U>(env, measure.field)?;
        }
        let (is_money, measure) =
            (by.is_some_and(|(_, measure, _)| measure.kind == Kind::Money), &self.measure);
        match (is_money, self.currency) {
            (true, None) => Err(Fault::bad_input(say!(
                "`{measure}` is money, which is not compared across currencies: say by which `currency`"
            ))),
            (false, Some(_)) => Err(Fault::bad_input(say!("`{measure}` is no money: leave `currency` out"))),
            _ => Ok(by),
        }
    }

    /// The same for a statement, where the measure is the one at `place`.
    pub fn key(&self, by: By, place: usize) -> GroupKey {
        GroupKey {
            by: match by.map(|(.., function)| function) {
                None => Amounted::Rows,
                Some(Function::Sum) => Amounted::Sum(place),
                Some(Function::Average) => Amounted::Mean(place),
                Some(Function::Least) => Amounted::Least(place),
                Some(Function::Most) => Amounted::Most(place),
            },
            currency: self.currency,
            descending: self.direction == Direction::Desc,
            nulls_first: self.nulls == Nulls::First,
        }
    }
}

/// The keys that are asked for.
pub(super) fn checked<U>(orders: Option<Vec<GroupOrder<U>>>) -> Result<Vec<GroupOrder<U>>, Fault> {
    let orders = orders.unwrap_or_default();
    if orders.len() > MOST_ORDERS {
        return Err(Fault::bad_input(say!("groups are ordered by at most {MOST_ORDERS} measures")));
    }
    Ok(orders)
}

fn measure_name<U: Object>() -> &'static str {
    named::<U>("Measure")
}

/// Makes the measures of `U` known, `DealMeasure`; says their name.
fn measures<U: Entity>(registry: &mut Registry) -> &'static str {
    let fields = aggregate_fields::<U>().declared.iter();
    let fields: Vec<_> = fields.map(|(name, declared)| (screaming(name), declared.about.as_str())).collect();
    let values: Vec<_> = fields.iter().map(|(name, about)| (name.as_str(), *about)).collect();
    let about = format!("What groups of rows of {} can be ordered by.", <U as Object>::NAME);
    enumeration(registry, measure_name::<U>(), &about, &values);
    measure_name::<U>()
}

impl<U: Entity> InputType for GroupOrder<U> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        named::<U>("GroupOrder").into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let about = "One key of an order of groups: earlier keys count more, and what the rows of a group have in common \
                     decides between equals.";
        input_object::<Self>(registry, about, |registry| {
            let with_default = |mut value: MetaInputValue, default: &str| {
                value.default_value = Some(default.to_owned());
                value
            };
            let measure = format!("{}!", measures::<U>(registry));
            let direction = Direction::create_type_info(registry);
            let nulls = Nulls::create_type_info(registry);
            let currency = <Option<Currency> as InputType>::create_type_info(registry);
            vec![
                described("measure", &measure, "What to order by."),
                with_default(described("direction", &direction, "Which way."), "ASC"),
                with_default(described("nulls", &nulls, "Where groups without a value go."), "LAST"),
                described(
                    "currency",
                    &currency,
                    "Of money, and then required: only amounts in this currency count, since others cannot be compared \
                     with them. Groups without any have no value.",
                ),
            ]
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(mut object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let measure = match object.swap_remove("measure") {
            Some(Value::Enum(name)) => name.to_string(),
            Some(Value::String(name)) => name,
            other => return Err(InputValueError::expected_type(other.unwrap_or_default())),
        };
        let mut rest = |name| object.swap_remove(name);
        let direction = <Option<Direction>>::parse(rest("direction")).map_err(InputValueError::propagate)?;
        let nulls = <Option<Nulls>>::parse(rest("nulls")).map_err(InputValueError::propagate)?;
        let currency = <Option<Currency>>::parse(rest("currency")).map_err(InputValueError::propagate)?;
        Ok(Self {
            measure,
            direction: direction.unwrap_or(Direction::Asc),
            nulls: nulls.unwrap_or(Nulls::Last),
            currency,
            of: PhantomData,
        })
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}
