//! From Gmail's push to the event, on both databases, against the stand-in over real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

#[path = "../common/mod.rs"]
mod common;
mod conversations;
mod meaning;
mod process;
mod proofs;
mod trouble;
mod world;
