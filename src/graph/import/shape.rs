//! A record of a file as the input of a mutation: what its type has, and what is wrong with what it has not.
use async_graphql::{
    InputType, InputValueResult, Name, Pos, Value,
    indexmap::IndexMap,
    registry::{MetaType, MetaTypeName},
};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Row, Wrong};
use crate::{
    graph::{
        rows::AnyId,
        schema::REGISTRY,
        user_error::{UserError, UserErrorCode},
    },
    language::Said,
    store::value::{Currency, Date},
};

/// The input type of a mutation.
#[derive(Clone, Debug)]
pub struct Shape(String);

/// Where the values of a column stand in the input, and of which type they are: `value.amount`, `Decimal!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    path: Vec<String>,
    ty: String,
}

impl Shape {
    pub fn of(ty: &str) -> Self {
        Self(ty.to_owned())
    }

    /// Where the values of the columns stand that are named so.
    pub fn places(&self, names: &[String]) -> Result<Vec<Place>, Wrong> {
        let mut places: Vec<Place> = Vec::with_capacity(names.len());
        for name in names {
            let place = self.place(name.trim())?;
            if let Some(before) = places
                .iter()
                .find(|before| before.path.starts_with(&place.path) || place.path.starts_with(&before.path))
            {
                let (one, other) = (before.path.join("."), name.trim());
                let message = say!("the columns `{one}` and `{other}` are about the same");
                return Err(Wrong::invalid(message, Vec::new()));
            }
            places.push(place);
        }
        Ok(places)
    }

    fn place(&self, name: &str) -> Result<Place, Wrong> {
        let (mut ty, mut path) = (self.0.as_str(), Vec::new());
        for step in name.split('.') {
            let fields = match REGISTRY.types.get(ty.trim_end_matches('!')) {
                Some(MetaType::InputObject { input_fields, .. }) => Some(input_fields),
                _ => None,
            };
            let Some(field) = fields.and_then(|fields| fields.get(step)) else {
                let known: Vec<&str> =
                    fields.into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect();
                let (ty, known) = (ty.trim_end_matches('!'), known.join("`, `"));
                let message = match known.is_empty() {
                    true => say!("there is no column `{name}`: `{ty}` has no parts"),
                    false => say!("there is no column `{name}`: `{ty}` has `{known}`"),
                };
                return Err(Wrong::invalid(message, Vec::new()));
            };
            ty = &field.ty;
            path.push(step.to_owned());
        }
        Ok(Place { path, ty: ty.to_owned() })
    }

    /// The input that a row of a table stands for; a cell without a value is none.
    pub fn of_cells(&self, places: &[Place], cells: Vec<Option<String>>) -> Row {
        if places.len() != cells.len() {
            let (values, columns) = (cells.len(), places.len());
            let message = say!("it has {values} values, and there are {columns} columns");
            return Err(vec![UserError::new(UserErrorCode::Invalid, message, &["input"])]);
        }
        let mut input = IndexMap::new();
        for (place, cell) in places.iter().zip(cells) {
            put(&mut input, &place.path, cell.map_or(Value::Null, |cell| value(&place.ty, cell)));
        }
        let input =
            Value::Object(input.into_iter().map(|(name, value)| (name, without_nothing(value))).collect());
        self.fitting(input)
    }

    /// The input that a line stands for.
    pub fn of_line(&self, line: &str) -> Row {
        match serde_json::from_str(line) {
            Ok(input @ Value::Object(_)) => self.fitting(input),
            Ok(_) => {
                Err(vec![UserError::new(UserErrorCode::Invalid, say!("this is no JSON object"), &["input"])])
            }
            Err(error) => {
                let message = say!("this is no JSON: {error}");
                Err(vec![UserError::new(UserErrorCode::Invalid, message, &["input"])])
            }
        }
    }

    fn fitting(&self, input: Value) -> Row {
        let mut wrong = Vec::new();
        fit(&self.0, &input, &mut vec!["input"], &mut wrong);
        if wrong.is_empty() { Ok(input) } else { Err(wrong) }
    }
}

/// Puts a value where it belongs, in objects that are made for it.
fn put(object: &mut IndexMap<Name, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            object.insert(Name::new(last), value);
        }
        [first, rest @ ..] => {
            let part = object.entry(Name::new(first)).or_insert_with(|| Value::Object(IndexMap::new()));
            if let Value::Object(part) = part {
                put(part, rest, value);
            }
        }
    }
}

/// An object of which no part is there is not there either.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(parts) => {
            let parts: IndexMap<_, _> =
                parts.into_iter().map(|(name, value)| (name, without_nothing(value))).collect();
            let is_nothing = parts.values().all(|value| *value == Value::Null);
            if is_nothing { Value::Null } else { Value::Object(parts) }
        }
        value => value,
    }
}

/// The value that the text of a cell stands for, as its type is written in exports; what it cannot be stays a text, and is
/// refused as such.
fn value(ty: &str, cell: String) -> Value {
    let MetaTypeName::Named(name) = MetaTypeName::create(ty.trim_end_matches('!')) else {
        // what is no single value is written as JSON
        return serde_json::from_str(&cell).unwrap_or(Value::String(cell));
    };
    let is_text = match REGISTRY.types.get(name) {
        Some(MetaType::Scalar { .. }) => !matches!(name, "Int" | "Float" | "Boolean" | "JSON" | "JSONObject"),
        Some(MetaType::Enum { .. }) => true,
        _ => false,
    };
    if is_text { Value::String(cell) } else { serde_json::from_str(&cell).unwrap_or(Value::String(cell)) }
}

/// Finds all that is wrong with a value of this type.
fn fit<'v>(ty: &str, value: &'v Value, path: &mut Vec<&'v str>, wrong: &mut Vec<UserError>) {
    let mut refuse = |code, message: Said, path: &[&str]| wrong.push(UserError::new(code, message, path));
    match (MetaTypeName::create(ty), value) {
        (MetaTypeName::NonNull(_), Value::Null) => {
            let name = path.last().copied().unwrap_or_default();
            refuse(UserErrorCode::Required, say!("`{name}` may not be empty"), path);
        }
        (_, Value::Null) => {}
        (MetaTypeName::NonNull(of), _) => fit(of, value, path, wrong),
        (MetaTypeName::List(of), Value::List(items)) => {
            for item in items {
                fit(of, item, path, wrong);
            }
        }
        (MetaTypeName::List(of), one) => fit(of, one, path, wrong),
        (MetaTypeName::Named(name), value) => match (REGISTRY.types.get(name), value) {
            (Some(MetaType::InputObject { input_fields, oneof, .. }), Value::Object(given)) => {
                for (part, value) in given {
                    path.push(part);
                    match input_fields.get(part.as_str()) {
                        Some(field) => fit(&field.ty, value, path, wrong),
                        None => {
                            let message = say!("`{name}` has no `{part}`");
                            wrong.push(UserError::new(UserErrorCode::Invalid, message, path));
                        }
                    }
                    path.pop();
                }
                for (part, field) in input_fields {
                    let lacks = field.ty.ends_with('!') && field.default_value.is_none();
                    if lacks && !given.contains_key(part.as_str()) {
                        let path = [path.as_slice(), &[part.as_str()]].concat();
                        let name = part;
                        let message = say!("`{name}` may not be empty");
                        wrong.push(UserError::new(UserErrorCode::Required, message, &path));
                    }
                }
                let given = given.values().filter(|value| **value != Value::Null).count();
                if *oneof && given != 1 {
                    let message = say!("`{name}` takes just one of its parts, not {given}");
                    wrong.push(UserError::new(UserErrorCode::Invalid, message, path));
                }
            }
            (Some(MetaType::InputObject { .. }), _) => {
                refuse(UserErrorCode::Invalid, say!("this is no `{name}`, which is an object"), path);
            }
            (Some(MetaType::Enum { enum_values, .. }), value) => {
                let is_known = matches!(value, Value::String(text) if enum_values.contains_key(text))
                    || matches!(value, Value::Enum(text) if enum_values.contains_key(text.as_str()));
                if !is_known {
                    let known = enum_values.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    refuse(UserErrorCode::Invalid, say!("this is none of {known}"), path);
                }
            }
            (Some(MetaType::Scalar { is_valid, .. }), value) => {
                let is_valid = is_valid.as_ref().is_none_or(|valid| valid(value));
                if let Err(message) = leaf(name, value, is_valid) {
                    refuse(UserErrorCode::Invalid, message, path);
                }
            }
            _ => refuse(UserErrorCode::Invalid, say!("this is no `{name}`"), path),
        },
    }
}

/// Whether a value can be read as what it has to be.
fn leaf(name: &str, value: &Value, is_valid: bool) -> Result<(), Said> {
    fn read<T: InputType>(value: &Value) -> Result<(), Said> {
        let read: InputValueResult<T> = T::parse(Some(value.clone()));
        read.map(drop).map_err(|error| Said::heard(error.into_server_error(Pos::default()).message))
    }
    match (name, value) {
        _ if !is_valid => Err(say!("this is no `{name}`")),
        ("Decimal", _) => read::<Decimal>(value),
        ("Date", _) => read::<Date>(value),
        ("DateTime", _) => read::<DateTime<Utc>>(value),
        ("CurrencyCode", _) => read::<Currency>(value),
        ("ID", Value::String(text)) => AnyId::parse(text).map(drop).map_err(|fault| fault.message),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(row: Row) -> Vec<String> {
        let errors = row.unwrap_err();
        errors.iter().map(|error| format!("{:?} {}", error.code, error.path.join("."))).collect()
    }

    fn update() -> Shape {
        Shape::of("DealUpdateInput!")
    }

    #[test]
    fn a_line_is_what_its_mutation_takes() {
        let id = "deal_01h455vb4pex5vsknk084sn02q";
        let good = format!(
            r#"{{"id": "{id}", "name": null, "value": {{"amount": "1.50", "currency": "EUR"}}, "region": "EUROPE"}}"#
        );
        assert!(update().of_line(&good).is_ok());
        for (line, wrong) in [
            (r#"{"id": "#, "Invalid input"),
            ("[1]", "Invalid input"),
            ("{}", "Required input.id"),
            (r#"{"id": "x"}"#, "Invalid input.id"),
            (r#"{"id": "ID", "nmae": "x", "region": "MARS"}"#, "Invalid input.nmae, Invalid input.region"),
            (
                r#"{"id": "ID", "value": {"amount": "much", "currency": "euro"}}"#,
                "Invalid input.value.amount, Invalid input.value.currency",
            ),
            (r#"{"id": "ID", "value": {"amount": "1"}}"#, "Required input.value.currency"),
            (
                r#"{"id": "ID", "value": 5, "expectedVersion": "1", "name": 7}"#,
                "Invalid input.value, Invalid input.expectedVersion, Invalid input.name",
            ),
            (r#"{"id": "ID", "expectedCloseDate": "soon"}"#, "Invalid input.expectedCloseDate"),
        ] {
            assert_eq!(told(update().of_line(&line.replace("ID", id))).join(", "), wrong, "{line}");
        }
    }

    #[test]
    fn a_row_of_a_table_is_put_together_from_its_columns() {
        let names = ["id", "value.amount", "value.currency", "expectedVersion", "name"].map(str::to_owned);
        let places = update().places(&names).unwrap();
        let id = "deal_01h455vb4pex5vsknk084sn02q";
        let row = |cells: [&str; 5]| {
            let cells = cells.map(|cell| (!cell.is_empty()).then(|| cell.to_owned()));
            update().of_cells(&places, cells.to_vec()).map(|row| serde_json::to_value(row).unwrap())
        };
        assert_eq!(
            row([id, "1.50", "EUR", "3", "A"]).unwrap(),
            serde_json::json!({"id": id, "value": {"amount": "1.50", "currency": "EUR"}, "expectedVersion": 3, "name": "A"})
        );
        assert_eq!(
            row([id, "", "", "", ""]).unwrap(),
            serde_json::json!({"id": id, "value": null, "expectedVersion": null, "name": null})
        );
        let wrong = row([id, "1", "", "three", "A"]).unwrap_err();
        assert_eq!(
            wrong.iter().map(|error| error.path.join(".")).collect::<Vec<_>>(),
            ["input.value.currency", "input.expectedVersion"]
        );
        assert_eq!(told(update().of_cells(&places, vec![None])), ["Invalid input"]);
    }

    #[test]
    fn columns_are_parts_of_the_input_each_named_once() {
        for (names, says) in [
            (&["id", "stage.name"][..], "no column `stage.name`"),
            (&["id", "value.amuont"], "has `amount`, `currency`"),
            (&["id", "name.first"], "has no parts"),
            (&["id", " id "], "about the same"),
            (&["value", "value.amount"], "about the same"),
            (&[""], "no column ``"),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let wrong = update().places(&names).unwrap_err();
            assert!(wrong.message.english().contains(says), "{wrong:?}");
        }
    }
}
