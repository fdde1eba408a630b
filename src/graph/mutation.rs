//! Mutations: one root field is one transaction, in a task of its own, with its audit row and its events; what is
//! selected of its payload is read in a fresh snapshot.
use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, InputType, InputValueResult, ObjectType, OutputType,
    Positioned, ServerError, ServerResult, Value,
    indexmap::IndexMap,
    parser::types::Field,
    registry::{MetaField, ObjectBuilder, Registry},
};
use futures_util::{FutureExt, future::BoxFuture};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    fault::{Code, Fault},
    gate,
    rows::{self, Asked, Entity, Env, Fields, Object, Out},
    user_error::{Outcome, Stop, UserError},
    visit::{Args, View, Visit},
};
use crate::store::{
    door::{Caller, Write},
    error::Error as StoreError,
    id::Id,
    journal::{Idempotency, Replay},
};

/// What a mutation has come to: its result, or what the person can mend.
pub struct Payload<R> {
    pub result: Option<R>,
    pub errors: Vec<UserError>,
}

/// All mutations, by name.
#[derive(Default)]
pub struct Mutations(IndexMap<&'static str, Declared>);

struct Declared {
    about: String,
    access: Access,
    /// Nothing of it is kept for a repetition.
    once: bool,
    action: Box<dyn Action>,
}

/// The mutation just declared.
pub struct Last<'m>(&'m mut Declared);

impl Last<'_> {
    /// What it does, and which user errors it can give.
    pub fn about(self, text: impl Into<String>) -> Self {
        self.0.about = text.into();
        self
    }

    pub fn needs(self, permission: &'static str) -> Self {
        self.allow(Access::Permission(permission))
    }

    /// Everybody may, whether signed in or not.
    pub fn public(self) -> Self {
        self.allow(Access::Public)
    }

    /// Everybody who is signed in may: it concerns nobody but themselves.
    pub fn personal(self) -> Self {
        self.allow(Access::Person)
    }

    /// Only administrators of the platform may.
    pub fn for_platform_admins(self) -> Self {
        self.allow(Access::PlatformAdmin)
    }

    /// `@idempotent` is refused: it gives a secret, which is not kept, or part of it happens aside.
    pub fn once(self) -> Self {
        self.0.once = true;
        self
    }

    fn allow(self, access: Access) -> Self {
        self.0.access = access;
        self
    }
}

impl Mutations {
    /// A mutation whose payload shows the record that it made or changed, under the name of its type.
    pub fn change<I, T>(
        &mut self,
        name: &'static str,
        act: impl for<'w> Act<'w, I, Id<T>> + 'static,
    ) -> Last<'_>
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
        fields: impl FnOnce(&mut Fields<Payload<R>>),
    ) -> Last<'_>
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
        fields: impl FnOnce(&mut Fields<Payload<R>>),
    ) -> Last<'_>
    where
        I: InputType + Send + 'static,
        R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let mut payload = Fields::new();
        fields(&mut payload);
        payload
            .mixed::<UserError>("userErrors", |payload: &Payload<R>, _: View<'_>| payload.errors.clone())
            .about("What the person can mend; empty when it was done.")
            .always();
        let action = Run {
            name,
            payload_name: format!("{}Payload", pascal(name)).leak(),
            payload: Box::leak(Box::new(payload)),
            run: Arc::new(move |visit, write, input| run(visit, write, input)),
        };
        let access = Access::Undeclared;
        let declared = Declared { about: String::new(), access, once: false, action: Box::new(action) };
        Last(self.0.entry(name).insert_entry(declared).into_mut())
    }

    /// The names of all mutations with the permission each needs.
    pub fn permissions(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        self.access().map(|(name, access)| (name, access.permission()))
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

/// Who may use a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nobody: who may was forgotten.
    Undeclared,
    Permission(&'static str),
    /// Everybody who is signed in.
    Person,
    PlatformAdmin,
    Public,
}

impl Access {
    /// The permission it takes, where it takes one.
    pub const fn permission(self) -> Option<&'static str> {
        match self {
            Self::Permission(permission) => Some(permission),
            _ => None,
        }
    }

    /// What the audit trail says was missing.
    const fn missing(self) -> &'static str {
        match self {
            Self::Permission(permission) => permission,
            Self::PlatformAdmin => PLATFORM_ADMIN,
            Self::Undeclared | Self::Person | Self::Public => "a person who is signed in",
        }
    }

    async fn permit(self, write: &mut Write) -> Result<(), Fault> {
        let caller = write.caller().clone();
        match self {
            Self::Public => Ok(()),
            Self::Permission(permission) => gate::permit(&caller, write.grants(), Some(permission)),
            Self::Person if caller.user.is_some() => Ok(()),
            Self::PlatformAdmin if write.is_platform_admin().await? => Ok(()),
            _ if caller.is_anonymous() => Err(Fault::new(Code::Unauthenticated, "sign in first")),
            Self::PlatformAdmin => Err(Fault::forbidden(PLATFORM_ADMIN)),
            Self::Person => Err(Fault::new(Code::Forbidden, "only a person can do this, not an API key")),
            Self::Undeclared => Err(Fault::internal("a mutation says nobody who may use it")),
        }
    }
}

/// Stands where a permission would: no role has it, the list of administrators decides.
const PLATFORM_ADMIN: &str = "platform.administrator";

/// The name of a type as that of a field: `deal`.
fn decapitalized<T: Entity>() -> &'static str {
    let mut letters = <T as Object>::NAME.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect::<String>().leak()
}

/// `dealUpdate` as the name of a type.
fn pascal(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The text of an answer, and what went wrong in it.
type Written = (Vec<u8>, Vec<ServerError>);

/// Null, and why.
fn failed(ctx: &Context<'_>, fault: &Fault) -> Written {
    let mut out = Out::at(ctx.path_node);
    out.fail(fault, Some(ctx.item.pos));
    out.null();
    out.finish()
}

trait Action: Send + Sync {
    fn register(&self, registry: &mut Registry) -> (String, String);
    fn answer<'a>(
        &'a self,
        visit: &'a Visit,
        ctx: &'a Context<'a>,
        asked: Asked<'a>,
        declared: &'a Declared,
    ) -> BoxFuture<'a, Written>;
}

type RunFn<I, R> = dyn for<'w> Fn(&'w Visit, &'w mut Write, I) -> BoxFuture<'w, Outcome<R>> + Send + Sync;

struct Run<I, R: 'static> {
    name: &'static str,
    payload_name: &'static str,
    payload: &'static Fields<Payload<R>>,
    run: Arc<RunFn<I, R>>,
}

impl<I, R> Action for Run<I, R>
where
    I: InputType + Send + 'static,
    R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    fn register(&self, registry: &mut Registry) -> (String, String) {
        let about = format!("What `{}` has come to.", self.name);
        let payload = rows::object_of(registry, self.payload_name, about, None, self.payload);
        (I::create_type_info(registry), payload)
    }

    fn answer<'a>(
        &'a self,
        visit: &'a Visit,
        ctx: &'a Context<'a>,
        asked: Asked<'a>,
        declared: &'a Declared,
    ) -> BoxFuture<'a, Written> {
        async move {
            let payload = match self.perform(visit, ctx, &asked, declared).await {
                Ok(payload) => payload,
                Err(fault) => return failed(ctx, &fault),
            };
            // what the payload shows is read anew: the snapshot of before would not see the change
            let mut snapshot = visit.door.snapshot(visit.caller.clone());
            if let Err(StoreError::Denied(_)) = snapshot.grants().await {
                // whoever signs out is told that it is done, and sees nothing that they would have to be signed in for
                let nobody = Caller { request: visit.caller.request.clone(), ..Caller::default() };
                snapshot = visit.door.snapshot(Arc::new(nobody));
            }
            let written = match snapshot.grants().await {
                Ok(grants) => {
                    let mut out = Out::at(ctx.path_node);
                    let env = Env::of(ctx, visit, &snapshot, grants);
                    rows::write_object(env, self.payload, self.payload_name, &asked, payload, &mut out).await;
                    out.finish()
                }
                Err(error) => failed(ctx, &error.into()),
            };
            tokio::spawn(snapshot.close());
            written
        }
        .boxed()
    }
}

impl<I, R> Run<I, R>
where
    I: InputType + Send + 'static,
    R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    async fn perform(
        &self,
        visit: &Visit,
        ctx: &Context<'_>,
        asked: &Asked<'_>,
        declared: &Declared,
    ) -> Result<Payload<R>, Fault> {
        let input: I = Args::of(ctx).get("input")?;
        let idempotency = idempotency(ctx, asked, self.name)?;
        if idempotency.is_some() && (declared.once || visit.caller.organization.is_none()) {
            return Err(Fault::bad_input(
                "`@idempotent` needs an organization, and is not for what gives a secret: that is not kept",
            ));
        }
        let (visit, run, name, access) = (visit.clone(), self.run.clone(), self.name, declared.access);
        // a client that hangs up drops us, not the task
        let task =
            tokio::spawn(async move { perform(&visit, name, access, idempotency, input, &*run).await });
        task.await.map_err(Fault::internal)?
    }
}

async fn perform<I, R>(
    visit: &Visit,
    name: &'static str,
    access: Access,
    idempotency: Option<Idempotency>,
    input: I,
    run: &RunFn<I, R>,
) -> Result<Payload<R>, Fault>
where
    R: Serialize + DeserializeOwned + Clone,
{
    let mut write = visit.door.write(visit.caller.clone()).await?;
    if let Err(fault) = access.permit(&mut write).await {
        write.denied(name, access.missing()).await?;
        write.commit().await?;
        return Err(fault);
    }
    if let Some(idempotency) = &idempotency {
        match write.claim(idempotency).await? {
            Replay::First => {}
            Replay::Again(result) => {
                write.roll_back().await;
                let result = serde_json::from_value(result).map_err(Fault::internal)?;
                return Ok(Payload { result: Some(result), errors: Vec::new() });
            }
            Replay::Reused => {
                write.roll_back().await;
                return Err(Fault::new(
                    Code::IdempotencyKeyReused,
                    "this idempotency key was used for something else: choose a new one",
                ));
            }
        }
    }
    match run(visit, &mut write, input).await {
        Ok(result) => {
            if let Some(idempotency) = &idempotency {
                write.remember(idempotency, &serde_json::to_value(&result).map_err(Fault::internal)?).await?;
            }
            if !write.is_recorded() {
                write.roll_back().await;
                return Err(Fault::internal(format!("{name} wrote no audit row")));
            }
            let organization = write.organization();
            write.commit().await?;
            visit.hub.wake(organization);
            Ok(Payload { result: Some(result), errors: Vec::new() })
        }
        Err(Stop::User(errors)) => {
            write.roll_back().await;
            Ok(Payload { result: None, errors })
        }
        Err(Stop::Kept(errors)) => {
            write.commit().await?;
            Ok(Payload { result: None, errors })
        }
        Err(Stop::Fault(fault)) => {
            write.roll_back().await;
            Err(fault)
        }
    }
}

/// The key of `@idempotent`, with a hash of what it stands for.
fn idempotency(
    ctx: &Context<'_>,
    asked: &Asked<'_>,
    name: &'static str,
) -> Result<Option<Idempotency>, Fault> {
    let directives = &asked.field().node.directives;
    let Some(directive) = directives.iter().find(|directive| directive.node.name.node == "idempotent") else {
        return Ok(None);
    };
    let known = |variable| ctx.query_env.variables.get(&variable).cloned().ok_or(());
    let key =
        directive.node.get_argument("key").and_then(|value| value.node.clone().into_const_with(known).ok());
    let Some(Value::String(key)) = key else { return Err(Fault::bad_input("`@idempotent` needs a key")) };
    if key.is_empty() || key.chars().count() > 200 {
        return Err(Fault::bad_input("an idempotency key has 1 to 200 characters"));
    }
    let arguments: Vec<String> = asked
        .field()
        .node
        .arguments
        .iter()
        .map(|(name, value)| {
            format!("{}={}", name.node, value.node.clone().into_const_with(known).unwrap_or_default())
        })
        .collect();
    Ok(Some(Idempotency::new(key, name, &arguments.join(","))))
}

/// `Mutation`, as async-graphql knows it.
pub struct MutationRoot;

static MUTATIONS: std::sync::LazyLock<Mutations> = std::sync::LazyLock::new(|| {
    let mut mutations = Mutations::default();
    super::roots::mutations(&mut mutations);
    mutations
});

/// All mutations of the schema.
pub fn mutations() -> &'static Mutations {
    &MUTATIONS
}

impl OutputType for MutationRoot {
    fn type_name() -> Cow<'static, str> {
        "Mutation".into()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.types.insert("Mutation".to_owned(), ObjectBuilder::new("Mutation", IndexMap::new()).build());
        let fields = MUTATIONS.0.iter().map(|(name, declared)| {
            let (input, payload) = declared.action.register(registry);
            let mut field = MetaField::new(*name, payload);
            if !input.is_empty() {
                let mut argument = async_graphql::registry::MetaInputValue::new("input", input);
                argument.description = Some("What to do.".to_owned());
                field.args.insert("input".to_owned(), argument);
            }
            rows::declare_permission(&mut field, declared.about.clone(), declared.access.permission());
            ((*name).to_owned(), field)
        });
        let fields = fields.collect();
        let about = "Everything that can be changed. Each field is a transaction of its own; several run one after the other.";
        let object = ObjectBuilder::new("Mutation", fields).description(Some(about.to_owned())).build();
        registry.types.insert("Mutation".to_owned(), object);
        "Mutation!".to_owned()
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        Err(ServerError::new("Mutation cannot be selected", Some(field.pos)))
    }
}

impl ObjectType for MutationRoot {}

impl ContainerType for MutationRoot {
    async fn resolve_field(&self, ctx: &Context<'_>) -> ServerResult<Option<Value>> {
        let Some(declared) = MUTATIONS.0.get(ctx.item.node.name.node.as_str()) else { return Ok(None) };
        // a response key selected twice is still done once
        let Some(asked) = rows::asked_once(ctx, "Mutation") else { return Ok(Some(Value::Null)) };
        let visit = ctx.data_unchecked::<Visit>();
        let (json, errors) = declared.action.answer(visit, ctx, asked, declared).await;
        errors.into_iter().for_each(|error| ctx.add_error(error));
        Ok(Some(rows::raw(json)))
    }
}
