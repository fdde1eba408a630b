//! What every entity file begins with.
pub use async_graphql::{InputObject, MaybeUndefined};
pub use chrono::{DateTime, Utc};
pub use diesel::{pg::Pg, prelude::*};
pub use diesel_async::RunQueryDsl;
pub use futures_util::FutureExt;
pub use rust_decimal::Decimal;

pub use crate::{
    columns, entity, external, filter,
    graph::{
        filter::Compare,
        mutation::Mutations,
        record::{self, RecordInput},
        related::Related,
        rows::{AnyId, By, Entity, ExternalRef, Fields, Link, Listed, Object, Query},
        user_error::{Outcome, Stop, UserError, UserErrorCode},
    },
    language::{Language, Said},
    order, pairs,
    store::{
        batch::{Batch, Stored},
        changes::Changes,
        clock,
        door::{Caller, Snapshot, Write},
        error::Result as StoreResult,
        grants::Grants,
        id::Id,
        referred::Referred,
        select::{Condition, Fetch, Limited, Owner, Pairs, Table, name},
        value::{AccessCondition, Currency, Date, Json},
    },
    text_enum,
};
