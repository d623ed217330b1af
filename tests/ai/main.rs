//! The work with a language model, on both databases, against the stand-in over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "what is not there is a failed test; each part uses what it needs of the world"
)]

mod budget;
#[path = "../common/mod.rs"]
mod common;
mod documents;
mod injections;
mod order;
mod process;
#[path = "../python/mod.rs"]
mod python;
mod replies;
mod summaries;
mod trouble;
mod world;
