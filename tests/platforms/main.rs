//! What a contact's stage demands of Smartlead and Instantly, on both databases, against the stand-ins over real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

mod clients;
#[path = "../common/mod.rs"]
mod common;
mod process;
mod store;
mod week;
mod world;
