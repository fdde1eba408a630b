//! What has changed between two schemas, and whom it breaks, by the rules of GraphQL Inspector and graphql-js: who reads
//! an answer, who writes a document, who chooses between all values of an enum. What was announced, and is gone when its
//! day has come, breaks nobody who has read the announcement. Descriptions are not compared.
use std::{collections::BTreeSet, fmt};

use chrono::NaiveDate;

use super::{
    Composite, Directive, EnumValue, Field, Input, Kind, Named, Sdl,
    announced::Announced,
    compatible::{can_be_given_as, can_be_read_as},
};
use async_graphql::indexmap::{IndexMap, IndexSet};

/// Whom a change breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Documents or clients that are right today will fail.
    Breaking,
    /// Clients may meet what they do not know, or other results.
    Dangerous,
    Safe,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub severity: Severity,
    /// Of what has changed: `Deal.value`, `Query.deals(first:)`, `@requires`.
    pub coordinates: String,
    pub what: String,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Breaking => "BREAKING",
            Self::Dangerous => "DANGEROUS",
            Self::Safe => "SAFE",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} {}: {}", self.severity, self.coordinates, self.what)
    }
}

/// Every change from `before` to `after`, the worst first. `today` decides what of it was to be expected.
pub fn compare(before: &Sdl, after: &Sdl, today: NaiveDate) -> Vec<Change> {
    let mut comparison = Comparison { before, after, today, changes: Vec::new() };
    comparison.types();
    comparison.directives();
    let mut changes = comparison.changes;
    changes.sort();
    changes
}

struct Comparison<'s> {
    before: &'s Sdl,
    after: &'s Sdl,
    today: NaiveDate,
    changes: Vec<Change>,
}

use Severity::{Breaking, Dangerous, Safe};

/// Directives of the specification: whether a schema prints them says nothing.
const SPECIFIED: &[&str] = &["deprecated", "include", "oneOf", "skip", "specifiedBy"];

impl<'s> Comparison<'s> {
    fn note(&mut self, severity: Severity, coordinates: impl Into<String>, what: impl Into<String>) {
        self.changes.push(Change { severity, coordinates: coordinates.into(), what: what.into() });
    }

    /// The day on which something was to go, if it has come.
    fn due(&self, deprecated: Option<&String>) -> Option<NaiveDate> {
        let announced = Announced::read(deprecated?)?;
        (announced.removal <= self.today).then_some(announced.removal)
    }

    fn removed(&mut self, coordinates: String, what: &str, deprecated: Option<&String>) {
        match (self.due(deprecated), deprecated) {
            (Some(day), _) => {
                self.note(Safe, coordinates, format!("the {what} was removed, as was announced for {day}"));
            }
            (None, Some(reason)) => {
                let what = format!("the {what} was removed before its time: \"{reason}\"");
                self.note(Breaking, coordinates, what);
            }
            (None, None) => self.note(Breaking, coordinates, format!("the {what} was removed")),
        }
    }

    fn deprecation(&mut self, coordinates: &str, before: Option<&String>, after: Option<&String>) {
        match (before, after) {
            (before, Some(after)) if before != Some(after) => {
                self.note(Safe, coordinates, format!("is deprecated: \"{after}\""));
            }
            (Some(_), None) => self.note(Safe, coordinates, "is not deprecated any more"),
            _ => {}
        }
    }

    fn types(&mut self) {
        let (before, after) = (self.before, self.after);
        for (name, named) in &before.types {
            match after.types.get(name) {
                Some(other) => self.one_type(name, named, other),
                None if self.went_with_what_used_it(name, &mut BTreeSet::new()) => {
                    let what = "the type was removed with all that used it, as was announced";
                    self.note(Safe, name, what);
                }
                None => self.note(Breaking, name, format!("the {} was removed", named.word())),
            }
        }
        for (name, named) in after.types.iter().filter(|(name, _)| !before.types.contains_key(*name)) {
            self.note(Safe, name, format!("the {} was added", named.word()));
        }
    }

    /// Whether all that led to a type is gone, as it was announced: a type cannot be deprecated itself.
    fn went_with_what_used_it(&self, name: &'s str, seen: &mut BTreeSet<&'s str>) -> bool {
        if self.after.types.contains_key(name) {
            return false;
        }
        if !seen.insert(name) {
            return true;
        }
        let mut used = false;
        for (of, named) in &self.before.types {
            for (member, _) in named.leads_to().into_iter().filter(|(_, leads_to)| *leads_to == name) {
                used = true;
                let deprecated = self.deprecation_of(of, &member);
                let announced = !self.after.has(&format!("{of}.{member}")) && self.due(deprecated).is_some();
                if of != name && !announced && !self.went_with_what_used_it(of, seen) {
                    return false;
                }
            }
        }
        used
    }

    fn deprecation_of(&self, of: &str, member: &str) -> Option<&'s String> {
        let named = self.before.types.get(of)?;
        let (field, argument) = member.split_once('(').unwrap_or((member, ""));
        if let Kind::Input { fields, .. } = &named.kind {
            return fields.get(field)?.deprecated.as_ref();
        }
        let field = named.fields()?.get(field)?;
        let argument = argument.strip_suffix(":)").and_then(|argument| field.arguments.get(argument));
        argument.and_then(|argument| argument.deprecated.as_ref()).or(field.deprecated.as_ref())
    }

    fn one_type(&mut self, name: &str, before: &'s Named, after: &'s Named) {
        self.needs(name, &before.needs, &after.needs);
        match (&before.kind, &after.kind) {
            (Kind::Scalar, Kind::Scalar) => {}
            (Kind::Object(before), Kind::Object(after)) => self.composite(name, before, after, false),
            (Kind::Interface(before), Kind::Interface(after)) => self.composite(name, before, after, true),
            (Kind::Union(before), Kind::Union(after)) => self.union(name, before, after),
            (Kind::Enum(before), Kind::Enum(after)) => self.enumeration(name, before, after),
            (Kind::Input { one_of: was, fields: before }, Kind::Input { one_of: is, fields: after }) => {
                match (was, is) {
                    (false, true) => self.note(Breaking, name, "takes just one of its fields now"),
                    (true, false) => self.note(Safe, name, "takes more than one of its fields now"),
                    _ => {}
                }
                self.inputs(before, after, "input field", |field| format!("{name}.{field}"));
            }
            _ => {
                let what = format!("the {} became {}", before.word(), after.word());
                self.note(Breaking, name, what);
            }
        }
    }

    /// More may be refused to those who lack a permission, which is not an error of the document.
    fn needs(&mut self, coordinates: &str, before: &[String], after: &[String]) {
        let said =
            |needs: &[String]| needs.iter().map(|need| format!("`{need}`")).collect::<Vec<_>>().join(" or ");
        match (before, after) {
            (before, after) if before == after => {}
            (_, []) => self.note(Safe, coordinates, "needs no permission any more"),
            ([], after) => self.note(Dangerous, coordinates, format!("needs {} now", said(after))),
            (before, after) => {
                let what = format!("needs {} now, and no longer {}", said(after), said(before));
                self.note(Dangerous, coordinates, what);
            }
        }
    }

    fn composite(&mut self, name: &str, before: &'s Composite, after: &'s Composite, is_interface: bool) {
        for interface in before.implements.difference(&after.implements) {
            self.note(Breaking, name, format!("does not implement {interface} any more"));
        }
        for interface in after.implements.difference(&before.implements) {
            let severity = if is_interface { Safe } else { Dangerous };
            self.note(severity, name, format!("implements {interface} now"));
        }
        for (field, declared) in &before.fields {
            let at = format!("{name}.{field}");
            match after.fields.get(field) {
                Some(other) => self.field(&at, declared, other),
                None => self.removed(at, "field", declared.deprecated.as_ref()),
            }
        }
        for field in after.fields.keys().filter(|field| !before.fields.contains_key(*field)) {
            self.note(Safe, format!("{name}.{field}"), "the field was added");
        }
    }

    fn field(&mut self, at: &str, before: &'s Field, after: &'s Field) {
        self.retyped(at, (&before.ty, &after.ty), can_be_read_as(&before.ty, &after.ty));
        self.needs(at, &before.needs, &after.needs);
        self.deprecation(at, before.deprecated.as_ref(), after.deprecated.as_ref());
        match (before.semantic_non_null, after.semantic_non_null) {
            // what is never null says more
            (true, false) if after.ty.nullable => {
                self.note(Dangerous, at, "may be null without an error now");
            }
            (false, true) => self.note(Safe, at, "is null only together with an error now"),
            _ => {}
        }
        self.inputs(&before.arguments, &after.arguments, "argument", |argument| format!("{at}({argument}:)"));
    }

    fn retyped(&mut self, at: &str, (before, after): (&super::Type, &super::Type), fits: bool) {
        if before != after {
            let severity = if fits { Safe } else { Breaking };
            self.note(severity, at, format!("the type was `{before}` and is `{after}`"));
        }
    }

    fn inputs(
        &mut self,
        before: &'s IndexMap<String, Input>,
        after: &'s IndexMap<String, Input>,
        what: &str,
        at: impl Fn(&str) -> String,
    ) {
        for (name, input) in before {
            let at = at(name);
            let Some(other) = after.get(name) else {
                self.removed(at, what, input.deprecated.as_ref());
                continue;
            };
            self.retyped(&at, (&input.ty, &other.ty), can_be_given_as(&input.ty, &other.ty));
            self.deprecation(&at, input.deprecated.as_ref(), other.deprecated.as_ref());
            match (&input.default, &other.default) {
                (Some(before), Some(after)) if before != after => {
                    self.note(Dangerous, at, format!("the default was `{before}` and is `{after}`"));
                }
                (None, Some(after)) => self.note(Dangerous, at, format!("the default is `{after}` now")),
                // required by that where it may not be null
                (Some(before), None) if !other.ty.nullable => {
                    self.note(
                        Breaking,
                        at,
                        format!("the default `{before}` was removed, so that it is required"),
                    );
                }
                (Some(before), None) => {
                    self.note(Dangerous, at, format!("the default `{before}` was removed"));
                }
                _ => {}
            }
        }
        for (name, input) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let (severity, kind) =
                if input.is_required() { (Breaking, "required") } else { (Dangerous, "optional") };
            self.note(severity, at(name), format!("the {kind} {what} was added"));
        }
    }

    fn union(&mut self, name: &str, before: &IndexSet<String>, after: &IndexSet<String>) {
        for member in before.difference(after) {
            self.note(Breaking, name, format!("the member {member} was removed"));
        }
        for member in after.difference(before) {
            self.note(Dangerous, name, format!("the member {member} was added"));
        }
    }

    fn enumeration(
        &mut self,
        name: &str,
        before: &'s IndexMap<String, EnumValue>,
        after: &'s IndexMap<String, EnumValue>,
    ) {
        for (value, declared) in before {
            let at = format!("{name}.{value}");
            match after.get(value) {
                Some(other) => self.deprecation(&at, declared.deprecated.as_ref(), other.deprecated.as_ref()),
                None => self.removed(at, "value", declared.deprecated.as_ref()),
            }
        }
        for value in after.keys().filter(|value| !before.contains_key(*value)) {
            self.note(Dangerous, format!("{name}.{value}"), "the value was added");
        }
    }

    fn directives(&mut self) {
        let (before, after) = (self.before, self.after);
        let ours = |(name, _): &(&String, &Directive)| !SPECIFIED.contains(&name.as_str());
        for (name, directive) in before.directives.iter().filter(ours) {
            match after.directives.get(name) {
                Some(other) => self.directive(name, directive, other),
                None => self.note(Breaking, format!("@{name}"), "the directive was removed"),
            }
        }
        for (name, _) in after.directives.iter().filter(ours) {
            if !before.directives.contains_key(name) {
                self.note(Safe, format!("@{name}"), "the directive was added");
            }
        }
    }

    fn directive(&mut self, name: &str, before: &'s Directive, after: &'s Directive) {
        let at = format!("@{name}");
        for location in before.locations.iter().filter(|location| !after.locations.contains(location)) {
            self.note(Breaking, &at, format!("is not allowed at {location} any more"));
        }
        for location in after.locations.iter().filter(|location| !before.locations.contains(location)) {
            self.note(Safe, &at, format!("is allowed at {location} now"));
        }
        match (before.is_repeatable, after.is_repeatable) {
            (true, false) => self.note(Breaking, &at, "may not be repeated any more"),
            (false, true) => self.note(Safe, &at, "may be repeated now"),
            _ => {}
        }
        self.inputs(&before.arguments, &after.arguments, "argument", |argument| format!("{at}({argument}:)"));
    }
}
