//! Records of another system: made or changed by the id that they have there, and never overwritten unasked where
//! somebody has changed them here (B081).
use async_graphql::{
    InputType, InputValueError, InputValueResult, MaybeUndefined, Value, registry::Registry,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    filter::described,
    gate,
    input::one_of,
    mutation::{Payload, decapitalized},
    record,
    rows::{Entity, ExternalRef, Fields, Object},
    user_error::{Outcome, Stop, UserError, UserErrorCode},
};
use crate::{
    language::Said,
    store::{changes::Changes, door::Write, id::Id},
};

/// A record that may come from another system. Implemented by the `external!` macro.
pub trait External: Entity {
    /// The columns that say from which system it comes, and what it is called there.
    const COLUMNS: (&'static str, &'static str);
    /// Sets these, for a new one.
    fn of_system(changes: Changes<Self::Source>, external: ExternalRef) -> Changes<Self::Source>;
    /// Says that it was compared now.
    fn synced(changes: Changes<Self::Source>) -> Changes<Self::Source>;
    /// The version that was compared last.
    fn synced_version(&self) -> Option<i32>;
    fn updated_at(&self) -> DateTime<Utc>;
}

/// States that rows come from other systems, and which columns say so: `external!(Deal, deals: system, id)`.
#[macro_export]
macro_rules! external {
    ($row:ident, $table:ident: $system:ident, $id:ident) => {
        impl $crate::graph::sync::External for $row {
            const COLUMNS: (&'static str, &'static str) = (stringify!($system), stringify!($id));

            fn of_system(
                changes: $crate::store::changes::Changes<Self::Source>,
                external: $crate::graph::rows::ExternalRef,
            ) -> $crate::store::changes::Changes<Self::Source> {
                changes.set($table::$system, Some(external.system)).set($table::$id, Some(external.id))
            }

            fn synced(
                changes: $crate::store::changes::Changes<Self::Source>,
            ) -> $crate::store::changes::Changes<Self::Source> {
                changes.set($table::synced_at, Some($crate::store::clock::now()))
            }

            fn synced_version(&self) -> Option<i32> {
                self.synced_revision
            }

            fn updated_at(&self) -> chrono::DateTime<chrono::Utc> {
                self.updated_at
            }
        }
    };
}

/// A record that was made or changed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Upserted<T: 'static> {
    id: Id<T>,
    created: bool,
}

/// What the payload shows of it.
pub fn upserted<T: Entity>(payload: &mut Fields<Payload<Upserted<T>>>) {
    payload
        .one(decapitalized::<T>(), |payload| payload.result.as_ref().map(|done| done.id))
        .about("The record as it is now; null when nothing was done.");
    payload
        .derived("created", |payload| payload.result.as_ref().is_some_and(|done| done.created))
        .about("Whether there was none before.");
}

/// The living record that another system calls so, locked; those who look for the same wait for each other, whether there is
/// one or not. Refused where it is not as its sender knows it: another version than `expected_version`, changed after
/// `unchanged_since`, or, where they say neither, changed here since it was compared last.
pub async fn find<T: External>(
    write: &mut Write,
    external: &ExternalRef,
    expected_version: Option<i32>,
    unchanged_since: Option<DateTime<Utc>>,
) -> Outcome<Option<T>> {
    let ExternalRef { system, id } = external;
    write.syncs(&format!("{} {} {system}\n{id}", write.organization(), <T as Object>::NAME)).await?;
    let (of_system, of_id) = T::COLUMNS;
    let living = external.condition(of_system, of_id).living::<T>();
    let Some(row) = T::lock_where(write, living).await? else {
        return match expected_version {
            Some(_) => {
                let path = ["input", "external"];
                Err(UserError::new(UserErrorCode::NotFound, unknown::<T>(external), &path).into())
            }
            None => Ok(None),
        };
    };
    write.extends_to(row.id()).await?;
    let version = row.version().unwrap_or_default();
    let is_known = match (expected_version, unchanged_since) {
        (None, None) => row.synced_version() == Some(version),
        (expected, since) => {
            expected.is_none_or(|expected| expected == version)
                && since.is_none_or(|since| row.updated_at() <= since)
        }
    };
    if is_known { Ok(Some(row)) } else { Err(UserError::conflict(row.id(), version).into()) }
}

/// A record that an input refers to: by its id, or by what another system calls it.
pub enum Reference<T: 'static> {
    Id(Id<T>),
    External(ExternalRef),
}

/// One input type per entity, `AccountReference`.
impl<T: External> InputType for Reference<T> {
    type RawValueType = Self;

    fn type_name() -> std::borrow::Cow<'static, str> {
        format!("{}Reference", <T as Object>::NAME).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let about =
            format!("Which {}: by its id here, or by what another system calls it.", <T as Object>::NAME);
        let name = Self::type_name();
        one_of(registry, &name, &about, |registry| {
            let external = <Option<ExternalRef> as InputType>::create_type_info(registry);
            let id = <Option<Id<T>> as InputType>::create_type_info(registry);
            vec![
                described("external", &external, "The system that it comes from, and its id there."),
                described("id", &id, "Its id."),
            ]
        });
        Self::qualified_type_name()
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(mut object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let id: Option<Id<T>> =
            InputType::parse(object.swap_remove("id")).map_err(InputValueError::propagate)?;
        let external: Option<ExternalRef> =
            InputType::parse(object.swap_remove("external")).map_err(InputValueError::propagate)?;
        match (id, external) {
            (Some(id), None) => Ok(Self::Id(id)),
            (None, Some(external)) => Ok(Self::External(external)),
            _ => Err(InputValueError::custom(say!("give either `external` or `id`"))),
        }
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// The id of the record that the input names under `field`, or else under `fieldId`. By what another system calls them, only
/// those are found that the caller sees.
pub async fn referred<T: External>(
    write: &mut Write,
    field: &str,
    reference: MaybeUndefined<Reference<T>>,
    id: MaybeUndefined<Id<T>>,
) -> Outcome<MaybeUndefined<Id<T>>> {
    let external = match reference {
        MaybeUndefined::Undefined => return Ok(id),
        _ if !id.is_undefined() => {
            let id_field = format!("{field}Id");
            let message = say!("give either `{field}` or `{id_field}`");
            return Err(UserError::new(UserErrorCode::Invalid, message, &["input", field]).into());
        }
        MaybeUndefined::Null => return Ok(MaybeUndefined::Null),
        MaybeUndefined::Value(Reference::Id(id)) => return Ok(MaybeUndefined::Value(id)),
        MaybeUndefined::Value(Reference::External(external)) => external,
    };
    gate::right(write.caller(), write.grants(), || write.limits(), <T as Object>::NEEDS)?;
    let (of_system, of_id) = T::COLUMNS;
    let living = external.condition(of_system, of_id).living::<T>();
    let Some(found) = write.seen(T::TABLE, living).await? else {
        let path = ["input", field, "external"];
        return Err(UserError::new(UserErrorCode::NotFound, unknown::<T>(&external), &path).into());
    };
    Ok(MaybeUndefined::Value(Id::of(found)))
}

/// That no such record of another system is known.
fn unknown<T: Object>(external: &ExternalRef) -> Said {
    let ExternalRef { system, id } = external;
    say!("there is no {kind} `{id}` of `{system}`", kind = T::NAME)
}

/// What a new record lacks of what it has to have.
pub fn missing(fields: &[(&str, bool)]) -> Stop {
    let missing = fields.iter().filter(|(_, is_given)| !is_given);
    let missing = missing.map(|(field, _)| {
        let message = say!("`{field}` may not be empty: there is no such record yet");
        UserError::new(UserErrorCode::Required, message, &["input", field])
    });
    Stop::User(missing.collect())
}

/// Changes the record that is `known`, or makes one. What brings nothing new was compared, and is no change.
pub async fn write<T: External>(
    write: &mut Write,
    external: ExternalRef,
    known: Option<T>,
    changes: Changes<T::Source>,
) -> Outcome<Upserted<T>> {
    let Some(before) = known else {
        let values = T::of_system(T::synced(changes), external);
        let id = record::create(write, values).await.map_err(at_external::<T>)?;
        return Ok(Upserted { id, created: true });
    };
    let id = before.id();
    if write.differs(id, &changes).await? {
        record::change(write, "synced", before, T::synced(changes)).await?;
    } else {
        T::update(write, id, T::synced(Changes::default())).await?;
        write.changed_nothing();
    }
    Ok(Upserted { id, created: false })
}

/// What is wrong with its name in the other system is told where the input has it.
fn at_external<T: External>(mut stop: Stop) -> Stop {
    let (system, id) = T::COLUMNS;
    if let Stop::User(errors) = &mut stop {
        for error in errors {
            for (column, field) in [(system, "system"), (id, "id")] {
                if error.path == ["input", super::rows::camel(column)] {
                    error.path = ["input", "external", field].map(str::to_owned).to_vec();
                }
            }
        }
    }
    stop
}
