//! What an operator must look at, and what is told to other systems, on both databases.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

mod alerts;
#[path = "../common/mod.rs"]
mod common;
mod kinds;
mod outside;
mod process;
#[path = "../python/mod.rs"]
mod python;
mod trouble;
mod world;
