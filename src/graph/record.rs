//! What every change of a record has in common: it is found and locked, its version is checked, and what became of
//! it is written to the audit trail and told to subscribers.
use async_graphql::{InputType, InputValueError, InputValueResult, registry::Registry};
use serde_json::Value;

use super::{
    filter::described,
    input::input_object,
    rows::{self, Entity, Object},
    user_error::{Outcome, Stop, UserError},
};
use crate::store::{batch::Restorable, changes::Changes, clock, door::Write, id::Id, journal::Change};

/// The record `id`, locked; refused when it is not there, not visible, deleted, or no longer of the expected version.
pub async fn lock<T: Entity>(write: &mut Write, id: Id<T>, expected_version: Option<i32>) -> Outcome<T> {
    let row = lock_at(write, id, expected_version, &["input", "id"]).await?;
    if row.is_deleted() {
        return Err(UserError::state(say!("it is deleted"), &["input", "id"], &["restore"]).into());
    }
    Ok(row)
}

/// The same, deleted or not.
pub async fn lock_any<T: Entity>(write: &mut Write, id: Id<T>, expected_version: Option<i32>) -> Outcome<T> {
    lock_at(write, id, expected_version, &["input", "id"]).await
}

/// The same where the input names the record at another `path`.
pub async fn lock_at<T: Entity>(
    write: &mut Write,
    id: Id<T>,
    expected_version: Option<i32>,
    path: &[&str],
) -> Outcome<T> {
    let row = find(write, id, path).await?;
    write.extends_to(id).await?;
    match (row.version(), expected_version) {
        (Some(version), Some(expected)) if version != expected => {
            Err(UserError::conflict(id, version).into())
        }
        _ => Ok(row),
    }
}

/// A record that the input refers to, at `path`.
pub async fn find<T: Entity>(write: &mut Write, id: Id<T>, path: &[&str]) -> Outcome<T> {
    Ok(T::lock(write, id).await?.ok_or_else(|| UserError::not_found(id, path))?)
}

/// Which record, for mutations that need to know no more.
pub struct RecordInput<T: 'static> {
    pub id: Id<T>,
    pub expected_version: Option<i32>,
}

impl<T: Entity> RecordInput<T> {
    /// The record, locked; refused when it is deleted.
    pub async fn lock_living(self, write: &mut Write) -> Outcome<T> {
        lock(write, self.id, self.expected_version).await
    }

    /// The record, locked; refused when it is not deleted.
    pub async fn lock_deleted(self, write: &mut Write) -> Outcome<T> {
        let row = lock_any(write, self.id, self.expected_version).await?;
        if !row.is_deleted() {
            return Err(UserError::state(say!("it is not deleted"), &["input", "id"], &["delete"]).into());
        }
        Ok(row)
    }
}

/// One input type per entity, `DealRecordInput`, since ids are typed.
impl<T: Entity> InputType for RecordInput<T> {
    type RawValueType = Self;

    fn type_name() -> std::borrow::Cow<'static, str> {
        format!("{}RecordInput", <T as Object>::NAME).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        input_object::<Self>(registry, "Which record.", |registry| {
            let id = Id::<T>::create_type_info(registry);
            vec![
                described("id", &id, "Its id."),
                described(
                    "expectedVersion",
                    "Int",
                    "The version you read; refused when it is another by now.",
                ),
            ]
        })
    }

    fn parse(value: Option<async_graphql::Value>) -> InputValueResult<Self> {
        let Some(async_graphql::Value::Object(mut object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let id = InputType::parse(object.swap_remove("id")).map_err(InputValueError::propagate)?;
        let version =
            InputType::parse(object.swap_remove("expectedVersion")).map_err(InputValueError::propagate)?;
        Ok(Self { id, expected_version: version })
    }

    fn to_value(&self) -> async_graphql::Value {
        async_graphql::Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// Makes a record.
pub async fn create<T: Entity>(write: &mut Write, values: Changes<T::Source>) -> Outcome<Id<T>> {
    let row = T::insert(write, Id::fresh(), values).await?;
    created(write, &row).await
}

/// Changes a record.
pub async fn update<T: Entity>(write: &mut Write, before: T, changes: Changes<T::Source>) -> Outcome<Id<T>> {
    change(write, "updated", before, changes).await
}

/// Changes a record by an act that has a name of its own: `submitted`, `archived`.
pub async fn change<T: Entity>(
    write: &mut Write,
    what: &str,
    before: T,
    changes: Changes<T::Source>,
) -> Outcome<Id<T>> {
    let after = T::update(write, before.id(), changes)
        .await
        .map_err(|error| Stop::from(error).allowing(before.allows()))?;
    changed(write, what, &before, &after).await
}

/// Deletes a record that can be restored.
pub async fn delete<T: Entity + Restorable>(write: &mut Write, input: RecordInput<T>) -> Outcome<Id<T>> {
    let before = input.lock_living(write).await?;
    change(write, "deleted", before, T::deleted_at(Some(clock::now()))).await
}

/// Brings a deleted record back.
pub async fn restore<T: Entity + Restorable>(write: &mut Write, input: RecordInput<T>) -> Outcome<Id<T>> {
    let before = input.lock_deleted(write).await?;
    change(write, "restored", before, T::deleted_at(None)).await
}

/// Records that `row` was made.
pub async fn created<T: Entity>(write: &mut Write, row: &T) -> Outcome<Id<T>> {
    record(write, "created", None, Some(row), Value::Null).await?;
    Ok(row.id())
}

/// Records that `before` became `after`.
pub async fn updated<T: Entity>(write: &mut Write, before: &T, after: &T) -> Outcome<Id<T>> {
    changed(write, "updated", before, after).await
}

/// Records a change that has a name of its own.
pub async fn changed<T: Entity>(write: &mut Write, what: &str, before: &T, after: &T) -> Outcome<Id<T>> {
    record(write, what, Some(before), Some(after), Value::Null).await?;
    Ok(after.id())
}

/// Tells those who follow it that `row` has come further, which is no change that is recorded.
pub async fn progressed<T: Entity>(write: &mut Write, row: &T) -> Outcome<()> {
    Ok(write.tell(change_of("progressed", None, Some(row), Value::Null)).await?)
}

/// Records that `row` is gone for good.
pub async fn removed<T: Entity>(write: &mut Write, row: &T) -> Outcome<Id<T>> {
    record(write, "removed", Some(row), None, Value::Null).await?;
    Ok(row.id())
}

/// Records that many rows were made.
pub async fn created_all<T: Entity>(write: &mut Write, rows: &[T]) -> Outcome<()> {
    let changes = rows.iter().map(|row| change_of("created", None, Some(row), Value::Null)).collect();
    Ok(write.record_all(changes).await?)
}

/// Records that each of many rows became another.
pub async fn changed_all<T: Entity>(write: &mut Write, what: &str, rows: &[(T, T)]) -> Outcome<()> {
    let change = |(before, after): &(T, T)| change_of(what, Some(before), Some(after), Value::Null);
    Ok(write.record_all(rows.iter().map(change).collect()).await?)
}

/// Records that `before` became `after`: made when there is nothing before, gone when there is nothing after.
/// Subscribers are told `payload` besides which record it is.
pub async fn record<T: Entity>(
    write: &mut Write,
    what: &str,
    before: Option<&T>,
    after: Option<&T>,
    payload: Value,
) -> Outcome<()> {
    Ok(write.record(change_of(what, before, after, payload)).await?)
}

fn change_of<T: Entity>(what: &str, before: Option<&T>, after: Option<&T>, payload: Value) -> Change {
    let row = after.or(before);
    Change {
        kind: format!("{}.{what}", snake(<T as Object>::NAME)),
        resource_type: <T as Object>::NAME,
        resource_id: row.map(|row| row.id().0).unwrap_or_default(),
        resource_name: None,
        before: before.map(rows::values),
        after: after.map(rows::values),
        topic: row.and_then(Entity::topic),
        payload,
    }
}

/// `BudgetLineItem` as kinds of events and permissions name it: `budget_line_item`.
fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
