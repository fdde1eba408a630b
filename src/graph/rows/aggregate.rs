//! What lists amount to: an entity says which of its fields are added up, compared and grouped by, and its connections have
//! `aggregate` and `groupBy`.
use std::marker::PhantomData;

use async_graphql::{
    InputType,
    registry::{MetaField, MetaInputValue, Registry},
};
use rust_decimal::Decimal;

use super::{
    declare::{Entity, Fields, How, Object, fields_of, made_once},
    face::TypeOf,
    group_order::GroupOrder,
    grouped::{Group, KeyOf, Totals},
    measured::{Measured, MoneyOf},
    plan::Env,
    register::{self, enumeration, field, named},
};
use crate::{
    graph::fault::{Code, Fault},
    store::{
        select::{Amounts, Columns, Period, Values},
        value::Currency,
    },
};

/// What can be asked of the rows of an entity together.
pub struct Aggregation<U: 'static> {
    pub(super) measures: Vec<Measure>,
    /// Fields that rows are grouped by.
    pub(super) keys: Vec<&'static str>,
    pub(super) periods: Vec<PeriodKey>,
    of: PhantomData<fn() -> U>,
    money: Option<DeclareMoney<U>>,
}

/// Declares a field of amounts, one for each currency.
type DeclareMoney<U> = fn(&mut Fields<Aggregate<U>>, &'static str, Measured);

/// A field whose values are counted, added up or compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measure {
    pub field: &'static str,
    pub column: &'static str,
    pub kind: Kind,
    /// Whether the sum of the values means something.
    pub adds_up: bool,
}

/// The type of a measured field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Money,
    Decimal,
    Int,
    Date,
    Time,
}

impl Kind {
    fn of(ty: &str) -> Option<Self> {
        Some(match ty.trim_end_matches('!') {
            "Money" => Self::Money,
            "Decimal" => Self::Decimal,
            "Int" | "BigInt" => Self::Int,
            "Date" => Self::Date,
            "DateTime" => Self::Time,
            _ => return None,
        })
    }

    pub const fn values(self) -> Values {
        match self {
            Self::Money | Self::Decimal | Self::Int => Values::Numbers,
            Self::Date => Values::Dates,
            Self::Time => Values::Times,
        }
    }
}

/// What is worked out of the values of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Sum,
    Average,
    Least,
    Most,
}

impl Function {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Average => "avg",
            Self::Least => "min",
            Self::Most => "max",
        }
    }

    /// The function that `name` is of the field.
    pub fn of(name: &str, field: &str) -> Option<Self> {
        [Self::Sum, Self::Average, Self::Least, Self::Most].into_iter().find(|function| {
            let rest = name.strip_prefix(function.prefix()).unwrap_or_default();
            let (Some(first), Some(letter)) = (rest.chars().next(), field.chars().next()) else {
                return false;
            };
            first == letter.to_ascii_uppercase() && rest.get(1..) == field.get(1..)
        })
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Sum => "The sum",
            Self::Average => "The mean, rounded to 4 digits,",
            Self::Least => "The least",
            Self::Most => "The most",
        }
    }

    const fn applies(self, measure: &Measure) -> bool {
        match self {
            Self::Sum => measure.adds_up,
            Self::Average => matches!(measure.kind.values(), Values::Numbers),
            Self::Least | Self::Most => true,
        }
    }
}

/// A field whose day rows are grouped by.
#[derive(Clone, Copy, Debug)]
pub(super) struct PeriodKey {
    /// The field that is grouped by.
    pub field: &'static str,
    pub column: &'static str,
    pub period: Period,
    pub is_time: bool,
    /// `createdAtMonth`.
    pub name: &'static str,
}

impl<U: Entity> Fields<U> {
    /// What can be asked of rows together; after the fields that are named by it.
    pub fn aggregate(&mut self) -> Declaring<'_, U> {
        let aggregation = Aggregation {
            measures: Vec::new(),
            keys: Vec::new(),
            periods: Vec::new(),
            of: PhantomData,
            money: None,
        };
        self.aggregation = Some(Box::new(aggregation));
        Declaring(self)
    }

    /// The type of a field and the column that it shows.
    fn column_of(&self, field: &str) -> Option<(String, &'static str)> {
        let declared = self.declared.get(field)?;
        Some(((declared.ty)(&mut Registry::default()), declared.column?))
    }
}

/// An aggregation that is being declared.
pub struct Declaring<'f, U: Entity>(&'f mut Fields<U>);

impl<U: Entity> Declaring<'_, U> {
    /// Amounts of money, added up and compared for each currency by itself, which the column `currency` says.
    pub fn money<M: Object + From<(Decimal, Currency)>>(self, fields: &[&'static str]) -> Self {
        if let Some(aggregation) = &mut self.0.aggregation {
            aggregation.money = Some(|fields, name, measured| {
                fields.relation::<M>(name, true, MoneyOf::<M>::new(measured));
            });
        }
        self.measure(fields, true)
    }

    /// Numbers whose sum means something.
    pub fn sums(self, fields: &[&'static str]) -> Self {
        self.measure(fields, true)
    }

    /// Numbers, days and times that are compared.
    pub fn ranges(self, fields: &[&'static str]) -> Self {
        self.measure(fields, false)
    }

    fn measure(self, fields: &[&'static str], adds_up: bool) -> Self {
        for field in fields {
            let known = self.0.column_of(field).and_then(|(ty, column)| Some((Kind::of(&ty)?, column)));
            debug_assert!(known.is_some(), "{}.{field} cannot be measured", <U as Object>::NAME);
            if let (Some((kind, column)), Some(aggregation)) = (known, &mut self.0.aggregation) {
                aggregation.measures.push(Measure { field, column, kind, adds_up });
            }
        }
        self
    }

    /// Fields that rows are grouped by.
    pub fn by(self, fields: &[&'static str]) -> Self {
        if let Some(aggregation) = &mut self.0.aggregation {
            aggregation.keys.extend(fields);
        }
        self
    }

    /// Days and times that rows are grouped by, put together by day, week, month, quarter or year.
    pub fn by_period(self, fields: &[&'static str]) -> Self {
        for field in fields {
            let known = self.0.column_of(field).and_then(|(ty, column)| Some((Kind::of(&ty)?, column)));
            debug_assert!(known.is_some(), "{}.{field} has no day", <U as Object>::NAME);
            if let (Some((kind, column)), Some(aggregation)) = (known, &mut self.0.aggregation) {
                let of = |period: Period| PeriodKey {
                    field,
                    column,
                    period,
                    is_time: kind == Kind::Time,
                    name: format!("{field}{period:?}").leak(),
                };
                aggregation.periods.extend(Period::ALL.map(of));
            }
        }
        self
    }
}

/// What some rows of `U` amount to: of each currency apart, where amounts were asked for.
pub struct Aggregate<U> {
    pub(super) amounts: Vec<Amounts>,
    /// Which measures were asked for, in the order of the amounts.
    pub(super) measures: std::sync::Arc<[usize]>,
    of: PhantomData<fn() -> U>,
}

impl<U> Aggregate<U> {
    pub(super) const fn new(amounts: Vec<Amounts>, measures: std::sync::Arc<[usize]>) -> Self {
        Self { amounts, measures, of: PhantomData }
    }

    fn count(&self) -> i32 {
        let count = self.amounts.iter().map(|amounts| amounts.count).sum::<i64>();
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}

pub(super) fn aggregate_name<U: Object>() -> &'static str {
    named::<U>("Aggregate")
}

pub(super) fn group_name<U: Object>() -> &'static str {
    named::<U>("Group")
}

fn key_name<U: Object>() -> &'static str {
    named::<U>("GroupKey")
}

/// The fields of `DealAggregate`.
pub(super) fn aggregate_fields<U: Entity>() -> &'static Fields<Aggregate<U>> {
    made_once(|| {
        let mut fields = Fields::about_rows_of::<U>();
        fields.derived("count", Aggregate::count).about("How many there are.");
        let of = fields_of::<U>();
        let Some(aggregation) = &of.aggregation else { return fields };
        for (at, measure) in aggregation.measures.iter().enumerate() {
            for function in [Function::Sum, Function::Average, Function::Least, Function::Most] {
                if !function.applies(measure) {
                    continue;
                }
                let name = function_name(function, measure.field);
                let measured = Measured { at, measure: *measure, function };
                match (measure.kind, aggregation.money) {
                    (Kind::Money, Some(declare)) => declare(&mut fields, name, measured),
                    _ => drop(fields.add(name, measured.ty(), How::Relation(Box::new(measured)))),
                }
                let Some(declared) = fields.declared.get_mut(name) else { continue };
                let each = if measure.kind == Kind::Money { ", for each currency by itself" } else { "" };
                declared.about = format!(
                    "{} of all values of `{}`{each}; those that are null are left out.",
                    function.about(),
                    measure.field
                );
                declared.needs = of.declared.get(measure.field).and_then(|of| of.needs);
            }
        }
        fields
    })
}

/// `sumValue`.
fn function_name(function: Function, field: &str) -> &'static str {
    let mut letters = field.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let name = function.prefix().chars().chain(first).chain(letters);
    name.collect::<String>().leak()
}

/// The fields of `DealGroup`.
pub(super) fn group_fields<U: Entity>() -> &'static Fields<Group<U>> {
    made_once(|| {
        let mut fields = Fields::about_rows_of::<U>();
        let of = fields_of::<U>();
        let Some(aggregation) = &of.aggregation else { return fields };
        for key in &aggregation.keys {
            let Some(declared) = of.declared.get(key) else {
                debug_assert!(false, "{} has no field `{key}` to group by", <U as Object>::NAME);
                continue;
            };
            debug_assert!(declared.reads.only().is_some(), "{}.{key} is not one column", <U as Object>::NAME);
            let ty: TypeOf = Box::new(|registry| (declared.ty)(registry).trim_end_matches('!').to_owned());
            let last = fields.add(key, ty, How::Relation(Box::new(KeyOf(key))));
            last.about(format!("{} Null where it is not grouped by.", declared.about));
            if let Some(shown) = fields.declared.get_mut(key) {
                (shown.needs, shown.target_needs) = (declared.needs, declared.target_needs);
            }
        }
        for (at, key) in aggregation.periods.iter().enumerate() {
            let last = fields.derived(key.name, move |group: &Group<U>| group.period(at));
            last.about(format!(
                "The first day of the {} of `{}`, by UTC; null where it is not grouped by.",
                format!("{:?}", key.period).to_lowercase(),
                key.field
            ));
            if let Some(shown) = fields.declared.get_mut(key.name) {
                shown.needs = of.declared.get(key.field).and_then(|of| of.needs);
            }
        }
        let ty = |registry: &mut Registry| {
            let fields = aggregate_fields::<U>();
            register::object_of(registry, aggregate_name::<U>(), about_aggregate::<U>(), U::NEEDS, fields)
                + "!"
        };
        let last = fields.add("aggregate", Box::new(ty), How::Relation(Box::new(Totals)));
        last.about("What its rows amount to.").target::<U>().required();
        fields
    })
}

fn about_aggregate<U: Object>() -> String {
    format!("What rows of {} amount to, all pages together.", <U as Object>::NAME)
}

/// The keys that rows of `U` can be grouped by: as a client says them, as which field of a group, and whether it is a period.
pub(super) fn key_names<U: Entity>() -> impl Iterator<Item = (String, GroupBy)> {
    let aggregation = fields_of::<U>().aggregation.as_deref();
    let keys = aggregation.into_iter().flat_map(|all| all.keys.iter().map(|key| GroupBy::Key(key)));
    let periods = aggregation.into_iter().flat_map(|all| (0..all.periods.len()).map(GroupBy::Period));
    keys.chain(periods).map(|key| (screaming(key.name::<U>()), key))
}

/// One thing that rows are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GroupBy {
    Key(&'static str),
    Period(usize),
}

impl GroupBy {
    fn name<U: Entity>(self) -> &'static str {
        match self {
            Self::Key(name) => name,
            Self::Period(at) => {
                let periods = fields_of::<U>().aggregation.as_ref().map(|all| &all.periods);
                periods.and_then(|periods| periods.get(at)).map_or("", |key| key.name)
            }
        }
    }
}

/// `expectedCloseDate` as an enum has it: `EXPECTED_CLOSE_DATE`.
pub(super) fn screaming(name: &str) -> String {
    let mut screaming = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            screaming.push('_');
        }
        screaming.push(letter.to_ascii_uppercase());
    }
    screaming
}

/// What one does not see in every row, or not as it is, one does not add up or group by.
pub(super) fn may_use<U: Entity>(env: Env<'_>, field: &str) -> Result<Columns, Fault> {
    let Some(declared) = fields_of::<U>().declared.get(field) else { return Ok(Columns::NONE) };
    env.permit(declared.needs, U::TABLE)?;
    env.right(declared.target_needs)?;
    if declared.mask(env.grants.masks(), <U as Object>::NAME, field).is_some() {
        let message = say!(
            "you are not shown `{kind}.{field}` as it is: it is not added up or grouped by",
            kind = <U as Object>::NAME
        );
        return Err(Fault::new(Code::Forbidden, message));
    }
    Ok(declared.reads)
}

/// What the connection of `U` has besides its rows.
pub(super) fn connection_fields<U: Entity>(registry: &mut Registry) -> Vec<MetaField> {
    if fields_of::<U>().aggregation.is_none() {
        return Vec::new();
    }
    let about = about_aggregate::<U>();
    let aggregate =
        register::object_of(registry, aggregate_name::<U>(), about, U::NEEDS, aggregate_fields::<U>());
    let about = format!("Rows of {} that have something in common.", <U as Object>::NAME);
    let group = register::object_of(registry, group_name::<U>(), about, U::NEEDS, group_fields::<U>());
    let keys: Vec<(String, String)> = key_names::<U>()
        .map(|(shown, key)| match key {
            GroupBy::Key(name) => (shown, format!("The same `{name}`.")),
            GroupBy::Period(_) => {
                (shown, "A day in the same period, by UTC; weeks begin on Monday.".to_owned())
            }
        })
        .collect();
    let values: Vec<_> = keys.iter().map(|(name, about)| (name.as_str(), about.as_str())).collect();
    let about = format!("What rows of {} can be grouped by.", <U as Object>::NAME);
    enumeration(registry, key_name::<U>(), &about, &values);
    let all = field("aggregate", &aggregate, "What all rows of the list amount to, whatever the page.");
    let about = "The rows of the list, whatever the page, in groups: unless ordered otherwise in the order of their keys, nulls last.";
    let mut groups = field("groupBy", &format!("[{group}!]"), about);
    let mut by = MetaInputValue::new("keys", format!("[{}!]!", key_name::<U>()));
    by.description = Some("What the rows of a group have in common, at most 4.".to_owned());
    let mut first = MetaInputValue::new("first", "Int");
    first.description = Some("The first so many groups, at most 1,000.".to_owned());
    first.default_value = Some("50".to_owned());
    let mut order =
        MetaInputValue::new("orderBy", <Option<Vec<GroupOrder<U>>> as InputType>::create_type_info(registry));
    order.description = Some(
        "By what the rows of a group amount to, at most 4 keys; by what they have in common when absent."
            .to_owned(),
    );
    groups.args.extend([by, order, first].map(|argument| (argument.name.clone(), argument)));
    vec![all, groups]
}
