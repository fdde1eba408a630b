//! Under which conditions a right counts: one tree over who asks, which row, and the request (000 §2, B019).
//!
//! `{"all": […]}`, `{"any": […]}`, `{"not": {…}}`, and comparisons: `{"attribute": "resource.region", "operator": "eq",
//! "value": "europe"}`, or with another attribute, `"to": "subject.region"`. What is said of the person and the request is
//! decided here; what is said of the row becomes SQL. Whatever is not understood lets nobody in, also below `not`.
use serde_json::{Map, Value as Json};

use super::{
    facts::Facts,
    kind::{Kind, Typed},
    scope::RowScope,
};
use crate::{
    language::Said,
    store::{
        select::{Attribute, Condition, Operator, Table},
        tables,
    },
};

/// How deep a tree may be, and how many comparisons it may hold.
const DEEPEST: usize = 5;
const MOST_TESTS: usize = 50;
const MOST_VALUES: usize = 100;
const LONGEST_NAME: usize = 100;

/// A condition, as it is written down.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
    /// What a role of a region or department says of all that it gives; nobody writes it down as a condition.
    Scope(RowScope),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// `subject`, `resource` or `request`.
    of: String,
    name: String,
    against: Against,
}

#[derive(Clone, Debug, PartialEq)]
enum Against {
    Values(Operator, Vec<Json>),
    /// An attribute of the person or the request.
    Attribute(Operator, String),
    Null(bool),
}

/// What is wrong with a condition, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    pub path: Vec<String>,
    pub message: Said,
}

impl Malformed {
    const fn new(message: Said) -> Self {
        Self { path: Vec::new(), message }
    }

    fn below(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }
}

impl Rule {
    /// The condition that `json` writes down; an empty object always holds.
    pub fn read(json: &Json) -> Result<Self, Malformed> {
        let mut tests = 0;
        Self::read_at(json, 0, &mut tests)
    }

    /// Whether it holds always.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::All(all) if all.is_empty())
    }

    /// The region or department that it is about.
    pub const fn scope(&self) -> Option<RowScope> {
        match self {
            Self::Scope(scope) => Some(*scope),
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Test(_) => None,
        }
    }

    fn read_at(json: &Json, depth: usize, tests: &mut usize) -> Result<Self, Malformed> {
        if depth > DEEPEST {
            return Err(Malformed::new(say!("a condition may be nested at most {DEEPEST} deep")));
        }
        let object = json.as_object().ok_or_else(|| Malformed::new(say!("a condition is an object")))?;
        if object.is_empty() && depth == 0 {
            return Ok(Self::All(Vec::new()));
        }
        if object.contains_key("attribute") {
            *tests += 1;
            if *tests > MOST_TESTS {
                return Err(Malformed::new(say!("a condition may hold at most {MOST_TESTS} comparisons")));
            }
            return Test::read(object).map(Self::Test);
        }
        let mut entries = object.iter();
        let (Some((name, inner)), None) = (entries.next(), entries.next()) else {
            return Err(Malformed::new(say!("say one of `all`, `any`, `not`, or an `attribute` to compare")));
        };
        let mut many = || -> Result<Vec<Self>, Malformed> {
            let list = inner.as_array().filter(|list| !list.is_empty());
            let list = list.ok_or_else(|| Malformed::new(say!("`{name}` takes a list of conditions")))?;
            let read = |(at, one)| {
                Self::read_at(one, depth + 1, tests).map_err(|wrong| wrong.below(at_text(at)).below(name))
            };
            list.iter().enumerate().map(read).collect()
        };
        match name.as_str() {
            "all" => many().map(Self::All),
            "any" => many().map(Self::Any),
            "not" => Self::read_at(inner, depth + 1, tests)
                .map(|inner| Self::Not(Box::new(inner)))
                .map_err(|wrong| wrong.below("not")),
            _ => Err(Malformed::new(say!("`{name}` is none of `all`, `any`, `not`"))),
        }
    }

    /// Refused unless it can be asked of rows of at least one of `tables`.
    pub fn check(&self, tables: &[&'static Table]) -> Result<(), Malformed> {
        self.each(&|test| test.check(tables))
    }

    /// Refused unless it asks about the person alone, and not about the roles that they have.
    pub fn check_of_person(&self) -> Result<(), Malformed> {
        self.each(&|test| {
            test.check(&[])?;
            let other = match &test.against {
                Against::Attribute(_, other) => other.as_str(),
                Against::Values(..) | Against::Null(_) => "subject.id",
            };
            let of_person = |of: &str, name: &str| of == "subject" && name != "roles";
            let fits = of_person(&test.of, &test.name)
                && other.split_once('.').is_some_and(|(of, name)| of_person(of, name));
            let message = say!("this asks about the person alone: `subject.`, and not which roles they have");
            if fits { Ok(()) } else { Err(Malformed::new(message).below("attribute")) }
        })
    }

    /// Checks each comparison.
    fn each(&self, check: &dyn Fn(&Test) -> Result<(), Malformed>) -> Result<(), Malformed> {
        let below = |name: &str, many: &[Self]| {
            many.iter().enumerate().try_for_each(|(at, one)| {
                one.each(check).map_err(|wrong| wrong.below(at_text(at)).below(name))
            })
        };
        match self {
            Self::All(many) => below("all", many),
            Self::Any(many) => below("any", many),
            Self::Not(inner) => inner.each(check).map_err(|wrong| wrong.below("not")),
            Self::Test(test) => check(test),
            Self::Scope(_) => Ok(()),
        }
    }

    /// What it asks of rows of `table`, everything else being decided; none where it is not understood.
    pub fn on(&self, table: Option<&'static Table>, facts: &Facts<'_>) -> Option<Condition> {
        let each = |many: &[Self]| many.iter().map(|one| one.on(table, facts)).collect::<Option<Vec<_>>>();
        match self {
            Self::All(many) => each(many).map(Condition::all),
            Self::Any(many) => each(many).map(Condition::any),
            Self::Not(inner) => inner.on(table, facts).map(Condition::outside),
            Self::Test(test) => test.on(table, facts),
            Self::Scope(scope) => Some(scope.on(table, &facts.subject)),
        }
    }
}

fn at_text(at: usize) -> String {
    at.to_string()
}

impl Test {
    fn read(object: &Map<String, Json>) -> Result<Self, Malformed> {
        const KNOWN: [&str; 4] = ["attribute", "operator", "value", "to"];
        if let Some(unknown) = object.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            let known = KNOWN.join(", ");
            return Err(Malformed::new(say!("a comparison has no `{unknown}`: {known}")));
        }
        let text = |key: &str| object.get(key).and_then(Json::as_str);
        let attribute = text("attribute").and_then(|attribute| attribute.split_once('.'));
        let Some((of @ ("subject" | "resource" | "request"), name)) = attribute else {
            let message = say!("an attribute begins with `subject.`, `resource.` or `request.`");
            return Err(Malformed::new(message).below("attribute"));
        };
        let operator = match text("operator") {
            Some("eq") => Operator::Eq,
            Some("ne") => Operator::Ne,
            Some("gt") => Operator::Gt,
            Some("gte") => Operator::Gte,
            Some("lt") => Operator::Lt,
            Some("lte") => Operator::Lte,
            Some("in") => Operator::In,
            Some("isNull") => {
                let null = object.get("value").and_then(Json::as_bool);
                let null =
                    null.ok_or_else(|| Malformed::new(say!("`isNull` takes true or false")).below("value"))?;
                return Ok(Self { of: of.to_owned(), name: name.to_owned(), against: Against::Null(null) });
            }
            _ => {
                let message = say!("an operator is one of eq, ne, gt, gte, lt, lte, in, isNull");
                return Err(Malformed::new(message).below("operator"));
            }
        };
        let against = match (object.get("value"), text("to")) {
            (Some(Json::Array(values)), None) if operator == Operator::In => {
                if values.is_empty() || values.len() > MOST_VALUES {
                    let message = say!("`in` takes 1 to {MOST_VALUES} values");
                    return Err(Malformed::new(message).below("value"));
                }
                Against::Values(operator, values.clone())
            }
            (Some(value), None) if operator != Operator::In => Against::Values(operator, vec![value.clone()]),
            (None, Some(other)) if operator != Operator::In => Against::Attribute(operator, other.to_owned()),
            (Some(_), None) => return Err(Malformed::new(say!("`in` takes a list of values")).below("value")),
            _ => return Err(Malformed::new(say!("compare with a `value` or `to` an attribute"))),
        };
        Ok(Self { of: of.to_owned(), name: name.to_owned(), against })
    }

    /// Where the attribute stands in `table`, and what it is compared as.
    fn column(&self, table: &Table) -> Option<(&'static str, Kind)> {
        let mut parts = table.name.split('"').filter(|part| part.len() > 1);
        let (schema, name) = (parts.next()?, parts.next()?);
        let column = tables::column(schema, name, &snake(&self.name))?;
        let values = column.values(schema, name);
        Kind::of_column(column.ty, values).map(|kind| (column.name, kind))
    }

    /// The name of a free attribute of the record, `confidential` of `resource.attributes.confidential`.
    fn free(&self) -> Option<&str> {
        if self.of == "resource" { self.name.strip_prefix("attributes.") } else { None }
    }

    fn check_free(&self, name: &str, tables: &[&'static Table]) -> Result<(), Malformed> {
        if tables.is_empty() {
            return Err(
                Malformed::new(say!("this is about no records: they have no attributes")).below("attribute")
            );
        }
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            let message = say!("the name of an attribute has 1 to {LONGEST_NAME} characters");
            return Err(Malformed::new(message).below("attribute"));
        }
        if let Against::Attribute(_, other) = &self.against
            && other
                .split_once('.')
                .and_then(|(of, name)| Facts::kind(of, name))
                .is_none_or(|kind| !kind.is_json())
        {
            let message = say!("a free attribute cannot be compared with `{other}`");
            return Err(Malformed::new(message).below("to"));
        }
        let sound = match &self.against {
            Against::Null(_) => true,
            Against::Values(operator, values) => {
                Attribute::compare(name, *operator, values.clone()).is_some()
            }
            Against::Attribute(operator, _) => matches!(operator, Operator::Eq | Operator::Ne),
        };
        if sound {
            return Ok(());
        }
        let message = say!(
            "a free attribute is compared with a text, a number, true or false; what is more or less, with a number"
        );
        Err(Malformed::new(message).below("value"))
    }

    fn on_free(&self, name: &str, facts: &Facts<'_>) -> Option<Condition> {
        match &self.against {
            Against::Null(true) => Some(Attribute::is_null(name)),
            Against::Null(false) => Some(Condition::outside(Attribute::is_null(name))),
            Against::Values(operator, values) => Attribute::compare(name, *operator, values.clone()),
            Against::Attribute(operator, other) => {
                Attribute::compare(name, *operator, vec![facts.named(other)??.json()?])
            }
        }
    }

    fn check(&self, tables: &[&'static Table]) -> Result<(), Malformed> {
        if let Some(name) = self.free() {
            return self.check_free(name, tables);
        }
        let Self { of, name, .. } = self;
        let kinds: Vec<Kind> = if self.of == "resource" {
            tables.iter().filter_map(|table| self.column(table)).map(|(_, kind)| kind).collect()
        } else {
            Facts::kind(&self.of, &self.name).into_iter().collect()
        };
        if kinds.is_empty() {
            let known = Facts::names(of).join(", ");
            let message = match known.as_str() {
                "" => say!("there is no attribute `{of}.{name}`"),
                known => say!("there is no attribute `{of}.{name}`: there is {known}"),
            };
            return Err(Malformed::new(message).below("attribute"));
        }
        let fits = |kind: &Kind| match &self.against {
            Against::Null(_) => true,
            Against::Values(operator, values) => {
                kind.allows(*operator) && values.iter().all(|value| kind.read(value).is_some())
            }
            Against::Attribute(operator, other) => {
                let other = other.split_once('.').and_then(|(of, name)| Facts::kind(of, name));
                kind.allows(*operator) && other.is_some_and(|other| kind.compares_with(&other))
            }
        };
        if kinds.iter().any(fits) {
            return Ok(());
        }
        let kind = kinds.first().map(Kind::describe);
        let kind = kind.as_ref().map(Said::english).unwrap_or_default();
        Err(Malformed::new(say!("`{of}.{name}` is {kind}: it cannot be compared so")))
    }

    fn on(&self, table: Option<&'static Table>, facts: &Facts<'_>) -> Option<Condition> {
        if let (Some(name), Some(_)) = (self.free(), table) {
            return self.on_free(name, facts);
        }
        if self.of == "resource" {
            let (column, kind) = self.column(table?)?;
            return self.on_column(column, &kind, facts);
        }
        let fact = facts.get(&self.of, &self.name)?;
        let holds = match (&self.against, fact) {
            (Against::Null(null), fact) => fact.is_none() == *null,
            (Against::Values(operator, values), Some(fact)) => {
                let kind = Facts::kind(&self.of, &self.name)?;
                let values: Vec<Typed> =
                    values.iter().map(|value| kind.read(value)).collect::<Option<_>>()?;
                fact.compare(*operator, &values)?
            }
            (Against::Attribute(operator, other), Some(fact)) => {
                fact.compare(*operator, &[facts.named(other)??])?
            }
            // nothing is known to compare
            (_, None) => return None,
        };
        Some(if holds { Condition::ANYTHING } else { Condition::NOTHING })
    }

    fn on_column(&self, column: &'static str, kind: &Kind, facts: &Facts<'_>) -> Option<Condition> {
        let (operator, values) = match &self.against {
            Against::Null(null) => {
                let is_null = Condition::IsNull(column);
                return Some(if *null { is_null } else { Condition::outside(is_null) });
            }
            Against::Values(operator, values) => {
                (*operator, values.iter().map(|value| kind.read(value)).collect::<Option<Vec<_>>>()?)
            }
            Against::Attribute(operator, other) => {
                let fact = facts.named(other)??;
                (*operator, vec![kind.accept(fact)?])
            }
        };
        if !kind.allows(operator) {
            return None;
        }
        let values = values.iter().map(Typed::text).collect();
        Some(Condition::Read { column, operator, sql: kind.sql()?, values })
    }
}

/// `ownerId` as the database names it.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::select::{Limited, Owner};

    const DEALS: &Table = &Table {
        name: "\"sales\".\"deals\"",
        key: "id",
        owner: Owner::Organization,
        limited: Limited::By("deal.read"),
    };

    fn wrong(json: &Json) -> (Vec<String>, String) {
        let wrong = Rule::read(json).and_then(|rule| rule.check(&[DEALS])).unwrap_err();
        (wrong.path, wrong.message.to_string())
    }

    #[test]
    fn what_is_malformed_or_unknown_is_named_where_it_stands() {
        let colour = json!({ "attribute": "resource.colour", "operator": "eq", "value": "red" });
        assert_eq!(wrong(&json!({ "all": [{ "not": colour }] })).0, ["all", "0", "not", "attribute"]);
        assert_eq!(wrong(&json!([])).1, "a condition is an object");
        assert_eq!(wrong(&json!({ "some": [] })).1, "`some` is none of `all`, `any`, `not`");
        assert_eq!(wrong(&json!({ "all": [], "any": [] })).0, Vec::<String>::new());
        let sql = json!({ "attribute": "resource.value", "operator": "eq", "value": "0 OR 1=1" });
        assert!(wrong(&sql).1.contains("is a number"));
        let list = json!({ "attribute": "resource.status", "operator": "eq", "value": "lots" });
        assert!(wrong(&list).1.contains("one of open, won, lost"));
        let order = json!({ "attribute": "resource.name", "operator": "gt", "value": "a" });
        assert!(wrong(&order).1.contains("is a text"));
        let mut deep = json!({ "attribute": "resource.status", "operator": "eq", "value": "won" });
        for _ in 0..=DEEPEST {
            deep = json!({ "not": deep });
        }
        assert!(wrong(&deep).1.contains("at most 5 deep"));
        let secret = json!({ "attribute": "request.mood", "operator": "eq", "value": "good" });
        assert!(wrong(&secret).1.contains("there is time, hour, weekday, ip, mfa"));
    }

    #[test]
    fn a_free_attribute_is_compared_with_what_json_knows() {
        let free = |more: &Json| {
            let mut test = json!({ "attribute": "resource.attributes.secret", "operator": "eq" });
            test.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            test
        };
        for fine in [
            json!({ "value": "yes" }),
            json!({ "operator": "gt", "value": 3 }),
            json!({ "to": "subject.region" }),
        ] {
            let rule = Rule::read(&free(&fine)).unwrap();
            assert_eq!(rule.check(&[DEALS]), Ok(()), "{fine}");
            assert!(rule.check(&[]).is_err(), "there is nothing that has attributes");
        }
        assert_eq!(wrong(&free(&json!({ "operator": "gt", "value": "much" }))).0, ["value"]);
        assert_eq!(wrong(&free(&json!({ "value": { "$gt": 1 } }))).0, ["value"]);
        assert_eq!(wrong(&free(&json!({ "to": "subject.roles" }))).0, ["to"]);
        assert_eq!(
            wrong(&free(&json!({ "attribute": "resource.attributes.", "value": 1 }))).0,
            ["attribute"]
        );
    }

    #[test]
    fn what_is_not_understood_lets_nobody_in_below_not_either() {
        let facts = Facts::default();
        for attribute in ["resource.colour", "subject.region", "request.mood"] {
            let test = json!({ "attribute": attribute, "operator": "eq", "value": "x" });
            assert!(Rule::read(&json!({ "not": test })).unwrap().on(Some(DEALS), &facts).is_none());
        }
    }
}
