//! The web: HTTP, websockets, event streams, and who is calling. It knows the schema, and no table or domain.
//!
//! * [`server`]: takes connections, and lets go of them in order
//! * [`router`]: which path is answered by whom
//! * [`around`]: what every answer has: an id, headers, a line in the log, and no panic
//! * [`caller`]: the credential of a request
//! * [`parameters`], [`accept`]: what is asked, and how the answer may look
//! * [`graphql`], [`sse`], [`socket`]: GraphQL over HTTP, over event streams, over websockets
//! * [`scim`]: what directories ask and change
//! * [`exports`]: the files of exports
//! * [`deprecation`]: headers about what is on its way out of the schema
//! * [`docs`]: the reference of the schema, page by page
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
mod operation;
mod parameters;
mod playground;
mod refusal;
mod router;
mod scim;
pub mod server;
mod socket;
mod sse;

pub use self::{
    caller::ReadCredential,
    server::{Parts, Server},
};
