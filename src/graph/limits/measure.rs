//! What a document amounts to, measured in time linear in its size: each fragment once, however often it is spread.
use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{Field, FragmentDefinition, OperationDefinition, OperationType, Selection, SelectionSet},
};

use super::shape::{Gives, Shapes};
use crate::graph::fault::{Code, Fault};

/// How many objects a list is assumed to have that nobody limits.
pub(super) const LIST: usize = 10;
/// What a change costs besides what its payload shows, and each step of a filter along a relation.
pub(super) const WORK: usize = 10;
/// So many rows are counted at the price of one that is shown.
pub(super) const COUNTED: usize = 1000;
/// What it costs to look at all rows of a list: to add them up, or to sort them by what they lead to.
pub const AMOUNTS: usize = 50;
/// How many rows are counted where nobody says.
const COUNT: usize = 10_000;
/// How deep selections and fragments may stand in each other: each takes a piece of the stack.
const NESTED: usize = 64;

/// What a selection amounts to. Sums saturate: a document of doubling fragments is measured, not walked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub fields: usize,
    pub depth: usize,
    pub aliases: usize,
    pub directives: usize,
    /// In points: a record that may be shown is one.
    pub cost: usize,
    /// What each row of the connection costs in which this is selected.
    per_row: usize,
    /// What of the cost is not for records: changes, counts, filters along relations.
    pub work: usize,
    work_per_row: usize,
    /// Whether the schema itself is asked about.
    pub introspects: bool,
    /// The step of the trail that weighs most in it.
    heaviest: Option<usize>,
}

impl Size {
    fn beside(self, other: Self) -> Self {
        Self {
            fields: self.fields.saturating_add(other.fields),
            depth: self.depth.max(other.depth),
            aliases: self.aliases.saturating_add(other.aliases),
            directives: self.directives.saturating_add(other.directives),
            cost: self.cost.saturating_add(other.cost),
            per_row: self.per_row.saturating_add(other.per_row),
            work: self.work.saturating_add(other.work),
            work_per_row: self.work_per_row.saturating_add(other.work_per_row),
            introspects: self.introspects || other.introspects,
            heaviest: self.heaviest,
        }
    }
}

/// What of a size is looked at when a document is too large.
pub(super) type Weigh = fn(&Size) -> usize;

pub(super) fn cost(size: &Size) -> usize {
    size.cost.saturating_add(size.per_row)
}

/// A field on the way to what is too large.
pub(super) struct Step<'d> {
    pub field: &'d Field,
    /// How often what is below it may appear, for each time that it does itself.
    pub times: usize,
    /// Whether `first` and `last` decide that.
    pub is_page: bool,
    /// What one of them costs.
    pub each: usize,
    /// What it costs to sort them.
    pub sorting: usize,
    pub weight: usize,
    below: Option<usize>,
}

/// Measures the operations of one document.
pub(super) struct Measure<'d> {
    fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
    variables: &'d Variables,
    defaults: HashMap<&'d Name, &'d Value>,
    shapes: &'d Shapes,
    known: HashMap<&'d Name, Option<Size>>,
    /// How many steps along relations each variable has.
    relations: HashMap<Name, usize>,
    nested: usize,
    weigh: Option<Weigh>,
    trail: Vec<Step<'d>>,
    /// How much was looked at.
    pub looked_at: usize,
}

impl<'d> Measure<'d> {
    /// `operation` is the one that is executed: the defaults of its variables count.
    pub fn new(
        fragments: &'d HashMap<Name, Positioned<FragmentDefinition>>,
        operation: Option<&'d OperationDefinition>,
        variables: &'d Variables,
        shapes: &'d Shapes,
    ) -> Self {
        let definitions = operation.map_or(&[][..], |operation| operation.variable_definitions.as_slice());
        let defaults = definitions.iter().filter_map(|definition| {
            Some((&definition.node.name.node, &definition.node.default_value.as_ref()?.node))
        });
        Self {
            fragments,
            variables,
            defaults: defaults.collect(),
            shapes,
            known: HashMap::new(),
            relations: HashMap::new(),
            nested: 0,
            weigh: None,
            trail: Vec::new(),
            looked_at: 0,
        }
    }

    /// The same, leaving a trail to where most of what `weigh` takes of a size is.
    pub fn tracking(self, weigh: Weigh) -> Self {
        Self { weigh: Some(weigh), ..self }
    }

    pub fn operation(&mut self, operation: &'d OperationDefinition) -> Result<Size, Fault> {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let mut size = self.set(&operation.selection_set.node, Some(root))?;
        size.directives = size.directives.saturating_add(operation.directives.len());
        Ok(size)
    }

    /// The steps from the root of what was measured last to where it is heaviest.
    pub fn path(&self, size: &Size) -> Vec<&Step<'d>> {
        let mut path = Vec::new();
        let mut next = size.heaviest;
        while let Some(step) = next.and_then(|at| self.trail.get(at)) {
            path.push(step);
            next = step.below;
        }
        path
    }

    fn set(&mut self, set: &'d SelectionSet, of: Option<&'d str>) -> Result<Size, Fault> {
        self.nested += 1;
        if self.nested > NESTED {
            let message = say!("selections and fragments stand in each other more than {NESTED} deep");
            return Err(Fault::new(Code::QueryTooDeep, message).with("limit", NESTED));
        }
        let mut sum = Size::default();
        let mut most = 0;
        for selection in &set.items {
            self.looked_at += 1;
            let directives = selection.node.directives().len();
            let size = match &selection.node {
                Selection::Field(field) => self.field(&field.node, of)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node)?,
                Selection::InlineFragment(fragment) => {
                    let on = fragment.node.type_condition.as_ref().map(|on| on.node.on.node.as_str());
                    self.set(&fragment.node.selection_set.node, on.or(of))?
                }
            };
            sum = sum.beside(size);
            sum.directives = sum.directives.saturating_add(directives);
            if let Some(weigh) = self.weigh
                && weigh(&size) > most
            {
                most = weigh(&size);
                sum.heaviest = size.heaviest;
            }
        }
        self.nested -= 1;
        Ok(sum)
    }

    fn field(&mut self, field: &'d Field, of: Option<&'d str>) -> Result<Size, Fault> {
        let name = field.name.node.as_str();
        let shape = of.and_then(|of| self.shapes.fields(of)).and_then(|fields| fields.get(name));
        let below = self.set(&field.selection_set.node, shape.map(|shape| shape.of.as_str()))?;
        let mut size = Size {
            fields: below.fields.saturating_add(1),
            depth: below.depth.saturating_add(1),
            aliases: below.aliases.saturating_add(field.alias.is_some().into()),
            introspects: below.introspects || matches!(name, "__schema" | "__type"),
            heaviest: None,
            ..below
        };
        let (mut times, mut each, mut is_page, mut sorting) = (1, below.cost, false, 0);
        match shape.map(|shape| shape.gives) {
            None | Some(Gives::Nothing) => {}
            Some(Gives::One) => size.cost = size.cost.saturating_add(1),
            Some(Gives::Work) => {
                size.cost = size.cost.saturating_add(WORK + 1);
                size.work = size.work.saturating_add(WORK);
            }
            Some(Gives::Changes) => {
                times = self.items(field).max(1);
                each = below.per_row.saturating_add(WORK);
                let work = below.work_per_row.saturating_add(WORK);
                size.cost = below.cost.saturating_add(each.saturating_mul(times)).saturating_add(1);
                size.work = below.work.saturating_add(work.saturating_mul(times));
                (size.per_row, size.work_per_row) = (0, 0);
            }
            Some(Gives::Count) => {
                let counted = self.number(field, &["limit"]).unwrap_or(COUNT).div_ceil(COUNTED).max(1);
                (size.cost, size.work) = (counted, counted);
            }
            // all rows are looked at, and each group may show a record
            Some(Gives::Amounts(groups)) => {
                times = self.number(field, &["first"]).unwrap_or(groups).max(1);
                each = below.cost;
                size.cost = each.saturating_mul(times).saturating_add(AMOUNTS);
                size.work = below.work.saturating_mul(times).saturating_add(AMOUNTS);
            }
            Some(Gives::Rows) => {
                (size.cost, size.work) = (0, 0);
                (size.per_row, size.work_per_row) = (below.cost.saturating_add(1), below.work);
            }
            Some(Gives::Edges) => {
                (size.cost, size.work) = (0, 0);
                (size.per_row, size.work_per_row) = (below.cost.max(1), below.work);
            }
            Some(Gives::List) => {
                times = self.length(field);
                each = below.cost.saturating_add(1);
                size.cost = each.saturating_mul(times);
                size.work = below.work.saturating_mul(times);
            }
            Some(Gives::Page(rows)) => {
                is_page = true;
                times = self.number(field, &["first", "last"]).unwrap_or(rows).max(1);
                each = below.per_row;
                sorting = shape.map_or(0, |shape| self.sorting(field, &shape.sorted_along));
                let work = self.filter(field).saturating_add(sorting);
                size.cost = below.cost.saturating_add(each.saturating_mul(times)).saturating_add(work);
                size.work =
                    below.work.saturating_add(below.work_per_row.saturating_mul(times)).saturating_add(work);
                (size.per_row, size.work_per_row) = (0, 0);
            }
        }
        if let Some(weigh) = self.weigh {
            let weight = weigh(&size);
            let step = Step { field, times, is_page, each, sorting, weight, below: below.heaviest };
            size.heaviest = Some(self.trail.len());
            self.trail.push(step);
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &'d Name) -> Result<Size, Fault> {
        match self.known.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(Fault::new(
                    Code::ValidationFailed,
                    say!("the fragment `{name}` contains itself"),
                ));
            }
            None => {}
        }
        let Some(fragment) = self.fragments.get(name) else { return Ok(Size::default()) };
        self.known.insert(name, None);
        let on = fragment.node.type_condition.node.on.node.as_str();
        let size = self.set(&fragment.node.selection_set.node, Some(on))?;
        self.known.insert(name, Some(size));
        Ok(size)
    }

    /// The value of a variable: what was given, else its default.
    fn variable(&self, name: &Name) -> Option<&Value> {
        self.variables.get(name).or_else(|| self.defaults.get(name).copied())
    }

    /// Looks at an argument, without copying what stands in variables: they may be large, and used often.
    fn look<R>(&self, field: &Field, name: &str, of: impl FnOnce(&Value) -> R) -> Option<R> {
        let (value, variables) = written(field, name)?;
        match (&value, variables.first()) {
            (Value::Null, Some(variable)) => self.variable(variable).map(of),
            _ => Some(of(&value)),
        }
    }

    /// What one of the arguments `names` says, if it is a number.
    fn number(&self, field: &Field, names: &[&str]) -> Option<usize> {
        let number = |value: &Value| match value {
            // what is no size is refused when it is read
            Value::Number(number) => {
                Some(number.as_u64().and_then(|rows| usize::try_from(rows).ok()).unwrap_or(1))
            }
            _ => None,
        };
        names.iter().find_map(|name| self.look(field, name, number).flatten())
    }

    /// How long a list is: as long as what it is asked for by, or as is assumed.
    fn length(&self, field: &Field) -> usize {
        let length = |value: &Value| if let Value::List(ids) = value { Some(ids.len()) } else { None };
        let said = self.number(field, &["first", "last"]);
        said.or_else(|| self.look(field, "ids", length).flatten()).unwrap_or(LIST)
    }

    /// How many items the input of a change has. What is no list of them is refused when it is read.
    fn items(&self, field: &Field) -> usize {
        let Some(input) = field.get_argument("input") else { return 0 };
        // variables under their names: their values are only looked at
        let named = |variable| Ok::<_, std::convert::Infallible>(Value::Enum(variable));
        let input = input.node.clone().into_const_with(named).unwrap_or_default();
        let known = |value: &Value| match value {
            Value::Enum(variable) => self.variable(variable),
            _ => None,
        };
        let Value::Object(input) = known(&input).unwrap_or(&input) else { return 0 };
        match input.get("items").map(|items| known(items).unwrap_or(items)) {
            Some(Value::List(items)) => items.len(),
            _ => 0,
        }
    }

    /// What an order costs: its keys along relations, which are those that `along` names.
    fn sorting(&self, field: &Field, along: &[String]) -> usize {
        let Some(written) = field.get_argument("orderBy").filter(|_| !along.is_empty()) else { return 0 };
        // variables as what no document can write
        let named = |variable: Name| {
            Ok::<_, std::convert::Infallible>(Value::Binary(variable.as_bytes().to_vec().into()))
        };
        let written = written.node.clone().into_const_with(named).unwrap_or_default();
        let is_along = |key: &Value| {
            let Value::Object(key) = self.known(key) else { return false };
            match key.get("field").map(|field| self.known(field)) {
                Some(Value::Enum(name)) => along.iter().any(|along| name == along.as_str()),
                Some(Value::String(name)) => along.contains(name),
                _ => false,
            }
        };
        let keys = match self.known(&written) {
            Value::List(keys) => keys.iter().filter(|key| is_along(key)).count(),
            key => usize::from(is_along(key)),
        };
        keys.saturating_mul(AMOUNTS)
    }

    /// What a variable stands for that was put into a value as its name in bytes.
    fn known<'v>(&'v self, value: &'v Value) -> &'v Value {
        match value {
            Value::Binary(name) => {
                let name = Name::new(String::from_utf8_lossy(name));
                self.variable(&name).unwrap_or(&Value::Null)
            }
            value => value,
        }
    }

    /// What a filter costs: its steps along relations.
    fn filter(&mut self, field: &Field) -> usize {
        let Some((value, variables)) = written(field, "filter") else { return 0 };
        let mut steps = relations(&value, &mut self.looked_at);
        for name in variables {
            let known = self.relations.get(&name).copied();
            let found = known.unwrap_or_else(|| {
                let mut looked_at = 0;
                let found = self.variable(&name).map_or(0, |value| relations(value, &mut looked_at));
                self.looked_at += looked_at;
                found
            });
            self.relations.insert(name, found);
            steps = steps.saturating_add(found);
        }
        steps.saturating_mul(WORK)
    }
}

/// The argument `name` as it is written, with null for variables, and those variables.
fn written(field: &Field, name: &str) -> Option<(Value, Vec<Name>)> {
    let argument = field.get_argument(name)?;
    let mut variables = Vec::new();
    let value = argument.node.clone().into_const_with(|variable| {
        variables.push(variable);
        Ok::<_, std::convert::Infallible>(Value::Null)
    });
    Some((value.unwrap_or_default(), variables))
}

/// How often a filter steps along a relation: what it says of a field is a filter again, not comparisons.
fn relations(value: &Value, looked_at: &mut usize) -> usize {
    *looked_at += 1;
    match value {
        Value::List(items) => items.iter().map(|item| relations(item, looked_at)).sum(),
        Value::Object(fields) => {
            let is_filter = |value: &Value| match value {
                Value::Object(inner) => inner.values().any(holds_objects),
                _ => false,
            };
            let steps = fields
                .iter()
                .filter(|(name, value)| !matches!(name.as_str(), "and" | "or" | "not") && is_filter(value));
            let steps = steps.count();
            steps + fields.values().map(|value| relations(value, looked_at)).sum::<usize>()
        }
        _ => 0,
    }
}

fn holds_objects(value: &Value) -> bool {
    match value {
        Value::Object(_) => true,
        Value::List(items) => matches!(items.first(), Some(Value::Object(_))),
        _ => false,
    }
}
