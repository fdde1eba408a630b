//! A change that is asked for in another language than GraphQL, run as a mutation is run.
use futures_util::future::BoxFuture;

use super::{
    Access,
    run::{commit, enter},
};
use crate::{
    graph::{fault::Fault, visit::Visit},
    store::{
        door::{Write, in_time},
        error::Error as StoreError,
    },
    telemetry,
};

/// Runs `act` in a transaction of the caller, who needs `permission`, under the name that the audit trail gives to
/// refusals: with its audit rows and events, in a task of its own, and told to subscribers.
pub async fn alone<R, E, A>(
    visit: &Visit,
    name: &'static str,
    permission: &'static str,
    act: A,
) -> Result<R, E>
where
    R: Send + 'static,
    E: From<Fault> + Send + 'static,
    A: for<'w> FnOnce(&'w mut Write) -> BoxFuture<'w, Result<R, E>> + Send + 'static,
{
    let visit = visit.clone();
    // a client that hangs up drops us, not the task
    let task = tokio::spawn(telemetry::carry(async move {
        let mut write = enter(&visit, false).await?;
        if let Err(fault) = Access::Permission(permission).permit(&mut write).await {
            write.denied(name, permission).await.map_err(Fault::from)?;
            write.commit().await.map_err(Fault::from)?;
            return Err(fault.into());
        }
        let acted = in_time(async { Ok::<_, StoreError>(act(&mut write).await) }).await;
        // whatever it waits for: its connection is closed, and nothing of it remains
        match acted.map_err(Fault::from)? {
            Err(error) => {
                write.roll_back().await;
                Err(error)
            }
            Ok(_) if !write.is_recorded() => {
                write.roll_back().await;
                Err(Fault::internal(format!("{name} wrote no audit row")).into())
            }
            Ok(result) => match write.is_beyond() {
                Some(permission) => {
                    write.roll_back().await;
                    Err(Fault::from(StoreError::Forbidden(permission)).into())
                }
                None => {
                    commit(&visit, write).await?;
                    Ok(result)
                }
            },
        }
    }));
    task.await.map_err(Fault::internal)?
}
