//! `recordEvents`: every record that is made, changed or deleted, whatever its type.
use std::sync::Arc;

use super::{
    page,
    rows::{self, AnyId, Fields, Members, Object, Union},
    subscription::{Subscriptions, Told, event_fields, stream_members},
};
use crate::{graph::fault::Fault, store::events::Event};

/// What `recordEvents` tells.
struct RecordEvent(Told);

impl Union for RecordEvent {
    const NAME: &'static str = "RecordEvent";

    fn about() -> String {
        "What can happen to the records that a client follows.".to_owned()
    }

    fn members(members: &mut Members<Self>) {
        stream_members(members, |event| &event.0);
        members.of(|event| event.0.happened(|event| event.kind.ends_with(".created")).map(RecordCreated));
        members.of(|event| event.0.happened(|event| event.kind.ends_with(".deleted")).map(RecordDeleted));
        members.of(|event| {
            let other =
                |event: &Event| !event.kind.ends_with(".created") && !event.kind.ends_with(".deleted");
            event.0.happened(other).map(RecordUpdated)
        });
    }
}

macro_rules! record_events {
    ($($(#[doc = $about:literal])* $name:ident |$fields:ident| $more:block)*) => { $(
        $(#[doc = $about])*
        struct $name(Arc<Event>);

        impl Object for $name {
            const NAME: &'static str = stringify!($name);

            fn about() -> String {
                concat!($($about),*).trim().to_owned()
            }

            fn fields($fields: &mut Fields<Self>) {
                event_fields($fields, |told| told.0.position);
                $fields.derived("kind", |told| told.0.kind.clone()).about("What happened, for programs: `deal.updated`.");
                $fields
                    .derived("recordType", |told| told.0.subject_type.clone())
                    .about("The type of the record: `Deal`.");
                $more
            }
        }
    )* };
}

record_events! {
    /// A record was made.
    RecordCreated |fields| {
        fields.any("record", |told| any_id(&told.0)).about("The record as it is now; null when you may not see it.");
    }
    /// A record was changed.
    RecordUpdated |fields| {
        fields.any("record", |told| any_id(&told.0)).about("The record as it is now; null when you may not see it.");
        fields.derived("changedFields", |told| changed_fields(&told.0)).about("Which of its fields were changed.");
    }
    /// A record was deleted; it may be restored.
    RecordDeleted |fields| {
        fields.any("record", |told| any_id(&told.0)).about("The record as it was when it was deleted.");
    }
}

fn any_id(event: &Event) -> Option<AnyId> {
    let prefix = rows::prefix_of_type(&event.subject_type)?.to_owned();
    Some(AnyId { prefix, uuid: event.subject_id })
}

/// The names of the fields that an event says were changed.
pub fn changed_fields(event: &Event) -> Vec<String> {
    let changed = event.payload.get("changedFields").and_then(serde_json::Value::as_array);
    changed.into_iter().flatten().filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect()
}

pub fn subscriptions(subscriptions: &mut Subscriptions) {
    subscriptions
        .stream::<RecordEvent>(
            "recordEvents",
            |args| {
                let types = args.get::<Vec<String>>("types")?;
                page::at_most(types.len(), 50, "types")?;
                if let Some(unknown) = types.iter().find(|name| rows::prefix_of_type(name).is_none()) {
                    return Err(Fault::bad_input(say!(
                        "there is no record type `{unknown}`: use a type's name such as `Deal`"
                    )));
                }
                Ok(types.into_iter().collect())
            },
            RecordEvent,
        )
        .takes::<Vec<String>>("types", "The types of records to follow, by name: `Deal`. At most 50.")
        .needs("event.read")
        .about("Every record of these types that is made, changed or deleted, in the order of the changes.");
}
