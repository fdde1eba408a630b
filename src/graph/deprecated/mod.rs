//! What is on its way out of the schema: fields, arguments, fields of inputs and values of enums, all declared here in one
//! way. From this list the schema says `@deprecated`, and answers say which of it they were asked for.
//!
//! * [`uses`]: which of it a document and its variables use
mod uses;

use async_graphql::registry::{Deprecation, MetaType, Registry};
use chrono::NaiveDate;

use super::sdl::announced::Announced;
pub use uses::Uses;

/// Something that is to go.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deprecated {
    /// Its coordinates in the schema: `Deal.amount`, `Query.deals(search:)`, `DealFilter.region`, `MessageRole.FUNCTION`.
    pub what: &'static str,
    /// The coordinates of what to use instead.
    pub instead: &'static str,
    /// When it was said first.
    pub since: NaiveDate,
    /// From when it may be gone: six months later, or more.
    pub removal: NaiveDate,
}

/// All of it. What has come to its `removal` is taken out of the schema and of this list: a law wants it gone.
pub const DEPRECATED: &[Deprecated] = &[Deprecated {
    what: "MessageRole.FUNCTION",
    instead: "MessageRole.TOOL",
    since: day(2026, 11, 28),
    removal: day(2027, 6, 1),
}];

/// A day that does not exist is one long past, which the law refuses.
const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => NaiveDate::MIN,
    }
}

impl Deprecated {
    /// Why, as `@deprecated` says it.
    pub fn reason(&self) -> String {
        Announced::reason(self.instead, self.removal)
    }

    /// Type, member and argument: the parts of its coordinates.
    fn parts(&self) -> Option<(&'static str, &'static str, Option<&'static str>)> {
        let (of, member) = self.what.split_once('.')?;
        Some(match member.split_once('(') {
            Some((field, argument)) => (of, field, Some(argument.strip_suffix(":)")?)),
            None => (of, member, None),
        })
    }
}

/// Marks what is on the list.
pub fn mark(registry: &mut Registry, list: &[Deprecated]) {
    for one in list {
        let Some((of, member, argument)) = one.parts() else { continue };
        let place = match (registry.types.get_mut(of), argument) {
            (Some(MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }), None) => {
                fields.get_mut(member).map(|field| &mut field.deprecation)
            }
            (Some(MetaType::Object { fields, .. } | MetaType::Interface { fields, .. }), Some(argument)) => {
                let argument = fields.get_mut(member).and_then(|field| field.args.get_mut(argument));
                argument.map(|argument| &mut argument.deprecation)
            }
            (Some(MetaType::InputObject { input_fields, .. }), None) => {
                input_fields.get_mut(member).map(|field| &mut field.deprecation)
            }
            (Some(MetaType::Enum { enum_values, .. }), None) => {
                enum_values.get_mut(member).map(|value| &mut value.deprecation)
            }
            _ => None,
        };
        if let Some(place) = place {
            *place = Deprecation::Deprecated { reason: Some(one.reason()) };
        }
    }
}
