//! What a stream tells, and the events that every stream may tell.
use std::sync::Arc;

use async_graphql::registry::Registry;

use crate::{
    graph::{
        leaf_enum,
        rows::{self, Fields, Object},
        scalar::{EventCursor, Scalar},
    },
    store::events::{Event, Position},
};

/// One thing that a stream tells.
#[derive(Clone, Debug)]
pub enum Told {
    Opened { cursor: Position, replayed: bool },
    Reset { cursor: Position, reason: ResetReason },
    Revoked { cursor: Position },
    Happened(Arc<Event>),
}

impl Told {
    /// The place to go on from.
    pub fn cursor(&self) -> Position {
        match self {
            Self::Opened { cursor, .. } | Self::Reset { cursor, .. } | Self::Revoked { cursor } => *cursor,
            Self::Happened(event) => event.position,
        }
    }

    /// The event, where it is one.
    pub fn event(&self) -> Option<&Arc<Event>> {
        match self {
            Self::Happened(event) => Some(event),
            _ => None,
        }
    }

    /// The event, where it is of this kind.
    pub fn happened(&self, kind: impl Fn(&Event) -> bool) -> Option<Arc<Event>> {
        match self {
            Self::Happened(event) if kind(event) => Some(event.clone()),
            _ => None,
        }
    }
}

/// Why a stream begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ResetReason {
    /// The cursor is older than what is kept.
    CursorExpired,
    /// Events came faster than the client took them.
    ClientTooSlow,
}

impl Scalar for ResetReason {
    fn register(registry: &mut Registry) -> String {
        <Self as async_graphql::InputType>::create_type_info(registry)
    }
    fn json(&self, out: &mut Vec<u8>) {
        leaf_enum::json(*self, out);
    }
}

macro_rules! stream_events {
    ($($(#[doc = $about:literal])* $name:ident { $($field:ident: $type:ty),* } |$fields:ident| $more:block)*) => { $(
        $(#[doc = $about])*
        pub struct $name { pub cursor: Position, $(pub $field: $type),* }

        impl Object for $name {
            const NAME: &'static str = stringify!($name);
            fn about() -> String {
                concat!($($about),*).trim().to_owned()
            }
            fn fields($fields: &mut Fields<Self>) {
                event_fields($fields, |told| told.cursor);
                $more
            }
        }
    )* };
}

/// What all events have.
pub fn event_fields<T: Send + Sync + 'static>(fields: &mut Fields<T>, cursor: fn(&T) -> Position) {
    fields
        .derived("cursor", move |told| EventCursor(cursor(told).write()))
        .about("The place of this event: subscribe `after` it to go on.");
    fields.derived("occurredAt", move |told| cursor(told).at).about("When it happened.");
    fields.implements("Event");
}

stream_events! {
    /// The stream is open: everything after its cursor will be told.
    StreamOpened { replayed: bool } |fields| {
        fields.column("replayed", |told| &told.replayed).about("Whether what came since the cursor is told first.");
    }
    /// Events are missing: read anew what you show, then go on from the cursor.
    StreamReset { reason: ResetReason } |fields| {
        fields.column("reason", |told| &told.reason).about("Why.");
    }
    /// You may no longer listen to this: the stream ends.
    AccessRevoked {} |_fields| {}
}

/// The three that every union of events has.
pub fn stream_members<U: Send + Sync + 'static>(members: &mut rows::Members<U>, told: fn(&U) -> &Told) {
    members.of(move |event| match told(event) {
        Told::Opened { cursor, replayed } => Some(StreamOpened { cursor: *cursor, replayed: *replayed }),
        _ => None,
    });
    members.of(move |event| match told(event) {
        Told::Reset { cursor, reason } => Some(StreamReset { cursor: *cursor, reason: *reason }),
        _ => None,
    });
    members.of(move |event| match told(event) {
        Told::Revoked { cursor } => Some(AccessRevoked { cursor: *cursor }),
        _ => None,
    });
}
