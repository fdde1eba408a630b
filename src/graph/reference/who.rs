//! Who may use a root field.
use super::Root;
use crate::graph::{
    mutation::{Access, Rules, mutations},
    rows::{Query, access},
    sdl::Field,
};

/// Who may use a root field: what it takes, and what else is to be said.
#[derive(Debug, Default)]
pub struct Who {
    /// The permissions of which one is needed.
    pub permissions: Vec<String>,
    /// In words.
    pub says: Vec<&'static str>,
    /// Whether somebody who is not signed in gets an answer.
    pub is_open: bool,
    /// Whether it is repeated safely with a key.
    pub is_repeatable: bool,
}

const HOLDERS: &str = "People who hold the permission, and API keys that have it among their scopes.";
const ANYBODY: &str = "Whoever asks, signed in or not.";

impl Who {
    pub(super) fn of(root: Root, name: &str, field: &Field) -> Self {
        let permissions = field.needs.clone();
        if root == Root::Mutation
            && let Some(rules) = mutations().rules(name)
        {
            return Self::may_change(permissions, &rules);
        }
        let is_public =
            root == Root::Query && access::<Query>().any(|(known, _, is_public)| known == name && is_public);
        let says = match permissions.as_slice() {
            [_, ..] => HOLDERS,
            [] if is_public => "Whoever asks, signed in or not: it shows what is one's own.",
            [] => "Whoever asks, signed in or not: what it finds needs the permission of its type.",
        };
        Self { is_open: permissions.is_empty(), permissions, says: vec![says], is_repeatable: false }
    }

    fn may_change(permissions: Vec<String>, rules: &Rules) -> Self {
        let mut says = Vec::new();
        match rules.access {
            Access::Permission(_) => says.push(HOLDERS),
            Access::PermissionOrAdmin(_) => {
                says.extend([HOLDERS, "Administrators of the platform, without it."]);
            }
            Access::Person => says.push("People who are signed in, and no API key: it concerns themselves."),
            Access::PlatformAdmin => says.push("Administrators of the platform alone."),
            Access::Public => says.push(ANYBODY),
            Access::Undeclared => {}
        }
        let is_open = matches!(rules.access, Access::Public);
        if rules.in_person && !is_open {
            says.push("In person: nobody who acts as somebody else.");
        }
        if rules.without_mfa {
            says.push("Also whoever has not shown the second factor that their organization demands.");
        }
        Self { permissions, says, is_open, is_repeatable: !rules.once }
    }
}
