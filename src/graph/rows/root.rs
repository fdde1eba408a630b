//! Where async-graphql hands over: a root field comes in, the text of its answer goes out.
use std::{borrow::Cow, fmt, io::Write, sync::Arc};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, Response, ServerError,
    ServerResult, Value, indexmap::IndexMap, parser::types::Field, registry::Registry,
};

use super::{
    declare::{Fields, Object, fields_of},
    plan::{Asked, Document, Env, collect, plan_fields, plan_one},
    register,
    write::{Body, Out},
};
use crate::{
    graph::{fault::Fault, visit::Visit},
    telemetry,
};

/// The mark under which a `Value` holds JSON text.
const RAW: &str = "$json";

/// The one row from which all queries start.
pub struct Query;

/// `Query`, as async-graphql knows it.
pub struct QueryRoot;

impl OutputType for QueryRoot {
    fn type_name() -> Cow<'static, str> {
        Query::NAME.into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        register::directives(registry);
        let name = register::object::<Query>(registry);
        crate::graph::scalar::describe(registry);
        format!("{name}!")
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        Err(ServerError::new("Query cannot be selected", Some(field.pos)))
    }
}

impl ObjectType for QueryRoot {}

impl ContainerType for QueryRoot {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let visit = ctx.data_unchecked::<Visit>();
        let Some(asked) = asked_once(ctx, Query::NAME) else { return Ok(Some(Value::Null)) };
        let mut out = Out::at(ctx.path_node);
        match visit.snapshot.grants().await {
            Ok(grants) => {
                let env = Env::of(ctx, visit, &visit.snapshot, grants);
                answer(env, fields_of::<Query>(), Query::NAME, &asked, Query, &mut out).await;
            }
            Err(error) => {
                out.fail(&Fault::from(error), Some(ctx.item.pos));
                out.null();
            }
        }
        visit.progress.wrote(out.rows);
        let (json, errors) = out.finish();
        errors.into_iter().for_each(|error| ctx.add_error(error));
        Ok(Some(raw(json)))
    }
}

/// What a root field asks for, in all places where it is selected. Nothing for the later ones of those places:
/// async-graphql calls for each and keeps the first answer.
pub fn asked_once<'a>(ctx: &Context<'a>, of: &str) -> Option<Asked<'a>> {
    let set = &ctx.query_env.operation.node.selection_set.node;
    let asked = collect(Document::of(ctx), of, &[set]);
    asked.into_iter().find(|asked| std::ptr::eq(asked.field(), ctx.item))
}

/// Writes one field of one row.
pub async fn answer<'a, T: Send + Sync + 'static>(
    env: Env<'a>,
    fields: &'static Fields<T>,
    name: &'a str,
    asked: &Asked<'a>,
    row: T,
    out: &mut Out<'a>,
) {
    let body = plan_one(env, fields, name, asked, Arc::new(vec![row])).await;
    telemetry::serializing(|| out.or_null(|out| body.field(0, out)));
}

/// Writes what is selected below a field of one object.
pub async fn write_object<'a, T: Send + Sync + 'static>(
    env: Env<'a>,
    fields: &'static Fields<T>,
    name: &'a str,
    asked: &Asked<'a>,
    row: T,
    out: &mut Out<'a>,
) {
    let body = plan_fields(env, fields, name, asked.sets(), Arc::new(vec![row])).await;
    telemetry::serializing(|| out.or_null(|out| body.row(0, out)));
}

/// JSON text as a value, to be written as it is.
pub fn raw(json: Vec<u8>) -> Value {
    // made of `str`s and numbers only: never lossy
    let json = String::from_utf8(json)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    Value::Object(IndexMap::from_iter([(register::name(RAW), Value::String(json))]))
}

/// A whole response as JSON text, with `told` among its extensions, which is JSON already.
pub fn response(response: &Response, executed: bool, told: Option<fmt::Arguments<'_>>) -> Vec<u8> {
    let mut out = Vec::with_capacity(length(&response.data) + 256);
    out.push(b'{');
    if !response.errors.is_empty() {
        out.extend_from_slice(b"\"errors\":");
        out.extend_from_slice(serde_json::json!(response.errors).to_string().as_bytes());
        if executed {
            out.push(b',');
        }
    }
    // a request that was refused has no data, not even null
    if executed {
        out.extend_from_slice(b"\"data\":");
        write_value(&response.data, &mut out);
    }
    if !response.extensions.is_empty() || told.is_some() {
        out.extend_from_slice(b",\"extensions\":{");
        for (index, (name, value)) in response.extensions.iter().enumerate() {
            out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            out.extend_from_slice(serde_json::json!(value).to_string().as_bytes());
        }
        if let Some(told) = told {
            if !response.extensions.is_empty() {
                out.push(b',');
            }
            // a vector takes whatever is written
            drop(out.write_fmt(told));
        }
        out.push(b'}');
    }
    out.push(b'}');
    out
}

/// How long the text will be, about.
fn length(value: &Value) -> usize {
    match value {
        Value::Object(parts) => parts.iter().map(|(key, value)| key.len() + length(value)).sum(),
        Value::String(text) => text.len(),
        _ => 8,
    }
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(parts) => {
            if let Some(Value::String(json)) = parts.get(RAW) {
                return out.extend_from_slice(json.as_bytes());
            }
            out.push(b'{');
            for (index, (key, value)) in parts.iter().enumerate() {
                out.extend_from_slice(if index > 0 { b",\"" } else { b"\"" });
                out.extend_from_slice(key.as_bytes());
                out.extend_from_slice(b"\":");
                write_value(value, out);
            }
            out.push(b'}');
        }
        Value::List(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(item, out);
            }
            out.push(b']');
        }
        other => out.extend_from_slice(serde_json::json!(other).to_string().as_bytes()),
    }
}
