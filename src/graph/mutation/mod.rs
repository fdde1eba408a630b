//! Mutations: one root field is one transaction, in a task of its own, with its audit row and its events; what is
//! selected of its payload beyond the row it wrote last is read in a fresh snapshot.
mod access;
mod alone;
mod bulk;
mod root;
mod row;
mod run;

use std::{borrow::Cow, sync::Arc};

use async_graphql::{InputType, InputValueResult, Value, indexmap::IndexMap, registry::Registry};
use futures_util::{FutureExt, future::BoxFuture};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    rows::{Entity, Fields, Object},
    user_error::{Outcome, UserError},
    visit::{View, Visit},
};
use crate::store::{door::Write, id::Id};
pub use access::Access;
pub use alone::alone;
pub use bulk::BulkErrorPolicy;
pub use root::{MutationRoot, mutations};
pub use row::{Done, Importable};
use run::{Action, Run, RunFn, Told, all_seen};

/// What a mutation has come to: its result, or what the person can mend.
#[derive(Clone, Serialize, Deserialize)]
pub struct Payload<R> {
    pub result: Option<R>,
    pub errors: Vec<UserError>,
    /// Which item of many it was.
    pub index: usize,
}

impl<R> Payload<R> {
    const fn done(result: R) -> Self {
        Self { result: Some(result), errors: Vec::new(), index: 0 }
    }

    const fn refused(errors: Vec<UserError>) -> Self {
        Self { result: None, errors, index: 0 }
    }
}

/// All mutations, by name.
#[derive(Default)]
pub struct Mutations(IndexMap<&'static str, Declared>);

struct Declared {
    about: String,
    access: Access,
    /// Nothing of it is kept for a repetition.
    once: bool,
    /// Whoever lacks the second factor that their organization demands may use it, outside of the organization.
    without_mfa: bool,
    /// Nobody may use it who acts as somebody else.
    in_person: bool,
    action: Box<dyn Action>,
}

/// By whom and how a mutation may be used.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub access: Access,
    /// Nothing of it is kept for a repetition.
    pub once: bool,
    /// Whoever lacks the second factor that their organization demands may use it too.
    pub without_mfa: bool,
    /// Nobody may use it who acts as somebody else.
    pub in_person: bool,
}

/// The mutation just declared.
pub struct Last<'m, I, R: 'static> {
    all: &'m mut Mutations,
    name: &'static str,
    run: Arc<RunFn<I, R>>,
    fields: Box<FieldsOf<R>>,
}

/// Declares what a payload shows.
type FieldsOf<R> = dyn Fn(&mut Fields<Payload<R>>);

impl<I, R> Last<'_, I, R> {
    /// What it does, and which user errors it can give.
    pub fn about(self, text: impl Into<String>) -> Self {
        self.with(|declared| declared.about = text.into())
    }

    pub fn needs(self, permission: &'static str) -> Self {
        self.allow(Access::Permission(permission))
    }

    /// Whoever holds the permission may, and administrators of the platform.
    pub fn needs_or_admin(self, permission: &'static str) -> Self {
        self.allow(Access::PermissionOrAdmin(permission)).in_person()
    }

    /// Everybody may, whether signed in or not.
    pub fn public(self) -> Self {
        self.allow(Access::Public).in_person()
    }

    /// Everybody who is signed in may: it concerns nobody but themselves.
    pub fn personal(self) -> Self {
        self.allow(Access::Person).in_person()
    }

    /// Only administrators of the platform may.
    pub fn for_platform_admins(self) -> Self {
        self.allow(Access::PlatformAdmin).in_person()
    }

    /// `@idempotent` is refused: it gives or takes a secret, which is not kept.
    pub fn once(self) -> Self {
        self.with(|declared| declared.once = true)
    }

    /// Also for whoever lacks the second factor that their organization demands, but outside of the organization.
    pub fn without_mfa(self) -> Self {
        self.with(|declared| declared.without_mfa = true)
    }

    /// Refused to whoever acts as somebody else: it is about who the person is or about the rights of people, or it
    /// wants the eyes of a second person. What takes no permission is refused to them anyway.
    pub fn in_person(self) -> Self {
        self.with(|declared| declared.in_person = true)
    }

    /// Also for whoever acts as somebody else, though it takes no permission.
    pub fn for_impersonators(self) -> Self {
        self.with(|declared| declared.in_person = false)
    }

    fn allow(self, access: Access) -> Self {
        self.with(|declared| declared.access = access)
    }

    fn with(self, change: impl FnOnce(&mut Declared)) -> Self {
        if let Some(declared) = self.all.0.get_mut(self.name) {
            change(declared);
        }
        self
    }
}

impl<I, R> Last<'_, I, R>
where
    I: InputType + Send + 'static,
    R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    /// Also many at a time: `dealBulkCreate` besides `dealCreate`, for those who may this, by the same rules. Said last.
    pub fn in_bulk(self) {
        let Some(one) = self.all.0.get(self.name) else { return };
        let name: &'static str = bulk::named(self.name).leak();
        let about = bulk::about(self.name, &one.about);
        let action: Box<dyn Action> = Box::new(bulk::of(name, self.run, &*self.fields));
        let declared = Declared { about, action, ..*one };
        self.all.0.insert(name, declared);
    }
}

impl Mutations {
    /// A mutation whose payload shows the record that it made or changed, under the name of its type.
    pub fn change<I, T>(
        &mut self,
        name: &'static str,
        act: impl for<'w> Act<'w, I, Id<T>> + 'static,
    ) -> Last<'_, I, Id<T>>
    where
        I: InputType + Send + 'static,
        T: Entity,
    {
        self.action(name, act, |payload| {
            payload
                .one(decapitalized::<T>(), |payload| payload.result)
                .about("The record as it is now; null when nothing was done.");
        })
    }

    /// A mutation whose payload shows what `fields` declare.
    pub fn action<I, R>(
        &mut self,
        name: &'static str,
        act: impl for<'w> Act<'w, I, R> + 'static,
        fields: impl Fn(&mut Fields<Payload<R>>) + 'static,
    ) -> Last<'_, I, R>
    where
        I: InputType + Send + 'static,
        R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    {
        self.action_in_visit(name, move |_, write, input| act.act(write, input), fields)
    }

    /// The same, for what needs to know the keys of the server.
    pub fn action_in_visit<I, R>(
        &mut self,
        name: &'static str,
        run: impl for<'w> Fn(&'w Visit, &'w mut Write, I) -> BoxFuture<'w, Outcome<R>> + Send + Sync + 'static,
        fields: impl Fn(&mut Fields<Payload<R>>) + 'static,
    ) -> Last<'_, I, R>
    where
        I: InputType + Send + 'static,
        R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let run = Arc::new(run);
        let run: Arc<RunFn<I, R>> = Arc::new(move |visit, write, told: Told<I>| {
            let run = run.clone();
            async move {
                all_seen(write, &told.named).await?;
                run(visit, write, told.input).await
            }
            .boxed()
        });
        let mut payload = Fields::new();
        fields(&mut payload);
        payload
            .mixed::<UserError>("userErrors", |payload: &Payload<R>, view: View<'_>| {
                view.told(&payload.errors)
            })
            .about("What the person can mend; empty when it was done.")
            .always();
        let action = Box::new(Run::of(name, payload, run.clone()));
        let (about, access) = (String::new(), Access::Undeclared);
        let declared = Declared { about, access, once: false, without_mfa: false, in_person: false, action };
        self.0.insert(name, declared);
        Last { all: self, name, run, fields: Box::new(fields) }
    }

    /// The names of all mutations with the permission each needs.
    pub fn permissions(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        self.access().map(|(name, access)| (name, access.permission()))
    }

    /// The names of all mutations with whether nobody may use it who acts as somebody else.
    pub fn in_person(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.0.iter().map(|(name, declared)| (*name, declared.in_person))
    }

    /// By whom and how a mutation may be used.
    pub fn rules(&self, name: &str) -> Option<Rules> {
        let Declared { access, once, without_mfa, in_person, .. } = *self.0.get(name)?;
        Some(Rules { access, once, without_mfa, in_person })
    }

    /// The names of all mutations with who may use each.
    pub fn access(&self) -> impl Iterator<Item = (&'static str, Access)> {
        self.0.iter().map(|(name, declared)| (*name, declared.access))
    }
}

/// What a mutation does: an `async fn(&mut Write, Input) -> Outcome<Result>`.
pub trait Act<'w, I, R>: Send + Sync {
    fn act(&self, write: &'w mut Write, input: I) -> BoxFuture<'w, Outcome<R>>;
}

impl<'w, I, R, F, D> Act<'w, I, R> for F
where
    F: Fn(&'w mut Write, I) -> D + Send + Sync,
    D: Future<Output = Outcome<R>> + Send + 'w,
{
    fn act(&self, write: &'w mut Write, input: I) -> BoxFuture<'w, Outcome<R>> {
        self(write, input).boxed()
    }
}

/// For mutations that need to be told nothing: they have no argument.
pub struct NoInput;

impl InputType for NoInput {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        "".into()
    }

    fn create_type_info(_: &mut Registry) -> String {
        String::new()
    }

    fn parse(_: Option<Value>) -> InputValueResult<Self> {
        Ok(Self)
    }

    fn to_value(&self) -> Value {
        Value::Null
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

/// The name of a type as that of a field: `deal`.
pub(in crate::graph) fn decapitalized<T: Entity>() -> &'static str {
    let mut letters = <T as Object>::NAME.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect::<String>().leak()
}

/// `dealUpdate` as the name of a type.
fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
