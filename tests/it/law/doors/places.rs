//! Where the schema takes ids: in arguments, in inputs, in filters.
use std::collections::BTreeSet;

use async_graphql::{
    Positioned,
    parser::types::{BaseType, FieldDefinition, InputValueDefinition},
};
use diesel::{sql_query, sql_types::Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::words::{Found, Kind, Words, target};

/// What stands in place of an id.
pub const MARK: &str = "@";

/// A call that takes an id, which [`MARK`] stands for.
#[derive(Debug)]
pub struct Marked {
    pub field: String,
    /// Where in the arguments: `input.accountId`.
    pub place: String,
    pub arguments: String,
}

impl Words {
    /// Calls of all fields of `Query`, `Mutation` or `Subscription`, one for each place that takes an id.
    pub async fn marked(&self, root: &str, owner: &mut AsyncPgConnection, organization: Uuid) -> Vec<Marked> {
        let mut calls = Vec::new();
        for field in &self.roots[root] {
            let mut places = Vec::new();
            self.places(&field.arguments, &mut Vec::new(), &mut places);
            for place in places {
                let name = field.name.node.to_string();
                let told = self.mark(owner, organization, &name, &field.arguments, &place).await;
                calls.push(Marked { field: name, place: place.join("."), arguments: format!("({told})") });
            }
        }
        calls
    }

    /// Where ids stand; filters are a law of their own.
    fn places<'w>(
        &'w self,
        arguments: &'w [Positioned<InputValueDefinition>],
        within: &mut Vec<&'w str>,
        places: &mut Vec<Vec<&'w str>>,
    ) {
        for argument in arguments {
            let of = target(&argument.node.ty.node);
            within.push(argument.node.name.node.as_str());
            match self.inputs.get(of) {
                _ if of == "ID" => places.push(within.clone()),
                Some(fields) if !of.ends_with("Filter") && within.len() < 5 => {
                    self.places(fields, within, places);
                }
                _ => {}
            }
            within.pop();
        }
    }

    /// Valid arguments with the mark at `place`.
    async fn mark(
        &self,
        owner: &mut AsyncPgConnection,
        organization: Uuid,
        field: &str,
        arguments: &[Positioned<InputValueDefinition>],
        place: &[&str],
    ) -> String {
        let mut told = Vec::new();
        for argument in arguments {
            let argument = &argument.node;
            let name = argument.name.node.as_str();
            let is_list = matches!(argument.ty.node.base, BaseType::List(_));
            let value = match (place, self.inputs.get(target(&argument.ty.node))) {
                ([only], _) if *only == name => Some(format!("\"{MARK}\"")),
                ([first, rest @ ..], Some(fields)) if *first == name => {
                    let inner = Box::pin(self.mark(owner, organization, field, fields, rest)).await;
                    Some(format!("{{{inner}}}"))
                }
                (_, Some(fields)) if name == "input" => {
                    let inner = Box::pin(self.mark(owner, organization, field, fields, &[])).await;
                    Some(format!("{{{inner}}}"))
                }
                _ => {
                    let value = self.value(owner, organization, field, argument, &mut BTreeSet::new()).await;
                    told.extend(value.map(|value| format!("{name}: {value}")));
                    continue;
                }
            };
            let wrapped = |value: String| if is_list { format!("[{value}]") } else { value };
            told.extend(value.map(|value| format!("{name}: {}", wrapped(value))));
        }
        told.join(", ")
    }

    /// The first rows of a kind that are of an organization, or of its people where no organization has them.
    pub async fn rows(owner: &mut AsyncPgConnection, organization: Uuid, kind: &Kind) -> Vec<Uuid> {
        let Kind { table, key, .. } = kind;
        let people = "(SELECT user_id FROM identity.memberships WHERE organization_id = $1)";
        let scope = match table.as_str() {
            "identity.organizations" => "id = $1".to_owned(),
            "identity.users" => format!("id IN {people}"),
            "identity.passkeys"
            | "identity.recovery_codes"
            | "identity.sessions"
            | "identity.user_profiles" => {
                format!("user_id IN {people}")
            }
            _ => "organization_id = $1".to_owned(),
        };
        let rows = format!("SELECT {key} AS id FROM {table} WHERE {scope} ORDER BY {key} LIMIT 90");
        let rows: Vec<Found> = sql_query(rows).bind::<SqlUuid, _>(organization).load(owner).await.unwrap();
        rows.into_iter().map(|row| row.id).collect()
    }

    /// Where a filter names ids: the paths from its fields, with the type whose filter each is in.
    pub fn filters(&self, filter: &str, depth: usize) -> Vec<(Vec<String>, String)> {
        let mut paths = Vec::new();
        for field in &self.inputs[filter] {
            let (name, of) = (field.node.name.node.to_string(), target(&field.node.ty.node));
            if name == "id" {
                let base = filter.trim_end_matches("Filter");
                let is = |kind: &&Kind| kind.name == base || kind.name.strip_suffix("Entry") == Some(base);
                let kind = self.kinds.iter().find(is).unwrap_or_else(|| panic!("whose filter is {filter}?"));
                paths.push((vec![name], kind.name.clone()));
            } else if depth > 0 && !matches!(name.as_str(), "and" | "or" | "not") && self.is_of_records(of) {
                let below = self.filters(of, depth - 1).into_iter();
                paths.extend(below.map(|(path, kind)| ([vec![name.clone()], path].concat(), kind)));
            }
        }
        paths
    }

    /// The same of the lists that hang on a record: `deals: { some: { id: … } }`.
    pub fn filters_of_lists(&self, filter: &str) -> Vec<(Vec<String>, String)> {
        let lists = self.inputs[filter].iter().filter_map(|field| {
            let of = target(&field.node.ty.node).strip_suffix("ListFilter")?;
            Some((field.node.name.node.to_string(), format!("{of}Filter")))
        });
        let below = |(name, of): (String, String)| {
            let steps = vec![name, "some".to_owned()];
            let paths = self.filters(&of, 0).into_iter();
            paths.map(move |(path, kind)| ([steps.clone(), path].concat(), kind)).collect::<Vec<_>>()
        };
        lists.flat_map(below).collect()
    }

    /// Whether a filter is one of records, and not of values.
    fn is_of_records(&self, filter: &str) -> bool {
        let is_not = |field: &Positioned<InputValueDefinition>| field.node.name.node == "not";
        filter.ends_with("Filter") && self.inputs.get(filter).is_some_and(|fields| fields.iter().any(is_not))
    }

    /// The lists at the root that can be filtered, with their filters.
    pub fn lists(&self) -> Vec<(&str, &str)> {
        let filter = |field: &FieldDefinition| {
            field.arguments.iter().position(|argument| argument.node.name.node == "filter")
        };
        let lists = self.roots["Query"].iter().filter_map(|field| {
            let at = filter(field)?;
            Some((field.name.node.as_str(), target(&field.arguments[at].node.ty.node)))
        });
        lists.collect()
    }
}
