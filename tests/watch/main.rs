//! What watches over the engine and what surrounds it, on both databases: the shadow beside another flow, the ear for
//! whoever falls silent, and what brings back whatever never arrived.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "what is not there is a failed test")]

#[path = "../common/mod.rs"]
mod common;

mod nobody;
mod reconcile;
mod shadow;
mod silence;
mod world;
