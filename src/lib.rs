//! Portico: one GraphQL API for an enterprise's conversations, sales, finance and compliance.
//!
//! # The rooms
//!
//! * [`web`] talks HTTP, websockets and event streams, and asks who is calling. It knows no table.
//! * [`graph`] is everything that knows async-graphql: the roots, the breadth-first engine ([`graph::rows`]), the
//!   Gate that decides permissions, filters, orders, pages, errors, limits, mutations and subscriptions.
//! * [`language`] is what is said to people, in the language that each of them reads.
//! * [`store`] is everything that knows PostgreSQL: the [door](store::door), which alone takes a connection, ids,
//!   statements, the journal of changes, migrations, the embedded PostgreSQL, and the generated tables.
//! * [`mail`] hands over to an SMTP server what was written to people.
//! * [`live`] tells subscribers what was committed, in order.
//! * [`domains`] is the product: one folder per Postgres schema, one file per entity, each readable from its GraphQL
//!   fields down to its SQL.
//! * [`scim`] is what directories speak: they make people members and put them into teams.
//! * [`outbound`] asks other servers, and only those that may be asked.
//! * [`telemetry`] is what an operator sees of all this from outside: what each operation asked for, took and cost.
//! * [`credential`] makes and reads tokens and keys; [`seed`] makes data; [`settings`] and [`command`] are what the
//!   operator sees.
//!
//! # A walk: `Deal.owner` from socket to SQL
//!
//! 1. `web::graphql` reads the request and `web::caller` its credential, and hands both to
//!    [`graph::schema::Schema::execute`].
//! 2. [`graph::admission`] lets it in: the document is found and measured before it is validated ([`graph::limits`]), and
//!    its points are taken ([`graph::rates`]).
//! 3. `graph::rows::root` takes the root field `deals`. The first question opens the [`store::door::Snapshot`]: one
//!    round trip begins the transaction, enters it as the caller, and says which access epoch is current; the
//!    caller's grants are compiled once per epoch ([`store::grants`]).
//! 4. `graph::rows::pages` turns filter, order and cursor into one statement ([`store::select`]) and loads the page: of
//!    its rows the columns that the selected fields read, which the build script has found in the source.
//! 5. `graph::rows::plan` plans the selection once for all deals of the page: the Gate is asked for each field, then
//!    `owner`, declared in `domains::sales::deal` as `deal.one("owner", |deal| deal.owner_id)`, gathers the keys of
//!    all rows and loads them in one statement, while sibling relations do the same on the same connection.
//! 6. `graph::rows::write` writes the answer in one pass, straight to JSON.
#[macro_use]
pub mod language;

pub mod command;
pub mod credential;
pub mod domains;
pub mod graph;
pub mod live;
pub mod mail;
pub mod outbound;
pub mod scim;
pub mod seed;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod web;
