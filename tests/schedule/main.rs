//! The scheduler, on both databases: each job to the microsecond, the days of clients all over the world, downtimes, several instances,
//! and the program killed in the middle.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

#[path = "../common/mod.rs"]
mod common;

mod jobs;
mod process;
mod rounds;
mod world;
