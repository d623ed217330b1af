//! What operators and workflows ask of the program, on both databases: the HTTP API, and deliveries that are read again.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "what is not there is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../plans/mod.rs"]
mod plans;
#[path = "../python/mod.rs"]
mod python;

mod doctor;
mod endpoints;
mod indexes;
mod replay;
mod schema;
mod search;
mod served;
mod world;
