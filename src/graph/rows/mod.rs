//! The breadth-first engine: types are declared once, a selection is planned once for all rows of a level, each
//! relation is one batch, and the answer is written in one pass.
//!
//! It uses documented-as-hidden parts of the pinned async-graphql release; all such uses are in this folder.
mod aggregate;
mod any_id;
mod argument;
mod columns;
mod declare;
#[cfg(test)]
mod differential;
mod edge;
mod face;
mod group_order;
mod grouped;
mod interface;
mod masked;
mod measured;
mod named;
mod one_by;
mod ordered;
mod page_info;
mod pages;
mod past;
mod plan;
mod reads;
mod register;
mod relation;
mod root;
mod search;
mod snippets;
mod union;
mod viewer_can;
mod write;

pub use any_id::AnyId;
pub use argument::Argument;
pub use columns::{access, camel, values};
pub use declare::{Entity, Fields, Last, Object};
pub use interface::Keyless;
pub use masked::{Shown, WorkedOut, mask_of, masked_field, secret, worked_out};
pub use named::{Named, named_in, named_of};
pub use one_by::{By, ExternalRef};
pub use pages::{Link, Listed};
pub use plan::{Asked, Env};
pub use register::{declare_permission, object_of, permissions_in, permissions_of, union};
pub use root::{Query, QueryRoot, asked_once, raw, response, write_object};
pub use search::{SearchedColumn, searched};
pub(in crate::graph) use union::seen;
pub use union::{
    Members, Union, is_node, leaf_of_type, mixed, node_types, prefix_of_type, table_of_prefix, type_of_prefix,
};
pub use write::{Body, Out};
