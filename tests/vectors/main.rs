//! Documents and conversations on their way into the vector index, and found in it; on both databases, against the stand-ins over
//! real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

#[path = "../common/mod.rs"]
mod common;
mod contract;
mod index;
mod life;
mod process;
#[path = "../python/mod.rs"]
mod python;
mod refusals;
mod trouble;
mod world;
