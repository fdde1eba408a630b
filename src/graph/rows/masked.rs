//! How fields are masked: as is said of them, or as those are that they tell something of.
use std::sync::PoisonError;

use async_graphql::registry::Registry;

use super::{
    declare::{Declared, How, Object, fields_of},
    face::Origin,
    union::{NODES, node_by_prefix, prefix_of_type},
};
use crate::store::grants::{Mask, Masks};

/// A mask, and the field that it is said of.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'m> {
    pub ty: &'m str,
    pub field: &'m str,
    pub mask: Mask,
    /// Whether what is shown is a text: of anything else nothing can be shown in part.
    pub is_text: bool,
}

impl<T> Declared<T> {
    /// How the field is masked: as is said of itself, else as the first of those is that it follows.
    pub fn mask<'m>(&self, masks: &Masks, ty: &'m str, field: &'m str) -> Option<Shown<'m>> {
        let (ty, field, mask) = match masks.of_field(ty, field) {
            Some(mask) => (ty, field, mask?),
            None => self
                .follows
                .iter()
                .find_map(|&(ty, field)| Some((ty, field, masks.of_field(ty, field).flatten()?)))?,
        };
        let is_text = self.maskable_type().is_some_and(|ty| ty.trim_end_matches('!') == "String");
        Some(Shown { ty, field, mask, is_text })
    }

    /// Whether the caller is not shown it at all: what is no text of the row itself.
    pub fn is_hidden(&self, masks: &Masks, ty: &str, field: &str) -> bool {
        !masks.is_empty() && self.can_be_left_out() && self.mask(masks, ty, field).is_some()
    }

    /// Whether it shows columns or follows fields, and may be null.
    fn can_be_left_out(&self) -> bool {
        (self.column.is_some() || !self.follows.is_empty()) && self.nullable() && !self.semantic_non_null
    }

    /// Its GraphQL type, if it can be masked.
    pub fn maskable_type(&self) -> Option<String> {
        match self.how {
            How::Leaf(_) => Some((self.ty)(&mut Registry::default())),
            How::Relation(_) => self.can_be_left_out().then(|| self.shown_type(&mut Registry::default()).0),
        }
    }
}

/// The masked field that shows a column of `T`.
pub fn masked_field<T: Object>(masks: &Masks, column: &str) -> Option<&'static str> {
    if masks.is_empty() {
        return None;
    }
    let mut fields = fields_of::<T>().declared.iter();
    let shows = fields.find(|(name, declared)| {
        declared.column == Some(column) && declared.mask(masks, T::NAME, name).is_some()
    });
    shows.map(|(name, _)| *name)
}

/// How a field of a record type is masked.
pub fn mask_of<'m>(masks: &Masks, ty: &'m str, field: &'m str) -> Option<Shown<'m>> {
    if masks.is_empty() {
        return None;
    }
    node_by_prefix(prefix_of_type(ty)?)?.mask(masks, field)
}

/// Of records that whoever may not see them must not even know of: the permission to see them.
pub fn secret(ty: &str) -> Option<&'static str> {
    const SECRET: [&str; 1] = ["SecurityEvent"];
    SECRET.contains(&ty).then(|| node_by_prefix(prefix_of_type(ty)?)?.needs()).flatten()
}

/// A field that is worked out from its row.
#[derive(Clone, Copy, Debug)]
pub struct WorkedOut {
    pub ty: &'static str,
    pub field: &'static str,
    /// The fields that it is masked with.
    pub follows: &'static [(&'static str, &'static str)],
}

/// Every field of a record that is worked out from its row and is not simply a column in another form.
pub fn worked_out() -> Vec<WorkedOut> {
    let nodes = NODES.read().unwrap_or_else(PoisonError::into_inner);
    nodes.values().flat_map(|node| node.worked_out()).collect()
}

pub(super) fn worked_out_of<T: Object>() -> Vec<WorkedOut> {
    let worked_out =
        |declared: &Declared<T>| declared.origin == Origin::WorkedOut && declared.column.is_none();
    let fields = fields_of::<T>().declared.iter().filter(|(_, declared)| worked_out(declared));
    fields.map(|(field, declared)| WorkedOut { ty: T::NAME, field, follows: declared.follows }).collect()
}
