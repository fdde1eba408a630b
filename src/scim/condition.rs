//! Filters as conditions of SQL. Every text of it is written here or in the lists of places; whatever a client says is
//! a value that is bound.
use chrono::{DateTime, Utc};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::AstPass,
    sql_types::{Bool, Text, Timestamptz, Uuid as SqlUuid},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    error::{Error, Kind, Result},
    filter::{Filter, Operator, Path},
    matches::wanted_of,
    schema::{Attribute, Found, Resource},
};

/// Where the values of an attribute stand.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    Text(&'static str),
    Bool(&'static str),
    Time(&'static str),
    /// An id of a thing, as its text is read.
    Id(&'static str, fn(&str) -> Option<Uuid>),
    /// It is the same for all.
    Constant(&'static str),
    /// Several values: what one of them is found by, up to what is asked of it, and where its parts stand.
    Several(&'static str, &'static [(&'static str, Place)]),
    /// Several parts of one value.
    Parts(&'static [(&'static str, Place)]),
}

/// How the attributes of a kind of resource are asked.
#[derive(Debug)]
pub struct Places {
    pub resource: &'static Resource,
    pub list: &'static [(&'static str, Place)],
    /// For `eq` of an attribute, the parts of a condition that holds for few, between which the value stands.
    pub hints: &'static [(&'static str, &'static [&'static str])],
}

/// A condition.
#[derive(Debug)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Is(bool),
    Present(&'static str),
    Several(&'static str, Box<Condition>),
    Text(&'static str, Operator, bool, String),
    Bool(&'static str, bool),
    Time(&'static str, Operator, DateTime<Utc>),
    Id(&'static str, Uuid),
    /// Parts of SQL with the value between them.
    Hint(&'static [&'static str], String),
}

fn place(list: &'static [(&'static str, Place)], name: &str) -> Option<Place> {
    list.iter().find(|(known, _)| *known == name).map(|(_, place)| *place)
}

impl Places {
    /// The condition that a filter is.
    pub fn condition(&self, filter: &Filter) -> Result<Condition> {
        let all = |parts: &[Filter]| parts.iter().map(|part| self.condition(part)).collect::<Result<_>>();
        Ok(match filter {
            Filter::And(parts) => Condition::All(all(parts)?),
            Filter::Or(parts) => Condition::Any(all(parts)?),
            Filter::Not(part) => Condition::Not(Box::new(self.condition(part)?)),
            Filter::Present(path) => match self.find(path)? {
                Some((Found { sub: Some(sub), .. }, Place::Several(each, list))) => {
                    let part = place(list, sub.name).map_or(Condition::Is(false), present);
                    Condition::Several(each, Box::new(part))
                }
                Some((_, place)) => present(place),
                None => Condition::Is(false),
            },
            Filter::Has(path, filter) => match self.find(path)? {
                Some((found, Place::Several(each, list))) if found.sub.is_none() => {
                    Condition::Several(each, Box::new(within(found.attribute, list, filter)?))
                }
                Some(_) => return Err(Error::filter(format!("`{path}` has one value"))),
                None => Condition::Is(false),
            },
            Filter::Compare(path, operator, value) => match self.find(path)? {
                Some((found, place)) => {
                    let compared = compare(found.sub.unwrap_or(found.attribute), place, *operator, value)?;
                    self.hinted(path, *operator, value, compared)
                }
                None => {
                    Condition::Is(*operator == Operator::Ne || *operator == Operator::Eq && value.is_null())
                }
            },
        })
    }

    fn find(&self, path: &Path) -> Result<Option<(Found, Place)>> {
        let Some(found) = self.resource.find(path, Kind::InvalidFilter)? else { return Ok(None) };
        let unknown = || Error::filter(format!("`{path}` cannot be asked"));
        let whole = place(self.list, found.attribute.name).ok_or_else(unknown)?;
        let Some(sub) = found.sub else { return Ok(Some((found, whole))) };
        let part = match whole {
            Place::Parts(list) => place(list, sub.name).ok_or_else(unknown)?,
            Place::Several(each, list) => {
                place(list, sub.name).ok_or_else(unknown)?;
                Place::Several(each, list)
            }
            _ => return Err(unknown()),
        };
        Ok(Some((found, part)))
    }

    /// The same condition, with one before it that an index answers, where there is such.
    fn hinted(&self, path: &Path, operator: Operator, value: &Value, compared: Condition) -> Condition {
        let hint = self.hints.iter().find(|(name, _)| name.eq_ignore_ascii_case(&path.name));
        match (hint, value) {
            (Some((_, parts)), Value::String(text)) if operator == Operator::Eq && path.sub.is_none() => {
                Condition::All(vec![Condition::Hint(parts, text.clone()), compared])
            }
            _ => compared,
        }
    }
}

/// What is asked of one of several values.
fn within(
    attribute: &'static Attribute,
    list: &'static [(&'static str, Place)],
    filter: &Filter,
) -> Result<Condition> {
    let all =
        |parts: &[Filter]| parts.iter().map(|part| within(attribute, list, part)).collect::<Result<_>>();
    let part = |path: &Path| {
        let unknown = || Error::filter(format!("`{}` has no `{path}` that can be asked", attribute.name));
        let sub = attribute.part(&path.name).filter(|_| path.sub.is_none()).ok_or_else(unknown)?;
        Ok::<_, Error>((sub, place(list, sub.name).ok_or_else(unknown)?))
    };
    Ok(match filter {
        Filter::And(parts) => Condition::All(all(parts)?),
        Filter::Or(parts) => Condition::Any(all(parts)?),
        Filter::Not(one) => Condition::Not(Box::new(within(attribute, list, one)?)),
        Filter::Present(path) => present(part(path)?.1),
        Filter::Compare(path, operator, value) => {
            let (sub, place) = part(path)?;
            compare(sub, place, *operator, value)?
        }
        Filter::Has(path, _) => return Err(Error::filter(format!("`{path}` has one value"))),
    })
}

fn present(place: Place) -> Condition {
    match place {
        Place::Text(sql) | Place::Bool(sql) | Place::Time(sql) | Place::Id(sql, _) => Condition::Present(sql),
        Place::Constant(_) => Condition::Is(true),
        Place::Several(each, _) => Condition::Several(each, Box::new(Condition::Is(true))),
        Place::Parts(parts) => Condition::Any(parts.iter().map(|(_, place)| present(*place)).collect()),
    }
}

fn compare(
    attribute: &'static Attribute,
    place: Place,
    operator: Operator,
    value: &Value,
) -> Result<Condition> {
    let wrong = || Error::filter(format!("`{}` cannot be compared like that", attribute.name));
    if let Place::Several(each, list) = place {
        // without a part, the value itself is meant
        let sub = attribute.value().unwrap_or(attribute);
        let part = list.iter().find(|(name, _)| *name == sub.name).ok_or_else(wrong)?.1;
        return Ok(match (operator, value) {
            (Operator::Eq, Value::Null) => {
                Condition::Not(Box::new(Condition::Several(each, Box::new(present(part)))))
            }
            _ => Condition::Several(each, Box::new(compare(sub, part, operator, value)?)),
        });
    }
    if let Place::Parts(list) = place {
        let sub = attribute.value().ok_or_else(wrong)?;
        let part = list.iter().find(|(name, _)| *name == sub.name).ok_or_else(wrong)?.1;
        return compare(sub, part, operator, value);
    }
    let Some(wanted) = wanted_of(attribute, operator, value)? else {
        let there = present(place);
        return Ok(if operator == Operator::Ne { there } else { Condition::Not(Box::new(there)) });
    };
    let equal = matches!(operator, Operator::Eq | Operator::Ne);
    let same = |condition: Condition| match operator {
        Operator::Ne => Condition::Not(Box::new(condition)),
        _ => condition,
    };
    Ok(match (place, wanted) {
        (Place::Text(sql), Value::String(text)) => match operator {
            Operator::Ne => same(Condition::Text(sql, Operator::Eq, attribute.is_exact(), text)),
            _ => Condition::Text(sql, operator, attribute.is_exact(), text),
        },
        (Place::Constant(known), Value::String(text)) if equal => {
            same(Condition::Is(known.eq_ignore_ascii_case(&text)))
        }
        (Place::Bool(sql), Value::Bool(wanted)) => same(Condition::Bool(sql, wanted)),
        (Place::Time(sql), Value::String(text)) => {
            let time = DateTime::parse_from_rfc3339(&text).map_err(|_unread| {
                Error::filter(format!("`{text}` is no time such as 2011-05-13T04:42:34Z"))
            })?;
            match operator {
                Operator::Co | Operator::Sw | Operator::Ew => return Err(wrong()),
                Operator::Ne => same(Condition::Time(sql, Operator::Eq, time.into())),
                _ => Condition::Time(sql, operator, time.into()),
            }
        }
        (Place::Id(sql, read), Value::String(text)) if equal => {
            same(read(&text).map_or(Condition::Is(false), |id| Condition::Id(sql, id)))
        }
        _ => return Err(wrong()),
    })
}

/// Each is true or false, never null.
impl Condition {
    pub fn walk<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match self {
            Self::All(parts) => list(parts, " AND ", out),
            Self::Any(parts) => list(parts, " OR ", out),
            Self::Not(part) => {
                out.push_sql("NOT (");
                part.walk(out)?;
                out.push_sql(")");
                Ok(())
            }
            Self::Is(known) => {
                out.push_sql(if *known { "true" } else { "false" });
                Ok(())
            }
            Self::Present(sql) => {
                out.push_sql("(");
                out.push_sql(sql);
                out.push_sql(") IS NOT NULL");
                Ok(())
            }
            Self::Several(each, part) => {
                out.push_sql("EXISTS (");
                out.push_sql(each);
                out.push_sql(" AND (");
                part.walk(out)?;
                out.push_sql("))");
                Ok(())
            }
            Self::Text(sql, operator, exact, text) => compare_text(sql, *operator, *exact, text, out),
            Self::Bool(sql, wanted) => {
                out.push_sql("(");
                out.push_sql(sql);
                out.push_sql(") IS NOT DISTINCT FROM ");
                out.push_bind_param::<Bool, _>(wanted)
            }
            Self::Time(sql, operator, time) => {
                out.push_sql("(");
                out.push_sql(sql);
                out.push_sql(")");
                out.push_sql(sign(*operator));
                out.push_bind_param::<Timestamptz, _>(time)
            }
            Self::Id(sql, id) => {
                out.push_sql("(");
                out.push_sql(sql);
                out.push_sql(" IS NOT NULL AND ");
                out.push_sql(sql);
                out.push_sql(" = ");
                out.push_bind_param::<SqlUuid, _>(id)?;
                out.push_sql(")");
                Ok(())
            }
            Self::Hint(parts, text) => {
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        out.push_bind_param::<Text, _>(text)?;
                    }
                    out.push_sql(part);
                }
                Ok(())
            }
        }
    }
}

fn list<'b>(parts: &'b [Condition], word: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
    out.push_sql("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_sql(word);
        }
        part.walk(out)?;
    }
    out.push_sql(")");
    Ok(())
}

const fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Gt => " > ",
        Operator::Ge => " >= ",
        Operator::Lt => " < ",
        Operator::Le => " <= ",
        _ => " = ",
    }
}

fn compare_text<'b>(
    sql: &'static str,
    operator: Operator,
    exact: bool,
    text: &'b String,
    out: &mut AstPass<'_, 'b, Pg>,
) -> QueryResult<()> {
    let (open, close) = if exact { ("(", ")") } else { ("lower(", ")") };
    let found = |out: &mut AstPass<'_, 'b, Pg>| {
        out.push_sql(open);
        out.push_sql(sql);
        out.push_sql(close);
    };
    let wanted = |out: &mut AstPass<'_, 'b, Pg>| {
        out.push_sql(open);
        out.push_bind_param::<Text, _>(text)?;
        out.push_sql(close);
        QueryResult::Ok(())
    };
    out.push_sql("((");
    out.push_sql(sql);
    out.push_sql(") IS NOT NULL AND ");
    match operator {
        Operator::Co => {
            out.push_sql("strpos(");
            found(out);
            out.push_sql(", ");
            wanted(out)?;
            out.push_sql(") > 0");
        }
        Operator::Sw => {
            out.push_sql("starts_with(");
            found(out);
            out.push_sql(", ");
            wanted(out)?;
            out.push_sql(")");
        }
        Operator::Ew => {
            out.push_sql("right(");
            found(out);
            out.push_sql(", length(");
            wanted(out)?;
            out.push_sql(")) = ");
            wanted(out)?;
        }
        _ => {
            found(out);
            out.push_sql(" COLLATE \"C\"");
            out.push_sql(sign(operator));
            wanted(out)?;
        }
    }
    out.push_sql(")");
    Ok(())
}
