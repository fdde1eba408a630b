//! The same change of many records: in one transaction, by the code that changes one, each item by itself.
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use async_graphql::{InputType, InputValueError, InputValueResult, Value, registry::Registry};
use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    FieldsOf, Payload, pascal,
    run::{Run, RunFn, Told, told},
};
use crate::{
    graph::{
        fault::{Code, Fault},
        filter::described,
        input::input_object,
        rows::{Fields, Named},
        user_error::{Outcome, Stop, UserError, UserErrorCode},
        visit::{View, Visit},
    },
    store::{door::Write, error::Error as StoreError},
    text_enum,
};

/// How many items there may be.
const MOST: usize = 100;

/// What a part of the transaction is called that can be undone by itself.
const ITEM: &str = "item";

text_enum! {
    /// What becomes of the other items where one cannot be done.
    BulkErrorPolicy {
        /// Nothing is done unless everything can be; all that stands in the way is told.
        RejectAll = "reject_all",
        /// What can be done is done; each of the others tells why it was not.
        RejectFailed = "reject_failed",
    }
}

/// What each item has come to.
type Results<R> = Vec<Payload<R>>;

/// `dealBulkCreate` for `dealCreate`, and the same of the names of types.
pub(super) fn named(one: &str) -> String {
    let act = one.rfind(|letter: char| letter.is_ascii_uppercase()).unwrap_or_default();
    let (of, act) = one.split_at(act);
    format!("{of}Bulk{act}")
}

pub(super) fn about(name: &str, one: &str) -> String {
    let errors = one.split_once("Errors: ").map_or("", |(_, errors)| errors).trim_end_matches('.');
    format!(
        "Does what `{name}` does with each of at most {MOST} items, in their order and in one transaction. Errors: {errors}, \
         FORBIDDEN where your permission does not extend to a record."
    )
}

/// The mutation `name`, which does with each of its items what `one` does.
pub(super) fn of<I, R>(
    name: &'static str,
    one: Arc<RunFn<I, R>>,
    fields_of_one: &FieldsOf<R>,
) -> Run<Bulk<I>, Results<R>>
where
    I: InputType + Send + 'static,
    R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    let mut item = Fields::new();
    item.derived("index", |item: &Payload<R>| i32::try_from(item.index).unwrap_or_default())
        .about("Which item, counted from 0.");
    fields_of_one(&mut item);
    item.mixed::<UserError>("userErrors", |item: &Payload<R>, view: View<'_>| view.told(&item.errors))
        .about("What the person can mend of this item; empty when it was done.")
        .always();

    let mut payload: Fields<Payload<Results<R>>> = Fields::new();
    payload.derived("count", |payload| count(payload)).about("How many were done.");
    let result = format!("{}Result", pascal(name)).leak();
    payload
        .list_of(result, format!("What an item of `{name}` has come to."), "results", item, results)
        .about(
            "What each item has come to, in their order; where nothing was done, those alone that stood in the way.",
        )
        .always();
    payload
        .mixed::<UserError>("userErrors", |payload, view: View<'_>| view.told(errors(payload)))
        .about("What the person can mend of all items: `[\"input\", \"items\", \"3\", \"value\"]`.")
        .always();
    let run: Arc<RunFn<Bulk<I>, Results<R>>> = Arc::new(move |visit, write, told| {
        let one = one.clone();
        async move { each(&*one, visit, write, told).await }.boxed()
    });
    Run::of(name, payload, run)
}

fn count<R>(payload: &Payload<Results<R>>) -> i32 {
    let items = payload.result.iter().flatten();
    i32::try_from(items.filter(|item| item.result.is_some()).count()).unwrap_or_default()
}

fn results<R: Clone>(payload: &Payload<Results<R>>) -> Results<R> {
    if let Some(results) = &payload.result {
        return results.clone();
    }
    let mut refused = BTreeMap::<usize, Payload<R>>::new();
    for error in &payload.errors {
        if let Some(index) = error.path.get(2).and_then(|index| index.parse().ok()) {
            let item = Payload { result: None, errors: Vec::new(), index };
            refused.entry(index).or_insert(item).errors.push(error.clone());
        }
    }
    refused.into_values().collect()
}

fn errors<R>(payload: &Payload<Results<R>>) -> impl Iterator<Item = &UserError> {
    let items = payload.result.iter().flatten().flat_map(|item| &item.errors);
    payload.errors.iter().chain(items)
}

/// Does one after the other. Each can be undone without the others, so that those after it can be tried too.
async fn each<I, R>(
    one: &RunFn<I, R>,
    visit: &Visit,
    write: &mut Write,
    told: Told<Bulk<I>>,
) -> Outcome<Results<R>> {
    let Told { input: Bulk { items, on_error }, named } = told;
    let mut results = Vec::with_capacity(items.len());
    let mut named = by_item(named, items.len());
    let mut taken = HashMap::new();
    let mut is_marked = false;
    for (index, input) in items.into_iter().enumerate() {
        let named = named.get_mut(index).map(std::mem::take).unwrap_or_default();
        let done = match twice(&mut taken, &named, index) {
            Some(error) => Err(vec![error]),
            None => by_itself(one, visit, write, Told { input, named }, &mut is_marked).await?,
        };
        results.push(match done {
            Ok(result) => Payload { result: Some(result), errors: Vec::new(), index },
            Err(errors) => Payload { result: None, errors: placed(errors, index), index },
        });
    }
    write.together();
    if on_error == BulkErrorPolicy::RejectAll && results.iter().any(|item| item.result.is_none()) {
        return Err(Stop::User(results.into_iter().flat_map(|item| item.errors).collect()));
    }
    Ok(results)
}

/// Does it with one item, which is undone without the others where it fails; `is_marked` says whether one came before.
pub(super) async fn by_itself<I, R>(
    one: &RunFn<I, R>,
    visit: &Visit,
    write: &mut Write,
    item: Told<I>,
    is_marked: &mut bool,
) -> Outcome<Result<R, Vec<UserError>>> {
    let here = write.organization();
    if std::mem::replace(is_marked, true) {
        write.mark_anew(ITEM).await?;
    } else {
        write.mark(ITEM).await?;
    }
    let done = attempt(one, visit, write, item).await?;
    if done.is_err() {
        write.undo(ITEM, here).await?;
    }
    Ok(done)
}

/// What an item has come to. What is more than the person can mend ends all of them.
async fn attempt<I, R>(
    one: &RunFn<I, R>,
    visit: &Visit,
    write: &mut Write,
    item: Told<I>,
) -> Outcome<Result<R, Vec<UserError>>> {
    write.apart();
    let fault = match one(visit, write, item).await {
        Ok(result) => match write.is_beyond() {
            None if write.is_recorded() => return Ok(Ok(result)),
            None => Fault::internal("an item of many wrote no audit row"),
            Some(permission) => StoreError::Forbidden(permission).into(),
        },
        Err(Stop::User(errors)) => return Ok(Err(errors)),
        Err(Stop::Kept(_)) => Fault::internal("what is kept although it failed is not done in bulk"),
        Err(Stop::Fault(fault)) => fault,
    };
    let fault = self::told(write, fault);
    match fault.code {
        Code::Forbidden | Code::ApprovalRequired | Code::MfaRequired => {
            Ok(Err(vec![UserError::new(UserErrorCode::Forbidden, fault.message, &["input"])]))
        }
        Code::BadUserInput | Code::InvalidId => {
            Ok(Err(vec![UserError::new(UserErrorCode::Invalid, fault.message, &["input"])]))
        }
        _ => Err(fault.into()),
    }
}

/// The records that each item names, as if it were alone.
fn by_item(named: Vec<Named>, items: usize) -> Vec<Vec<Named>> {
    let mut each: Vec<_> = std::iter::repeat_with(Vec::new).take(items).collect();
    for mut named in named {
        let index = named.path.get(2).and_then(|index| index.parse::<usize>().ok());
        if let Some(item) = index.and_then(|index| each.get_mut(index)) {
            named.path.drain(1..3);
            item.push(named);
        }
    }
    each
}

/// Refused where an item before it names the same record: what it would look like then, its sender did not know.
fn twice(taken: &mut HashMap<String, usize>, named: &[Named], index: usize) -> Option<UserError> {
    let own = named.iter().find(|named| named.path == ["input", "id"])?;
    let before = *taken.entry(own.id.to_string()).or_insert(index);
    let message = say!("item {before} names the same record: name it once");
    (before != index).then(|| UserError::new(UserErrorCode::Invalid, message, &["input", "id"]))
}

/// The errors of an item where it stands among the others.
fn placed(mut errors: Vec<UserError>, index: usize) -> Vec<UserError> {
    for error in &mut errors {
        let below = error.path.iter().skip(1).cloned();
        error.path = ["input", "items"]
            .map(str::to_owned)
            .into_iter()
            .chain([index.to_string()])
            .chain(below)
            .collect();
    }
    errors
}

/// Items, and what to do where one of them fails.
pub(super) struct Bulk<I> {
    items: Vec<I>,
    on_error: BulkErrorPolicy,
}

/// One input type for each of a single item: `DealBulkCreateInput`.
impl<I: InputType> InputType for Bulk<I> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        let one = I::type_name();
        format!("{}Input", named(one.strip_suffix("Input").unwrap_or(&one))).into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        input_object::<Self>(registry, "Many items.", |registry| {
            let (items, policy) = (
                <Vec<I> as InputType>::create_type_info(registry),
                <BulkErrorPolicy as InputType>::create_type_info(registry),
            );
            let mut on_error =
                described("onError", &policy, "What becomes of the others where one cannot be done.");
            on_error.default_value = Some("REJECT_ALL".to_owned());
            vec![described("items", &items, &format!("The items, at most {MOST}.")), on_error]
        })
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let Some(Value::Object(mut object)) = value else {
            return Err(InputValueError::expected_type(value.unwrap_or_default()));
        };
        let items = object.swap_remove("items");
        let length = if let Some(Value::List(items)) = &items { items.len() } else { 1 };
        if length > MOST {
            return Err(InputValueError::custom(say!("`items` takes at most {MOST} values, not {length}")));
        }
        let items = InputType::parse(items).map_err(InputValueError::propagate)?;
        let on_error: Option<BulkErrorPolicy> =
            InputType::parse(object.swap_remove("onError")).map_err(InputValueError::propagate)?;
        Ok(Self { items, on_error: on_error.unwrap_or(BulkErrorPolicy::RejectAll) })
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_that_there_are_many() {
        assert_eq!(named("dealCreate"), "dealBulkCreate");
        assert_eq!(named("budgetLineItemUpdate"), "budgetLineItemBulkUpdate");
        assert_eq!(named("DealRecord"), "DealBulkRecord");
    }
}
