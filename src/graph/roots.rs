//! The roots of the graph: the only list of domains.
use super::{
    mutation::Mutations,
    rows::{AnyId, Fields, Object, Query},
    subscription::Subscriptions,
};
use crate::domains;

impl Object for Query {
    const NAME: &'static str = "Query";

    fn about() -> String {
        "Everything that can be read. All fields of one request are read at one moment.".to_owned()
    }

    fn fields(query: &mut Fields<Self>) {
        query
            .any_by("node", |args| AnyId::parse(&args.get::<String>("id")?).map(Some))
            .takes::<async_graphql::ID>("id", "The id, of any type.")
            .about("Any record by its id; null when there is none that you may see.");
        query
            .any_of("nodes", |args| {
                let ids = args.get::<Vec<String>>("ids")?;
                super::page::at_most(ids.len(), 100, "ids")?;
                ids.iter().map(|id| AnyId::parse(id).map(Some)).collect()
            })
            .takes::<Vec<async_graphql::ID>>("ids", "The ids, of any types, at most 100.")
            .about("Records by their ids, in that order; null where there is none that you may see.");
        domains::queries(query);
    }
}

/// Everything that can be followed.
pub fn subscriptions(subscriptions: &mut Subscriptions) {
    super::record_events::subscriptions(subscriptions);
    domains::subscriptions(subscriptions);
}

/// Everything that can be changed.
pub fn mutations(mutations: &mut Mutations) {
    domains::mutations(mutations);
}
