//! Operations: what the server does for people in the background.
pub mod csv;
pub mod export;
pub mod exporting;
pub mod import;
pub mod import_error;
mod import_rows;
pub mod importing;
pub mod search;

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    graph::{
        mutation::Mutations,
        rows::{Fields, Query},
        user_error::Outcome,
    },
    store::door::{Caller, Door, Write},
};

pub fn queries(query: &mut Fields<Query>) {
    export::queries(query);
    search::queries(query);
    import::queries(query);
}

pub fn mutations(mutations: &mut Mutations) {
    export::mutations(mutations);
    import::mutations(mutations);
}

/// The server itself, who sees all jobs of an organization.
async fn keeper(door: &Door, organization: Uuid) -> Outcome<Write> {
    let caller = Caller { organization: Some(organization), request: "jobs".to_owned(), ..Caller::default() };
    let mut write = door.write(Arc::new(caller)).await?;
    write.as_keeper_of_jobs(true).await?;
    Ok(write)
}
