//! What is said of a record where it is registered as a thing that rights are limited to: free attributes (000 §2).
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::AstPass,
    sql_types::{Array, Jsonb, Numeric, Text, Uuid as SqlUuid},
};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::{Condition, Operator, Table, Within, write_column};

/// An attribute of a record, and what it must be; a record that lacks it does not meet this.
#[derive(Clone, Debug)]
pub struct Attribute {
    name: String,
    is: Is,
}

#[derive(Clone, Debug)]
enum Is {
    Known,
    OneOf(Vec<Json>),
    Number(Operator, Decimal),
}

impl Attribute {
    /// Rows whose attribute is not known.
    pub fn is_null(name: &str) -> Condition {
        Condition::outside(Condition::Attribute(Self { name: name.to_owned(), is: Is::Known }))
    }

    /// Rows whose attribute compares so with `values`: texts, numbers, or true and false; none where that makes no sense.
    pub fn compare(name: &str, operator: Operator, values: Vec<Json>) -> Option<Condition> {
        if !values.iter().all(|value| value.is_string() || value.is_number() || value.is_boolean()) {
            return None;
        }
        let is = match operator {
            Operator::Eq | Operator::Ne | Operator::In => Is::OneOf(values),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => match values.as_slice() {
                [Json::Number(number)] => Is::Number(operator, number.to_string().parse().ok()?),
                _ => return None,
            },
            Operator::Like => return None,
        };
        let condition = Condition::Attribute(Self { name: name.to_owned(), is });
        Some(if operator == Operator::Ne { Condition::outside(condition) } else { condition })
    }

    pub(super) fn walk<'b>(
        &'b self,
        table: &'static Table,
        within: &'b Within,
        out: &mut AstPass<'_, 'b, Pg>,
    ) -> QueryResult<()> {
        write_column(table, table.key, out);
        out.push_sql("::text IN (SELECT r.resource_id FROM access.resources r WHERE r.is_active AND r.organization_id = ");
        out.push_bind_param::<SqlUuid, _>(&within.organization)?;
        match &self.is {
            Is::Known => {
                out.push_sql(" AND r.attributes ->> ");
                out.push_bind_param::<Text, _>(&self.name)?;
                out.push_sql(" IS NOT NULL)");
            }
            Is::OneOf(values) => {
                out.push_sql(" AND r.attributes -> ");
                out.push_bind_param::<Text, _>(&self.name)?;
                out.push_sql(" = ANY(");
                out.push_bind_param::<Array<Jsonb>, _>(values)?;
                out.push_sql("))");
            }
            Is::Number(operator, number) => {
                // asked in this order: what is no number is not read as one
                out.push_sql(" AND CASE jsonb_typeof(r.attributes -> ");
                out.push_bind_param::<Text, _>(&self.name)?;
                out.push_sql(") WHEN 'number' THEN (r.attributes ->> ");
                out.push_bind_param::<Text, _>(&self.name)?;
                out.push_sql(")::numeric");
                out.push_sql(operator.sign());
                out.push_bind_param::<Numeric, _>(number)?;
                out.push_sql(" END)");
            }
        }
        Ok(())
    }
}
