//! The reference: what a reader of the schema wants to know of an operation besides its types. Who may use it, what it
//! costs, what can go wrong, what it tells, and how it is asked. All of it is read from what answers requests.
//!
//! * [`example`]: one operation of each kind, with its variables and the form of its answer
//! * [`words`]: what stands in examples
//! * [`codes`]: what each code of an error means, and what to do
//! * [`who`]: who may use it
pub mod codes;
mod example;
mod json;
mod who;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_graphql::{Variables, parser::parse_query};

use super::{
    deprecated::{DEPRECATED, Deprecated},
    fault::Code,
    rows::{node_types, prefix_of_type, table_of_prefix},
    schema::{Schema, sdl},
    sdl::{Field, Kind, Named, Sdl, target},
};
use crate::store::door::Caller;

pub use self::{example::Example, who::Who, words::kind_of};

/// What is read, changed, followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Root {
    Query,
    Mutation,
    Subscription,
}

impl Root {
    pub const ALL: [Self; 3] = [Self::Query, Self::Mutation, Self::Subscription];

    /// As its type is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }

    /// As an operation of it begins.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

/// A schema, for its readers.
pub struct Reference {
    pub sdl: Sdl,
    schema: Schema,
    /// Where each type is used: type and member.
    used_by: HashMap<String, BTreeSet<(String, String)>>,
    /// To which domain each type belongs.
    domains: HashMap<String, String>,
}

/// All that is known of a root field.
pub struct Operation<'r> {
    pub root: Root,
    pub name: &'r str,
    pub field: &'r Field,
    pub who: Who,
    /// What a person can mend, as far as the description names it.
    pub user_errors: Vec<&'r str>,
    /// What else it may be answered with, besides what any request may.
    pub codes: Vec<Code>,
    /// The types of events that it tells.
    pub events: Vec<&'r str>,
    /// The type of record that a change of it is told about, to those who follow records.
    pub record: Option<&'r str>,
    pub example: Example,
    /// What the example costs at most, in points; none where that is more than anybody may spend.
    pub cost: Option<usize>,
    pub cost_rule: String,
}

/// Where there is no domain of its own.
const GENERAL: &str = "general";

impl Reference {
    /// Nothing where the schema cannot be read back, which a law forbids.
    pub fn of(schema: &Schema) -> Self {
        let sdl = Sdl::read(&sdl()).unwrap_or_default();
        let mut used_by: HashMap<String, BTreeSet<(String, String)>> = HashMap::new();
        for (name, named) in &sdl.types {
            for (member, of) in named.leads_to() {
                used_by.entry(of.to_owned()).or_default().insert((name.clone(), member));
            }
        }
        let domains = domains(&sdl);
        Self { sdl, schema: schema.clone(), used_by, domains }
    }

    pub fn operations(&self, root: Root) -> impl Iterator<Item = (&str, &Field)> {
        let fields = self.sdl.fields(root.name()).into_iter().flatten();
        fields.map(|(name, field)| (name.as_str(), field))
    }

    /// Types that are not where everything begins.
    pub fn types(&self) -> impl Iterator<Item = (&str, &Named)> {
        let roots = Root::ALL.map(Root::name);
        let types = self.sdl.types.iter().map(|(name, named)| (name.as_str(), named));
        types.filter(move |(name, _)| !roots.contains(name))
    }

    /// Where a type is used: type and member.
    pub fn used_by(&self, of: &str) -> impl Iterator<Item = (&str, &str)> {
        let used = self.used_by.get(of).into_iter().flatten();
        used.map(|(name, member)| (name.as_str(), member.as_str()))
    }

    pub fn domain(&self, of: &str) -> &str {
        self.domains.get(of).map_or(GENERAL, String::as_str)
    }

    /// The domain that a root field is about.
    pub fn domain_of_operation(&self, root: Root, name: &str, field: &Field) -> &str {
        let pascal = words::pascal(name);
        let by_name = longest(node_types().into_iter(), &pascal).map(|of| self.domain(of));
        let by_type = self.domain(target(&field.ty));
        match (by_type, by_name) {
            (GENERAL, Some(by_name)) => by_name,
            // an interface may be of any
            (_, _) if root == Root::Query && matches!(name, "node" | "nodes" | "viewer") => GENERAL,
            (by_type, _) => by_type,
        }
    }

    /// What is on its way out.
    pub const fn deprecated(&self) -> &'static [Deprecated] {
        DEPRECATED
    }

    /// All that is known of a root field.
    pub fn operation(&self, root: Root, name: &str) -> Option<Operation<'_>> {
        let (name, field) = self.operations(root).find(|(known, _)| *known == name)?;
        let who = Who::of(root, name, field);
        let example = example::of(&self.sdl, root, name, field);
        let (cost, cost_rule) = (self.cost(&example), self.schema.shapes.rule(root.name(), name));
        let events = match self.sdl.types.get(target(&field.ty)).map(|named| &named.kind) {
            Some(Kind::Union(members)) if root == Root::Subscription => {
                members.iter().map(String::as_str).collect()
            }
            _ => Vec::new(),
        };
        Some(Operation {
            root,
            name,
            field,
            user_errors: self.user_errors(&field.about),
            codes: codes::of(root, field, &who, self.is_connection(target(&field.ty))),
            events,
            record: (root == Root::Mutation).then(|| self.record(target(&field.ty))).flatten(),
            who,
            example,
            cost,
            cost_rule,
        })
    }

    /// What a page may hold at most.
    pub fn largest_page(&self) -> usize {
        self.schema.shapes.largest_page()
    }

    fn is_connection(&self, of: &str) -> bool {
        self.sdl.field(of, "pageInfo").is_some()
    }

    /// The type of record that a payload shows.
    fn record(&self, payload: &str) -> Option<&str> {
        let fields = self.sdl.fields(payload)?.values().map(|field| target(&field.ty));
        let mut fields = fields.flat_map(|of| {
            let below = self.sdl.fields(of).filter(|_| of.ends_with("Result"));
            let below = below.into_iter().flat_map(|fields| fields.values()).map(|field| target(&field.ty));
            std::iter::once(of).chain(below)
        });
        fields.find(|of| prefix_of_type(of).is_some())
    }

    /// The codes that a description names after `Errors:`.
    fn user_errors(&self, about: &str) -> Vec<&str> {
        let Some(Kind::Enum(known)) = self.sdl.types.get("UserErrorCode").map(|named| &named.kind) else {
            return Vec::new();
        };
        let errors = about.split_once("Errors: ").map_or("", |(_, errors)| errors);
        let words: BTreeSet<&str> =
            errors.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        known.keys().map(String::as_str).filter(|code| words.contains(code)).collect()
    }

    fn cost(&self, example: &Example) -> Option<usize> {
        let document = parse_query(&example.document).ok()?;
        let variables = serde_json::from_str(&example.variables).map(Variables::from_json).ok()?;
        let limits = &self.schema.parts.limits;
        let person = Caller { user: Some(uuid::Uuid::nil()), ..Caller::default() };
        let cost = limits.check(&document, None, &variables, &self.schema.shapes, &person);
        cost.ok().map(|cost| cost.requested)
    }
}

/// Of each type the schema of the table whose records it is about: by its name, else by what it leads to.
fn domains(sdl: &Sdl) -> HashMap<String, String> {
    let domain = |of: &str| {
        let table = prefix_of_type(of).and_then(table_of_prefix)?;
        Some(table.name.trim_start_matches('"').split('"').next().unwrap_or_default().to_owned())
    };
    let nodes: BTreeMap<&str, String> =
        node_types().into_iter().filter_map(|of| Some((of, domain(of)?))).collect();
    let by_name = |of: &str| longest(nodes.keys().copied(), of).and_then(|node| nodes.get(node));
    let of_type = |(name, named): (&String, &Named)| {
        let leads_to = || named.leads_to().into_iter().find_map(|(_, of)| nodes.get(of));
        Some((name.clone(), by_name(name).or_else(leads_to)?.clone()))
    };
    let shared = ["Node", "Record", "UserError", "Event"];
    let types = sdl.types.iter().filter(|(name, _)| !shared.contains(&name.as_str()));
    types.filter_map(of_type).collect()
}

/// The longest of `names` with which a name begins, as one word or several.
fn longest<'n>(names: impl Iterator<Item = &'n str>, of: &str) -> Option<&'n str> {
    let begins = |name: &&str| {
        of.strip_prefix(*name)
            .is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_lowercase()))
            || of.strip_prefix(*name) == Some("s")
    };
    names.filter(begins).max_by_key(|name| name.len())
}
