//! Documents and conversations on their way into the vector index, and found in it; on both databases, against the stand-ins over
//! real sockets.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

mod contract;
mod index;
#[path = "../python/mod.rs"]
mod python;
