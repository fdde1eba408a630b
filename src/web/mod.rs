//! The web: HTTP, websockets, event streams, and who is calling. It knows the schema, and no table or domain.
//!
//! * [`server`]: takes connections, and lets go of them in order
//! * [`router`]: which path is answered by whom
//! * [`around`]: what every answer has: an id, headers, a line in the log, and no panic
//! * [`caller`]: the credential of a request
//! * [`parameters`], [`accept`]: what is asked, and how the answer may look
//! * [`graphql`], [`sse`], [`socket`]: GraphQL over HTTP, over event streams, over websockets
//! * [`scim`]: what directories ask and change
//! * [`deprecation`]: headers about what is on its way out of the schema
//! * [`docs`]: the reference of the schema, page by page
//! * [`exports`], [`imports`], [`signed`]: the files of exports and imports, by signed addresses
//! * [`playground`], [`health`], [`figures`]: the page, and what operators look at
pub mod accept;
mod around;
pub mod caller;
mod deprecation;
mod docs;
mod exports;
mod figures;
mod graphql;
mod health;
mod imports;
mod operation;
mod parameters;
mod playground;
mod refusal;
mod router;
mod scim;
pub mod server;
mod signed;
mod socket;
mod sse;

pub use self::{
    caller::ReadCredential,
    server::{Parts, Server},
};
