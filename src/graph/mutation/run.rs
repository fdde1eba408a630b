//! Running: the transaction, and then what is shown of its outcome.
use std::{any::Any, sync::Arc, time::Duration};

use async_graphql::{Context, InputType, Pos, ServerError, Value, registry::Registry};
use futures_util::{FutureExt, future::BoxFuture};
use serde::{Serialize, de::DeserializeOwned};

use super::{Access, Declared, Payload, bulk, pascal};
use crate::{
    graph::{
        fault::{self, Code, Fault},
        gate,
        rows::{self, Asked, Env, Fields, Named, Out},
        user_error::{Outcome, Stop, UserError, UserErrorCode},
        visit::{Args, Visit},
    },
    language::Said,
    store::{
        door::{Caller, Snapshot, Standing, Write, Written, in_time, is_late},
        error::{Denied, Error as StoreError},
        journal::{Idempotency, Replay},
    },
    telemetry,
};

/// Why some mutations are not repeated by a key.
pub(super) const ONCE: &str = "the secret that it gives or takes is not kept";

/// The text of an answer, and what went wrong in it.
type Shown = (Vec<u8>, Vec<ServerError>);

/// Null, and why.
fn failed(ctx: &Context<'_>, fault: &Fault) -> Shown {
    let mut out = Out::at(ctx.path_node);
    out.fail(fault, Some(ctx.item.pos));
    out.null();
    out.finish()
}

/// What is done with an input, and what is shown of it: the part of each mutation that knows its types.
pub(super) trait Action: Send + Sync {
    fn name(&self) -> &'static str;
    fn register(&self, registry: &mut Registry) -> (String, String);

    /// What is to be done with the input of the field.
    fn act(&self, ctx: &Context<'_>) -> Result<Box<Act>, Fault>;

    /// What it came to when it was not done.
    fn refused(&self, errors: Vec<UserError>) -> Box<dyn Come>;

    /// What it came to before, as it was kept for a repetition.
    fn again(&self, kept: serde_json::Value) -> serde_json::Result<Box<dyn Come>>;

    /// Writes what is selected of what it came to.
    fn show<'s, 'a: 's>(
        &'a self,
        env: Env<'a>,
        asked: &'s Asked<'a>,
        come: &'s dyn Come,
        out: &'s mut Out<'a>,
    ) -> BoxFuture<'s, ()>;

    /// Does it with one of many inputs, by itself: what the payload would tell of, or what the person can mend.
    fn row<'a>(
        &'a self,
        visit: &'a Visit,
        write: &'a mut Write,
        row: (Value, Vec<Named>),
        is_marked: &'a mut bool,
    ) -> BoxFuture<'a, Outcome<Result<serde_json::Value, Vec<UserError>>>>;
}

/// What a mutation has come to: its payload, whatever that shows.
pub(super) trait Come: Any + Send + Sync {
    /// As it is kept for a repetition.
    fn value(&self) -> serde_json::Result<serde_json::Value>;
}

impl<R: Serialize + Send + Sync + 'static> Come for Payload<R> {
    fn value(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::to_value(self)
    }
}

/// Does something once, with the records that its input names.
pub(super) type Act =
    dyn for<'w> FnOnce(&'w Visit, &'w mut Write, Vec<Named>) -> BoxFuture<'w, Outcome<Box<dyn Come>>> + Send;

pub(super) type RunFn<I, R> =
    dyn for<'w> Fn(&'w Visit, &'w mut Write, Told<I>) -> BoxFuture<'w, Outcome<R>> + Send + Sync;

/// What a mutation is told.
pub(super) struct Told<I> {
    pub input: I,
    /// The records that it names, where the caller has to see those.
    pub named: Vec<Named>,
}

pub(super) struct Run<I, R: 'static> {
    name: &'static str,
    payload_name: &'static str,
    payload: &'static Fields<Payload<R>>,
    run: Arc<RunFn<I, R>>,
}

impl<I, R> Run<I, R> {
    pub fn of(name: &'static str, payload: Fields<Payload<R>>, run: Arc<RunFn<I, R>>) -> Self {
        let payload_name = format!("{}Payload", pascal(name)).leak();
        Self { name, payload_name, payload: Box::leak(Box::new(payload)), run }
    }
}

impl<I, R> Action for Run<I, R>
where
    I: InputType + Send + 'static,
    R: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn register(&self, registry: &mut Registry) -> (String, String) {
        let about = format!("What `{}` has come to.", self.name);
        let payload = rows::object_of(registry, self.payload_name, about, None, self.payload);
        (I::create_type_info(registry), payload)
    }

    fn act(&self, ctx: &Context<'_>) -> Result<Box<Act>, Fault> {
        let input: I = Args::of(ctx).get("input")?;
        let run = self.run.clone();
        Ok(Box::new(move |visit, write, named| {
            async move {
                let result = run(visit, write, Told { input, named }).await?;
                let done: Box<dyn Come> = Box::new(Payload::done(result));
                Ok(done)
            }
            .boxed()
        }))
    }

    fn refused(&self, errors: Vec<UserError>) -> Box<dyn Come> {
        Box::new(Payload::<R>::refused(errors))
    }

    fn again(&self, kept: serde_json::Value) -> serde_json::Result<Box<dyn Come>> {
        Ok(Box::new(serde_json::from_value::<Payload<R>>(kept)?))
    }

    fn show<'s, 'a: 's>(
        &'a self,
        env: Env<'a>,
        asked: &'s Asked<'a>,
        come: &'s dyn Come,
        out: &'s mut Out<'a>,
    ) -> BoxFuture<'s, ()> {
        async move {
            let come: &dyn Any = come;
            match come.downcast_ref::<Payload<R>>() {
                Some(payload) => {
                    let (fields, name) = (self.payload, self.payload_name);
                    rows::write_object(env, fields, name, asked, payload.clone(), out).await;
                }
                None => {
                    out.fail(&Fault::internal("the payload of another mutation"), Some(asked.pos()));
                    out.null();
                }
            }
        }
        .boxed()
    }

    fn row<'a>(
        &'a self,
        visit: &'a Visit,
        write: &'a mut Write,
        (input, named): (Value, Vec<Named>),
        is_marked: &'a mut bool,
    ) -> BoxFuture<'a, Outcome<Result<serde_json::Value, Vec<UserError>>>> {
        async move {
            let input = match I::parse(Some(input)) {
                Ok(input) => input,
                Err(error) => {
                    let message = Said::heard(error.into_server_error(Pos::default()).message);
                    return Ok(Err(vec![UserError::new(UserErrorCode::Invalid, message, &["input"])]));
                }
            };
            let done = bulk::by_itself(&*self.run, visit, write, Told { input, named }, is_marked).await?;
            done.map(|result| serde_json::to_value(result).map_err(|error| Fault::internal(error).into()))
                .map_or_else(|errors| Ok(Err(errors)), |result| result.map(Ok))
        }
        .boxed()
    }
}

/// Does what a field asks for, and shows what it has come to.
pub(super) async fn answer(
    visit: &Visit,
    ctx: &Context<'_>,
    asked: &Asked<'_>,
    declared: &'static Declared,
) -> Shown {
    let done = match perform(visit, ctx, asked, declared).await {
        Ok(done) => done,
        Err(fault) => return failed(ctx, &fault.undone()),
    };
    let mut shown = shown(visit, ctx, asked, &*declared.action, done).await;
    fault::committed(&mut shown.1);
    shown
}

/// What is selected of the payload of what was done.
async fn shown(
    visit: &Visit,
    ctx: &Context<'_>,
    asked: &Asked<'_>,
    action: &dyn Action,
    Done { come, written }: Done,
) -> Shown {
    // what else the payload shows is read anew: the snapshot of before would not see the change
    let (door, caller) = (&visit.door, visit.caller.clone());
    let snapshot = match written {
        Some((standing, written)) => door.snapshot_after(caller, standing, written),
        None => door.assuming_snapshot(caller),
    };
    if let Some(shown) = show(visit, ctx, asked, action, &*come, snapshot).await {
        return shown;
    }
    // the change was about the caller's own standing; whoever signs out is told that it is done, and sees nothing that
    // they would have to be signed in for
    let snapshot = door.snapshot(visit.caller.clone());
    if let Some(shown) = show(visit, ctx, asked, action, &*come, snapshot).await {
        return shown;
    }
    let (request, language) = (visit.caller.request.clone(), visit.caller.language);
    let nobody = Caller { request, language, ..Caller::default() };
    let shown = show(visit, ctx, asked, action, &*come, door.snapshot(Arc::new(nobody))).await;
    shown.unwrap_or_else(|| failed(ctx, &Fault::internal("nobody is denied what is public")))
}

/// What is selected of the payload, read in `snapshot`; none where its caller is not let in, or not as assumed.
async fn show(
    visit: &Visit,
    ctx: &Context<'_>,
    asked: &Asked<'_>,
    action: &dyn Action,
    come: &dyn Come,
    snapshot: Arc<Snapshot>,
) -> Option<Shown> {
    let shown = match snapshot.grants().await {
        Ok(grants) => {
            let mut out = Out::at(ctx.path_node);
            action.show(Env::of(ctx, visit, &snapshot, grants), asked, come, &mut out).await;
            snapshot.holds().await.then(|| {
                visit.progress.wrote(out.rows);
                out.finish()
            })
        }
        Err(StoreError::Denied(_)) => None,
        Err(error) => Some(failed(ctx, &error.into())),
    };
    snapshot.close();
    shown
}

/// Does it, in a transaction and a task of its own.
async fn perform(
    visit: &Visit,
    ctx: &Context<'_>,
    asked: &Asked<'_>,
    declared: &'static Declared,
) -> Result<Done, Fault> {
    let name = declared.action.name();
    let act = declared.action.act(ctx)?;
    let idempotency = idempotency(ctx, asked, name)?;
    if idempotency.is_some() && declared.once {
        return Err(Fault::bad_input(say!("`@idempotent` is not for `{name}`: {ONCE}")));
    }
    if idempotency.is_some() && visit.caller.is_anonymous() {
        return Err(Fault::bad_input(say!("`@idempotent` is for whoever is signed in")));
    }
    // what takes no permission concerns nobody but themselves, and looks by itself; so does what administrators of the
    // platform do elsewhere
    let looks = matches!(declared.access, Access::Permission(_));
    let named = if looks { rows::named_in(ctx) } else { Vec::new() };
    let visit = visit.clone();
    // a client that hangs up drops us, not the task
    let task = tokio::spawn(telemetry::carry(async move {
        let mut write = enter(&visit, declared.without_mfa).await?;
        if declared.in_person && write.caller().impersonator.is_some() {
            write.denied(name, "the person themselves").await?;
            write.commit().await?;
            let message = say!("you act as somebody else: this is for them to do");
            return Err(Fault::new(Code::Forbidden, message));
        }
        transact(&visit, write, declared, idempotency, (act, named)).await
    }));
    task.await.map_err(Fault::internal)?
}

/// What a mutation has come to that was done.
struct Done {
    come: Box<dyn Come>,
    /// The row that it wrote last, and what its caller held.
    written: Option<(Arc<Standing>, Written)>,
}

impl From<Box<dyn Come>> for Done {
    fn from(come: Box<dyn Come>) -> Self {
        Self { come, written: None }
    }
}

/// Lets the caller in; outside of their organization where it demands a second factor that they lack, and `without_mfa`
/// says that the mutation is for them too.
pub(super) async fn enter(visit: &Visit, without_mfa: bool) -> Result<Write, Fault> {
    match visit.door.write(visit.caller.clone()).await {
        Err(StoreError::Denied(Denied::MfaRequired)) if without_mfa => {
            let outside = Caller { organization: None, ..(*visit.caller).clone() };
            Ok(visit.door.write(Arc::new(outside)).await?)
        }
        entered => Ok(entered?),
    }
}

/// Refused where a record is kept from the caller that they name, as if there were none: a foreign key knows of no
/// conditions. What `id` names the mutation looks for itself, or it is an id to be given.
pub(super) async fn all_seen(write: &mut Write, named: &[Named]) -> Outcome<()> {
    for named in named.iter().filter(|named| named.path != ["input", "id"]) {
        if let Some(table) = rows::table_of_prefix(&named.id.prefix)
            && write.hides(table, named.id.uuid).await?
        {
            return Err(UserError::unseen(named).into());
        }
    }
    Ok(())
}

async fn transact(
    visit: &Visit,
    mut write: Write,
    declared: &Declared,
    idempotency: Option<Idempotency>,
    (act, named): (Box<Act>, Vec<Named>),
) -> Result<Done, Fault> {
    let (action, access) = (&*declared.action, declared.access);
    let name = action.name();
    if let Err(fault) = in_time(access.permit(&mut write)).await {
        if fault.code == Code::Timeout {
            return Err(fault);
        }
        write.denied(name, access.missing()).await?;
        commit(visit, write).await?;
        return Err(fault);
    }
    if let Some(idempotency) = &idempotency {
        match in_time(write.claim(idempotency)).await? {
            Replay::First => {}
            Replay::Again(kept) => {
                write.roll_back().await;
                return Ok(action.again(kept).map_err(Fault::internal)?.into());
            }
            Replay::Reused => {
                write.roll_back().await;
                return Err(Fault::new(
                    Code::IdempotencyKeyReused,
                    say!("this idempotency key was used for something else: choose a new one"),
                ));
            }
        }
    }
    match in_time(act(visit, &mut write, named)).await {
        Ok(come) => {
            remember(&mut write, idempotency.as_ref(), &*come).await?;
            if !write.is_recorded() {
                write.roll_back().await;
                return Err(Fault::internal(format!("{name} wrote no audit row")));
            }
            if let Some(permission) = write.is_beyond() {
                let fault = told(&write, StoreError::Forbidden(permission).into());
                write.roll_back().await;
                return Err(fault);
            }
            let same = Arc::ptr_eq(write.caller(), &visit.caller);
            let written = write.written().filter(|_| same);
            commit(visit, write).await?;
            Ok(Done { come, written })
        }
        Err(Stop::User(errors)) => {
            write.roll_back().await;
            Ok(action.refused(errors).into())
        }
        Err(Stop::Kept(errors)) => {
            let come = action.refused(errors);
            remember(&mut write, idempotency.as_ref(), &*come).await?;
            commit(visit, write).await?;
            Ok(come.into())
        }
        // whatever it waits for: its connection is closed, and nothing of it remains
        Err(Stop::Fault(fault)) if is_late() => Err(fault),
        Err(Stop::Fault(fault)) => {
            let fault = told(&write, fault);
            write.roll_back().await;
            Err(fault)
        }
    }
}

/// Keeps what it has come to for a repetition; where nothing was done, there is nothing to keep.
async fn remember(
    write: &mut Write,
    idempotency: Option<&Idempotency>,
    come: &dyn Come,
) -> Result<(), Fault> {
    let Some(idempotency) = idempotency else { return Ok(()) };
    let kept = come.value().map_err(Fault::internal)?;
    Ok(write.remember(idempotency, &kept).await?)
}

/// Where a permission does not extend to a record, but would as soon as it is approved, or with a second factor: that.
pub(super) fn told(write: &Write, fault: Fault) -> Fault {
    let lacking = write.by().filter(|permission| write.grants().lack(permission).is_some());
    match lacking.filter(|_| fault.code == Code::Forbidden) {
        Some(permission) => gate::missing(write.grants(), permission),
        None => fault,
    }
}

/// A commit is waited for whether or not the request has any time left, since it decides.
const COMMIT: Duration = Duration::from_secs(10);

/// Makes it so, and has it told wherever something was written.
pub(super) async fn commit(visit: &Visit, write: Write) -> Result<(), Fault> {
    let entered = write.entered().clone();
    match tokio::time::timeout(COMMIT, write.commit()).await {
        Ok(Ok(())) => {}
        Ok(Err(StoreError::Timeout | StoreError::Unavailable(_))) | Err(_) => return Err(Fault::uncertain()),
        Ok(Err(error)) => return Err(error.into()),
    }
    entered.into_iter().for_each(|organization| visit.hub.wake(organization));
    Ok(())
}

/// The key of `@idempotent`, with a hash of what it stands for: whichever way its arguments are written, in the document
/// or in variables, and in whichever order.
fn idempotency(
    ctx: &Context<'_>,
    asked: &Asked<'_>,
    name: &'static str,
) -> Result<Option<Idempotency>, Fault> {
    let directives = &asked.field().node.directives;
    let Some(directive) = directives.iter().find(|directive| directive.node.name.node == "idempotent") else {
        return Ok(None);
    };
    let known = |variable| {
        let defined = ctx.query_env.operation.node.variable_definitions.iter();
        let default = || {
            let of = defined.map(|of| &of.node).find(|of| of.name.node == variable)?;
            of.default_value.as_ref().map(|value| value.node.clone())
        };
        ctx.query_env.variables.get(&variable).cloned().or_else(default).ok_or(())
    };
    let key =
        directive.node.get_argument("key").and_then(|value| value.node.clone().into_const_with(known).ok());
    let Some(Value::String(key)) = key else {
        return Err(Fault::bad_input(say!("`@idempotent` needs a key")));
    };
    if key.trim().is_empty() || key.chars().count() > 200 {
        return Err(Fault::bad_input(say!("an idempotency key has 1 to 200 characters")));
    }
    let async_graphql::Any(input) = Args::of(ctx).get("input")?;
    let mut input = serde_json::to_value(input).map_err(Fault::internal)?;
    input.sort_all_objects();
    Ok(Some(Idempotency::new(key, name, &input.to_string())))
}
